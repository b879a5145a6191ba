"""The intraday market by worked examples: every figure of the specification, to the last digit."""

from typing import Any

import pytest

from simcash_env.config import load_scenario
from simcash_env.errors import OrderError, SimulationError
from simcash_env.simulation import Simulation
from tests.kernels import calls

EXAMPLE_RATES = {"deposit_rate": 3.25, "lending_rate": 3.65}
NAMES = ("B1", "B2", "L1", "L2", "L3")


def world(*, ticks: int = 10, days: int = 2, money: int = 1_000, line: int = 10_000, banks=NAMES, **market: Any) -> Any:
    return {
        "format": 1,
        "name": "market",
        "simulation": {"ticks_per_day": ticks, "num_days": days},
        "banks": [{"id": name, "opening_balance": money} for name in banks],
        "market": {**EXAMPLE_RATES, "credit_lines": dict.fromkeys(banks, line), **market},
    }


def resting(simulation: Simulation) -> list[tuple[str, int, float]]:
    return [(order.bank, order.amount, order.rate) for order in simulation.orders()]


def traded(simulation: Simulation) -> list[tuple[str, str, int, float]]:
    return [(loan.lender, loan.borrower, loan.amount, loan.rate) for loan in simulation.loans()]


@pytest.fixture
def book() -> Simulation:
    """The example's resting asks: L1 100 @ 3.30, L2 50 @ 3.30, L3 80 @ 3.35."""
    simulation = Simulation(world())
    for bank, amount, rate in (("L1", 100, 3.30), ("L2", 50, 3.30), ("L3", 80, 3.35)):
        simulation.place_order(bank, "ask", rate, amount)
    return simulation


def test_the_book_of_the_specification(book):
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
def test_an_order_outside_the_corridor_leaves_everything_unchanged(book, side, rate, bound):
    before = book.digest(), book.orders(), book.market_account("B1"), book.balance("B1")
    with pytest.raises(OrderError, match="^" + bound.replace(".", r"\.") + "$"):
        book.place_order("B1", side, rate, 10)
    assert (book.digest(), book.orders(), book.market_account("B1"), book.balance("B1")) == before


def test_a_band_is_narrower_than_the_corridor():
    simulation = Simulation(world(reference_rate=3.45, band=0.02))  # 3.381 to 3.519
    for rate, bound in ((3.3809, "lower bound, 3.3810"), (3.5191, "upper bound, 3.5190")):
        with pytest.raises(OrderError, match=bound):
            simulation.place_order("B1", "ask", rate, 10)
    for rate in (3.3810, 3.5190):
        simulation.place_order("B1", "ask", rate, 10)
    assert len(simulation.orders()) == 2


def test_an_unregulated_market_takes_any_positive_rate():
    simulation = Simulation(world(discipline="unregulated", band=0.01))
    simulation.place_order("B1", "ask", 0.0001, 10)
    simulation.place_order("B1", "ask", 99.0, 10)
    with pytest.raises(OrderError, match="rate must be positive, got 0"):
        simulation.place_order("B1", "ask", 0, 10)


def test_an_ask_locks_what_payments_could_use_and_a_cancel_gives_it_back(book):
    assert book.available_liquidity("L1") == 900
    assert book.market_account("L1").locked == 100
    assert book.cancel_order(1)
    assert not book.cancel_order(1)
    assert (book.available_liquidity("L1"), book.market_account("L1").locked) == (1_000, 0)
    with pytest.raises(OrderError, match="must not lend more than the balance, 1000 cents, got 1001 cents"):
        book.place_order("L1", "ask", 3.3, 1_001)


def test_a_bid_locks_its_credit_line_and_a_fill_spends_what_is_owed():
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


def test_a_bid_beyond_the_credit_line_is_refused():
    simulation = Simulation(world(line=100))
    with pytest.raises(OrderError, match="left of the credit line, 100 cents, got 101 cents"):
        simulation.place_order("B1", "bid", 3.4, 101)


def test_interest_is_exact_to_the_cent():
    """round(principal x rate x ticks / (ticks a day x 360 x 10**6)); here 10**14 x 33 000 x 9 / (10 x 360 x 10**6)."""
    simulation = Simulation(world(money=10**14, line=10**15, banks=("A", "B")))
    simulation.place_order("A", "ask", 3.30, 10**14)
    simulation.place_order("B", "bid", 3.30, 10**14)
    assert simulation.loans()[0].repayment - 10**14 == 8_250_000_000
    simulation = Simulation(world(ticks=7, money=10**14, line=10**15, banks=("A", "B")))
    simulation.place_order("A", "ask", 3.3333, 99_999_999_999_999)
    simulation.place_order("B", "bid", 3.3333, 99_999_999_999_999)
    exact = (2 * 99_999_999_999_999 * 33_333 * 6 + 7 * 360 * 10**6) // (2 * 7 * 360 * 10**6)
    assert simulation.loans()[0].repayment - 99_999_999_999_999 == exact


@pytest.mark.parametrize(
    ("maturity", "due"), [("intraday", 9), ("overnight", 10), ({"ticks": 3}, 5)], ids=["intraday", "overnight", "term"]
)
def test_a_loan_is_repaid_with_interest_at_its_maturity(maturity, due):
    books = [{"id": "only", "maturity": maturity}]
    simulation = Simulation(world(money=10**9, line=10**10, interest="per_tick", books=books))
    simulation.run(2)
    simulation.place_order("L1", "ask", 3.30, 10**6)
    simulation.place_order("B1", "bid", 3.30, 10**6)
    paid = round(10**6 * 0.033 * (due - 2))
    simulation.run(due - 2)
    assert (simulation.balance("B1"), simulation.balance("L1")) == (10**9 + 10**6, 10**9 - 10**6)
    result = simulation.tick()
    assert (simulation.balance("B1"), simulation.balance("L1")) == (10**9 - paid, 10**9 + paid)
    event = next(event for event in result.events if event.kind == "LoanRepaid")
    assert (event.tick, event.amount, event.details["interest_cents"]) == (due, 10**6 + paid, paid)
    assert simulation.loans() == []


def test_what_cannot_be_repaid_stands_at_the_lending_rate_until_it_can():
    """B1 borrows 1 000 and lends all 2 000 on: it cannot repay before its own loan comes back, two ticks later."""
    books = [{"id": "short", "maturity": {"ticks": 1}}, {"id": "long", "maturity": {"ticks": 3}}]
    simulation = Simulation(world(interest="per_tick", books=books, counterparty_limits={}))
    simulation.place_order("L1", "ask", 3.50, 1_000, book="short")
    simulation.place_order("B1", "bid", 3.50, 1_000, book="short")
    simulation.place_order("B1", "ask", 3.40, 2_000, book="long")
    simulation.place_order("L2", "bid", 3.40, 2_000, book="long")
    simulation.run(2)
    loan = simulation.loans()[0]
    assert (loan.is_overdue, loan.repayment, simulation.balance("L1")) == (True, 1_035, 0)
    simulation.run(1)
    assert simulation.loans()[0].is_overdue
    simulation.run(2)  # at tick 3 the long loan is repaid after the overdue one was tried; at tick 4 it is B1's turn
    assert simulation.loans() == []
    owed = 1_035 + round(1_035 * 0.0365 * 3)
    assert simulation.balance("L1") == owed
    assert simulation.balance("B1") == 1_000 + 1_000 - 2_000 + 2_204 - owed
    accounts = [simulation.market_account(bank) for bank in NAMES]
    assert sum(a.interest_paid for a in accounts) == sum(a.interest_received for a in accounts) == 204 + owed - 1_000
    overdue = [event.as_dict() for event in simulation.events() if event.kind == "LoanWentOverdue"]
    assert [(row["tick"], row["amount"], row["rate"]) for row in overdue] == [(1, 1_035, 36_500)]


def test_interest_that_runs_for_long_is_bounded():
    """A loan of 3e14 doubles in its one tick, stands overdue at 100 % a tick, and would owe 1.8e17 after 299 more."""
    principal, most = 3 * 10**14, 10**15
    rates = {"deposit_rate": 1.0, "lending_rate": 100.0, "interest": "per_tick"}
    rows = world(ticks=400, days=1, books=[{"maturity": {"ticks": 1}}], **rates)
    rows["market"]["credit_lines"] = {"B1": most}
    rows["banks"][2]["opening_balance"] = principal
    give = {"type": "direct_transfer", "tick": 299, "from_bank": "L2", "to_bank": "B1", "amount": most}
    rows["events"] = [{"type": "direct_transfer", "tick": 1, "from_bank": "B1", "to_bank": "L2", "amount": principal}]
    rows["events"] += [give] * 102
    simulation = Simulation(rows)
    simulation.place_order("L1", "ask", 100.0, principal)
    with pytest.raises(OrderError, match="credit line"):
        simulation.place_order("B1", "bid", 100.0, most)
    simulation.place_order("B1", "bid", 100.0, principal)
    simulation.run(2)
    assert simulation.loans()[0].repayment == 2 * principal
    simulation.run(299)
    assert simulation.loans() == []
    assert simulation.balance("L1") == 2 * principal + 10**17


def test_a_bid_whose_interest_would_be_beyond_all_bounds_is_refused():
    """A hundred ticks at 100 % a tick on 1e15 are 1e17, and what rests locks twice that."""
    rates = {"deposit_rate": 1.0, "lending_rate": 100.0, "interest": "per_tick"}
    simulation = Simulation(world(ticks=200, days=1, line=10**15, books=[{"maturity": {"ticks": 100}}], **rates))
    with pytest.raises(OrderError, match="must fit into what is left of the credit line, 1000000000000000 cents"):
        simulation.place_order("B1", "bid", 100.0, 10**15)


@pytest.mark.usefixtures("unbounded")
def test_what_a_lender_gets_back_may_not_leave_the_range_of_money():
    rows = world(ticks=20, days=1, books=[{"maturity": {"ticks": 6}}], interest="per_tick")
    give = {"type": "direct_transfer", "from_bank": "L2", "to_bank": "L1", "amount": 10**15}
    rows["events"] = [give | {"tick": tick} for tick in range(1, 5) for _ in range(1_000)]
    simulation = Simulation(rows, events=False)
    simulation.place_order("L1", "ask", 3.50, 1_000)
    simulation.place_order("B1", "bid", 3.50, 1_000)
    simulation.run(5)
    assert simulation.balance("L1") == 4 * 10**18
    with pytest.raises(SimulationError, match="tick 6: a total left the range of int64 cents"):
        simulation.run_to_completion()


def test_a_trader_whose_band_leaves_no_positive_rate_stays_out():
    traders = {"B1": {"type": "corridor", "buffer": 0, "sigma": 100}}
    market = {"deposit_rate": 0.0, "lending_rate": 2.0, "reference_rate": 0.0, "band": 0.5, "traders": traders}
    simulation = Simulation(world(**market))
    simulation.run(3)
    assert simulation.orders() == []
    assert Simulation(world(**market | {"band": None})).tick().events.counts() == {"MarketAsk": 1}


def test_a_bank_does_not_trade_with_itself_and_its_orders_do_not_block_others(book):
    book.place_order("L1", "bid", 3.40, 60)  # skips its own ask, takes L2's 50 and L3's 10
    assert traded(book) == [("L2", "L1", 50, 3.30), ("L3", "L1", 10, 3.35)]
    assert resting(book) == [("L1", 100, 3.30), ("L3", 70, 3.35)]


def test_a_lender_that_limits_a_counterparty_is_skipped():
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


def test_orders_are_told_by_their_book():
    simulation = Simulation(world(books=[{"id": "day"}, {"id": "night", "maturity": "overnight"}]))
    ids = {name: simulation.place_order("L1", "ask", 3.30, 10, book=name) for name in ("day", "night")}
    for name, order in ids.items():
        assert [(found.id, found.book) for found in simulation.orders(name)] == [(order, name)]
    assert [found.id for found in simulation.orders()] == list(ids.values())


def test_an_order_that_does_not_rest_cannot_be_cancelled(book):
    resting_before = resting(book)
    for order in (-1, 0, 4):
        assert not book.cancel_order(order)
    assert resting(book) == resting_before


def test_an_order_for_one_counterparty_trades_with_no_other(book):
    book.place_order("B1", "bid", 3.40, 90, counterparty="L3")
    assert traded(book) == [("L3", "B1", 80, 3.35)]
    assert resting(book) == [("B1", 10, 3.40), ("L1", 100, 3.30), ("L2", 50, 3.30)]


def test_orders_expire_with_the_tick_or_with_the_day():
    simulation = Simulation(world())
    simulation.place_order("L1", "ask", 3.30, 100, good_for="tick")
    simulation.place_order("L2", "ask", 3.30, 100)
    simulation.tick()
    assert resting(simulation) == [("L2", 100, 3.30)]
    assert simulation.balance("L1") == 1_000
    simulation.run(9)
    assert resting(simulation) == []
    assert simulation.balance("L2") == 1_000


def test_a_book_is_closed_where_its_loan_would_be_due_at_once_or_after_the_run():
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
def test_no_room_is_told(rows):
    simulation = Simulation(world(**rows))
    simulation.place_order("L1", "ask", 3.30, 100)
    if "max_loans" in rows:
        simulation.place_order("B1", "bid", 3.30, 10)
    with pytest.raises(OrderError, match=r"raise market\.max_orders or market\.max_loans"):
        simulation.place_order("L2", "ask", 3.30, 100)


def test_what_cannot_become_a_loan_for_want_of_rows_does_not_rest_across_the_book():
    simulation = Simulation(world(max_loans=1))
    simulation.place_order("L1", "ask", 3.30, 10)
    simulation.place_order("L2", "ask", 3.30, 10)
    simulation.place_order("B1", "bid", 3.30, 30)
    assert resting(simulation) == [("L2", 10, 3.30)]
    assert simulation.market_account("B1").credit_locked == 0
    assert simulation.events().counts() == {}  # the tick has not closed yet
    simulation.tick()
    assert simulation.events().counts()["MarketOrderCancelled"] == 1


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"side": "buy"}, "side must be bid or ask, got 'buy'"),
        ({"amount": 0}, "amount must be a whole number of cents"),
        ({"amount": 1.5}, "amount must be a whole number of cents"),
        ({"rate": 3.33333}, "hundredths of a basis point"),
        ({"rate": float("nan")}, "rate must be a number"),
        ({"book": "night"}, "book must be one of intraday, got 'night'"),
        ({"good_for": "year"}, "good_for must be tick or day, got 'year'"),
        ({"bank": "Q"}, "unknown bank 'Q'"),
    ],
)
def test_a_wrong_order_names_what_is_wrong(book, changed, problem):
    order = {"bank": "B1", "side": "bid", "rate": 3.3, "amount": 10, **changed}
    with pytest.raises(ValueError, match=problem):
        book.place_order(**order)


def test_without_a_market_there_is_nothing_to_trade_in():
    simulation = Simulation({**world(), "market": None})
    with pytest.raises(SimulationError, match="the scenario has no market"):
        simulation.place_order("B1", "bid", 3.3, 10)


@pytest.mark.parametrize(("surplus", "percent"), [(-100, 2.33654), (0, 2.20000), (100, 2.06346), (200, 2.00910)])
def test_the_theoretical_rate_of_the_corridor(surplus, percent):
    assert round(calls.theoretical_rate(2.00, 2.40, float(surplus), 100.0), 5) == percent


@pytest.mark.parametrize(("surplus", "percent"), [(-100, 2.3365), (0, 2.2), (100, 2.0635), (200, 2.0091)])
def test_the_corridor_trader_asks_the_theoretical_rate(surplus, percent):
    """DF 2.00, MLF 2.40, sigma 100; an order's rate is rounded to the hundredth of a basis point."""
    trader = {"type": "corridor", "buffer": 500 - surplus, "sigma": 100}
    market = {"deposit_rate": 2.0, "lending_rate": 2.4, "traders": {"B1": trader}}
    simulation = Simulation({**world(money=500), "market": {**market, "credit_lines": {"B1": 1_000}}})
    simulation.tick()
    side = "bid" if surplus < 0 else "ask"
    found = [(order.side, order.amount, order.rate) for order in simulation.orders()]
    assert found == ([] if surplus == 0 else [(side, abs(surplus), percent)])


def test_lender_and_borrower_find_each_other_and_a_payment_settles_that_had_no_funds():
    banks = [
        {"id": "RICH", "opening_balance": 10_000},
        {"id": "POOR", "opening_balance": 100, "policy": {"type": "fifo"}},
    ]
    payment = {"type": "payment", "tick": 0, "from_bank": "POOR", "to_bank": "RICH", "amount": 1_100, "deadline": 8}
    traders = {"RICH": {"sigma": 1_000}, "POOR": {"sigma": 1_000}}
    market = {**EXAMPLE_RATES, "traders": traders, "credit_lines": {"POOR": 5_000}}
    scenario = {**world(ticks=10, days=1), "banks": banks, "events": [payment], "market": market}
    simulation = Simulation(scenario)
    settled = [simulation.tick().num_settlements for _ in range(3)]
    assert settled == [0, 1, 0]  # borrowed in tick 0, after RICH's ask was there; released from Queue 2 in tick 1
    assert Simulation({**scenario, "market": None}).run(3)[-1].num_settlements == 0


@pytest.mark.parametrize("field", ["market_best_bid", "market_best_ask"])
def test_trees_read_the_book(field, tmp_path):
    tree = {
        "version": "1.0",
        "policy_id": "t",
        "payment_tree": {
            "node_id": "N",
            "type": "condition",
            "condition": {"op": "==", "left": {"field": field}, "right": {"value": 3.31}},
            "on_true": {"node_id": "R", "type": "action", "action": "Release"},
            "on_false": {"node_id": "H", "type": "action", "action": "Hold"},
        },
    }
    banks = [{"id": "A", "opening_balance": 1_000, "policy": {"type": "tree", "tree": tree}}]
    banks += [{"id": name, "opening_balance": 1_000} for name in ("B", "C")]
    payment = {"type": "payment", "tick": 0, "from_bank": "A", "to_bank": "B", "amount": 10, "deadline": 9}
    simulation = Simulation(
        {**world(line=500), "banks": banks, "events": [payment], "market": {**EXAMPLE_RATES, "credit_lines": {"B": 99}}}
    )
    assert simulation.tick().num_settlements == 0
    simulation.place_order("B", "bid" if field == "market_best_bid" else "ask", 3.31, 50)
    assert simulation.tick().num_settlements == 1


def test_a_saved_market_resumes_exactly(book):
    book.place_order("B1", "bid", 3.33, 120)
    twin = Simulation(world())
    twin.restore(book.snapshot())
    for simulation in (book, twin):
        simulation.place_order("B2", "bid", 3.40, 60)
        simulation.run(5)
    assert book.digest() == twin.digest()
    assert [event.as_dict() for event in book.events()] == [event.as_dict() for event in twin.events()]


def test_a_scenario_with_an_idle_market_runs_like_one_without():
    plain = load_scenario("ten-banks-v0").model_dump(mode="json")
    plain["simulation"]["num_days"] = 1
    for bank in plain["banks"]:
        bank["policy"] = {"type": "fifo"}
    idle = {**plain, "market": EXAMPLE_RATES}
    first, second = Simulation(plain, seed=3), Simulation(idle, seed=3)
    assert [row.total_cost for row in first.run(30)] == [row.total_cost for row in second.run(30)]
    seen = second.inspect()
    assert [bank["costs"].pop("interest") for bank in seen["banks"].values()] == [0] * 10
    assert first.inspect() == seen
