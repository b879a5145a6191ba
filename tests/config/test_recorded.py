"""The key ``arrivals.recorded``: what it selects, and every rule between it, the data and the other parts."""

import pickle
from datetime import date, timedelta

import pytest
import yaml

from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.config import recorded_days as days_module
from simcash_env.config.recorded import has_choice_of_days, recorded_days
from simcash_env.data.payments import file_checksum
from simcash_env.errors import ConfigError
from simcash_env.schema.recorded import BANK_BITS
from tests.recorded import FIRST_DAY, drawn_rows, recorded, recorded_file, recorded_rows, write_rows

DATES = [(FIRST_DAY + timedelta(days=day)).isoformat() for day in range(5)]
ONE = [{"day": 0, "tick": 0, "sender": "ALFA", "receiver": "BRAVO", "amount": 100}]


def faults_of(rows):
    """Path, rule and value of each fault."""
    with pytest.raises(ConfigError) as caught:
        load_scenario(rows)
    return [(fault.path, fault.rule, fault.value) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("select", "split", "chosen"),
    [
        ("train", (0.6, 0.2, 0.2), (0, 1, 2)),
        ("validation", (0.6, 0.2, 0.2), (3,)),
        ("test", (0.6, 0.2, 0.2), (4,)),
        ("train", (0.5, 0.0, 0.5), (0, 1, 2)),
        ("test", (0.7, 0.1, 0.2), (4,)),
        ("all", (1.0, 0.0, 0.0), (0, 1, 2, 3, 4)),
        ([DATES[3], DATES[1]], (0.6, 0.2, 0.2), (1, 3)),
        ([date.fromisoformat(DATES[2])], (0.6, 0.2, 0.2), (2,)),
    ],
)
def test_recorded_days_selects_parts_in_order_of_date(select, split, chosen):
    config = recorded(select=select, recorded={"split": split})
    assert config.arrivals.recorded.selected(recorded_days(config)) == chosen


def test_recorded_split_of_unequal_thirds_is_accepted():
    config = recorded(recorded={"split": [0.3333333333, 0.3333333333, 0.3333333334]})
    data = recorded_days(config)
    parts = [config.arrivals.recorded.part(data, name) for name in ("train", "validation", "test")]
    assert parts == [(0, 1), (2,), (3, 4)]


def test_recorded_file_is_relative_to_the_scenario_file_or_to_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "elsewhere").mkdir()
    file = write_rows(ONE, 6, tmp_path / "data" / "payments.parquet")
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(yaml.safe_dump(recorded_rows("data/payments.parquet")))
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert load_scenario(scenario).arrivals.recorded.file == str(file)
    assert load_scenario("../scenario.yaml").arrivals.recorded.file == str(file)
    monkeypatch.chdir(tmp_path)
    assert load_scenario(recorded_rows("data/payments.parquet")).arrivals.recorded.file == str(file)
    monkeypatch.chdir(tmp_path / "elsewhere")
    (fault,) = faults_of(recorded_rows("data/payments.parquet"))
    assert fault[:2] == ("arrivals.recorded.file", "cannot be read: No such file or directory")


def test_recorded_checksum_is_filled_in_and_compared():
    config = recorded()
    file = recorded_file()
    assert config.arrivals.recorded.checksum == file_checksum(file)
    assert recorded(recorded={"checksum": file_checksum(file)}) == config
    ((path, rule, value),) = faults_of(recorded_rows(recorded={"checksum": "sha256:" + "0" * 64}))
    assert path == "arrivals.recorded.checksum"
    assert rule == f"must be that of {file}, {file_checksum(file)}: the file is another one or has changed"
    assert value.startswith("'sha256:000")


def test_recorded_file_that_has_changed_is_refused(tmp_path):
    file = write_rows(ONE, 6, tmp_path / "payments.parquet")
    config = recorded(file)
    assert ScenarioConfig.model_validate(config.model_dump()) == config
    write_rows([{**ONE[0], "amount": 101}], 6, file)
    assert faults_of(config.model_dump(mode="json"))[0][0] == "arrivals.recorded.checksum"


def test_recorded_configuration_survives_json_and_pickle():
    config = recorded(select=[DATES[0], DATES[3]], recorded={"resample": "blocks", "block_ticks": 4})
    assert load_scenario(config.model_dump(mode="json")) == config
    assert pickle.loads(pickle.dumps(config)) == config
    assert config.model_copy(update={"name": "other"}).arrivals == config.arrivals


@pytest.mark.parametrize(
    ("change", "path", "rule", "value"),
    [
        ({"days": "tests"}, "days", "must be train, validation, test, all or a list of dates (YYYY-MM-DD)", "'tests'"),
        ({"days": []}, "days", "must be train, validation, test, all or a list of dates (YYYY-MM-DD)", None),
        ({"days": ["31 Jan"]}, "days", "must be train, validation, test, all or a list of dates (YYYY-MM-DD)", None),
        ({"days": [5]}, "days", "must be train, validation, test, all or a list of dates (YYYY-MM-DD)", None),
        ({"days": [DATES[0], DATES[0]]}, "days", "must not name a date twice", None),
        ({"days": ["2024-01-01"]}, "days", f"must be recorded days, from {DATES[0]} to {DATES[4]}", "'2024-01-01'"),
        ({"split": [0.6, 0.2, 0.1]}, "split", "must sum to 1", None),
        ({"split": [1.0, 0.0, 0.0], "days": "test"}, "days", "has no days: the file has 5, the split is [1.0, 0.0, 0.0]", "'test'"),
        ({"checksum": "md5:12"}, "checksum", "must be sha256: and 64 hexadecimal digits", "'md5:12'"),
        ({"checksum": 7}, "checksum", "must be sha256: and 64 hexadecimal digits", "7"),
        ({"resample": "blocks"}, "block_ticks", "is required for resample: blocks", None),
        ({"block_ticks": 2}, "block_ticks", "can only be given with resample: blocks", "2"),
        ({"resample": "blocks", "block_ticks": 7}, "block_ticks", "must be at most the 6 ticks of a day", "7"),
        ({"file": "/nowhere/at/all"}, "file", "cannot be read: No such file or directory", "'/nowhere/at/all'"),
        ({"file": ""}, "file", None, "''"),
        ({"file": "a\0b"}, "file", None, None),
        ({"file": 5}, "file", "must be text", "5"),
        ({"files": "x"}, "files", None, "'x'"),
    ],
)  # fmt: skip
def test_recorded_rule_is_reported_with_place_and_value(change, path, rule, value):
    found = faults_of(recorded_rows(recorded=change))
    assert [fault[0] for fault in found] == [f"arrivals.recorded.{path}"]
    assert rule in {None, found[0][1]}
    assert value in {None, found[0][2]}


@pytest.mark.parametrize(
    ("parts", "path", "rule"),
    [
        ({"rules": "simcash"}, "rules.set", "recorded arrivals need the rule set standard, whose rules can be changed one by one"),
        ({"simulation": {"ticks_per_day": 7, "num_days": 1}}, "simulation.ticks_per_day", "must be 6, as in {file}"),
        (
            {"simulation": {"ticks_per_day": 6, "num_days": 1, "open": "08:00", "close": "17:00"}},
            "simulation.open",
            "must be 07:00, as in {file}",
        ),
        (
            {"simulation": {"ticks_per_day": 6, "num_days": 1, "open": "07:00", "close": "18:00"}},
            "simulation.close",
            "must be 17:00, as in {file}",
        ),
        (
            {"simulation": {"ticks_per_day": 6, "num_days": 6}},
            "simulation.num_days",
            "must be at most 5, the number of days selected by arrivals.recorded.days, or resample them",
        ),
        ({"banks": [{"id": "ALFA"}, {"id": "DELTA"}]}, "arrivals.recorded.file", "has payments of banks that the scenario does not have: BRAVO, CHARLIE"),
    ],
)  # fmt: skip
def test_recorded_data_and_other_parts_agree(parts, path, rule):
    (found,) = faults_of({**recorded_rows(), **parts})
    assert found[:2] == (path, rule.format(file=recorded_file()))


def test_recorded_unknown_banks_are_counted_beyond_five():
    rows = drawn_rows(1, 6, 40, [f"BANK_{number}" for number in range(9)])
    (found,) = faults_of(recorded_rows(write_rows(rows, 6)))
    assert found[1].endswith("BANK_0, BANK_1, BANK_2, BANK_3, BANK_4 and 4 more")


def test_recorded_arrivals_need_the_key_recorded():
    rows = {**recorded_rows(), "arrivals": {}}
    assert faults_of(rows) == [("arrivals.recorded", "is required", None)]


def test_recorded_file_of_another_kind_is_refused(tmp_path):
    file = tmp_path / "payments.parquet"
    file.write_text("day,amount")
    ((path, rule, _),) = faults_of(recorded_rows(file))
    assert path == "arrivals.recorded.file"
    assert rule.startswith("cannot be read as Parquet")


def test_recorded_file_without_payments_is_refused(tmp_path):
    ((_, rule, _),) = faults_of(recorded_rows(write_rows([], 6, tmp_path / "none.parquet")))
    assert rule == "has no payments"


def test_recorded_file_with_too_many_banks_is_refused(tmp_path):
    most = 2**BANK_BITS
    rows = [{**ONE[0], "sender": f"S{number}", "receiver": f"R{number}"} for number in range(most // 2 + 1)]
    ((_, rule, _),) = faults_of(recorded_rows(write_rows(rows, 6, tmp_path / "many.parquet")))
    assert rule == f"must have at most {most} senders and receivers, got {most + 2}"


def test_recorded_row_that_breaks_a_rule_is_named(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = write_rows(ONE, 6, tmp_path / "payments.parquet")
    table = pq.read_table(file)
    place = table.schema.get_field_index("amount_cents")
    pq.write_table(table.set_column(place, table.schema.field(place), pa.array([-5])), file)
    ((path, rule, _),) = faults_of(recorded_rows(file))
    assert path == "arrivals.recorded.file"
    assert rule == "row 1: amount_cents: must be a whole number of cents from 1 to 1000000000000000, got '-5'"


def test_recorded_payments_without_the_library_name_the_extra(monkeypatch, tmp_path):
    import sys

    file = write_rows(ONE, 6, tmp_path / "unread.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "simcash_env.data.payments")
    ((path, rule, _),) = faults_of(recorded_rows(file))
    assert path == "arrivals.recorded.file"
    assert "pip install 'simcash-env[data]'" in rule


def test_recorded_totals_count_towards_the_bounds_on_money(tmp_path):
    rows = [{**ONE[0], "day": day, "amount": 9 * 10**14} for day in range(2) for _ in range(700)]
    file = write_rows(rows, 6, tmp_path / "large.parquet")
    assert recorded(file, days=1).simulation.num_days == 1
    much = {"costs": {}, "recorded": {"resample": "days"}}
    assert recorded(file, days=4, **much).simulation.num_days == 4
    ((path, rule, _),) = faults_of(recorded_rows(file, days=5, **much))
    assert path == "arrivals.recorded.file"
    assert rule.startswith("all payments of the run together could exceed 3e+18 cents")


def test_recorded_blocks_are_bounded_by_the_largest_of_each_block(tmp_path):
    rows = [{**ONE[0], "day": day, "tick": 3 * day, "amount": 9 * 10**14} for day in range(2) for _ in range(700)]
    data = recorded_days(recorded(write_rows(rows, 6, tmp_path / "halves.parquet"), costs={}))
    assert data.largest_day((0, 1), 6) == (700, 6.3e17)
    assert data.largest_day((0, 1), 3) == (1400, 12.6e17)
    assert data.largest_day((1,), 3) == (700, 6.3e17)


@pytest.mark.parametrize(
    ("options", "has_choice"),
    [
        ({"days": 5}, False),
        ({"days": 4}, True),
        ({"days": 5, "recorded": {"resample": "days"}}, True),
        ({"select": [DATES[0]]}, False),
        ({"select": [DATES[0]], "recorded": {"resample": "blocks", "block_ticks": 2}}, False),
    ],
)
def test_recorded_choice_of_days_is_known(options, has_choice):
    assert has_choice_of_days(recorded(**options)) is has_choice


def test_recorded_data_set_is_read_once_and_shared():
    first, second = recorded_days(recorded()), recorded_days(recorded(select="test"))
    assert first is second
    assert not first.words.flags.writeable
    days_module.clear_cache()
    assert recorded_days(recorded()) is not first


def test_recorded_figures_of_a_data_set():
    rows = [
        {**ONE[0], "amount": 100},
        {**ONE[0], "tick": 5, "amount": 50, "divisible": True},
        {**ONE[0], "day": 1, "tick": 2, "sender": "BRAVO", "receiver": "ALFA", "amount": 7, "deadline": 4},
    ]
    data = recorded_days(recorded(write_rows(rows, 6), select="all"))
    assert (data.num_payments, data.bank_ids, data.longest_deadline_ticks) == (3, ("ALFA", "BRAVO"), 5)
    assert data.days == (FIRST_DAY, FIRST_DAY + timedelta(days=1))
    assert data.mean_outflow("ALFA", (0, 1)) == (1.0, 75.0)
    assert data.mean_outflow("CHARLIE", (0, 1)) == (0.0, 0.0)
    assert data.divisible_senders == {"ALFA"}
