"""Rollout policies on the command line."""

import json

import pytest

from tests.cli.test_commands import called

GAME = "castro-2period-v0"
FEW = ("--rollout", "samples=4", "--rollout", "changes=2")


def test_planning_evaluates_a_rollout_policy_next_to_its_base(capsys):
    code, out, err = called(capsys, "evaluate", GAME, "--policy", "rollout:fifo", *FEW, "--seeds", "2", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert (found["policy"], found["test_seeds"], found["total_cost"]["mean"]) == ("rollout:fifo", 1, 2_000)
    assert (found["base_cost"], found["difference_to_base"]["mean"]) == (20_000, -18_000)
    assert (found["settings"]["samples"], found["is_deterministic"]) == (4, True)
    assert found["milliseconds_per_decision"] > 0
    assert sum(found["by_bank"].values()) == 2_000


def test_planning_prints_a_table_of_a_tuned_base(capsys):
    words = ("evaluate", "two-banks-v0", "--policy", "rollout:tuned:balance_first", "--tuning-seeds", "2")
    code, out, err = called(capsys, *words, *FEW, "--seeds", "3")
    assert code == 0, err
    assert "two-banks-v0: rollout:tuned:balance_first, 4 samples, in turn" in " ".join(out.split())
    assert "ALFA" in out
    assert "ms a decision of a bank" in " ".join(out.split())


def test_planning_adds_rollout_policies_to_the_benchmark(capsys):
    policies = ("--policy", "rollout:fifo", "--policy", "rollout:deadline:urgency_threshold=0")
    code, out, err = called(capsys, "benchmark", GAME, *policies, *FEW, "--seeds", "2", "--tuning-seeds", "0", "--json")
    assert code == 0, err
    rows = {row["policy"]: row for row in json.loads(out)}
    assert rows["rollout:fifo"]["parameters"] == "4 samples, in turn"
    assert {"rollout:fifo", "rollout:deadline"} <= set(rows)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--policy", "fifo"), "--policy fifo: must be rollout:BASE, such as rollout:fifo"),
        (("--policy", "rollout:"), "must be rollout:BASE"),
        (("--policy", "rollout:none"), "--policy rollout:none: "),
        (("--policy", "rollout:deadline"), "--policy rollout:deadline: is required"),
        (("--policy", "rollout:tuned:none"), "must be tuned, or tuned: and one of fifo, "),
        (("--policy", "rollout:tuned", "--tuning-seeds", "0"), "needs --tuning-seeds of at least 1"),
        (("--rollout", "samples=4"), "--rollout samples=4: needs --policy rollout:BASE"),
        (("--policy", "rollout:fifo", "--rollout", "sample=4"), "--rollout sample: unknown key"),
        (("--policy", "rollout:fifo", "--rollout", "samples=0"), "--rollout samples: must be at least 1"),
        (("--policy", "rollout:fifo", "--rollout", "samples"), "--rollout samples: must be KEY=VALUE"),
        (("--policy", "rollout:fifo", "--plots", "figures"), "--plots: needs a checkpoint, not --policy"),
        (
            ("--policy", "rollout:fifo", "--rollout", "banks=jointly", "--rollout", "objective=own"),
            "objective own needs banks in_turn",
        ),
    ],
)
def test_planning_names_the_option_that_is_wrong(words, told, capsys):
    code, _, err = called(capsys, "evaluate", GAME, *words)
    assert code == 2
    assert told in " ".join(err.split())


def test_planning_rollout_policy_of_one_bank_in_the_kernel_is_refused(capsys):
    code, _, err = called(capsys, "run", "two-banks-v0", "--policy", "ALFA=rollout:fifo")
    assert code == 2
    assert "use it with simcash evaluate or simcash benchmark" in " ".join(err.split())
