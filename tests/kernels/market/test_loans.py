"""Loans: repaid at maturity, overdue where they are not funded."""

import pytest

from simcash_env.errors import SimulationError
from simcash_env.simulation import Simulation
from tests.kernels.market.worlds import NAMES, world


@pytest.mark.parametrize(
    ("maturity", "due"), [("intraday", 9), ("overnight", 10), ({"ticks": 3}, 5)], ids=["intraday", "overnight", "term"]
)
def test_loan_is_repaid_with_interest_at_its_maturity(maturity, due):
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


def test_loans_what_cannot_be_repaid_stands_at_the_lending_rate_until_it_can():
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


@pytest.mark.usefixtures("unbounded")
def test_loans_what_a_lender_gets_back_may_not_leave_the_range_of_money():
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
