"""Budgets: what the tables of the specification say, and that no sequence of moves makes money."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcash_env.errors import MarketError
from simcash_env.market.budgets import RESERVES, Ledger

AT = ("ALFA", RESERVES)


def of(ledger: Ledger) -> tuple[int, int, int]:
    budget = ledger.budget(*AT)
    return budget.available, budget.locked, budget.spent


@pytest.fixture
def ledger() -> Ledger:
    one = Ledger()
    one.deposit(*AT, 10_000)
    return one


def test_budgets_lock_that_is_cancelled_gives_back_what_it_took(ledger):
    assert of(ledger) == (10_000, 0, 0)
    ledger.lock(*AT, 500)
    assert of(ledger) == (9_500, 500, 0)
    ledger.unlock(*AT, 500)
    assert of(ledger) == (10_000, 0, 0)


def test_budgets_lock_that_settles_is_spent(ledger):
    ledger.lock(*AT, 500)
    ledger.spend(*AT, 500)
    assert of(ledger) == (9_500, 0, 500)
    assert ledger.budget(*AT).total == 10_000


@pytest.mark.parametrize(
    ("verb", "cents", "problem"),
    [
        ("lock", 10_001, "lock ALFA/reserves: at most 10000 cents are available, got 10001"),
        ("withdraw", 10_001, "withdraw ALFA/reserves: at most 10000 cents are available, got 10001"),
        ("unlock", 1, "unlock ALFA/reserves: at most 0 cents are locked, got 1"),
        ("spend", 1, "spend ALFA/reserves: at most 0 cents are locked, got 1"),
        ("deposit", -1, "deposit ALFA/reserves: must be a whole number of cents, at least 0, got -1"),
        ("lock", 0.5, "lock ALFA/reserves: must be a whole number of cents, at least 0, got 0.5"),
    ],
)
def test_budgets_what_is_not_there_cannot_be_moved(ledger, verb, cents, problem):
    with pytest.raises(MarketError) as refusal:
        getattr(ledger, verb)(*AT, cents)
    assert str(refusal.value) == problem
    assert of(ledger) == (10_000, 0, 0)


def test_budgets_unknown_account_has_no_budget(ledger):
    with pytest.raises(MarketError, match="budget BRAVO/reserves: unknown budget"):
        ledger.lock("BRAVO", RESERVES, 1)


def test_budgets_running_out_is_noted_once_each_time(ledger):
    ledger.lock(*AT, 9_999)
    assert ledger.depletions == []
    ledger.lock(*AT, 1)
    ledger.lock(*AT, 0)
    ledger.snapshot("empty")
    ledger.unlock(*AT, 1)
    ledger.withdraw(*AT, 1)
    assert [(one.step, one.account, one.asset) for one in ledger.depletions] == [(0, *AT), (1, *AT)]


def test_budgets_summary_gives_utilisation_by_account_and_in_total(ledger):
    ledger.deposit("BRAVO", RESERVES, 30_000)
    ledger.deposit("BRAVO", "credit", 0)
    ledger.lock(*AT, 2_000)
    ledger.spend(*AT, 1_500)
    summary = ledger.summary()
    assert summary["accounts"]["ALFA"] == {RESERVES: 20.0}
    assert summary["accounts"]["BRAVO"] == {RESERVES: 0.0, "credit": 0.0}
    assert summary["total"] == {RESERVES: 5.0, "credit": 0.0}


def test_budgets_history_keeps_what_was(ledger):
    ledger.snapshot("before")
    ledger.lock(*AT, 500)
    ledger.snapshot("after")
    assert [(one.step, one.label, one.budgets[AT]) for one in ledger.history] == [
        (0, "before", (10_000, 0, 0)),
        (1, "after", (9_500, 500, 0)),
    ]
    assert Ledger.from_dict(ledger.as_dict()) == ledger


MOVES = st.lists(st.tuples(st.sampled_from(("deposit", "withdraw", "lock", "unlock", "spend")), st.integers(0, 50)))


@settings(deadline=None)
@given(moves=MOVES)
def test_budgets_no_sequence_of_moves_makes_or_loses_money(moves):
    ledger, total = Ledger(), 100
    ledger.deposit(*AT, 100)
    for verb, cents in moves:
        before = of(ledger)
        try:
            getattr(ledger, verb)(*AT, cents)
        except MarketError:
            assert of(ledger) == before
            continue
        total += {"deposit": cents, "withdraw": -cents}.get(verb, 0)
        assert min(of(ledger)) >= 0
        assert sum(of(ledger)) == total
