"""Orders in a run: by their book, refused with what is wrong, saved and resumed."""

import pytest

from simcash_env.errors import SimulationError
from simcash_env.simulation import Simulation
from tests.kernels.market.worlds import example_book, world


@pytest.fixture
def book() -> Simulation:
    return example_book()


def test_market_orders_are_told_by_their_book():
    simulation = Simulation(world(books=[{"id": "day"}, {"id": "night", "maturity": "overnight"}]))
    ids = {name: simulation.place_order("L1", "ask", 3.30, 10, book=name) for name in ("day", "night")}
    for name, order in ids.items():
        assert [(found.id, found.book) for found in simulation.orders(name)] == [(order, name)]
    assert [found.id for found in simulation.orders()] == list(ids.values())


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
def test_market_wrong_order_names_what_is_wrong(book, changed, problem):
    order = {"bank": "B1", "side": "bid", "rate": 3.3, "amount": 10, **changed}
    with pytest.raises(ValueError, match=problem):
        book.place_order(**order)


def test_market_without_a_market_there_is_nothing_to_trade_in():
    simulation = Simulation({**world(), "market": None})
    with pytest.raises(SimulationError, match="the scenario has no market"):
        simulation.place_order("B1", "bid", 3.3, 10)


def test_saved_market_resumes_exactly(book):
    book.place_order("B1", "bid", 3.33, 120)
    twin = Simulation(world())
    twin.restore(book.snapshot())
    for simulation in (book, twin):
        simulation.place_order("B2", "bid", 3.40, 60)
        simulation.run(5)
    assert book.digest() == twin.digest()
    assert [event.as_dict() for event in book.events()] == [event.as_dict() for event in twin.events()]
