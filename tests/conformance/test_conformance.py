"""The recorded cases of the reference engine come out equal to the cent, on the engine and on the oracle."""

import json
from pathlib import Path

import pytest

from tests.conformance.__main__ import case_files, main
from tests.conformance.engines import EngineFactory, OracleEngine, simulation_engine
from tests.conformance.runner import run_case

CASES = Path(__file__).parent / "cases"
FACTORIES = [pytest.param(OracleEngine, id="oracle"), pytest.param(simulation_engine, id="simulation")]


@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize("path", case_files(CASES), ids=lambda path: path.stem)
def test_recorded_case_is_reproduced(path: Path, factory: EngineFactory) -> None:
    """Every figure is equal; there is no tolerance."""
    outcome = run_case(path, factory)
    assert outcome.is_ok, outcome.line()


def test_a_changed_figure_is_found_and_named(tmp_path: Path) -> None:
    """A gate must be able to fail."""
    case = json.loads((CASES / "g01_rtgs_immediate.json").read_text(encoding="utf-8"))
    case["expected"]["ticks"][1]["balances"]["A"] += 1
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(case), encoding="utf-8")
    assert run_case(path, OracleEngine).line() == "DIFF wrong: tick 1 balances.A: expected 1, got 0"


def test_a_changed_total_is_found_and_named(tmp_path: Path) -> None:
    """The totals of a long case are compared too."""
    case = json.loads((CASES / "r01_castro12_fifo_half.json").read_text(encoding="utf-8"))
    case["expected"]["first_arrivals"][-1][3] += 1
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(case), encoding="utf-8")
    assert run_case(path, OracleEngine).line().startswith("DIFF wrong: first_arrivals[11]: expected ")


def test_a_cost_that_no_one_expects_is_a_difference(tmp_path: Path) -> None:
    """A bank may be left out of the expected costs only when it paid nothing."""
    case = json.loads((CASES / "g61_collateral_credit.json").read_text(encoding="utf-8"))
    case["expected"]["ticks"][0]["costs"] = {}
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(case), encoding="utf-8")
    assert run_case(path, OracleEngine).line() == "DIFF wrong: tick 0 costs.A.collateral: expected 0, got 150"


def test_what_is_no_case_is_an_error(tmp_path: Path) -> None:
    """A file that cannot be judged never passes."""
    path = tmp_path / "other.json"
    path.write_text("{}", encoding="utf-8")
    assert run_case(path, OracleEngine).line().startswith("ERROR other: CaseError: not a case")


def test_the_command_fails_without_cases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty folder, or a missing one, is not a pass."""
    assert main(["--oracle", str(tmp_path)]) == 1
    assert main(["--oracle", str(tmp_path / "missing.json")]) == 1
    assert capsys.readouterr().out.splitlines()[0].endswith("no case found")


def test_the_command_passes_equal_cases(capsys: pytest.CaptureFixture[str]) -> None:
    """One line a case, and success only when all are equal."""
    assert main(["--oracle", str(CASES / "g01_rtgs_immediate.json")]) == 0
    assert capsys.readouterr().out == "ok g01_rtgs_immediate\n"


def test_cases_beside_the_repository_are_the_same() -> None:
    """Where the recordings lie beside the checkout, ours are faithful copies."""
    originals = Path(__file__).parents[3] / "shared" / "conformance" / "cases"
    if not originals.is_dir():
        pytest.skip("the recordings are not beside this checkout")
    for original in case_files(originals):
        assert (CASES / original.name).read_bytes() == original.read_bytes(), original.name
