"""Gross settlement: in order of submission, then Queue 2 from the front, where one that is blocked blocks no other."""

from tests.both import Both, named, penniless

GROSS = {"algorithms": []}


def test_rtgs_settles_in_order_of_submission() -> None:
    run = Both({"A": {"opening_balance": 10}, **penniless("BC")}, lsm=GROSS)
    names = [run.submit(pair, 10) for pair in ("AB", "AC", "BC")]
    settled = [event.tx for event in named(run.tick(), "RtgsImmediateSettlement")]
    assert settled == [names[0], names[2]]
    assert run.waiting() == ["AC"]


def test_rtgs_retry_passes_a_blocked_payment_by() -> None:
    run = Both({**penniless("AB"), "C": {"opening_balance": 20}}, lsm=GROSS)
    for pair, cents in (("AB", 30), ("AB", 20)):
        run.submit(pair, cents)
    run.tick()
    assert run.waiting() == ["AB", "AB"]
    run.submit("CA", 20)
    result = run.tick()
    assert [event.amount for event in named(result, "Queue2LiquidityRelease")] == [20]
    assert run.waiting() == ["AB"]
    assert run.balances() == [0, 20, 0]


def test_rtgs_retry_makes_one_pass() -> None:
    """What the second payment brings the first one's bank comes too late for it in this tick."""
    run = Both({**penniless("AB"), "C": {"opening_balance": 5}}, lsm=GROSS)
    run.submit("AB", 5)
    run.submit("BA", 5)
    run.tick()
    run.submit("CB", 5)
    assert [result.num_settlements for result in run.run(2)] == [2, 1]
    assert run.balances() == [0, 5, 0]
