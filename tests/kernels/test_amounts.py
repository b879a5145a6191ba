"""Random arrivals: distributions of amounts against SciPy, payment events with a probability, factors of a day."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from simcash_env.compile.scales import expected_flow, mean_amount
from simcash_env.config import EmpiricalAmount, MixtureAmount, ScenarioConfig, load_scenario
from simcash_env.errors import ConfigError
from simcash_env.schema.codes import EventKind
from simcash_env.simulation import Simulation

PARTS = [
    {"weight": 3.0, "log_mean": 8.0, "log_std_dev": 0.5},
    {"weight": 1.0, "log_mean": 12.0, "log_std_dev": 1.5},
    {"weight": 0.0, "log_mean": 1.0, "log_std_dev": 0.0},
]
SHARES, CENTS = [0.0, 0.25, 0.5, 0.95], [100, 5_000, 5_000, 80_000]
LAWS: dict[str, dict[str, Any]] = {
    "mixture": {"type": "mixture", "components": PARTS},
    "capped mixture": {"type": "mixture", "components": PARTS, "max": 200_000},
    "table": {"type": "empirical", "probabilities": [0.0, 0.5, 1.0], "quantiles": [1_000, 20_000, 9_000_000]},
    "tail": {"type": "empirical", "probabilities": SHARES, "quantiles": CENTS, "tail": {"exponent": 4.0}},
    "capped tail": {
        "type": "empirical", "probabilities": SHARES, "quantiles": CENTS, "tail": {"exponent": 1.0}, "max": 10**6,
    },
}  # fmt: skip


def world(*, amount: Any = None, rate: float = 50.0, ticks: int = 100, days: int = 1, **parts: Any) -> dict[str, Any]:
    law = {"type": "uniform", "min": 1, "max": 1} if amount is None else amount
    arrivals = {"rate_per_tick": rate, "amount": law, "deadline_range": [1, 3]}
    return {
        "format": 1,
        "name": "arrivals",
        "simulation": {"ticks_per_day": ticks, "num_days": days, "seed": 3, **parts.pop("simulation", {})},
        "banks": [{"id": "A", "opening_balance": 10**14, "arrivals": arrivals}, {"id": "B"}],
        **parts,
    }


def drawn_cents(law: dict[str, Any]) -> Any:
    simulation = Simulation(ScenarioConfig.model_validate(world(amount=law)))
    simulation.run_to_completion()
    return simulation.events().of_kind(EventKind.ARRIVAL).column("cents")


def mixture_cdf(cents: Any) -> Any:
    parts = [part for part in PARTS if part["weight"] > 0]
    weight = sum(part["weight"] for part in parts)
    return sum(
        part["weight"] / weight * stats.lognorm.cdf(cents, part["log_std_dev"], scale=math.exp(part["log_mean"]))
        for part in parts
    )


def tail_cdf(exponent: float) -> Any:
    def cdf(cents: Any) -> Any:
        inside = np.interp(np.log(cents), np.log([100, 5_000, 5_000.001, 80_000]), SHARES)
        return np.where(cents > 80_000, 0.95 + 0.05 * stats.pareto.cdf(cents, exponent, scale=80_000), inside)

    return cdf


CDFS = {"mixture": mixture_cdf, "tail": tail_cdf(4.0)}


@pytest.mark.parametrize("name", CDFS)
def test_amount_distribution_matches_scipy(name: str) -> None:
    cents = drawn_cents(LAWS[name])
    assert 4_700 < len(cents) < 5_300
    smooth = cents[cents != 5_000] + 0.0 if name == "tail" else cents
    if name == "tail":  # a quarter of all amounts is exactly 5,000, in two quantiles of one value
        share = float((cents == 5_000).mean())
        assert abs(share - 0.25) < 0.02
        law = lambda x: np.where(x > 5_000, CDFS[name](x) - 0.25, CDFS[name](x)) / 0.75  # noqa: E731
    else:
        law = CDFS[name]
    assert stats.kstest(smooth, law).pvalue > 0.01


@pytest.mark.parametrize("name", LAWS)
def test_amount_expectations_match_scipy(name: str) -> None:
    """The closed forms of the first two moments against numerical integration."""
    law = load_scenario(world(amount=LAWS[name])).banks[0].arrivals.amount
    for power in (1, 2):
        assert law.expected_power(power) == pytest.approx(expected_power(law, power), rel=2e-3)
    assert mean_amount(law) == law.expected_power(1)


def expected_power(law: Any, power: int) -> float:
    places = (np.arange(2_000_000) + 0.5) / 2_000_000
    if isinstance(law, MixtureAmount):
        total = sum(part.weight for part in law.components)
        return sum(
            part.weight
            / total
            * stats.norm(part.log_mean, part.log_std_dev).expect(
                lambda x: math.exp(power * min(x, math.log(law.cap())))
            )
            for part in law.components
            if part.weight > 0
        )
    assert isinstance(law, EmpiricalAmount)
    cents = np.exp(np.interp(places, law.probabilities, np.log(law.quantiles)))
    if law.tail is not None:
        last = law.probabilities[-1]
        above = stats.pareto.ppf((places - last) / (1 - last), law.tail.exponent, scale=law.quantiles[-1])
        cents = np.where(places > last, np.minimum(above, law.cap()), cents)
    return float(np.mean(cents**power))


@pytest.mark.parametrize("name", ["capped mixture", "capped tail"])
def test_amount_cap_bounds_every_draw(name: str) -> None:
    cents = drawn_cents(LAWS[name])
    assert cents.max() == LAWS[name]["max"]
    assert cents.min() >= 1


BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "weights": ({"type": "mixture", "components": [PARTS[2]]}, "components", "must sum to more than 0"),
    "too wide": (
        {"type": "mixture", "components": [{"weight": 1.0, "log_mean": 20.0, "log_std_dev": 3.0}]},
        "components.0.log_std_dev",
        "give max",
    ),
    "lengths": (
        {"type": "empirical", "probabilities": [0.0, 1.0], "quantiles": [1, 2, 3]},
        "quantiles",
        "one quantile for each of the 2 probabilities",
    ),
    "first": (
        {"type": "empirical", "probabilities": [0.1, 1.0], "quantiles": [1, 2]},
        "probabilities.0",
        "must be 0",
    ),
    "last": (
        {"type": "empirical", "probabilities": [0.0, 0.9], "quantiles": [1, 2]},
        "probabilities.1",
        "must be 1 without a tail",
    ),
    "no tail": (
        {"type": "empirical", "probabilities": [0.0, 1.0], "quantiles": [1, 2], "tail": {"exponent": 2.0}},
        "probabilities.1",
        "must be below 1 with a tail",
    ),
    "order": (
        {"type": "empirical", "probabilities": [0.0, 0.5, 0.5, 1.0], "quantiles": [1, 2, 3, 4]},
        "probabilities.2",
        "must be above the one before",
    ),
    "quantile order": (
        {"type": "empirical", "probabilities": [0.0, 0.5, 1.0], "quantiles": [1, 3, 2]},
        "quantiles.2",
        "must be at least the one before",
    ),
    "cap": (
        {"type": "empirical", "probabilities": [0.0, 1.0], "quantiles": [1, 20], "max": 10},
        "max",
        "must be at least the last quantile",
    ),
    "heavy tail": (
        {"type": "empirical", "probabilities": [0.0, 0.9], "quantiles": [1, 20], "tail": {"exponent": 0.5}},
        "tail.exponent",
        "give max",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_amount_distribution_refused(name: str) -> None:
    law, place, rule = BAD[name]
    with pytest.raises(ConfigError, match=rule) as refused:
        load_scenario(world(amount=law))
    (fault,) = refused.value.faults
    assert fault.path == f"banks.0.arrivals.amount.{place}"


def test_simcash_rules_refuse_what_simcash_cannot_draw() -> None:
    event = {"type": "payment", "tick": 0, "from_bank": "A", "to_bank": "B", "amount": 5, "probability": 0.5}
    rows = world(amount=LAWS["mixture"], rules="simcash", events=[event], simulation={"day_factor_log_std": 0.1})
    with pytest.raises(ConfigError) as refused:
        load_scenario(rows)
    assert [(fault.path, fault.rule) for fault in refused.value.faults] == [
        ("banks.0.arrivals.amount.type", "needs rules: standard"),
        ("events.0.probability", "needs rules: standard"),
        ("simulation.day_factor_log_std", "needs rules: standard"),
    ]


def event_ticks(probability: float | None, seed: int = 3) -> list[int]:
    event = {"type": "payment", "tick": 0, "every": 1, "from_bank": "A", "to_bank": "B", "amount": 5}
    given = {} if probability is None else {"probability": probability}
    rows = world(rate=0.0, ticks=1_000, events=[event | given])
    simulation = Simulation(rows, seed=seed)
    simulation.run_to_completion()
    arrived = simulation.events().of_kind(EventKind.ARRIVAL).column("tick").tolist()
    assert simulation.events().of_kind(EventKind.SCENARIO_EVENT_EXECUTED).column("tick").tolist() == arrived
    return arrived


def test_event_probability_is_the_share_that_arrives() -> None:
    assert len(event_ticks(None)) == len(event_ticks(1.0)) == 1_000
    assert event_ticks(0.0) == []
    count = len(event_ticks(0.3))
    assert stats.binomtest(count, 1_000, 0.3).pvalue > 0.01
    assert event_ticks(0.3) == event_ticks(0.3)
    assert event_ticks(0.3) != event_ticks(0.3, seed=4)


def test_event_probability_draws_only_where_it_is_given() -> None:
    event = {"type": "payment", "tick": 0, "from_bank": "A", "to_bank": "B", "amount": 5}
    words = []
    for events in ([], [event], [event | {"probability": 1.0}]):
        simulation = Simulation(world(rate=0.0, ticks=1, events=events))
        simulation.open_tick()
        words.append(int(simulation._engine.state.rng[0]))
    assert words[0] == words[1] != words[2]


def test_event_probability_scales_the_expected_flow() -> None:
    event = {"type": "payment", "tick": 0, "every": 1, "from_bank": "B", "to_bank": "A", "amount": 500}
    config = load_scenario(world(rate=0.0, ticks=10, events=[event, event | {"probability": 0.25}]))
    assert expected_flow(config, config.banks[1]) == (12.5, 12.5 * 500)


def test_day_factor_multiplies_all_rates_of_a_day() -> None:
    """Its logarithm has the configured deviation; its mean is 1, and the counts of two banks move together."""
    spread, days = 0.4, 400
    rows = world(rate=20.0, ticks=2, days=days, simulation={"day_factor_log_std": spread})
    rows["banks"][0]["arrivals"]["rate_per_tick_of_day"] = [0.5, 1.5]
    rows["banks"][1] |= {"arrivals": {**rows["banks"][0]["arrivals"], "rate_per_tick_of_day": None}}
    simulation = Simulation(rows)
    simulation.run_to_completion()
    arrivals = simulation.events().of_kind(EventKind.ARRIVAL)
    day = arrivals.column("tick") // 2
    counts = [np.bincount(day[arrivals.column("bank") == bank], minlength=days) for bank in (0, 1)]
    assert np.corrcoef(*counts)[0, 1] > 0.7
    both = counts[0] + counts[1]
    mean = 80.0
    assert both.mean() == pytest.approx(mean, rel=0.06)
    variance = mean + mean**2 * math.expm1(spread**2)
    assert both.var() == pytest.approx(variance, rel=0.3)
