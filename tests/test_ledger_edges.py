"""Liquidity and limits at the last cent, gross and net, today and tomorrow; each outcome is worked out by hand."""

from typing import Any

import pytest

from tests.both import EXTERNAL, Both, named, penniless

NO_LSM: dict[str, Any] = {"algorithms": []}
PAIRS: dict[str, Any] = {"algorithms": ["bilateral"]}
NET: dict[str, Any] = {"limits_basis": "net"}


@pytest.mark.parametrize(("cents", "settles"), [(0, 0), (1, 1)])
def test_a_penniless_bank_cannot_pay_a_cent_and_one_with_a_cent_can(cents: int, settles: int) -> None:
    run = Both({"A": {"opening_balance": cents}, "B": {}}, lsm=NO_LSM)
    run.submit("AB", 1)
    assert run.tick().num_settlements == settles


@pytest.mark.parametrize(
    ("posted", "haircut", "backed"),
    [(1, 0.0, 1), (1, 0.5, 0), (3, 0.5, 1), (2_500_000, 0.1, 2_250_000), (1_000_001, 0.5, 500_000)],
)
def test_collateral_backs_payments_to_the_last_cent(posted: int, haircut: float, backed: int) -> None:
    for cents, settles in ((backed + 1, 0), (backed, 1)):
        run = Both({"A": {"posted_collateral": posted, "collateral_haircut": haircut}, "B": {}}, lsm=NO_LSM)
        if cents:
            run.submit("AB", cents)
            assert run.tick().num_settlements == settles


def test_what_waits_is_paid_with_the_last_cent_that_comes_in() -> None:
    run = Both({"A": {}, "B": {"opening_balance": 5, "policy": EXTERNAL}}, lsm=NO_LSM)
    run.submit("AB", 5)
    run.tick()
    back = run.submit("BA", 5)
    assert run.tick({"B": {back: "release"}}).num_settlements == 2
    assert run.balances() == [0, 5]


LIMITED: dict[str, Any] = {
    "bilateral": {"bilateral_limits": {"B": 10}},
    "multilateral": {"multilateral_limit": 10, "bilateral_limits": {"C": 1_000}},
}


@pytest.mark.parametrize("limits", LIMITED)
def test_a_limit_may_be_reached_and_not_passed(limits: str) -> None:
    run = Both({"A": {"opening_balance": 100, **LIMITED[limits]}, "B": {}, "C": {}}, lsm=NO_LSM)
    run.submit("AB", 9)
    assert run.tick().num_settlements == 1
    run.submit("AB", 2)
    assert run.tick().num_settlements == 0
    run.submit("AB", 1)
    assert run.tick().num_settlements == 1


def test_a_bank_without_a_limit_towards_all_has_none_where_others_have() -> None:
    banks = {"A": {"opening_balance": 100, "bilateral_limits": {"C": 1}}, "B": {"multilateral_limit": 5}, "C": {}}
    run = Both(banks, lsm=NO_LSM)
    run.submit("AB", 50)
    assert run.tick().num_settlements == 1


@pytest.mark.parametrize("limits", LIMITED)
@pytest.mark.parametrize("switches", [{}, NET], ids=["gross", "net"])
def test_limits_begin_anew_with_the_day(limits: str, switches: dict[str, Any]) -> None:
    """Neither what was paid nor what was received yesterday counts today."""
    banks = {"A": {"opening_balance": 100, **LIMITED[limits]}, "B": {"opening_balance": 100}, "C": {}}
    run = Both(banks, ticks=2, days=2, lsm=NO_LSM, switches=switches)
    run.submit("AB", 10)
    assert run.tick().num_settlements == 1
    run.submit("BA", 30)
    assert run.tick().num_settlements == 1
    run.submit("AB", 11)
    assert run.tick().num_settlements == 0
    run.submit("AB", 10)
    assert run.tick().num_settlements == 1


@pytest.mark.parametrize("limits", LIMITED)
def test_a_net_limit_asks_for_what_was_paid_less_what_was_received(limits: str) -> None:
    """At submission and again while it waits."""
    banks = {"A": {"opening_balance": 100, **LIMITED[limits]}, "B": {"opening_balance": 100}, "C": {}}
    run = Both(banks, ticks=9, lsm=NO_LSM, switches=NET)
    run.submit("AB", 11)
    assert [result.num_settlements for result in run.run(2)] == [0, 0]
    run.submit("BA", 1)
    assert run.tick().num_settlements == 2
    run.submit("AB", 1)
    assert run.tick().num_settlements == 0
    assert run.balances()[:2] == [90, 110]


@pytest.mark.parametrize("limits", LIMITED)
@pytest.mark.parametrize(("there", "settles"), [(105, 2), (106, 0)])
def test_an_offset_within_net_limits_counts_both_ways(limits: str, there: int, settles: int) -> None:
    banks = {"A": {"opening_balance": 12, **LIMITED[limits]}, "B": {}, "C": {}}
    run = Both(banks, lsm=PAIRS, switches=NET)
    run.submit("AB", there)
    run.submit("BA", 95)
    assert run.tick().num_settlements == settles


@pytest.mark.parametrize(("there", "kind"), [(11, "BilateralLimitExceeded"), (9, "MultilateralLimitExceeded")])
def test_the_limit_that_was_in_the_way_is_named(there: int, kind: str) -> None:
    banks = {"A": {"opening_balance": 100, "bilateral_limits": {"B": 10}, "multilateral_limit": 8}, "B": {}}
    run = Both(banks, lsm=NO_LSM)
    run.submit("AB", there)
    assert [event.amount for event in named(run.tick(), kind)] == [there]


def test_a_cycle_of_single_cents_settles() -> None:
    for cycle in ("AB BC CA", "AB BC CD DA"):
        run = Both(penniless("ABCD"), lsm={"algorithms": ["cycles"]}, switches={"algorithm_sequencing": True})
        for pair in cycle.split():
            run.submit(pair, 1)
        result = run.tick()
        assert run.waiting() == []
        (told,) = named(result, "AlgorithmExecution")
        assert len(cycle.split()) in told.details.values()


def test_a_pair_of_single_cents_settles() -> None:
    for how in ("all", "subset"):
        run = Both(penniless("AB"), lsm={**PAIRS, "bilateral": how}, switches={"algorithm_sequencing": True})
        run.submit("AB", 1)
        run.submit("BA", 1)
        (told,) = named(run.tick(), "AlgorithmExecution")
        assert run.waiting() == []
        assert 2 in told.details.values()


@pytest.mark.parametrize("algorithm", ["bilateral", "cycles", "prefix"])
def test_an_algorithm_tells_how_many_payments_it_settled_in_all(algorithm: str) -> None:
    """Two pairs, two cycles, one set."""
    pairs = {"bilateral": "AB BA CD DC", "cycles": "AB BC CA DE EF FD", "prefix": "AB BA CD DC"}[algorithm].split()
    run = Both(penniless("ABCDEF"), lsm={"algorithms": [algorithm]}, switches={"algorithm_sequencing": True})
    for pair in pairs:
        run.submit(pair, 7)
    (told,) = named(run.tick(), "AlgorithmExecution")
    assert len(pairs) in told.details.values()
    assert run.waiting() == []


def test_a_subset_takes_the_best_prefixes_and_says_what_it_settled() -> None:
    """A can fund one cent: of A's 5, 6, 20 and B's 4, 6, 3 it takes 5 and 6 against 4 and 6."""
    banks = {"A": {"opening_balance": 1}, "B": {}, "C": {}}
    run = Both(banks, lsm={**PAIRS, "bilateral": "subset"}, switches={"algorithm_sequencing": True})
    for pair, cents in (("AB", 5), ("BA", 4), ("AB", 6), ("BA", 6), ("AB", 20), ("BA", 30)):
        run.submit(pair, cents)
    result = run.tick()
    (told,) = named(result, "LsmBilateralOffset")
    assert (told.amount, sorted(told.details.values())) == (10, [10, 11])
    assert run.waiting() == ["AB", "BA"]
    assert 4 in named(result, "AlgorithmExecution")[0].details.values()
