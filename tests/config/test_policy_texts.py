"""Policies as text, and the banks that a pattern names."""

import pytest

from simcash_env.config.policy_texts import by_bank, named_banks, parse_policy

BANKS = ("A", "CORE_1", "CORE_2", "*")


@pytest.mark.parametrize(
    ("text", "fields", "faults"),
    [
        ("fifo", {"type": "fifo"}, ()),
        ("deadline:urgency_threshold=6", {"type": "deadline", "urgency_threshold": 6}, ()),
        ("a.json:x=1.5", {"type": "tree", "file": "a.json", "parameters": {"x": 1.5}}, ()),
        ("a.json", {"type": "tree", "file": "a.json"}, ()),
        ("p:x=1,x=2", {"type": "p", "x": 2}, (("x", None),)),
        ("p:type=2", {"type": "p"}, (("type", None),)),
        ("p:x=0x10", {"type": "p", "x": "0x10"}, (("x", "'0x10'"),)),
        ("p:x=" + "9" * 30, {"type": "p", "x": "9" * 30}, ()),
    ],
)
def test_policy_texts_are_parsed_with_their_faults(text, fields, faults):
    parsed = parse_policy(text)
    if "type=" not in text:
        assert parsed.fields == fields
    assert tuple(fault[:2] for fault in parsed.faults) == faults


def test_policy_texts_pattern_names_banks_and_an_id_only_itself():
    assert named_banks("CORE_*", BANKS) == ("CORE_1", "CORE_2")
    assert named_banks("*", BANKS) == ("*",)
    assert named_banks("core_?", BANKS) == ()


def test_policy_texts_id_beats_pattern_and_later_pattern_beats_earlier_one():
    rows = [("A", 1), ("CORE_*", 2), ("*_1", 3), ("?", 4)]
    assert by_bank(rows, ("A", "CORE_1", "CORE_2")) == {"A": 1, "CORE_1": 3, "CORE_2": 2}
    assert by_bank({"A*": 1, "A": 2}, ("A", "AB")) == {"A": 2, "AB": 1}
