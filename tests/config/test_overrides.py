"""Changes by dotted key: where they lead, and what a wrong one is told."""

import copy
from pathlib import Path

import pytest

from simcash_env.config import CostConfig, load_scenario
from simcash_env.config.changes import with_changes
from simcash_env.errors import ConfigError
from simcash_env.registry import load
from simcash_env.simulation import Simulation

BANKS = [
    {"id": "A", "opening_balance": 100, "policy": {"type": "deadline", "urgency_threshold": 3}},
    {"id": "B.C", "bilateral_limits": {"A": 5}},
    {"id": "1"},
]
EVENTS = [
    {"type": "payment", "tick": 1, "from_bank": "A", "to_bank": "B.C", "amount": 7},
    {"type": "payment", "tick": 2, "from_bank": "A", "to_bank": "1", "amount": 8},
]
SMALL = {
    "format": 1,
    "name": "small",
    "rules": "simcash",
    "simulation": {"ticks_per_day": 4, "num_days": 1},
    "banks": BANKS,
    "events": EVENTS,
}


def changed(**changes: object):
    return load_scenario(SMALL, changes={key.replace("__", "."): value for key, value in changes.items()})


def faults(changes: object) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load_scenario(SMALL, changes=changes)
    return [str(fault) for fault in refused.value.faults]


def test_changes_reach_keys_that_the_file_lacks() -> None:
    before = copy.deepcopy(SMALL)
    config = load_scenario(
        SMALL, changes={"lsm.algorithms": [], "costs.overdraft_bps_per_tick": 2.5, "currency": "EUR"}
    )
    assert config.lsm.algorithms == ()
    assert config.costs.overdraft_bps_per_tick == 2.5
    assert config.currency == "EUR"
    assert before == SMALL


def test_changes_find_banks_by_id_before_number() -> None:
    changes = {"banks.A.opening_balance": 1, "banks.B.C.opening_balance": 2, "banks.1.opening_balance": 3}
    assert [bank.opening_balance for bank in load_scenario(SMALL, changes=changes).banks] == [1, 2, 3]
    assert load_scenario(SMALL, changes={"banks.0.opening_balance": 9}).banks[0].opening_balance == 9


def test_changes_of_all_entries_of_a_list() -> None:
    assert {bank.credit_limit for bank in changed(**{"banks.*.credit_limit": 5}).banks} == {5}


def test_changes_of_list_entries_and_whole_parts() -> None:
    config = load_scenario(SMALL, changes={"events.1.amount": 9, "costs": CostConfig(split_friction_cost=4)})
    assert [event.amount for event in config.events] == [7, 9]
    assert config.costs.split_friction_cost == 4
    assert load_scenario(SMALL, changes={"banks.A": {"id": "A"}}).banks[0].opening_balance == 0


def test_changes_of_a_rule_set_given_by_name() -> None:
    assert changed(rules__deadline_mode="drop").rules.deadline_mode == "drop"
    assert changed(rules__deadline_mode="drop").rules.set == "simcash"


def test_changes_inside_a_policy_and_limits() -> None:
    config = load_scenario(SMALL, changes={"banks.A.policy.urgency_threshold": 1, "banks.B.C.bilateral_limits.A": 6})
    assert config.banks[0].policy.urgency_threshold == 1
    assert config.banks[1].bilateral_limits == {"A": 6}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"lsm.algoritms": []}, "changes.lsm.algoritms: unknown key, got a list. Did you mean algorithms?"),
        ({"lms.algorithms": []}, "changes.lms.algorithms: unknown key, got a mapping. Did you mean lsm?"),
        ({"banks.a.credit_limt": 1}, "changes.banks.a.credit_limt: banks has no entry 'a'. Did you mean A?"),
        ({"banks.Z.credit_limit": 1}, "changes.banks.Z.credit_limit: banks has no entry 'Z', they are A, B.C, 1"),
        ({"banks.A.credit_limt": 1}, "changes.banks.A.credit_limt: unknown key, got 1. Did you mean credit_limit?"),
        ({"banks.A.credit_limit": 1.5}, "changes.banks.A.credit_limit: must be a whole number of cents, got 1.5"),
        ({"events.2.amount": 1}, "changes.events.2.amount: events has 2 entries, counted from 0; there is no entry 2"),
        ({"name.first": 1}, "changes.name.first: name is 'small', which has no keys"),
        ({"lsm.": 1}, "changes.lsm.: a key must not be empty"),
        ({"lsm.algorithms": ["x"]}, "changes.lsm.algorithms.0: must be 'bilateral', 'cycles' or 'prefix', got 'x'"),
        ({"description": "\ud800"}, "changes.description: must be Unicode text"),
        (
            {"costs.overdraft_bps_per_tick": float("nan")},
            "changes.costs.overdraft_bps_per_tick: must be a finite number",
        ),
        ({1: 2}, "changes: must be a mapping from dotted keys to values"),
        ([], "changes: must be a mapping from dotted keys to values"),
    ],
)
def test_changes_bad_key_or_value(changes: object, told: str) -> None:
    assert any(fault.startswith(told) for fault in faults(changes)), faults(changes)


def test_changes_that_break_a_rule_elsewhere_are_named() -> None:
    (fault,) = faults({"simulation.ticks_per_day": 2})
    assert fault.startswith("events.1.tick: must be inside the run, below 2 (changed: simulation.ticks_per_day), got 2")


def test_changes_of_a_file_keep_lines_of_other_faults(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("format: 1\nname: x\nsimulation: {ticks_per_day: 2, num_days: 1}\nbanks:\n- {id: A, credit: 1}\n")
    with pytest.raises(ConfigError) as refused:
        load_scenario(path, changes={"simulation.seed": -1})
    told = [str(fault) for fault in refused.value.faults]
    assert told[0].startswith("changes.simulation.seed: must be at least 0, got -1")
    assert told[1].startswith(f"{path}:5: banks.0.credit: unknown key")


def test_changes_of_a_library_scenario_and_of_a_configuration() -> None:
    changes = {"lsm.algorithms": [], "costs.overdraft_bps_per_tick": 3}
    config = load("lynx-day-v0", changes=changes)
    assert config.lsm.algorithms == ()
    assert with_changes(load("lynx-day-v0"), changes) == config
    plain = load("lynx-day-v0")
    assert with_changes(plain, {}) is plain


def test_model_copy_checks_changed_prices() -> None:
    config = load("castro-2period-v0")
    dearer = config.model_copy(update={"costs": config.costs.model_copy(update={"overdraft_bps_per_tick": 50.0})})
    assert dearer == with_changes(config, {"costs.overdraft_bps_per_tick": 50.0})
    assert Simulation(dearer).run_to_completion().ticks == config.simulation.num_ticks
    with pytest.raises(ValueError, match="overdraft_bps_per_tick"):
        config.costs.model_copy(update={"overdraft_bps_per_tick": -1.0})
    with pytest.raises(ValueError, match="Did you mean overdraft_bps_per_tick"):
        config.costs.model_copy(update={"overdraft_bps_per_tik": 1.0})
