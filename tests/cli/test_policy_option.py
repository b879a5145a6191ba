"""``--policy`` with patterns and tree files."""

import json

import pytest

from simcash_env.cli.choices import chosen_policies
from simcash_env.errors import ConfigError
from simcash_env.registry import load
from tests.cli.test_commands import called


def test_policy_option_pattern_sets_every_bank_and_an_id_beats_it(capsys):
    chosen = chosen_policies(load("two-banks-v0"), ["ALFA=fifo", "*=deadline:urgency_threshold=6"])
    assert {bank: policy.type for bank, policy in chosen.items()} == {"ALFA": "fifo", "BRAVO": "deadline"}
    words = ("run", "two-banks-v0", "--seed", "5", "--json", "--quiet")
    both = called(capsys, *words, "--policy", "*=deadline:urgency_threshold=1")
    each = [f"--policy={bank}=deadline:urgency_threshold=1" for bank in ("ALFA", "BRAVO")]
    assert json.loads(both[1])["costs"] == json.loads(called(capsys, *words, *each)[1])["costs"]


def test_policy_option_takes_trees_of_the_library_and_own_files(tmp_path, monkeypatch):
    (found,) = chosen_policies(load("two-banks-v0"), ["A*=small_first.json:urgent_ticks=2"]).values()
    assert (found.type, found.parameters["urgent_ticks"]) == ("tree", 2)
    monkeypatch.chdir(tmp_path)
    tree = {"policy_id": "own", "payment_tree": {"type": "action", "node_id": "A", "action": "Hold"}}
    (tmp_path / "small_first.json").write_text(json.dumps(tree), encoding="utf-8")
    (own,) = chosen_policies(load("two-banks-v0"), ["ALFA=small_first.json"]).values()
    assert own.definition["policy_id"] == "own"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("C*=fifo", r"--policy C\*=fifo: unknown bank, banks are ALFA, BRAVO, got 'C\*'$"),
        ("ALF=fifo", r"got 'ALF'\. Did you mean ALFA\?"),
        ("*=dedline", r"--policy \*=dedline: must be one of fifo, .*, got 'dedline'\. Did you mean deadline\?"),
    ],
)
def test_policy_option_mistake_is_named(text, said):
    with pytest.raises(ConfigError, match=said):
        chosen_policies(load("two-banks-v0"), [text])
