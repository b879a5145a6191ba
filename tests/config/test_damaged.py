"""Every kind of damage to a native scenario is refused, at its path, with its value and the rule it breaks."""

from typing import Any

import pytest

from tests.config.worlds import ABSENT, NATIVE, changed, faults

WHOLE = "must be a whole number"
CENTS = "must be a whole number of cents"
MOST = "must be at most 1000000000000000"
TOO_LARGE = "the largest possible draw must not exceed 1000000000000000 cents"
PAY = {"type": "payment", "tick": 1, "from_bank": "A", "to_bank": "B", "amount": 5}
TREE = {"type": "tree", "file": "x.json"}
UNKNOWN_POLICY = (
    "must be one of fifo, deadline, liquidity_aware, liquidity_splitting, liquidity_reserve, mock_splitting, tree, "
    "external"
)
AMOUNT = "banks.0.arrivals.amount"

DAMAGE: list[tuple[str, Any, str, str, str | None]] = [
    # what is changed, to what; where the fault is reported, the rule, the value shown
    ("format", 2, "format", "must be 1", "2"),
    ("name", ABSENT, "name", "is required", None),
    ("name", 5, "name", "must be text", "5"),
    ("nmae", "x", "nmae", "unknown key. Did you mean name?", "'x'"),
    ("zzzzzz", 1, "zzzzzz", "unknown key", "1"),
    ("simulation", ABSENT, "simulation", "is required", None),
    ("simulation", [], "simulation", "must be a mapping", "a list"),
    ("simulation.ticks_per_day", 0, "simulation.ticks_per_day", "must be at least 1", "0"),
    ("simulation.ticks_per_day", 2.5, "simulation.ticks_per_day", WHOLE, "2.5"),
    ("simulation.ticks_per_day", True, "simulation.ticks_per_day", WHOLE, "True"),
    ("simulation.num_days", 10**9, "simulation.num_days", "ticks_per_day x num_days must not exceed 1000000000", "1000000000"),
    ("simulation.seed", -1, "simulation.seed", "must be at least 0", "-1"),
    ("simulation.seed", 2**63, "simulation.seed", f"must be at most {2**63 - 1}", str(2**63)),
    ("simulation.seeed", 1, "simulation.seeed", "unknown key. Did you mean seed?", "1"),
    ("rules", "simcsh", "rules.set", "must be 'standard' or 'simcash'", "'simcsh'"),
    ("rules", 3, "rules", "must be a mapping", "3"),
    ("rules", {"set": "simcash", "deadline_mode": "late"}, "rules.deadline_mode", "must be 'overdue' or 'drop'", "'late'"),
    ("rules", {"split_scop": "any"}, "rules.split_scop", "unknown key. Did you mean split_scope?", "'any'"),
    ("banks", [], "banks", "must have at least 1 entries", "a list"),
    ("banks", {"A": {}}, "banks", "must be a list", "a mapping"),
    ("banks.1", "B", "banks.1", "must be a mapping", "'B'"),
    ("banks.1.id", "A", "banks.1.id", "must be unique, banks.0 has it too", "'A'"),
    ("banks.1.id", "", "banks.1.id", "must not be empty", "''"),
    ("banks.1.id", 7, "banks.1.id", "must be text", "7"),
    ("banks.1.id", ABSENT, "banks.1.id", "is required", None),
    ("banks.1.credit_limt", 5, "banks.1.credit_limt", "unknown key. Did you mean credit_limit?", "5"),
    ("banks.0.opening_balance", 10.0, "banks.0.opening_balance", CENTS, "10.0"),
    ("banks.0.opening_balance", "10", "banks.0.opening_balance", CENTS, "'10'"),
    ("banks.0.opening_balance", True, "banks.0.opening_balance", CENTS, "True"),
    ("banks.0.opening_balance", None, "banks.0.opening_balance", CENTS, None),
    ("banks.0.posted_collateral", -1, "banks.0.posted_collateral", "must be at least 0", "-1"),
    ("banks.0.credit_limit", 10**15 + 1, "banks.0.credit_limit", MOST, "1000000000000001"),
    ("banks.0.opening_balance", 10**400, "banks.0.opening_balance", MOST, "a number of 1329 bits"),
    ("banks.0.collateral_haircut", 1.5, "banks.0.collateral_haircut", "must be at most 1", "1.5"),
    ("banks.0.collateral_haircut", float("nan"), "banks.0.collateral_haircut", "must be a finite number", "nan"),
    ("banks.0.liquidity_allocation_fraction", "half", "banks.0.liquidity_allocation_fraction", "must be a number", "'half'"),
    ("banks.0.multilateral_limit", 1.5, "banks.0.multilateral_limit", CENTS, "1.5"),
    ("banks.0.bilateral_limits", {"X": 1}, "banks.0.bilateral_limits.X", "must name a bank", "1"),
    ("banks.0.bilateral_limits", {"A": 1}, "banks.0.bilateral_limits.A", "must not name the bank itself", "1"),
    ("banks.0.bilateral_limits", {"B": 0.5}, "banks.0.bilateral_limits.B", CENTS, "0.5"),
    ("banks.0.arrival_bands", NATIVE["banks"][1]["arrival_bands"], "banks.0.arrival_bands",
     "give either arrivals or arrival_bands", None),
    ("banks.1.arrival_bands", {}, "banks.1.arrival_bands", "needs at least one of urgent, normal, low", "a mapping"),
    ("banks.1.arrival_bands.urgent.deadline_offset_min", 4, "banks.1.arrival_bands.urgent.deadline_offset_max",
     "must be at least deadline_offset_min (4)", "3"),
    ("banks.0.arrivals.rate_per_tick", -0.5, "banks.0.arrivals.rate_per_tick", "must be at least 0", "-0.5"),
    ("banks.0.arrivals.rate_per_tick", float("inf"), "banks.0.arrivals.rate_per_tick", "must be a finite number", "inf"),
    ("banks.0.arrivals.rate_per_tick", 1e9, "banks.0.arrivals.rate_per_tick", "must be at most 10000", "1000000000.0"),
    ("banks.0.arrivals.counterparty_weights", {"B": 0.0}, "banks.0.arrivals.counterparty_weights",
     "must sum to more than 0", "a mapping"),
    ("banks.0.arrivals.counterparty_weights", {"B": -1.0, "C": 2}, "banks.0.arrivals.counterparty_weights.B",
     "must be at least 0", "-1.0"),
    ("banks.0.arrivals.counterparty_weights", {"A": 1.0}, "banks.0.arrivals.counterparty_weights.A",
     "must not name the bank itself", "1.0"),
    ("banks.0.arrivals.counterparty_weights", {"Z": 1.0}, "banks.0.arrivals.counterparty_weights.Z",
     "must name a bank", "1.0"),
    ("banks.0.arrivals.deadline_range", [5, 1], "banks.0.arrivals.deadline_range.1", "must be at least the first (5)", "1"),
    ("banks.0.arrivals.deadline_range", [0, 1], "banks.0.arrivals.deadline_range.0", "must be at least 1", "0"),
    ("banks.0.arrivals.deadline_range", [1], "banks.0.arrivals.deadline_range.1", "is required", None),
    ("banks.0.arrivals.deadline_range", 4, "banks.0.arrivals.deadline_range", "must be a list", "4"),
    ("banks.0.arrivals.priority", 11, "banks.0.arrivals.priority", "must be at most 10", "11"),
    ("banks.0.arrivals.priority", {"type": "uniform", "min": 5, "max": 3}, "banks.0.arrivals.priority.max",
     "must be at least min (5)", "3"),
    ("banks.0.arrivals.priority", {"type": "categorical", "values": [1, 2], "weights": [1]},
     "banks.0.arrivals.priority.weights", "needs one weight for each of the 2 values", "a list"),
    ("banks.0.arrivals.priority", {"type": "categorical", "values": [1], "weights": [0]},
     "banks.0.arrivals.priority.weights", "must sum to more than 0", "a list"),
    ("banks.0.arrivals.rate_per_tick_of_day", [1, 2], "banks.0.arrivals.rate_per_tick_of_day",
     "needs one factor for each of the 10 ticks of a day", "'2 factors'"),
    (AMOUNT, {"type": "uniform", "min": 9, "max": 3}, f"{AMOUNT}.max", "must be at least min (9)", "3"),
    (AMOUNT, {"type": "uniform", "min": 0, "max": 3}, f"{AMOUNT}.min", "must be at least 1", "0"),
    (AMOUNT, {"type": "uniform", "min": 1.5, "max": 3}, f"{AMOUNT}.min", CENTS, "1.5"),
    (AMOUNT, {"type": "uniform", "min": 1, "mx": 3, "max": 4}, f"{AMOUNT}.mx", "unknown key. Did you mean max?", "3"),
    (AMOUNT, {"type": "unifrom", "min": 1, "max": 3}, AMOUNT,
     "must be one of uniform, normal, lognormal, exponential, mixture, empirical. Did you mean uniform?", "a mapping"),
    (AMOUNT, {"min": 1, "max": 3}, AMOUNT, "needs a type", "a mapping"),
    (AMOUNT, 5, AMOUNT, "must be a mapping", "5"),
    (AMOUNT, {"type": "normal", "mean": 10**15, "std_dev": 1}, f"{AMOUNT}.std_dev", TOO_LARGE, "1"),
    (AMOUNT, {"type": "lognormal", "mean": 10**9, "std_dev": 10**12}, f"{AMOUNT}.std_dev", TOO_LARGE, "1000000000000"),
    (AMOUNT, {"type": "lognormal", "mean": 1e-300, "std_dev": 1e15}, f"{AMOUNT}.std_dev", TOO_LARGE, "1000000000000000.0"),
    (AMOUNT, {"type": "lognormal", "mean": 0, "std_dev": 1}, f"{AMOUNT}.mean", "must be more than 0", "0"),
    (AMOUNT, {"type": "exponential", "rate": 1e-14}, f"{AMOUNT}.rate", TOO_LARGE, "1e-14"),
    (AMOUNT, {"type": "exponential", "rate": 0}, f"{AMOUNT}.rate", "must be more than 0", "0"),
    ("banks.1.policy", {"type": "fifi"}, "banks.1.policy", UNKNOWN_POLICY + ". Did you mean fifo?", "a mapping"),
    ("banks.1.policy", {"type": "deadline"}, "banks.1.policy.urgency_threshold", "is required", None),
    ("banks.1.policy", {"type": "fifo", "urgency_threshold": 1}, "banks.1.policy.urgency_threshold", "unknown key", "1"),
    ("banks.1.policy", {"type": "mock_splitting", "num_splits": 1}, "banks.1.policy.num_splits", "must be at least 2", "1"),
    ("banks.1.policy.target_buffer", 1.5, "banks.1.policy.target_buffer", CENTS, "1.5"),
    ("banks.1.policy", 5, "banks.1.policy", "must be a mapping", "5"),
    ("banks.1.policy", TREE | {"tree": {}}, "banks.1.policy", "give either file or tree", "'x.json'"),
    ("banks.1.policy", {"type": "tree"}, "banks.1.policy", "give either file or tree", None),
    ("costs.overdraft_bps_per_tick", -1, "costs.overdraft_bps_per_tick", "must be at least 0", "-1"),
    ("costs", {"overdraft_bps_per_tick": 1, "overdraft_bps_per_day": 10}, "costs.overdraft_bps_per_day",
     "give either overdraft_bps_per_tick or overdraft_bps_per_day", "10"),
    ("costs.delay_cost_per_tick_per_cent", None, "costs.delay_cost_per_tick_per_cent", "must be a number", None),
    ("costs.liquidity_cost_per_day_bps", 200_000, "costs.liquidity_cost_per_day_bps", "must not exceed 10000 a tick", "200000"),
    ("costs.deadline_penalty", 1.5, "costs.deadline_penalty", CENTS, "1.5"),
    ("costs.deadline_penalty", {"bps": -1}, "costs.deadline_penalty.bps", "must be at least 0", "-1"),
    ("costs.deadline_penalty", {"bps": 1, "pbs": 1}, "costs.deadline_penalty.pbs", "unknown key. Did you mean bps?", "1"),
    ("costs.overdue_delay_multiplier", "5", "costs.overdue_delay_multiplier", "must be a number", "'5'"),
    ("costs.priority_delay_multipliers", {"urgnt": 2}, "costs.priority_delay_multipliers.urgnt",
     "unknown key. Did you mean urgent?", "2"),
    ("lsm.algorithms", ["bilateral", "bilateral"], "lsm.algorithms", "must not name an algorithm twice", "a list"),
    ("lsm.algorithms", ["rings"], "lsm.algorithms.0", "must be 'bilateral', 'cycles' or 'prefix'", "'rings'"),
    ("lsm.max_cycle_length", 2, "lsm.max_cycle_length", "must be at least 3", "2"),
    ("switches.deferred_crediting", 1, "switches.deferred_crediting", "must be true or false", "1"),
    ("switches.queue1_ordering", "lifo", "switches.queue1_ordering", "must be 'fifo' or 'priority_deadline'", "'lifo'"),
    ("actions.max_split", 0, "actions.max_split", "must be at least 1", "0"),
    ("priority_escalation", {"max_boost": 11}, "priority_escalation.max_boost", "must be at most 10", "11"),
    ("events", {}, "events", "must be a list", "a mapping"),
    ("events.0.tick", 20, "events.0.tick", "must be inside the run, below 20", "20"),
    ("events.0.tick", -1, "events.0.tick", "must be at least 0", "-1"),
    ("events.0.every", 0, "events.0.every", "must be at least 1", "0"),
    ("events.0.amount", 0, "events.0.amount", "must be at least 1", "0"),
    ("events.0.amount", 5.5, "events.0.amount", CENTS, "5.5"),
    ("events.0.to_bank", "A", "events.0.to_bank", "must differ from from_bank", "'A'"),
    ("events.0.to_bank", "Q", "events.0.to_bank", "must name a bank", "'Q'"),
    ("events.0.deadline", 0, "events.0.deadline", "must be at least 1", "0"),
    ("events.1.counterparty", "A", "events.1.counterparty", "must differ from bank", "'A'"),
    ("events.1.weight", float("inf"), "events.1.weight", "must be a finite number", "inf"),
    ("events.2", {"type": "arrival_rate_change", "tick": 0, "every": 1, "bank": "A", "multiplier": 1000},
     "events.2.multiplier", "must not take a rate above 1000000 payments a tick by the end of the run", "1000"),
    ("events.2", {"type": "deadline_window_change", "tick": 0, "every": 1, "max_multiplier": 1000},
     "events.2.max_multiplier", "must not take a deadline above 1000000000000 ticks by the end of the run", "1000"),
    ("banks.1.policy", TREE, "banks.1.policy.file", "cannot be read: No such file or directory", "'x.json'"),
    ("market", {"deposit_rate": 2.0, "lending_rate": 3.0, "opening_tick": 1}, "market.opening_tick", "unknown key", "1"),
]  # fmt: skip


def test_damaged_undamaged_scenario_loads() -> None:
    assert faults(NATIVE) == ()


@pytest.mark.parametrize(
    ("change", "value", "path", "rule", "shown"), DAMAGE, ids=[f"{n}-{row[0]}" for n, row in enumerate(DAMAGE)]
)
def test_damage_is_named_by_path_rule_and_value(
    change: str, value: Any, path: str, rule: str, shown: str | None
) -> None:
    found = [(fault.path, fault.rule, fault.value) for fault in faults(changed(NATIVE, change, value))]
    assert found[0] == (path, rule, shown), found


def test_damaged_all_faults_come_at_once_those_inside_parts_and_those_between_them() -> None:
    scenario = changed(NATIVE, "banks.0.opening_balance", 1.5)
    scenario = changed(scenario, "banks.1.id", "A")
    scenario = changed(scenario, "events.0.to_bank", "Q")
    scenario = changed(scenario, "events.0.tick", 99)
    scenario = changed(scenario, "lsm.bilateral", "some")
    scenario = changed(scenario, "colour", "red")
    assert {fault.path for fault in faults(scenario)} >= {
        "banks.0.opening_balance",
        "banks.1.id",
        "events.0.to_bank",
        "events.0.tick",
        "lsm.bilateral",
        "colour",
    }


def test_damaged_lone_bank_has_nobody_to_pay() -> None:
    scenario = {
        **NATIVE,
        "events": [],
        "banks": [changed(NATIVE, "banks.0.arrivals.counterparty_weights", {})["banks"][0]],
    }
    scenario = changed(scenario, "banks.0.bilateral_limits", {})
    assert [(fault.path, fault.rule) for fault in faults(scenario)] == [
        ("banks.0.arrivals", "needs another bank to pay")
    ]


def test_damaged_all_money_together_is_bounded() -> None:
    banks = [{"id": f"B{number}", "opening_balance": 10**15} for number in range(1001)]
    (fault,) = faults({**NATIVE, "banks": banks, "events": []})
    assert fault.path == "banks"
    assert fault.value == str(1001 * 10**15)


def test_damaged_credit_that_events_add_is_bounded_too() -> None:
    event = {"type": "credit_limit_change", "bank": "A", "delta": 10**15, "tick": 0, "every": 1}
    scenario = {**NATIVE, "simulation": {"ticks_per_day": 1_000, "num_days": 2}, "events": [event]}
    (fault,) = faults(scenario)
    assert fault.path == "events.0.delta"


def test_damaged_both_a_rate_a_day_and_a_rate_a_tick_are_refused_for_each_of_the_four() -> None:
    pairs = {
        "overdraft_bps_per_tick": "overdraft_bps_per_day",
        "delay_cost_per_tick_per_cent": "delay_cost_per_day_per_cent",
        "collateral_cost_per_tick_bps": "collateral_cost_per_day_bps",
        "liquidity_cost_per_tick_bps": "liquidity_cost_per_day_bps",
    }
    both = {key: 0.5 for pair in pairs.items() for key in pair}
    assert [fault.path for fault in faults({**NATIVE, "costs": both})] == [f"costs.{day}" for day in pairs.values()]
