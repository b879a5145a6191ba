"""Liquidity and limits at the last cent, gross and net, today and tomorrow; each outcome is worked out by hand."""

from typing import Any

import pytest

from tests.both import EXTERNAL, Both, named, penniless

NO_LSM: dict[str, Any] = {"algorithms": []}

NET: dict[str, Any] = {"limits_basis": "net"}


@pytest.mark.parametrize(("cents", "settles"), [(0, 0), (1, 1)])
def test_ledger_penniless_bank_cannot_pay_a_cent_and_one_with_a_cent_can(cents: int, settles: int) -> None:
    run = Both({"A": {"opening_balance": cents}, "B": {}}, lsm=NO_LSM)
    run.submit("AB", 1)
    assert run.tick().num_settlements == settles


@pytest.mark.parametrize(
    ("posted", "haircut", "backed"),
    [(1, 0.0, 1), (1, 0.5, 0), (3, 0.5, 1), (2_500_000, 0.1, 2_250_000), (1_000_001, 0.5, 500_000)],
)
def test_ledger_collateral_backs_payments_to_the_last_cent(posted: int, haircut: float, backed: int) -> None:
    for cents, settles in ((backed + 1, 0), (backed, 1)):
        run = Both({"A": {"posted_collateral": posted, "collateral_haircut": haircut}, "B": {}}, lsm=NO_LSM)
        if cents:
            run.submit("AB", cents)
            assert run.tick().num_settlements == settles


def test_ledger_what_waits_is_paid_with_the_last_cent_that_comes_in() -> None:
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
def test_ledger_limit_may_be_reached_and_not_passed(limits: str) -> None:
    run = Both({"A": {"opening_balance": 100, **LIMITED[limits]}, "B": {}, "C": {}}, lsm=NO_LSM)
    run.submit("AB", 9)
    assert run.tick().num_settlements == 1
    run.submit("AB", 2)
    assert run.tick().num_settlements == 0
    run.submit("AB", 1)
    assert run.tick().num_settlements == 1


def test_ledger_bank_without_a_limit_towards_all_has_none_where_others_have() -> None:
    banks = {"A": {"opening_balance": 100, "bilateral_limits": {"C": 1}}, "B": {"multilateral_limit": 5}, "C": {}}
    run = Both(banks, lsm=NO_LSM)
    run.submit("AB", 50)
    assert run.tick().num_settlements == 1


@pytest.mark.parametrize("limits", LIMITED)
def test_ledger_net_limit_asks_for_what_was_paid_less_what_was_received(limits: str) -> None:
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


@pytest.mark.parametrize(("there", "kind"), [(11, "BilateralLimitExceeded"), (9, "MultilateralLimitExceeded")])
def test_ledger_limit_that_was_in_the_way_is_named(there: int, kind: str) -> None:
    banks = {"A": {"opening_balance": 100, "bilateral_limits": {"B": 10}, "multilateral_limit": 8}, "B": {}}
    run = Both(banks, lsm=NO_LSM)
    run.submit("AB", there)
    assert [event.amount for event in named(run.tick(), kind)] == [there]


@pytest.mark.parametrize("algorithm", ["bilateral", "cycles", "prefix"])
def test_ledger_algorithm_tells_how_many_payments_it_settled_in_all(algorithm: str) -> None:
    """Two pairs, two cycles, one set."""
    pairs = {"bilateral": "AB BA CD DC", "cycles": "AB BC CA DE EF FD", "prefix": "AB BA CD DC"}[algorithm].split()
    run = Both(penniless("ABCDEF"), lsm={"algorithms": [algorithm]}, switches={"algorithm_sequencing": True})
    for pair in pairs:
        run.submit(pair, 7)
    (told,) = named(run.tick(), "AlgorithmExecution")
    assert len(pairs) in told.details.values()
    assert run.waiting() == []
