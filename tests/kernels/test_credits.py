"""Deferred credits: receipts of a tick cannot be spent before its end."""

import pytest

from tests.both import Both, named


@pytest.mark.parametrize(("deferred", "settled"), [(False, [2, 0]), (True, [1, 1])])
def test_credits_of_a_tick_may_be_spent_at_once_or_from_the_next_tick(settled: list[int], *, deferred: bool) -> None:
    banks = {"A": {"opening_balance": 10}, "B": {}, "C": {}}
    run = Both(banks, lsm={"algorithms": []}, switches={"deferred_crediting": deferred})
    run.submit("AB", 10)
    run.submit("BC", 10)
    assert [result.num_settlements for result in run.run(2)] == settled
    assert run.balances() == [0, 0, 10]


def test_credits_are_told_bank_by_bank_with_their_sum() -> None:
    run = Both(
        {"A": {"opening_balance": 10}, "B": {"opening_balance": 5}, "C": {}}, switches={"deferred_crediting": True}
    )
    for pair, cents in (("AC", 4), ("AC", 6), ("BA", 5)):
        run.submit(pair, cents)
    told = [(event.bank, event.amount) for event in named(run.tick(), "DeferredCreditApplied")]
    assert told == [("A", 5), ("C", 10)]
