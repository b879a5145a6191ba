"""The market as a step of the tick."""

from simcash_env.config import load_scenario
from simcash_env.simulation import Simulation
from tests.kernels.market.worlds import EXAMPLE_RATES, resting, world


def test_session_orders_expire_with_the_tick_or_with_the_day():
    simulation = Simulation(world())
    simulation.place_order("L1", "ask", 3.30, 100, good_for="tick")
    simulation.place_order("L2", "ask", 3.30, 100)
    simulation.tick()
    assert resting(simulation) == [("L2", 100, 3.30)]
    assert simulation.balance("L1") == 1_000
    simulation.run(9)
    assert resting(simulation) == []
    assert simulation.balance("L2") == 1_000


def test_session_lender_and_borrower_find_each_other_and_a_payment_settles_that_had_no_funds():
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


def test_session_scenario_with_an_idle_market_runs_like_one_without():
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
