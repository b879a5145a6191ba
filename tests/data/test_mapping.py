"""Mapping files and the presets."""

import pytest
import yaml

from simcash_env.data.mapping import MappingConfig, has_date, load_mapping, preset_names
from simcash_env.errors import ConfigError

COLUMNS = {"submitted": "time", "sender": "from", "receiver": "to", "amount": "value", "day": "date"}


def written(tmp_path, **keys):
    path = tmp_path / "mapping.yaml"
    path.write_text(yaml.safe_dump({"format": 1, "columns": COLUMNS} | keys))
    return path


def refused(source):
    with pytest.raises(ConfigError) as caught:
        load_mapping(source)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("name", preset_names())
def test_mapping_presets_are_valid_and_described(name):
    assert load_mapping(name).description


def test_mapping_presets_are_those_that_the_documentation_names():
    assert preset_names() == ("bof-pss", "canonical", "iso20022", "pssimpy")


def test_mapping_file(tmp_path):
    path = written(tmp_path, delimiter=";", priority_words={"HIGH": 8})
    mapping = load_mapping(path)
    assert (mapping.delimiter, mapping.priority_words, mapping.columns.sender) == (";", {"HIGH": 8}, "from")
    assert load_mapping(str(path)) == mapping
    assert load_mapping(mapping) is mapping
    assert mapping.model_copy(update={"delimiter": ","}).delimiter == ","


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({"colums": {}}, "colums: unknown key, got a mapping. Did you mean columns?"),
        ({"format": 2}, "format: must be 1, got 2"),
        ({"delimiter": ";;"}, "delimiter: must be one ASCII character, not a quote or a line break, got ';;'"),
        ({"encoding": "latin-9999"}, "encoding: must be a known encoding such as utf-8, utf-16 or latin-1, got 'latin-9999'"),
        ({"encoding": 5}, "encoding: must be a known encoding such as utf-8, utf-16 or latin-1, got 5"),
        ({"time_zone": "Mars"}, "time_zone: must be a time zone of the IANA database such as Europe/Paris or UTC, got 'Mars'"),
        ({"local_time_zone": "/etc"}, "local_time_zone: must be a time zone of the IANA database such as Europe/Paris or UTC, got '/etc'"),
        ({"decimal_separator": ","} | {"thousands_separator": ","}, "thousands_separator: must differ from decimal_separator, got ','"),
        ({"decimal_separator": ";"}, "decimal_separator: must be '.' or ',', got ';'"),
        ({"day_format": "number"}, "first_day: is required with day_format: number: the date of day 1"),
        ({"day_format": "%H"}, "day_format: must be iso, number or a format of dates, got '%H'"),
        ({"time_format": "hours"}, "time_format: must be iso, ticks or a format of times, got 'hours'"),
        ({"priority_words": {"HIGH": 11}}, "priority_words.HIGH: must be at most 10, got 11"),
        ({"columns": {**COLUMNS, "payer": "x"}}, "columns.payer: unknown key"),
        ({"columns": {**COLUMNS, "sender": 5}}, "columns.sender: must be the name of a column, or a list of names of which one is there, got 5"),
        ({"columns": {**COLUMNS, "sender": []}}, "columns.sender: must be the name of a column, or a list of names of which one is there"),
        ({"columns": {"submitted": "a", "sender": "b", "receiver": "c", "day": "d"}}, "columns.amount: is required, or amount_cents"),
        ({"columns": {name: COLUMNS[name] for name in COLUMNS if name != "day"}, "time_format": "%H:%M"}, "columns.day: is required: the times have no date"),
    ],
)  # fmt: skip
def test_mapping_rules_name_file_line_and_key(keys, fault, tmp_path):
    path = written(tmp_path, **keys)
    lines = refused(path)
    assert any(line.partition(": ")[2].startswith(fault) for line in lines), lines
    assert all(line.startswith(f"{path}:") for line in lines)


def test_mapping_reports_all_faults_at_once(tmp_path):
    assert len(refused(written(tmp_path, delimiter="", encoding="?", unknown=1))) == 3


def test_mapping_rejects_other_documents(tmp_path):
    path = tmp_path / "mapping.yaml"
    path.write_text("[1]")
    assert refused(path) == [f"{path}:1: a mapping file must be a mapping, got a list"]
    path.write_text(yaml.safe_dump({"format": 1, "columns": COLUMNS}) + "format: 1\n")
    assert refused(path) == [f"{path}:8: format: is given twice"]
    assert refused("no-such-preset")[0].startswith(
        "mapping: neither a mapping file (.yaml or .json) nor a preset, presets are bof-pss, canonical, iso20022, pssimpy"
    )
    assert refused(tmp_path / "none.yaml") == [f"{tmp_path / 'none.yaml'}: cannot be read: No such file or directory"]


def test_mapping_formats_with_a_date():
    assert [has_date(text) for text in ("%H:%M:%S", "%d.%m.%Y %H:%M", "%F %T")] == [False, True, True]


def test_mapping_columns_in_order():
    columns = MappingConfig.model_validate({"format": 1, "columns": {**COLUMNS, "kind": ["a", "b"]}}).columns
    assert list(columns.given()) == [
        ("day", ("date",), True),
        ("submitted", ("time",), True),
        ("sender", ("from",), True),
        ("receiver", ("to",), True),
        ("amount", ("value",), True),
        ("kind", ("a", "b"), False),
    ]
