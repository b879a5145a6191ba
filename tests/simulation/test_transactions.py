"""Payments of a run, found again."""

import pytest

from simcash_env.errors import SimulationError
from simcash_env.simulation import Simulation
from tests.worlds import busy, quiet


def test_transactions_for_day_are_those_that_are_found_one_by_one() -> None:
    simulation = Simulation(busy(scripted=3, rate=6.0, wealth=800))
    simulation.run_to_completion()
    seen = []
    for day in range(2):
        payments = simulation.transactions_for_day(day)
        assert payments == [simulation.transaction(payment.id) for payment in payments]
        assert all(payment.arrival_tick // 6 == day for payment in payments)
        seen += [payment.id for payment in payments]
    assert seen == [str(event.tx) for event in simulation.events() if event.kind == "Arrival"]
    assert {payment.status for payment in simulation.transactions_for_day(1)} >= {"settled", "queue2"}
    with pytest.raises(SimulationError, match="day"):
        simulation.transactions_for_day(7)


def test_transactions_lookup_of_a_row_that_is_free_again_finds_the_ended_payment() -> None:
    simulation = Simulation(quiet())
    simulation.run(3)
    ended = [str(event.tx) for event in simulation.events() if event.kind == "Arrival"]
    assert ended
    assert {simulation.transaction(tx).status for tx in ended} == {"settled"}
