"""The order book by worked examples: every figure of the specification, to the last digit."""

import pytest

from simcash_env.errors import OrderError, SimulationError
from simcash_env.simulation import Simulation
from tests.kernels.market.worlds import resting, traded, world


def test_orders_book_of_the_specification(book):
    book.place_order("B1", "bid", 3.33, 120)
    assert traded(book) == [("L1", "B1", 100, 3.30), ("L2", "B1", 20, 3.30)]
    book.place_order("B2", "bid", 3.40, 60)
    assert traded(book)[2:] == [("L2", "B2", 30, 3.30), ("L3", "B2", 30, 3.35)]
    assert resting(book) == [("L3", 50, 3.35)]
    volume = sum(amount for _, _, amount, _ in traded(book))
    vwap = sum(amount * rate for _, _, amount, rate in traded(book)) / volume
    assert (volume, round(vwap, 6)) == (180, 3.308333)


@pytest.mark.parametrize(
    ("side", "rate", "bound"),
    [
        ("bid", 3.70, "order bid 10 @ 3.7 by B1: rate must be at most the lending rate, 3.6500, got 3.7"),
        ("ask", 3.20, "order ask 10 @ 3.2 by B1: rate must be at least the deposit rate, 3.2500, got 3.2"),
    ],
)
def test_order_outside_the_corridor_leaves_everything_unchanged(book, side, rate, bound):
    before = book.digest(), book.orders(), book.market_account("B1"), book.balance("B1")
    with pytest.raises(OrderError, match="^" + bound.replace(".", r"\.") + "$"):
        book.place_order("B1", side, rate, 10)
    assert (book.digest(), book.orders(), book.market_account("B1"), book.balance("B1")) == before


def test_orders_band_is_narrower_than_the_corridor():
    simulation = Simulation(world(reference_rate=3.45, band=0.02))  # 3.381 to 3.519
    for rate, bound in ((3.3809, "lower bound, 3.3810"), (3.5191, "upper bound, 3.5190")):
        with pytest.raises(OrderError, match=bound):
            simulation.place_order("B1", "ask", rate, 10)
    for rate in (3.3810, 3.5190):
        simulation.place_order("B1", "ask", rate, 10)
    assert len(simulation.orders()) == 2


def test_orders_unregulated_market_takes_any_positive_rate():
    simulation = Simulation(world(discipline="unregulated", band=0.01))
    simulation.place_order("B1", "ask", 0.0001, 10)
    simulation.place_order("B1", "ask", 99.0, 10)
    with pytest.raises(OrderError, match="rate must be positive, got 0"):
        simulation.place_order("B1", "ask", 0, 10)


def test_orders_ask_locks_what_payments_could_use_and_a_cancel_gives_it_back(book):
    assert book.available_liquidity("L1") == 900
    assert book.market_account("L1").locked == 100
    assert book.cancel_order(1)
    assert not book.cancel_order(1)
    assert (book.available_liquidity("L1"), book.market_account("L1").locked) == (1_000, 0)
    with pytest.raises(OrderError, match="must not lend more than the balance, 1000 cents, got 1001 cents"):
        book.place_order("L1", "ask", 3.3, 1_001)


def test_orders_bid_locks_its_credit_line_and_a_fill_spends_what_is_owed():
    simulation = Simulation(world(ticks=10, money=10**12, line=10**10, interest="per_tick"))
    simulation.place_order("B1", "bid", 3.40, 1_000_000)
    # nine ticks at 3.40 % a tick are 306 000; partial fills round, so twice of it is locked
    assert simulation.market_account("B1").credit_locked == 1_612_000
    simulation.place_order("L1", "ask", 3.30, 400_000)  # trades at the resting bid's 3.40
    account = simulation.market_account("B1")
    assert (account.owed, account.credit_locked) == (400_000 + 122_400, 600_000 + 2 * 183_600)
    assert account.credit_left + account.credit_locked + account.owed == 10**10
    simulation.run(10)
    account = simulation.market_account("B1")
    assert (account.owed, account.credit_locked, account.interest_paid) == (0, 0, 122_400)


def test_orders_bid_beyond_the_credit_line_is_refused():
    simulation = Simulation(world(line=100))
    with pytest.raises(OrderError, match="left of the credit line, 100 cents, got 101 cents"):
        simulation.place_order("B1", "bid", 3.4, 101)


def test_orders_bid_whose_interest_would_be_beyond_all_bounds_is_refused():
    """A hundred ticks at 100 % a tick on 1e15 are 1e17, and what rests locks twice that."""
    rates = {"deposit_rate": 1.0, "lending_rate": 100.0, "interest": "per_tick"}
    simulation = Simulation(world(ticks=200, days=1, line=10**15, books=[{"maturity": {"ticks": 100}}], **rates))
    with pytest.raises(OrderError, match="must fit into what is left of the credit line, 1000000000000000 cents"):
        simulation.place_order("B1", "bid", 100.0, 10**15)


def test_orders_bank_does_not_trade_with_itself_and_its_orders_do_not_block_others(book):
    book.place_order("L1", "bid", 3.40, 60)  # skips its own ask, takes L2's 50 and L3's 10
    assert traded(book) == [("L2", "L1", 50, 3.30), ("L3", "L1", 10, 3.35)]
    assert resting(book) == [("L1", 100, 3.30), ("L3", 70, 3.35)]


def test_orders_lender_that_limits_a_counterparty_is_skipped():
    limits = {"L1": {"B1": 50}}
    simulation = Simulation(world(counterparty_limits=limits))
    simulation.place_order("L1", "ask", 3.30, 100)
    simulation.place_order("L2", "ask", 3.35, 100)
    simulation.place_order("B1", "bid", 3.40, 60)
    assert traded(simulation) == [("L2", "B1", 60, 3.35)]
    simulation.place_order("B1", "bid", 3.30, 50)
    assert traded(simulation)[1:] == [("L1", "B1", 50, 3.30)]
    simulation.run(10)  # what was repaid no longer counts
    simulation.place_order("L1", "ask", 3.30, 50)
    simulation.place_order("B1", "bid", 3.30, 50)
    assert traded(simulation) == [("L1", "B1", 50, 3.30)]


def test_order_that_does_not_rest_cannot_be_cancelled(book):
    resting_before = resting(book)
    for order in (-1, 0, 4):
        assert not book.cancel_order(order)
    assert resting(book) == resting_before


def test_order_for_one_counterparty_trades_with_no_other(book):
    book.place_order("B1", "bid", 3.40, 90, counterparty="L3")
    assert traded(book) == [("L3", "B1", 80, 3.35)]
    assert resting(book) == [("B1", 10, 3.40), ("L1", 100, 3.30), ("L2", 50, 3.30)]


def test_orders_book_is_closed_where_its_loan_would_be_due_at_once_or_after_the_run():
    simulation = Simulation(world(days=1, books=[{"id": "day"}, {"id": "night", "maturity": "overnight"}]))
    with pytest.raises(OrderError, match="the book is closed"):
        simulation.place_order("L1", "ask", 3.30, 100, book="night")
    simulation.run(9)
    with pytest.raises(OrderError, match="the book is closed"):
        simulation.place_order("L1", "ask", 3.30, 100, book="day")
    simulation.tick()
    with pytest.raises(SimulationError, match="the run is over"):
        simulation.place_order("L1", "ask", 3.30, 100)


@pytest.mark.parametrize("rows", [{"max_orders": 1}, {"max_loans": 1}])
def test_orders_no_room_is_told(rows):
    simulation = Simulation(world(**rows))
    simulation.place_order("L1", "ask", 3.30, 100)
    if "max_loans" in rows:
        simulation.place_order("B1", "bid", 3.30, 10)
    with pytest.raises(OrderError, match=r"raise market\.max_orders or market\.max_loans"):
        simulation.place_order("L2", "ask", 3.30, 100)


def test_orders_what_cannot_become_a_loan_for_want_of_rows_does_not_rest_across_the_book():
    simulation = Simulation(world(max_loans=1))
    simulation.place_order("L1", "ask", 3.30, 10)
    simulation.place_order("L2", "ask", 3.30, 10)
    simulation.place_order("B1", "bid", 3.30, 30)
    assert resting(simulation) == [("L2", 10, 3.30)]
    assert simulation.market_account("B1").credit_locked == 0
    assert simulation.events().counts() == {}  # the tick has not closed yet
    simulation.tick()
    assert simulation.events().counts()["MarketOrderCancelled"] == 1
