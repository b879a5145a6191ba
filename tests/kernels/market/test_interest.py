"""Interest in exact integers."""

import pytest

from simcash_env.errors import OrderError
from simcash_env.simulation import Simulation
from tests.kernels.market.worlds import world


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
