"""Scenarios with recorded payments over HTTP: files of one folder only, and only if the service was given one."""

import pytest

from simcash_env.errors import ConfigError
from simcash_env.service.creation import read_request
from simcash_env.service.held import Origin
from simcash_env.service.requests import NewSimulation
from simcash_env.service.settings import Settings
from simcash_env.simulation import Simulation
from tests.recorded import drawn_rows, recorded_rows, write_rows
from tests.service.processes import serving


@pytest.fixture
def folder(tmp_path):
    """A folder of data with one file in it, and one file beside it."""
    inside = tmp_path / "data"
    inside.mkdir()
    for path in (inside / "payments.parquet", tmp_path / "secret.parquet"):
        write_rows(drawn_rows(2, 6, 5), 6, path)
    return inside


def refusal(folder, file):
    with pytest.raises(ConfigError) as caught:
        read_request(NewSimulation(scenario=recorded_rows(file)), Settings(data=folder))
    (fault,) = caught.value.faults
    assert fault.path == "arrivals.recorded.file"
    return fault.rule


def test_service_without_a_folder_reads_no_recorded_payments(folder):
    assert (
        refusal(None, folder / "payments.parquet") == "recorded payments are not read here (--data names their folder)"
    )


@pytest.mark.parametrize(
    "file", ["../secret.parquet", "/etc/passwd", "missing.parquet", ".", "link.parquet", "a\0b", ""]
)
def test_service_refuses_files_outside_its_folder(folder, file):
    (folder / "link.parquet").symlink_to(folder.parent / "secret.parquet")
    assert refusal(folder, file) == "must be a file in the folder of recorded payments (--data)"


@pytest.mark.parametrize("file", ["payments.parquet", "./payments.parquet"])
def test_service_reads_files_of_its_folder(folder, file):
    origin = read_request(NewSimulation(scenario=recorded_rows(file)), Settings(data=folder))
    assert origin.config.arrivals.recorded.file == str(folder / "payments.parquet")
    assert origin.of_row(origin.as_row()) == origin


@pytest.mark.parametrize("arrivals", [5, {}, {"recorded": 5}, {"recorded": {"file": 5}}, {"recorded": {}}])
def test_service_leaves_other_faults_to_the_configuration(folder, arrivals):
    with pytest.raises(ConfigError, match=r"^arrivals"):
        read_request(NewSimulation(scenario={**recorded_rows(), "arrivals": arrivals}), Settings(data=folder))


def test_service_plays_recorded_payments_and_resumes_them(folder, tmp_path):
    options = ("--data", str(folder), "--db", str(tmp_path / "runs.db"))
    rows = recorded_rows("payments.parquet")
    with serving(*options) as served:
        name = served.make(rows, seed=4)
        first = served.tick(name)["reports"][0]
        refused = served.client.post("/simulations", json={"scenario": recorded_rows("../secret.parquet")})
        assert refused.status_code == 422
        assert "--data" in refused.json()["error"]
    here = Simulation(recorded_rows(folder / "payments.parquet"), seed=4)
    arrivals = [here.tick().num_arrivals for _ in range(here.num_ticks)]
    assert sum(arrivals) > 0
    assert first["arrivals"] == arrivals[0]
    with serving(*options) as served:
        later = [served.tick(name)["reports"][0]["arrivals"] for _ in arrivals[1:]]
    assert later == arrivals[1:]


def test_service_refuses_to_resume_with_a_file_that_has_changed(folder):
    kept = read_request(NewSimulation(scenario=recorded_rows("payments.parquet")), Settings(data=folder)).as_row()
    write_rows(drawn_rows(2, 6, 6), 6, folder / "payments.parquet")
    with pytest.raises(ValueError, match="has changed"):
        Origin.of_row(kept)
