"""Rounds of liquidity saving: how often, what runs when little waits, when they end."""

import random

import pytest

from tests.both import Both, kinds, named, penniless
from tests.drawing import Row

PAIRS, CYCLES = ({"algorithms": [name]} for name in ("bilateral", "cycles"))

REPORTED = {"algorithm_sequencing": True}


def executions(result: object) -> int:
    """How many algorithms said that they ran."""
    return kinds(result).get("AlgorithmExecution", 0)


def test_lsm_three_rounds_are_all() -> None:
    """One cent goes from hand to hand; as the larger offset is tried first, a round carries it one bank on."""
    run = Both({**penniless("BCDE"), "A": {"opening_balance": 1}}, lsm=PAIRS)
    for low, high, cents in (("A", "B", 10), ("B", "C", 20), ("C", "D", 30), ("D", "E", 40)):
        run.submit(low + high, cents + 1)
        run.submit(high + low, cents)
    run.tick()
    assert run.waiting() == ["DE", "ED"]
    run.tick()
    assert run.waiting() == []


def test_lsm_algorithm_runs_while_a_single_payment_waits_and_not_when_none_does() -> None:
    run = Both({"A": {"opening_balance": 5}, "B": {}}, lsm={"algorithms": ["bilateral", "cycles"]}, switches=REPORTED)
    assert executions(run.tick()) == 0
    run.submit("AB", 5)
    assert executions(run.tick()) == 0
    run.submit("AB", 5)
    assert executions(run.tick()) == 2


def test_lsm_algorithm_after_one_that_emptied_the_queue_does_not_run() -> None:
    run = Both(penniless("AB"), lsm={"algorithms": ["bilateral", "cycles"]}, switches=REPORTED)
    run.submit("AB", 5)
    run.submit("BA", 5)
    (only,) = named(run.tick(), "AlgorithmExecution")
    assert only.details["algorithm"] == "bilateral"


def test_lsm_round_that_settled_is_followed_by_another_while_one_payment_waits() -> None:
    run = Both(penniless("ABC"), lsm=PAIRS, switches=REPORTED)
    for pair in ("AB", "BA", "AC"):
        run.submit(pair, 5)
    assert executions(run.tick()) == 2


@pytest.mark.parametrize("rules", ["standard", "simcash"])
def test_lsm_liquidity_saving_goes_on_after_a_retry_that_settled(rules: str) -> None:
    """The rounds ended where offsets and cycles had moved nothing, whatever the passes after them had settled."""
    credit = {"type": "credit_limit_change", "tick": 2, "bank": "D", "delta": 142}
    run = Both(penniless("ABCD"), lsm=CYCLES, rules=rules, events=[credit], costs={"eod_penalty": 0})
    for pairs in ((("BC", 100), ("CD", 300)), (("AB", 100), ("DA", 100), ("DB", 106))):
        for pair, cents in pairs:
            run.submit(pair, cents)
        run.tick()
    assert run.waiting() == ["BC", "CD", "AB", "DA", "DB"]
    run.tick()
    assert run.waiting() == ["CD", "DB"]
    assert run.balances() == [0, 0, 100, -100]


def test_lsm_liquidity_saving_goes_on_after_a_retry_at_the_end_of_the_day() -> None:
    """The last settlement of the day is the same procedure: credits that are deferred have landed by then."""
    credit = {"type": "credit_limit_change", "tick": 2, "bank": "D", "delta": 142}
    switches = {"deferred_crediting": True}
    run = Both(penniless("ABCD"), ticks=3, lsm=CYCLES, events=[credit], switches=switches)
    for pairs in ((("BC", 100), ("CD", 300)), (("AB", 100), ("DA", 100), ("DB", 106))):
        for pair, cents in pairs:
            run.submit(pair, cents)
        run.tick()
    run.tick()  # D pays A in the tick; the money lands, and A pays B in the last settlement, where it is deferred too
    assert run.waiting() == ["BC", "CD", "DB"]


ALGORITHMS = [
    {"algorithms": ["bilateral"]},
    {"algorithms": ["bilateral"], "bilateral": "subset"},
    {"algorithms": ["cycles"], "max_cycle_length": 3, "max_cycles_per_tick": 50},
    {"algorithms": ["cycles", "bilateral"], "cycle_work_limit": 500, "max_cycles_per_tick": 50},
    {"algorithms": ["bilateral", "cycles", "prefix"], "bilateral": "subset", "cycle_work_limit": 500},
]


@pytest.mark.parametrize("lsm", ALGORITHMS, ids=lambda lsm: "-".join([*lsm["algorithms"], lsm.get("bilateral", "all")]))
@pytest.mark.parametrize("limits", [None, "gross", "net"])
@pytest.mark.parametrize("at_entry", [False, True])
def test_lsm_long_chains_settle_as_in_the_oracle(lsm: Row, limits: str | None, *, at_entry: bool) -> None:
    """Dozens of payments a pair, in both directions and mixed order, some of them beyond their sender's limits."""
    draw = random.Random(f"{lsm} {limits} {at_entry}")
    banks: dict[str, Row] = {letter: {"opening_balance": draw.randint(0, 40)} for letter in "ABCD"}
    if limits is not None:
        banks["A"] |= {"multilateral_limit": 900, "bilateral_limits": {"B": 250, "C": 30}}
        banks["C"] |= {"bilateral_limits": {"B": 19}}
    switches = {"entry_disposition_offsetting": at_entry, "limits_basis": limits or "gross"}
    run = Both(banks, lsm=lsm, switches=switches)
    for _ in range(3):
        for _ in range(80):
            sender, receiver = draw.sample("ABCD", 2)
            run.submit(sender + receiver, draw.choice([1, 20, draw.randint(1, 60)]))
        run.tick()
    run.run(2)
    if limits is None:
        assert run.simulation.inspect()["counters"]["lsm_released_value"] > 0
