"""Scenarios whose outcome hangs on a rule that drawn scenarios seldom reach."""

from typing import Any

from simcash_env.config import ScenarioConfig


def payments(tick: int, pairs: str, amount: int = 100) -> list[dict[str, Any]]:
    """Payment events of one tick: ``"AB BC"`` is one from A to B and one from B to C."""
    return [
        {"type": "payment", "tick": tick, "from_bank": pair[0], "to_bank": pair[1], "amount": amount, "deadline": 4}
        for pair in pairs.split()
    ]


def scenario(name: str, letters: str, events: list[dict[str, Any]], **parts: Any) -> ScenarioConfig:
    """Penniless banks of one letter each, two ticks of two, and the events."""
    return ScenarioConfig.model_validate(
        {
            "format": 1,
            "name": name,
            "simulation": {"ticks_per_day": 2, "num_days": 1},
            "banks": [{"id": bank} for bank in letters],
            "events": events,
            **parts,
        }
    )


def cycles() -> ScenarioConfig:
    """A cycle of four over single payments, then a cycle of three against the ids' order."""
    events = payments(0, "AB BC CD DA") + payments(1, "AC CB BA")
    return scenario("cycles", "DCBA", events, lsm={"algorithms": ["cycles"], "max_cycle_length": 4})


def cycles_of_one_value() -> ScenarioConfig:
    """Cycles of four, all of one value, that share payments: ids decide which of them settle."""
    events = payments(0, "DA AB BC CD DA AC CB BD CE EA EB CD")
    return scenario("ties", "EDCBA", events, lsm={"algorithms": ["cycles"], "max_cycle_length": 5})


def triangles_of_one_value() -> ScenarioConfig:
    """Two triangles that share an edge: the one with the smaller ids settles."""
    events = payments(0, "BD DA AB BC CA")
    return scenario("triangles", "ABCD", events, lsm={"algorithms": ["cycles"], "max_cycle_length": 3})


def even_pair_beyond_the_overdraft_limit(poor: str) -> ScenarioConfig:
    """An even pair one of whose banks is overdrawn beyond its credit: only the larger id's state counts."""
    transfer = {"type": "direct_transfer", "tick": 0, "from_bank": poor, "to_bank": "C", "amount": 7}
    return scenario("even", "ABC", [transfer, *payments(0, "AB BA")])


def only_weight_set_to_zero(rules: str = "standard") -> ScenarioConfig:
    """A bank whose only receiver loses its weight: it pays nobody, or as in SimCash whom no weight was ever given."""
    arrivals = {
        "rate_per_tick": 5.0,
        "amount": {"type": "uniform", "min": 1, "max": 9},
        "deadline_range": [1, 2],
        "counterparty_weights": {"B": 1.0},
    }
    change = {"type": "counterparty_weight_change", "tick": 1, "bank": "A", "counterparty": "B", "weight": 0.0}
    banks = [{"id": "A", "arrivals": arrivals}, {"id": "B"}, {"id": "C"}]
    return scenario("weights", "ABC", [change], banks=banks, rules=rules)


def a_retry_settles_in_every_round() -> ScenarioConfig:
    """A cycle that never settles makes every round try Queue 2 again, and each time one payment more can be paid."""
    credit = {"type": "credit_limit_change", "tick": 0, "bank": "E", "delta": 100}
    cycle = payments(0, "AB CA", 1_000) + payments(0, "BC", 3_000)
    return scenario("chain", "EDCBA", [*payments(0, "BA CB DC ED"), *cycle, credit], lsm={"algorithms": ["cycles"]})


def hundreds_in_a_tick() -> ScenarioConfig:
    """Rates above 30 are drawn in parts; queues grow long, and the engine's arrays with them."""
    banks = [
        {
            "id": name,
            "opening_balance": 10_000,
            "arrivals": {
                "rate_per_tick": rate,
                "amount": {"type": "lognormal", "mean": 900.0, "std_dev": 500.0},
                "deadline_range": [1, 4],
            },
        }
        for name, rate in (("A", 60.0), ("B", 100.5), ("C", 30.0))
    ]
    days = {"ticks_per_day": 3, "num_days": 2, "seed": 11}
    return scenario("many", "ABC", [], banks=banks, simulation=days, lsm={"algorithms": ["bilateral"]})


CORNERS = {
    "cycles": cycles(),
    "cycles of one value": cycles_of_one_value(),
    "triangles of one value": triangles_of_one_value(),
    "even pair, larger id beyond its overdraft limit": even_pair_beyond_the_overdraft_limit("B"),
    "even pair, smaller id beyond its overdraft limit": even_pair_beyond_the_overdraft_limit("A"),
    "only weight set to zero": only_weight_set_to_zero(),
    "only weight set to zero, as in SimCash": only_weight_set_to_zero("simcash"),
    "a retry settles in every round": a_retry_settles_in_every_round(),
    "hundreds in a tick": hundreds_in_a_tick(),
}
