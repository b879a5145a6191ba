"""The corridor trader and its rate."""

import pytest

from simcash_env.simulation import Simulation
from tests.kernels import calls
from tests.kernels.market.worlds import world


def test_trader_whose_band_leaves_no_positive_rate_stays_out():
    traders = {"B1": {"type": "corridor", "buffer": 0, "sigma": 100}}
    market = {"deposit_rate": 0.0, "lending_rate": 2.0, "reference_rate": 0.0, "band": 0.5, "traders": traders}
    simulation = Simulation(world(**market))
    simulation.run(3)
    assert simulation.orders() == []
    assert Simulation(world(**market | {"band": None})).tick().events.counts() == {"MarketAsk": 1}


@pytest.mark.parametrize(("surplus", "percent"), [(-100, 2.33654), (0, 2.20000), (100, 2.06346), (200, 2.00910)])
def test_traders_theoretical_rate_of_the_corridor(surplus, percent):
    assert round(calls.theoretical_rate(2.00, 2.40, float(surplus), 100.0), 5) == percent


@pytest.mark.parametrize(("surplus", "percent"), [(-100, 2.3365), (0, 2.2), (100, 2.0635), (200, 2.0091)])
def test_corridor_trader_asks_the_theoretical_rate(surplus, percent):
    """DF 2.00, MLF 2.40, sigma 100; an order's rate is rounded to the hundredth of a basis point."""
    trader = {"type": "corridor", "buffer": 500 - surplus, "sigma": 100}
    market = {"deposit_rate": 2.0, "lending_rate": 2.4, "traders": {"B1": trader}}
    simulation = Simulation({**world(money=500), "market": {**market, "credit_lines": {"B1": 1_000}}})
    simulation.tick()
    side = "bid" if surplus < 0 else "ask"
    found = [(order.side, order.amount, order.rate) for order in simulation.orders()]
    assert found == ([] if surplus == 0 else [(side, abs(surplus), percent)])
