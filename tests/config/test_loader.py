"""Files: YAML and JSON, lines in the messages, and text that is no scenario at all."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simcash_env.config import documents, load_scenario
from simcash_env.errors import ConfigError, Fault, PolicyError, SimcashError
from simcash_env.files import make_folder_of
from simcash_env.records.reading import open_record
from simcash_env.simulation import Simulation
from tests.config.worlds import NATIVE, SIMCASH, changed, faults, write

TEXT = """\
format: 1
name: test
simulation:
  ticks_per_day: 4
  num_days: 1
banks:
  - id: A
    credit_limt: 5
    opening_balance: 1.0
  - id: A
    policy: {type: fifo}
costs:
  deadline_penalty: {bps: -1}
"""


def test_loader_yaml_json_and_a_mapping_give_the_same_scenario(tmp_path: Path) -> None:
    as_json = write(tmp_path, json.dumps(NATIVE), "scenario.json")
    assert load_scenario(write(tmp_path, NATIVE)) == load_scenario(as_json) == load_scenario(NATIVE)
    assert load_scenario(str(as_json)) == load_scenario(as_json)


def test_loader_each_fault_names_file_line_path_value_and_rule(tmp_path: Path) -> None:
    path = write(tmp_path, TEXT)
    with pytest.raises(ConfigError) as caught:
        load_scenario(path)
    assert str(caught.value).splitlines() == [
        f"{path}:8: banks.0.credit_limt: unknown key, got 5. Did you mean credit_limit?",
        f"{path}:9: banks.0.opening_balance: must be a whole number of cents, got 1.0",
        f"{path}:10: banks.1.id: must be unique, banks.0 has it too, got 'A'",
        f"{path}:13: costs.deadline_penalty.bps: must be at least 0, got -1",
    ]


def test_loader_what_is_missing_is_reported_where_it_should_stand(tmp_path: Path) -> None:
    (fault,) = faults(write(tmp_path, TEXT[: TEXT.index("    credit_limt")].replace("id: A", "opening_balance: 5")))
    assert (fault.line, fault.path, fault.rule) == (7, "banks.0.id", "is required")


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("", None, "a scenario must be a mapping"),
        ("- 1\n- 2\n", 1, "a scenario must be a mapping"),
        ("just text", 1, "a scenario must be a mapping"),
        ("a: [1, 2\nb: 3\n", 2, "not valid YAML: expected ',' or ']', but got ':'"),
        ("a: 1\n\tb: 2\n", 2, "not valid YAML: found character '\\t' that cannot start any token"),
        ("a: *nowhere\n", 1, "not valid YAML: found undefined alias 'nowhere'"),
        ("a: &x [*x]\n", 1, "not valid YAML: an alias must not contain itself"),
        ("a: 1\n---\nb: 2\n", 2, "not valid YAML: but found another document"),
        ("a: !!python/object:os.system x\n", 1, "not valid YAML: could not determine a constructor for the tag"),
        ("a: {<<: [{b: 1}, 2]}\n", 1, "not valid YAML: expected a mapping for merging, but found scalar"),
        ("a: 2020-13-45\n", 1, "not valid YAML: month must be in 1..12"),
        ("a: \x00\n", None, "not valid YAML: unacceptable character"),
        ("[" * 3000, None, "not usable YAML: nested too deeply"),
    ],
)
def test_loader_text_that_is_no_scenario_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int | None, rule: str
) -> None:
    (fault,) = faults(write(tmp_path, text))
    assert fault.file == str(tmp_path / "scenario.yaml")
    assert fault.line == line
    assert fault.rule.startswith(rule)


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ('{"format": 1,}', 1, "not valid JSON: "),
        ('{"format": 1,\n "a" 2}', 2, "not valid JSON: Expecting ':' delimiter"),
        ("[]", None, "a scenario must be a mapping"),
        ('{"a":' * 100_000, None, "not usable JSON: "),
        ('{"a": ' + "9" * 5000 + "}", None, "not usable JSON: "),
    ],
)
def test_loader_broken_json_is_refused(tmp_path: Path, text: str, line: int | None, rule: str) -> None:
    (fault,) = faults(write(tmp_path, text, "scenario.json"))
    assert fault.line == line
    assert fault.rule.startswith(rule)


def test_loader_alias_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_NODES", 10_000)  # a million values take seconds; tests/fuzz counts them
    rows = ["a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]"]
    rows += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 9)]
    (fault,) = faults(write(tmp_path, "\n".join(rows)))
    assert fault.rule == "not valid YAML: more than 1000000 values"


def test_loader_key_given_twice_is_a_fault_in_yaml_and_json(tmp_path: Path) -> None:
    twice = "format: 1\nname: a\nname: b\nsimulation: {ticks_per_day: 2, num_days: 1}\nbanks: [{id: A}]\n"
    (fault,) = faults(write(tmp_path, twice))
    assert (fault.line, fault.path, fault.rule) == (3, "name", "is given twice")
    text = json.dumps(NATIVE).replace('"name": "test"', '"name": "test", "name": "other"')
    (fault,) = faults(write(tmp_path, text, "scenario.json"))
    assert (fault.path, fault.rule) == ("name", "is given twice")
    text = json.dumps(NATIVE).replace('"credit_limit": 500', '"credit_limit": 500, "credit_limit": 600')
    (fault,) = faults(write(tmp_path, text, "scenario.json"))
    assert (fault.path, fault.rule) == ("banks.0.credit_limit", "is given twice")


def test_loader_key_that_yaml_reads_as_something_else_is_a_fault(tmp_path: Path) -> None:
    text = TEXT[: TEXT.index("    credit_limt")] + "    bilateral_limits: {no: 5}\n"
    found = faults(write(tmp_path, text))
    assert ("banks.0.bilateral_limits.no", "keys must be text, put it in quotes") in [(f.path, f.rule) for f in found]


def test_loader_key_that_is_a_list_is_a_fault(tmp_path: Path) -> None:
    text = TEXT[: TEXT.index("    credit_limt")] + "    bilateral_limits: {[B, C]: 5}\n"
    found = [(fault.line, fault.path, fault.value, fault.rule) for fault in faults(write(tmp_path, text))]
    assert (8, "banks.0.bilateral_limits.?", "a list", "keys must be text, put it in quotes") in found


@pytest.mark.parametrize(
    ("written", "rate"), [("1e1", 10.0), ("1.5E-2", 0.015), ("+2.e0", 2.0), ("3", 3.0), (".5", 0.5)]
)
def test_loader_numbers_in_scientific_notation_are_numbers(tmp_path: Path, written: str, rate: float) -> None:
    text = TEXT[: TEXT.index("    credit_limt")] + f"costs: {{overdraft_bps_per_tick: {written}}}\n"
    assert load_scenario(write(tmp_path, text)).costs.overdraft_bps_per_tick == rate


@pytest.mark.parametrize("written", ["1e3", "1e400", "'5'", "1_0.0", "yes", "~", ".nan", "-.inf"])
def test_loader_what_is_no_whole_number_is_no_money(tmp_path: Path, written: str) -> None:
    text = TEXT[: TEXT.index("    credit_limt")] + f"    credit_limit: {written}\n"
    (fault,) = faults(write(tmp_path, text))
    assert (fault.line, fault.path, fault.rule) == (8, "banks.0.credit_limit", "must be a whole number of cents")


@pytest.mark.parametrize(
    ("written", "cents"),
    [
        ("1_000", 1_000),
        ("060", 60),
        ("0100000", 100_000),
        ("-010", -10),
        ("+08", 8),
        ("0_700", 700),
        ("!!int '010'", 10),
    ],
)
def test_loader_whole_numbers_are_decimal_and_may_be_grouped(tmp_path: Path, written: str, cents: int) -> None:
    """YAML 1.1 reads 060 as 48."""
    text = TEXT[: TEXT.index("    credit_limt")] + f"    opening_balance: {written}\n"
    assert load_scenario(write(tmp_path, text)).banks[0].opening_balance == cents


TWO_MEANINGS = "has two meanings in YAML: write the number in decimal digits, or put it in quotes where it is text"


@pytest.mark.parametrize(
    "written",
    ["1:30", "-1:00:00", "1:30.5", "0x10", "0b1", "0o17", "1__000", "1000_", "!!int '0x10'", "!!float '1:30'"],
)
def test_loader_numbers_with_two_meanings_are_refused(tmp_path: Path, written: str) -> None:
    """YAML 1.1 reads 1:30 as 90, and YAML 1.2 as a text."""
    text = TEXT[: TEXT.index("    credit_limt")] + f"    opening_balance: {written}\n"
    (fault,) = faults(write(tmp_path, text))
    assert (fault.line, fault.path, fault.rule) == (8, "banks.0.opening_balance", TWO_MEANINGS)
    assert fault.value == repr(written.rpartition(" ")[2].strip("'"))


def test_loader_numbers_with_two_meanings_are_refused_in_texts_too_and_pass_in_quotes(tmp_path: Path) -> None:
    text = TEXT[: TEXT.index("    credit_limt")].replace("name: test", "name: 12:30")
    (fault,) = faults(write(tmp_path, text))
    assert (fault.line, fault.path, fault.rule, fault.value) == (2, "name", TWO_MEANINGS, "'12:30'")
    assert load_scenario(write(tmp_path, text.replace("12:30", "'12:30'"))).name == "12:30"
    assert load_scenario(write(tmp_path, text.replace("12:30", "24:61"))).name == "24:61"


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("NO", "must be text (NO is read as false; put text in quotes)"),
        ("on", "must be text (on is read as true; put text in quotes)"),
        ("007", "must be text (007 is read as 7; put text in quotes)"),
        ("2025-01-31", "must be text (2025-01-31 is read as a date; put text in quotes)"),
    ],
)
def test_loader_text_that_yaml_reads_as_something_else_is_named_as_written(
    tmp_path: Path, written: str, rule: str
) -> None:
    text = TEXT[: TEXT.index("    credit_limt")].replace("id: A", f"id: {written}")
    (fault,) = faults(write(tmp_path, text))
    assert (fault.path, fault.rule, fault.value) == ("banks.0.id", rule, repr(written))


def test_loader_simcash_file_with_leading_zeros_is_read_as_decimal_and_the_notice_says_so(tmp_path: Path) -> None:
    text = "simulation: {ticks_per_day: 0100, num_days: 1}\nagents: [{id: A}, {id: B}]\nmetadata: {at: 1:30}\n"
    notices: list[str] = []
    scenario = load_scenario(write(tmp_path, text), notice=notices.append)
    assert scenario.simulation.ticks_per_day == 100
    assert notices[0].endswith("leading zeros read as decimal: simulation.ticks_per_day 0100 (SimCash: 64)")


@pytest.mark.parametrize("name", ["scenario.yaml", "scenario.json"])
@pytest.mark.parametrize(
    ("name_of_scenario", "rule"),
    [
        ("\ud800x", "must be Unicode text: character 1 is half of a surrogate pair (U+D800)"),
        ("a\x00", "must not contain control characters: character 2 is U+0000"),
        ("a\x1b[31m", "must not contain control characters: character 2 is U+001B"),
        ("two\nlines", "must be one line without tabs: character 4 is U+000A"),
    ],
)
def test_loader_text_that_no_file_can_hold_is_refused(
    tmp_path: Path, name: str, name_of_scenario: str, rule: str
) -> None:
    text = json.dumps({**NATIVE, "name": name_of_scenario})
    (fault,) = faults(write(tmp_path, text, name))
    assert (fault.path, fault.rule) == ("name", rule)
    str(fault).encode("utf-8")
    (fault,) = faults({**NATIVE, "name": name_of_scenario})
    assert (fault.path, fault.rule) == ("name", rule)


def test_loader_key_that_no_file_can_hold_is_refused_everywhere(tmp_path: Path) -> None:
    for scenario in (changed(NATIVE, "banks.0.bilateral_limits", {"\ud800": 1}), {**NATIVE, "\ud800": 1}):
        for source in (scenario, *(write(tmp_path, json.dumps(scenario), f"s.{kind}") for kind in ("json", "yaml"))):
            found = faults(source)
            assert "key must be Unicode text: character 1 is half of a surrogate pair (U+D800)" in [
                f.rule for f in found
            ]
            assert all(str(fault).encode("utf-8") for fault in found)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_loader_json_without_a_finite_number_is_refused_with_its_place(tmp_path: Path, number: str) -> None:
    text = json.dumps(NATIVE).replace("0.5", number)
    (fault,) = faults(write(tmp_path, text, "scenario.json"))
    assert (fault.path, fault.rule) == ("banks.0.arrivals.rate_per_tick", "must be a finite number")
    ignored = json.dumps({**SIMCASH, "metadata": {"x": [1.5]}}).replace("1.5]", f"{number}]")
    (fault,) = faults(write(tmp_path, ignored, "simcash.json"))
    assert (fault.path, fault.rule) == ("metadata.x.0", "must be a finite number")


def test_loader_mapping_that_contains_itself_is_refused() -> None:
    scenario = {**NATIVE}
    scenario["events"] = [scenario]
    assert faults(scenario)


def test_loader_merge_keys_work(tmp_path: Path) -> None:
    text = TEXT[: TEXT.index("  - id: A")] + "  - &bank {id: A, credit_limit: 5}\n  - {<<: *bank, id: B}\n"
    assert [(bank.id, bank.credit_limit) for bank in load_scenario(write(tmp_path, text)).banks] == [("A", 5), ("B", 5)]


@pytest.mark.parametrize("name", ["missing.yaml", "folder.yaml", "x" * 5_000, "two-banks"])
def test_loader_what_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder.yaml").mkdir()
    (fault,) = faults(name)
    assert "cannot be read" in fault.rule or "neither a file nor a scenario" in fault.rule


def test_loader_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_bytes(b"name: \xff\xfe\xfa")
    (fault,) = faults(path)
    assert (fault.line, fault.rule, fault.value) == (1, "cannot be read: not UTF-8 text", "byte 0xff")


def test_loader_native_file_without_its_format_is_told_so(tmp_path: Path) -> None:
    (fault,) = faults(write(tmp_path, TEXT.removeprefix("format: 1\n")))
    assert (fault.path, fault.rule) == ("format", "is required, write format: 1")


def test_loader_native_file_says_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    load_scenario(write(tmp_path, NATIVE))
    assert capsys.readouterr() == ("", "")


def test_loader_error_is_one_of_the_package_and_survives_pickling() -> None:
    with pytest.raises(ConfigError) as caught:
        load_scenario(changed(NATIVE, "name", 5))
    assert isinstance(caught.value, SimcashError)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), copy.faults, str(copy)) == (ConfigError, caught.value.faults, "name: must be text, got 5")
    assert isinstance(pickle.loads(pickle.dumps(PolicyError([]))), PolicyError)


def test_loader_fault_leaves_out_what_is_not_known() -> None:
    assert str(Fault(None, None, "a.b", None, "is required")) == "a.b: is required"
    assert str(Fault("f.yaml", None, "", None, "cannot be read")) == "f.yaml: cannot be read"
    assert str(Fault("f.yaml", 3, "a", "5", "must be text")) == "f.yaml:3: a: must be text, got 5"


LONE = "\ud800"


@pytest.mark.parametrize(
    "call",
    [
        lambda run, _: run.submit_transaction(LONE, "BRAVO", 1, 5),
        lambda run, _: run.submit_transaction("ALFA", "BRAVO", 1, 5, rtgs_priority=LONE),
        lambda run, _: run.tick({LONE: {}}),
        lambda run, _: run.tick({"ALFA": {LONE: "release"}}),
        lambda run, _: run.tick({"ALFA": {"tx_00000001": LONE}}),
        lambda run, _: run.tick(pool_levels={LONE: 1}),
        lambda run, _: run.set_policy(LONE, "fifo"),
        lambda run, _: run.set_policy("ALFA", {"type": "tree", "file": LONE}),
        lambda run, _: run.set_policy("ALFA", {"type": "tree", "tree": {"payment_tree": {"node_id": LONE}}}),
        lambda run, _: run.transaction(LONE),
        lambda run, _: run.balance(LONE),
        lambda run, folder: run.save(folder / LONE),
        lambda run, folder: run.save(folder / "a\0b"),
        lambda run, folder: run.load(folder / LONE),
        lambda *_: Simulation(LONE),
        lambda *_: load_scenario(f"{LONE}.yaml"),
        lambda _, folder: open_record(folder / LONE),
        lambda _, folder: make_folder_of(folder / LONE / "file"),
    ],
)
def test_loader_calls_with_text_that_is_not_unicode_raise_what_can_be_printed(
    tmp_path: Path, call: Callable[[Simulation, Path], Any]
) -> None:
    run = Simulation("two-banks-v0", seed=1)
    run.open_tick()
    before = run.digest()
    with pytest.raises(SimcashError) as caught:
        call(run, tmp_path)
    assert str(caught.value).encode("utf-8")
    assert run.digest() == before
    assert list(tmp_path.iterdir()) == []
