"""Files written for SimCash: what each key becomes, what is left out, and faults in the words of the file."""

import json
from pathlib import Path
from typing import Any

import pytest

from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.errors import ConfigError
from tests.config.worlds import ABSENT, SIMCASH, Row, changed, faults, write

NOT_YET = "not supported yet"
CENTS = "must be a whole number of cents"
EVENT = SIMCASH["scenario_events"][0]
ONCE = {"type": "OneTime", "tick": 3}
BAND = {
    "rate_per_tick": 1,
    "amount_distribution": {"type": "Uniform", "min": 1, "max": 2},
    "deadline_offset_min": 2,
    "deadline_offset_max": 3,
}
AMOUNT = "agents.0.arrival_config.amount_distribution"


def load(scenario: Row) -> ScenarioConfig:
    return load_scenario(scenario, notice=lambda _: None)


def native(scenario: Row, *keys: str) -> Any:
    """Part of what a SimCash scenario becomes."""
    here: Any = load(scenario).model_dump()
    for key in keys:
        here = here[int(key)] if key.isdigit() else here[key]
    return here


HOLDING = {"parameters": {"a": 1}, "payment_tree": {"type": "action", "node_id": "N", "action": "Hold"}}


def test_simcash_dialect_file_without_a_format_is_simcash_and_says_so_once(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = write(tmp_path, SIMCASH, "exp9.yaml")
    scenario = load_scenario(path)
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"{path}: read as a SimCash file, rules: simcash\n"
    assert (scenario.name, scenario.rules.set) == ("exp9", "simcash")


def test_simcash_dialect_notice_may_go_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []
    load_scenario(SIMCASH, notice=lines.append)
    assert lines == ["scenario: read as a SimCash file, rules: simcash"]
    assert capsys.readouterr() == ("", "")


def test_simcash_dialect_what_is_left_out_gets_simcash_defaults() -> None:
    scenario = load({"simulation": SIMCASH["simulation"], "agents": [{"id": "A", "opening_balance": 5}]})
    costs = scenario.costs
    assert scenario.banks[0].policy.type == "fifo"
    assert scenario.banks[0].collateral_haircut == 0.02
    assert (costs.overdraft_bps_per_tick, costs.delay_cost_per_tick_per_cent) == (0.001, 0.0001)
    assert (costs.collateral_cost_per_tick_bps, costs.liquidity_cost_per_tick_bps) == (0.0002, 0.0)
    assert (costs.deadline_penalty, costs.eod_penalty, costs.drop_penalty) == (50_000, 10_000, 0)
    assert (costs.split_friction_cost, costs.overdue_delay_multiplier) == (1_000, 5.0)
    assert scenario.lsm.algorithms == ("bilateral", "cycles")
    assert (scenario.lsm.max_cycle_length, scenario.lsm.max_cycles_per_tick) == (4, 10)
    assert scenario.priority_escalation is None


def test_simcash_dialect_pool_is_allocated_anew_each_day_where_there_is_one() -> None:
    assert load(SIMCASH).switches.daily_liquidity_reallocation is False
    with_pool = changed(SIMCASH, "agents.1.liquidity_pool", 500)
    assert load(with_pool).switches.daily_liquidity_reallocation is True
    assert load({**with_pool, "daily_liquidity_reallocation": False}).switches.daily_liquidity_reallocation is False


def test_simcash_dialect_agents_become_banks() -> None:
    agent = {
        "id": "B",
        "opening_balance": 3,
        "unsecured_cap": 4,
        "posted_collateral": 5,
        "collateral_haircut": 0.1,
        "max_collateral_capacity": 6,
        "bilateral_limits": {"A": 7},
        "multilateral_limit": 8,
        "liquidity_pool": 9,
        "liquidity_allocation_fraction": 0.5,
    }
    bank = native(changed(SIMCASH, "agents.1", agent), "banks", "1")
    assert {key: bank[key] for key in agent if key != "unsecured_cap"} == {
        k: v for k, v in agent.items() if k != "unsecured_cap"
    }
    assert bank["credit_limit"] == 4


@pytest.mark.parametrize("spelling", ["credit_limit", "unsecured_cap"])
def test_simcash_dialect_credit_limit_has_two_spellings(spelling: str) -> None:
    assert native(changed(SIMCASH, "agents.1", {"id": "B", spelling: 4}), "banks", "1", "credit_limit") == 4


def test_simcash_dialect_limits_may_stand_in_a_part_of_their_own() -> None:
    limits = {"bilateral_limits": {"A": 7}, "multilateral_limit": 8}
    bank = native(changed(SIMCASH, "agents.1.limits", limits), "banks", "1")
    assert (bank["bilateral_limits"], bank["multilateral_limit"]) == ({"A": 7}, 8)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"type": "Fifo"}, {"type": "fifo"}),
        ({"type": "Deadline", "urgency_threshold": 3}, {"type": "deadline", "urgency_threshold": 3}),
        (
            {"type": "LiquidityAware", "target_buffer": 1, "urgency_threshold": 3},
            {"type": "liquidity_aware", "target_buffer": 1, "urgency_threshold": 3},
        ),
        (
            {"type": "LiquiditySplitting", "max_splits": 4, "min_split_amount": 3},
            {"type": "liquidity_splitting", "max_splits": 4, "min_split_amount": 3},
        ),
        ({"type": "MockSplitting", "num_splits": 2}, {"type": "mock_splitting", "num_splits": 2}),
    ],
)
def test_simcash_dialect_named_policies(policy: Row, expected: Row) -> None:
    assert native(changed(SIMCASH, "agents.1.policy", policy), "banks", "1", "policy") == expected


def test_simcash_dialect_policies_from_files_and_written_in_place_become_trees(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text(json.dumps(HOLDING))
    from_file = {"type": "FromJson", "json_path": str(file), "params": {"a": 1.5}}
    expected = {"type": "tree", "file": str(file), "tree": None, "parameters": {"a": 1.5}}
    assert native(changed(SIMCASH, "agents.1.policy", from_file), "banks", "1", "policy") == expected
    inline = {"type": "Inline", "decision_trees": HOLDING}
    for written in (inline, {"type": "InlineJson", "json_string": json.dumps(HOLDING)}):
        expected = {"type": "tree", "file": None, "tree": HOLDING, "parameters": {}}
        assert native(changed(SIMCASH, "agents.1.policy", written), "banks", "1", "policy") == expected


@pytest.mark.parametrize("place", ["policies/deep/x.json", "policies/x.json", "beside/deep/x.json"])
def test_simcash_dialect_file_of_a_tree_is_searched_for(tmp_path: Path, place: str) -> None:
    file = tmp_path / place
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(HOLDING))
    (tmp_path / "beside").mkdir(exist_ok=True)
    scenario = changed(SIMCASH, "agents.1.policy", {"type": "FromJson", "json_path": "deep/x.json"})
    path = write(tmp_path / "beside", scenario)
    policy = load_scenario(path, policy_path=tmp_path / "policies", notice=lambda _: None).banks[1].policy
    assert policy.type == "tree"
    assert policy.file == str(file)


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ({"type": "Uniform", "min": 1, "max": 2}, {"type": "uniform", "min": 1, "max": 2}),
        ({"type": "Normal", "mean": 5, "std_dev": 2}, {"type": "normal", "mean": 5.0, "std_dev": 2.0}),
        ({"type": "LogNormal", "mean": 5, "std_dev": 2}, {"type": "lognormal", "mean": 5.0, "std_dev": 2.0}),
        ({"type": "Exponential", "lambda": 0.5}, {"type": "exponential", "rate": 0.5}),
    ],
)
def test_simcash_dialect_distributions_of_amounts(amount: Row, expected: Row) -> None:
    assert native(changed(SIMCASH, AMOUNT, amount), "banks", "0", "arrivals", "amount") == expected


@pytest.mark.parametrize(
    ("priority", "expected"),
    [
        ({"type": "Fixed", "value": 9}, 9),
        ({"type": "Uniform", "min": 2, "max": 4}, {"type": "uniform", "min": 2, "max": 4}),
        (
            {"type": "Categorical", "values": [1, 2], "weights": [1, 3]},
            {"type": "categorical", "values": (1, 2), "weights": (1.0, 3.0)},
        ),
    ],
)
def test_simcash_dialect_distribution_of_priorities_takes_precedence(priority: Row, expected: Any) -> None:
    scenario = changed(SIMCASH, "agents.0.arrival_config.priority_distribution", priority)
    assert native(scenario, "banks", "0", "arrivals", "priority") == expected


def test_simcash_dialect_arrivals_keep_rate_weights_deadlines_and_divisibility() -> None:
    arrivals = native(SIMCASH, "banks", "0", "arrivals")
    assert (arrivals["rate_per_tick"], arrivals["deadline_range"], arrivals["priority"]) == (0.5, (1, 5), 6)
    assert (arrivals["counterparty_weights"], arrivals["divisible"]) == ({"B": 1.0}, True)


def test_simcash_dialect_arrival_bands() -> None:
    bands = native(
        changed(SIMCASH, "agents.1.arrival_bands", {"low": BAND, "urgent": BAND}), "banks", "1", "arrival_bands"
    )
    assert bands["normal"] is None
    assert bands["low"] == bands["urgent"]
    assert bands["low"]["amount"] == {"type": "uniform", "min": 1, "max": 2}
    assert (bands["low"]["deadline_offset_min"], bands["low"]["deadline_offset_max"]) == (2, 3)


def test_simcash_dialect_cost_rates() -> None:
    rates = {
        "overdraft_bps_per_tick": 0.8,
        "delay_cost_per_tick_per_cent": 0.2,
        "collateral_cost_per_tick_bps": 0.3,
        "liquidity_cost_per_tick_bps": 83,
        "eod_penalty_per_transaction": 7,
        "deadline_penalty": {"mode": "fixed", "amount": 8},
        "split_friction_cost": 9,
        "overdue_delay_multiplier": 2,
        "priority_delay_multipliers": {"urgent_multiplier": 1.5, "low_multiplier": 0.5},
    }
    costs = load({**SIMCASH, "cost_rates": rates}).costs
    assert (costs.overdraft_bps_per_tick, costs.delay_cost_per_tick_per_cent) == (0.8, 0.2)
    assert (costs.collateral_cost_per_tick_bps, costs.liquidity_cost_per_tick_bps) == (0.3, 83)
    assert (costs.eod_penalty, costs.deadline_penalty, costs.split_friction_cost) == (7, 8, 9)
    assert costs.overdue_delay_multiplier == 2
    assert costs.band_multipliers_thousandths() == (1500, 1000, 500)


def test_simcash_dialect_penalties_by_rate() -> None:
    rate = {"mode": "rate", "bps_per_event": 4.5}
    costs = native({**SIMCASH, "cost_rates": {"deadline_penalty": rate, "eod_penalty_per_transaction": rate}}, "costs")
    assert costs["deadline_penalty"] == costs["eod_penalty"] == {"bps": 4.5}


@pytest.mark.parametrize(
    ("bilateral", "cycles", "algorithms"),
    [
        (True, True, ("bilateral", "cycles")),
        (True, False, ("bilateral",)),
        (False, True, ("cycles",)),
        (False, False, ()),
    ],
)
def test_simcash_dialect_lsm_config(bilateral: bool, cycles: bool, algorithms: tuple[str, ...]) -> None:
    lsm = {"enable_bilateral": bilateral, "enable_cycles": cycles, "max_cycle_length": 5, "max_cycles_per_tick": 3}
    found = load({**SIMCASH, "lsm_config": lsm}).lsm
    assert (found.algorithms, found.max_cycle_length, found.max_cycles_per_tick) == (algorithms, 5, 3)


def test_simcash_dialect_switches() -> None:
    names = ("algorithm_sequencing", "deadline_cap_at_eod", "deferred_crediting", "priority_mode")
    switches = load({**SIMCASH, **dict.fromkeys(names, True), "queue1_ordering": "PriorityDeadline"}).switches
    assert switches.algorithm_sequencing
    assert switches.deadline_cap_at_eod
    assert switches.deferred_crediting
    assert switches.queue2_priority_mode
    assert switches.queue1_ordering == "priority_deadline"


@pytest.mark.parametrize("spelling", ["start_escalating_at_ticks", "threshold_ticks"])
def test_simcash_dialect_priority_escalation(spelling: str) -> None:
    rule = {"enabled": True, "curve": "linear", spelling: 12, "max_boost": 2}
    assert native({**SIMCASH, "priority_escalation": rule}, "priority_escalation") == {
        "curve": "linear",
        "start_ticks": 12,
        "max_boost": 2,
    }
    assert native({**SIMCASH, "priority_escalation": {**rule, "enabled": False}}, "priority_escalation") is None
    assert native({**SIMCASH, "priority_escalation": {"max_boost": 2}}, "priority_escalation") is None


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            {"type": "DirectTransfer", "from_agent": "A", "to_agent": "B", "amount": 5},
            {"type": "direct_transfer", "from_bank": "A", "to_bank": "B", "amount": 5},
        ),
        (
            {
                "type": "CustomTransactionArrival",
                "from_agent": "A",
                "to_agent": "B",
                "amount": 5,
                "priority": 7,
                "deadline": 4,
                "is_divisible": True,
            },
            {
                "type": "payment",
                "from_bank": "A",
                "to_bank": "B",
                "amount": 5,
                "priority": 7,
                "deadline": 4,
                "deadline_in": None,
                "deadline_tick": None,
                "divisible": True,
                "probability": None,
            },
        ),
        (
            {"type": "ScheduledSettlement", "from_agent": "A", "to_agent": "B", "amount": 5},
            {"type": "scheduled_settlement", "from_bank": "A", "to_bank": "B", "amount": 5},
        ),
        (
            {"type": "CollateralAdjustment", "agent": "A", "delta": -5},
            {"type": "credit_limit_change", "bank": "A", "delta": -5},
        ),
        (
            {"type": "GlobalArrivalRateChange", "multiplier": 2},
            {"type": "global_arrival_rate_change", "multiplier": 2.0},
        ),
        (
            {"type": "AgentArrivalRateChange", "agent": "A", "multiplier": 2},
            {"type": "arrival_rate_change", "bank": "A", "multiplier": 2.0},
        ),
        (
            {"type": "CounterpartyWeightChange", "agent": "A", "counterparty": "B", "new_weight": 0.5},
            {"type": "counterparty_weight_change", "bank": "A", "counterparty": "B", "weight": 0.5},
        ),
        (
            {"type": "DeadlineWindowChange", "min_ticks_multiplier": 0.5},
            {"type": "deadline_window_change", "min_multiplier": 0.5, "max_multiplier": 1.0},
        ),
    ],
)
@pytest.mark.parametrize(
    ("schedule", "when"),
    [(ONCE, (3, None)), ({"type": "Repeating", "start_tick": 2, "interval": 4}, (2, 4))],
)
def test_simcash_dialect_scenario_events(
    event: Row, expected: Row, schedule: Row, when: tuple[int, int | None]
) -> None:
    found = native({**SIMCASH, "scenario_events": [{**event, "schedule": schedule}]}, "events", "0")
    assert found == {**expected, "tick": when[0], "every": when[1]}


def test_simcash_dialect_null_means_left_out() -> None:
    event = {**EVENT, "priority": None, "deadline": None, "is_divisible": None}
    empty = {"cost_rates": None, "lsm_config": None, "priority_escalation": None, "queue1_ordering": None}
    scenario = {**SIMCASH, **empty, "scenario_events": [event]}
    assert load(scenario) == load(SIMCASH)
    assert load({**SIMCASH, "scenario_events": None}).events == ()


def test_what_simcash_reads_past_is_named_in_the_notice() -> None:
    scenario = changed(SIMCASH, "simulation.lsm_enabled", False)
    scenario = changed(scenario, "agents.1.overdraft_rate", 5)
    scenario = {**scenario, "cost_model": {"split_fee": 1}, "eod_rush_threshold": 0.8}
    scenario = changed(
        scenario,
        "scenario_events.0",
        {
            "type": "CounterpartyWeightChange",
            "agent": "A",
            "counterparty": "B",
            "new_weight": 1,
            "auto_balance_others": True,
            "schedule": ONCE,
        },
    )
    lines: list[str] = []
    load_scenario(scenario, notice=lines.append)
    (line,) = lines
    for name in (
        "simulation.lsm_enabled",
        "agents.1.overdraft_rate",
        "cost_model",
        "eod_rush_threshold",
        "scenario_events.0.auto_balance_others",
    ):
        assert name in line


POLICY_TYPES = (
    "must be one of Fifo, Deadline, LiquidityAware, LiquiditySplitting, MockSplitting, FromJson, Inline, InlineJson"
)
EVENT_TYPES = (
    "must be one of DirectTransfer, CustomTransactionArrival, ScheduledSettlement, CollateralAdjustment, "
    "GlobalArrivalRateChange, AgentArrivalRateChange, CounterpartyWeightChange, DeadlineWindowChange"
)

DAMAGE: list[tuple[str, Any, str, str, str | None]] = [
    ("simulation", ABSENT, "simulation", "is required", None),
    ("simulation", 5, "simulation", "must be a mapping", "5"),
    ("simulation.rng_sed", 5, "simulation.rng_sed", "unknown key. Did you mean rng_seed?", "5"),
    ("simulation.rng_seed", -5, "simulation.rng_seed", "must be at least 0", "-5"),
    ("agents", ABSENT, "agents", "is required", None),
    ("agents", 5, "agents", "must be a list", "5"),
    ("agents", [], "agents", "must have at least 1 entries", "a list"),
    ("agents.1", 5, "agents.1", "must be a mapping", "5"),
    ("agents.1.id", "A", "agents.1.id", "must be unique, agents.0 has it too", "'A'"),
    ("agents.1.unsecured_capp", 5, "agents.1.unsecured_capp", "unknown key. Did you mean unsecured_cap?", "5"),
    ("agents.0.credit_limit", 5, "agents.0.credit_limit", "give either unsecured_cap or credit_limit", "5"),
    ("agents.0.unsecured_cap", 5.0, "agents.0.unsecured_cap", CENTS, "5.0"),
    ("agents.1.limits", {"multilateral_limit": 1.5}, "agents.1.limits.multilateral_limit", CENTS, "1.5"),
    ("agents.1.limits", 5, "agents.1.limits", "must be a mapping", "5"),
    ("agents.1.policy", "Fifo", "agents.1.policy", "must be a mapping", "'Fifo'"),
    ("agents.1.policy.type", "FiFo", "agents.1.policy.type", f"{POLICY_TYPES}. Did you mean Fifo?", "'FiFo'"),
    ("agents.0.policy.target_buffer", 1.5, "agents.0.policy.target_buffer", CENTS, "1.5"),
    ("agents.1.policy", {"type": "FromJson", "json_path": "x.json"}, "agents.1.policy.json_path",
     "cannot be read: No such file or directory", "'x.json'"),
    ("agents.1.policy", {"type": "InlineJson", "json_string": "{"}, "agents.1.policy.json_string",
     "must be JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)", "'{'"),
    ("agents.0.arrival_config", 5, "agents.0.arrival_config", "must be a mapping", "5"),
    ("agents.0.arrival_config.rate_per_tick", ABSENT, "agents.0.arrival_config.rate_per_tick", "is required", None),
    ("agents.0.arrival_config.counterparty_weights", {"Z": 1}, "agents.0.arrival_config.counterparty_weights.Z",
     "must name a bank", "1"),
    ("scenario_events.0", {"type": "CounterpartyWeightChange", "agent": "A", "counterparty": "A", "new_weight": 1,
     "schedule": ONCE}, "scenario_events.0.counterparty", "must differ from agent", "'A'"),
    ("agents.0.arrival_bands", {"low": BAND}, "agents.0.arrival_bands",
     "give either arrival_config or arrival_bands", None),
    ("agents.0.arrival_bands", {"low": {}}, "agents.0.arrival_bands.low.rate_per_tick", "is required", None),
    ("agents.1.arrival_bands", 5, "agents.1.arrival_bands", "must be a mapping", "5"),
    ("agents.1.arrival_bands", {"low": 5}, "agents.1.arrival_bands.low", "must be a mapping", "5"),
    ("agents.1.arrival_bands", {"lo": {}}, "agents.1.arrival_bands.lo", "unknown key. Did you mean low?", "a mapping"),
    (AMOUNT, ABSENT, AMOUNT, "is required", None),
    (f"{AMOUNT}.max", 0, f"{AMOUNT}.max", "must be at least 1", "0"),
    (f"{AMOUNT}.type", "Pareto", f"{AMOUNT}.type", "must be one of Uniform, Normal, LogNormal, Exponential", "'Pareto'"),
    (AMOUNT, {"type": "Exponential", "lambda": 1e-20}, f"{AMOUNT}.lambda",
     "the largest possible draw must not exceed 1000000000000000 cents", "1e-20"),
    ("agents.0.arrival_config.priority_distribution", {"type": "Fixed", "value": 11},
     "agents.0.arrival_config.priority_distribution.value", "must be at most 10", "11"),
    ("agents.0.arrival_config.priority_distribution", 5, "agents.0.arrival_config.priority_distribution",
     "must be a mapping", "5"),
    ("cost_rates", 5, "cost_rates", "must be a mapping", "5"),
    ("cost_rates.overdraft_bps_per_tick", -1, "cost_rates.overdraft_bps_per_tick", "must be at least 0", "-1"),
    ("cost_rates.eod_penalty_per_transaction", 1.5, "cost_rates.eod_penalty_per_transaction", CENTS, "1.5"),
    ("cost_rates.deadline_penalty", {"mode": "rates"}, "cost_rates.deadline_penalty.mode",
     "must be one of fixed, rate", "'rates'"),
    ("cost_rates.deadline_penalty", {"mode": "rate", "bps_per_event": -1}, "cost_rates.deadline_penalty.bps_per_event",
     "must be at least 0", "-1"),
    ("cost_rates.deadline_penalty", {"mode": "fixed", "amount": 1.5}, "cost_rates.deadline_penalty.amount", CENTS, "1.5"),
    ("cost_rates.deadline_penalty", {"mode": "fixed"}, "cost_rates.deadline_penalty.amount", "is required", None),
    ("cost_rates.priority_delay_multipliers", {"urgent_multiplier": -1},
     "cost_rates.priority_delay_multipliers.urgent_multiplier", "must be at least 0", "-1"),
    ("cost_rates.priority_delay_multipliers", 5, "cost_rates.priority_delay_multipliers", "must be a mapping", "5"),
    ("lsm_config", 5, "lsm_config", "must be a mapping", "5"),
    ("lsm_config.enable_bilateral", 1, "lsm_config.enable_bilateral", "must be true or false", "1"),
    ("lsm_config.max_cycle_length", 2, "lsm_config.max_cycle_length", "must be at least 3", "2"),
    ("priority_escalation", 5, "priority_escalation", "must be a mapping", "5"),
    ("priority_escalation.enabled", "on", "priority_escalation.enabled", "must be true or false", "'on'"),
    ("deferred_creditng", True, "deferred_creditng", "unknown key. Did you mean deferred_crediting?", "True"),
    ("queue1_ordering", "lifo", "queue1_ordering", "must be 'fifo' or 'priority_deadline'", "'lifo'"),
    ("scenario_events", {}, "scenario_events", "must be a list", "a mapping"),
    ("scenario_events.0", 5, "scenario_events.0", "must be a mapping", "5"),
    ("scenario_events.0.type", "DirectTransfr", "scenario_events.0.type",
     f"{EVENT_TYPES}. Did you mean DirectTransfer?", "'DirectTransfr'"),
    ("scenario_events.0.to_agent", "Q", "scenario_events.0.to_agent", "must name a bank", "'Q'"),
    ("scenario_events.0.to_agent", "A", "scenario_events.0.to_agent", "must differ from from_agent", "'A'"),
    ("scenario_events.0.amount", 1.5, "scenario_events.0.amount", CENTS, "1.5"),
    ("scenario_events.0.schedule", ABSENT, "scenario_events.0.schedule", "is required", None),
    ("scenario_events.0.schedule.tick", 20, "scenario_events.0.schedule.tick", "must be inside the run, below 20", "20"),
    ("scenario_events.0.schedule.tick", ABSENT, "scenario_events.0.schedule.tick", "is required", None),
    ("scenario_events.0.schedule.type", "Once", "scenario_events.0.schedule.type",
     "must be one of OneTime, Repeating", "'Once'"),
    ("scenario_events.0.schedule", {"type": "Repeating", "start_tick": 1, "interval": 0},
     "scenario_events.0.schedule.interval", "must be at least 1", "0"),
]  # fmt: skip


def test_simcash_dialect_undamaged_file_loads() -> None:
    assert faults(SIMCASH) == ()


@pytest.mark.parametrize(
    ("change", "value", "path", "rule", "shown"), DAMAGE, ids=[f"{n}-{row[0]}" for n, row in enumerate(DAMAGE)]
)
def test_simcash_dialect_fault_names_what_stands_in_the_file(
    change: str, value: Any, path: str, rule: str, shown: str | None
) -> None:
    found = [(fault.path, fault.rule, fault.value) for fault in faults(changed(SIMCASH, change, value))]
    assert (path, rule, shown) in found, found


def test_simcash_dialect_faults_keep_their_lines_and_come_all_at_once(tmp_path: Path) -> None:
    text = """\
simulation: {ticks_per_day: 10, num_days: 1, rng_seed: 1}
agents:
  - id: A
    opening_balance: 1.5
    colour: red
  - id: B
    policy:
      type: FromJson
      json_path: x.json
scenario_events:
  - type: DirectTransfer
    from_agent: A
    to_agent: C
    amount: 1
    schedule:
      type: OneTime
      tick: 50
"""
    with pytest.raises(ConfigError) as caught:
        load_scenario(write(tmp_path, text))
    assert [(fault.line, fault.path) for fault in caught.value.faults] == [
        (4, "agents.0.opening_balance"),
        (5, "agents.0.colour"),
        (9, "agents.1.policy.json_path"),
        (13, "scenario_events.0.to_agent"),
        (17, "scenario_events.0.schedule.tick"),
    ]


def test_simcash_dialect_nothing_is_said_of_a_file_that_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigError):
        load_scenario(changed(SIMCASH, "agents", []))
    assert capsys.readouterr() == ("", "")
