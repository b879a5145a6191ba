"""What came in from outside is given in again in its order, or refused with its number."""

import pytest

from simcash_env.errors import RecordError
from simcash_env.records.inputs import Input, Inputs
from simcash_env.simulation import Simulation
from tests.worlds import busy

PAYMENT = '{"sender": "ALFA", "receiver": "BRAVO", "amount": 5, "deadline": 9}'


def test_inputs_of_a_tick_come_before_it() -> None:
    simulation = Simulation(busy())
    given = Inputs([Input(0, 1, "submit", PAYMENT), Input(1, 1, "open", "{}")])
    first, second = given.tick(simulation), given.tick(simulation)
    handed_in = [
        [event.amount for event in result.events if event.kind == "Arrival"].count(5) for result in (first, second)
    ]
    assert handed_in == [0, 1]
    other = Simulation(busy())
    assert other.tick().num_arrivals == first.num_arrivals


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (Input(3, 0, "submit", PAYMENT), "inputs: number 3 is of tick 0, which was over"),
        (Input(3, 1, "submit", "{"), "inputs: number 3 cannot be given in again: "),
        (Input(3, 1, "submit", '{"sender": "ALFA"}'), "inputs: number 3 cannot be given in again: "),
        (Input(3, 1, "submit", "[]"), "inputs: number 3 cannot be given in again: "),
        (Input(3, 1, "tick", '{"actions": {"NOBODY": {}}}'), "inputs: number 3 cannot be given in again: "),
        (Input(3, 1, "gift", "{}"), "inputs: unknown kind 'gift'; kinds are open, submit, policy"),
    ],
)
def test_input_that_makes_no_sense_is_refused(wrong: Input, said: str) -> None:
    simulation = Simulation(busy())
    simulation.tick()
    with pytest.raises(RecordError) as refused:
        Inputs([wrong]).tick(simulation)
    assert str(refused.value).startswith(said)
