"""Scenarios whose totals could leave int64 are refused with the key to change; all others run to their end."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simcash_env.config import ScenarioConfig
from simcash_env.config.money_bounds import MAX_RUN_CENTS, RunBounds, moments
from simcash_env.errors import ConfigError, SimulationError
from simcash_env.registry import load, scenario_ids
from simcash_env.simulation import Simulation
from tests.budget import examples
from tests.oracle import Decision, Oracle
from tests.worlds import CALIBRATED

MOST = 10**15
PAYMENT = {"type": "payment", "tick": 0, "from_bank": "A", "to_bank": "B", "amount": MOST, "deadline": 1}
TRANSFER = {"type": "direct_transfer", "tick": 0, "from_bank": "A", "to_bank": "B", "amount": MOST}


def rows(**parts: Any) -> dict[str, Any]:
    """Two banks without money, four ticks."""
    return {
        "format": 1,
        "name": "large",
        "simulation": {"ticks_per_day": 4, "num_days": 1, "seed": 1},
        "banks": [{"id": "A"}, {"id": "B"}],
        **parts,
    }


def streams(arrivals_per_tick: float = 1.0, **amount: Any) -> list[dict[str, Any]]:
    """Two banks, of which one has random payments."""
    source = {"rate_per_tick": arrivals_per_tick, "amount": amount, "deadline_range": [1, 2]}
    return [{"id": "A", "arrivals": source}, {"id": "B"}]


@pytest.mark.parametrize("rules", ["standard", "simcash"])
def test_money_bounds_largest_amount_runs_overdue_at_default_prices(rules: str) -> None:
    """Its delay weighs 5,000 thousandths a cent: the sum passed what the kernel allowed, and the run stopped."""
    config = ScenarioConfig.model_validate(rows(rules=rules, events=[PAYMENT]))
    oracle, simulation = Oracle(config), Simulation(config)
    while not simulation.is_over:
        oracle.tick()
        simulation.tick()
        assert simulation.inspect() == oracle.snapshot()
    assert simulation.costs("A")["deadline_penalty"] == 50_000


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "payment events": ({"events": [{**PAYMENT, "every": 1}] * 1_000}, r"events\.0\.amount"),
    "random payments": ({"banks": streams(1_000.0, type="uniform", min=MOST, max=MOST)}, r"banks\.0\.arrivals\.amount"),
    "bands": (
        {
            "banks": [
                {
                    "id": "A",
                    "arrival_bands": {
                        "low": {
                            "rate_per_tick": 1_000.0,
                            "amount": {"type": "uniform", "min": MOST, "max": MOST},
                            "deadline_offset_min": 1,
                            "deadline_offset_max": 2,
                        }
                    },
                },
                {"id": "B"},
            ]
        },
        r"banks\.0\.arrival_bands\.low\.amount",
    ),
    "rates that events raise": (
        {
            "banks": streams(1.0, type="uniform", min=MOST, max=MOST),
            "events": [{"type": "arrival_rate_change", "tick": 0, "bank": "A", "multiplier": 1_000.0}],
        },
        r"banks\.0\.arrivals\.amount",
    ),
    "direct transfers": (
        {"events": [{**TRANSFER, "every": 1}] * 1_000},
        r"events\.\d+\.amount",
    ),
    "collateral that may be posted": (
        {"banks": [{"id": str(place), "credit_limit": MOST, "policy": {"type": "external"}} for place in range(400)]},
        r"banks\.\d+\.credit_limit",
    ),
    "delay": (
        {"events": [PAYMENT], "costs": {"delay_cost_per_tick_per_cent": 1_000.0}},
        r"costs\.delay_cost_per_tick_per_cent",
    ),
    "delay a day": (
        {"events": [PAYMENT], "costs": {"delay_cost_per_day_per_cent": 4_000.0}},
        r"costs\.delay_cost_per_day_per_cent",
    ),
    "overdraft": (
        {
            "banks": [{"id": "A", "credit_limit": MOST}, {"id": "B"}],
            "simulation": {"ticks_per_day": 4_000, "num_days": 1},
            "costs": {"overdraft_bps_per_tick": 10_000.0},
        },
        r"costs\.overdraft_bps_per_tick",
    ),
    "collateral": (
        {
            "banks": [{"id": "A", "posted_collateral": MOST}, {"id": "B"}],
            "simulation": {"ticks_per_day": 4_000, "num_days": 1},
            "costs": {"collateral_cost_per_tick_bps": 10_000.0},
        },
        r"costs\.collateral_cost_per_tick_bps",
    ),
    "pool": (
        {
            "banks": [{"id": "A", "liquidity_pool": MOST}, {"id": "B"}],
            "simulation": {"ticks_per_day": 4_000, "num_days": 1},
            "costs": {"liquidity_cost_per_tick_bps": 10_000.0},
        },
        r"costs\.liquidity_cost_per_tick_bps",
    ),
    "deadline penalty": (
        {"events": [PAYMENT] * 100, "costs": {"deadline_penalty": {"bps": 1_000_000.0}}},
        r"costs\.deadline_penalty",
    ),
    "end-of-day penalty": (
        {
            "events": [PAYMENT],
            "costs": {"eod_penalty": MOST, "deadline_penalty": 0},
            "simulation": {"ticks_per_day": 1, "num_days": 4_000},
        },
        r"costs\.eod_penalty",
    ),
    "drop penalty": (
        {"events": [PAYMENT] * 50, "costs": {"drop_penalty": {"bps": 1_000_000.0}}},
        r"costs\.drop_penalty",
    ),
    "split friction": (
        {
            "banks": [{"id": "A", "policy": {"type": "mock_splitting", "num_splits": 1_000}}, {"id": "B"}],
            "events": [PAYMENT] * 4,
            "costs": {"split_friction_cost": MOST},
        },
        r"costs\.split_friction_cost",
    ),
    "market": (
        {
            "market": {
                "deposit_rate": 1.0,
                "lending_rate": 100.0,
                "interest": "per_tick",
                "credit_lines": {"A": MOST, "B": MOST},
            },
            "simulation": {"ticks_per_day": 4_000, "num_days": 1},
        },
        "market",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_money_bounds_scenario_whose_totals_could_overflow_is_refused(name: str) -> None:
    parts, place = REFUSED[name]
    with pytest.raises((ConfigError, ValueError), match=place) as refused:
        ScenarioConfig.model_validate(rows(**parts))
    assert "3e+18 cents" in str(refused.value)


def submitted_until_refused(simulation: Simulation) -> tuple[int, str]:
    """How many of the largest payments a run takes, and why no more."""
    for count in itertools.count():
        try:
            simulation.submit_transaction("A", "B", MOST, 4)
        except SimulationError as error:
            return count, str(error)
    raise AssertionError


def test_money_bounds_submission_whose_costs_could_overflow_is_refused() -> None:
    """Payments from outside are not in the file: each is judged when it comes, and what was taken runs to the end."""
    simulation = Simulation(rows(costs={"delay_cost_per_tick_per_cent": 100.0, "overdue_delay_multiplier": 1.0}))
    count, reason = submitted_until_refused(simulation)
    assert count == 7  # each can cost 100 cents a cent in each of four ticks
    assert reason.startswith(f"amount: with this payment of {MOST} cents the costs of the run could exceed 3e+18 cents")
    assert reason.endswith("(from costs.delay_cost_per_tick_per_cent)")
    assert submitted_until_refused(simulation) == (0, reason)
    assert simulation.run_to_completion().arrived_cents == 7 * MOST


def test_money_bounds_submission_whose_value_could_overflow_is_refused() -> None:
    simulation = Simulation(rows(costs={"delay_cost_per_tick_per_cent": 0.0}), events=False)
    count, reason = submitted_until_refused(simulation)
    assert count == 3_000
    assert "all payments of the run together could exceed 3e+18 cents" in reason
    assert simulation.run_to_completion().arrived_cents == 3_000 * MOST


def test_money_bounds_library_is_far_inside_the_bounds() -> None:
    """Each of its scenarios could run for ten thousand days, those of the value of a whole system for a hundred."""
    for name in scenario_ids():
        config = load(name)
        simulation = config.simulation.model_copy(update={"num_days": 100 if name in CALIBRATED else 10_000})
        assert RunBounds(config.model_copy(update={"simulation": simulation})).fault() is None, name


AMOUNTS: dict[str, dict[str, Any]] = {
    "uniform": {"type": "uniform", "min": 3, "max": 900},
    "normal": {"type": "normal", "mean": 200.0, "std_dev": 150.0},
    "negative mean": {"type": "normal", "mean": -200.0, "std_dev": 150.0},
    "lognormal": {"type": "lognormal", "mean": 300.0, "std_dev": 700.0},
    "exponential": {"type": "exponential", "rate": 0.004},
    "mixture": {
        "type": "mixture",
        "components": [{"weight": 1.0, "log_mean": 5.0, "log_std_dev": 0.5}, {"weight": 0.2, "log_mean": 7.0, "log_std_dev": 1.0}],
    },
    "empirical": {
        "type": "empirical", "probabilities": [0.0, 0.9], "quantiles": [10, 900], "tail": {"exponent": 1.5}, "max": 9_000,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", AMOUNTS)
def test_money_bounds_random_payments_stay_below_their_bound_and_near_it(name: str) -> None:
    config = ScenarioConfig.model_validate(rows(banks=streams(50.0, **AMOUNTS[name])))
    (flow,) = RunBounds(config).flows
    runs = [Simulation(config, seed=seed, events=False).run_to_completion() for seed in range(20)]
    assert max(run.arrived_cents for run in runs) < flow.cents
    assert max(run.arrived for run in runs) < flow.count < 3 * max(run.arrived for run in runs)
    mean, square, largest = moments(config.banks[0].arrivals.amount)
    assert np.mean([run.arrived_cents / run.arrived for run in runs]) < 1.05 * mean
    assert math.sqrt(square) < 1.5 * largest


def test_money_bounds_rate_that_events_raise_in_turn_is_refused() -> None:
    """A factor of one bank makes a factor of all banks the new base: in turn they grew a rate without an end."""
    events = [
        {"type": "global_arrival_rate_change", "tick": 0, "every": 1, "multiplier": 1_000.0},
        {"type": "arrival_rate_change", "tick": 0, "every": 1, "bank": "A", "multiplier": 1.0},
    ]
    with pytest.raises(ValueError, match=r"(?s)events\.\d\.multiplier.*must not take a rate above 1000000"):
        ScenarioConfig.model_validate(rows(banks=streams(1.0, type="uniform", min=1, max=2), events=events))


@st.composite
def large(draw: Any) -> dict[str, Any]:
    """Amounts and prices over their whole range, most often at its ends."""
    cents = st.sampled_from((0, 1, 10**9, MOST - 1, MOST)) | st.integers(0, MOST)
    positive = cents.map(lambda value: max(value, 1))
    penalty = cents | st.sampled_from((0.0, 1.0, 1_000_000.0)).map(lambda bps: {"bps": bps})
    rate = st.sampled_from((0.0, 0.000001, 0.0001, 1.0, 1_000.0))
    multiplier = st.sampled_from((0.0, 1.0, 5.0, 1_000.0))
    banks = [
        {
            "id": name,
            "opening_balance": draw(cents) * draw(st.sampled_from((-1, 1))),
            "credit_limit": draw(cents),
            "posted_collateral": draw(cents),
            "liquidity_pool": draw(cents),
            "policy": draw(
                st.sampled_from(({"type": "fifo"}, {"type": "external"}, {"type": "mock_splitting", "num_splits": 7}))
            ),
            **(
                {
                    "arrivals": {
                        "rate_per_tick": draw(st.sampled_from((0.0, 0.5, 3.0))),
                        "amount": {"type": "uniform", "min": 1, "max": draw(positive)},
                        "deadline_range": [1, 2],
                    }
                }
                if draw(st.booleans())
                else {}
            ),
        }
        for name in "ABC"
    ]
    kinds = st.sampled_from(("payment", "direct_transfer", "scheduled_settlement"))
    events = [
        {
            "type": draw(kinds), "tick": draw(st.integers(0, 1)), "every": draw(st.none() | st.just(1)),
            "from_bank": sender, "to_bank": receiver, "amount": draw(positive),
        }
        for sender, receiver in draw(st.lists(st.permutations("ABC").map(lambda names: names[:2]), max_size=6))
    ]  # fmt: skip
    multipliers = {name: draw(multiplier) for name in ("urgent", "normal", "low")}
    return rows(
        rules=draw(st.sampled_from(("standard", "simcash", {"set": "standard", "deadline_mode": "drop"}))),
        simulation={"ticks_per_day": draw(st.integers(1, 3)), "num_days": draw(st.integers(2, 4)), "seed": 3},
        banks=banks,
        events=events,
        costs={
            "delay_cost_per_tick_per_cent": draw(rate),
            "overdraft_bps_per_tick": draw(rate),
            "collateral_cost_per_tick_bps": draw(rate),
            "liquidity_cost_per_tick_bps": draw(rate),
            "deadline_penalty": draw(penalty),
            "eod_penalty": draw(penalty),
            "drop_penalty": draw(st.none() | penalty),
            "split_friction_cost": draw(cents),
            "overdue_delay_multiplier": draw(multiplier),
            "priority_delay_multipliers": multipliers,
        },
        switches={"daily_liquidity_reallocation": draw(st.booleans())},
    )


@settings(max_examples=examples(50, 150), deadline=None, suppress_health_check=list(HealthCheck))
@given(scenario=large(), submitted=st.lists(st.integers(1, MOST), max_size=4))
def test_money_bounds_accepted_scenario_runs_to_its_end(scenario: dict[str, Any], submitted: list[int]) -> None:
    """What is not refused never overflows, and its figures are those of unlimited integers."""
    try:
        config = ScenarioConfig.model_validate(scenario)
    except ValueError as error:
        assert "cents" in str(error)
        return
    oracle, simulation = Oracle(config), Simulation(config)
    for cents in submitted:
        try:
            simulation.submit_transaction("A", "B", cents, oracle.num_ticks)
        except SimulationError as error:
            assert "could exceed" in str(error)
        else:
            oracle.submit("A", "B", cents, oracle.num_ticks)
    while not simulation.is_over:
        decisions: dict[str, dict[str, Decision]] = {
            bank.id: {
                name: ("split", 5) if place % 2 else "release" for place, name in enumerate(simulation.queue1(bank.id))
            }
            for bank in config.banks
            if bank.policy.type == "external" and simulation.current_tick > 1
        }
        oracle.tick(decisions)
        simulation.tick(decisions)
        assert simulation.inspect() == oracle.snapshot()
    total = sum(sum(simulation.costs(bank.id).values()) for bank in config.banks)
    assert 0 <= total <= MAX_RUN_CENTS
