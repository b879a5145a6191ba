"""A batch that shows the state of a simulation: the observations and masks of an environment at the same point."""

import numpy as np
import pytest

from simcash_env.config import load_scenario
from simcash_env.envs.vector import make_vec
from simcash_env.errors import ActionError
from simcash_env.simulation import Simulation
from tests.worlds import busy


@pytest.mark.parametrize("name", ["lynx-day-v0", "crisis-v0"])
def test_show_engine_shows_what_an_environment_shows(name):
    played, shown = (make_vec(name, 1, autoreset="disabled") for _ in range(2))
    played.reset([5])
    simulation = Simulation(name, seed=5)
    for _ in range(6):
        simulation.open_tick()
        shown.show_engine(simulation._engine)
        np.testing.assert_array_equal(shown.observations, played.observations)
        np.testing.assert_array_equal(shown.masks, played.masks)
        assert shown.digest(0) == simulation.digest()
        actions = np.zeros((1, played.num_banks, len(played.action_nvec)), np.int64)
        actions[:, :, : played.num_slots] = played.slot_choices.release
        actions[:, :, : played.num_slots] *= played.masks[:, :, : played.num_slots, played.slot_choices.release]
        decisions = {
            bank: dict.fromkeys(simulation.queue1(bank)[: played.num_slots], "release") for bank in played.bank_ids
        }
        played.step(actions)
        simulation.tick(decisions)


def test_show_engine_takes_states_with_more_and_with_fewer_payment_rows():
    config = busy(rate=60.0)
    long, short = Simulation(config, seed=1), Simulation(config, seed=1)
    for _ in range(6):
        long.tick({})
    long.open_tick()
    short.open_tick()
    assert long._engine.row.size > short._engine.row.size
    vec = make_vec(config, 1)
    vec.show_engine(long._engine)
    assert vec.digest(0) == long.digest()
    vec.show_engine(short._engine)
    assert vec.digest(0) == short.digest()


def test_show_engine_refuses_the_state_of_another_scenario_and_an_unknown_copy():
    vec = make_vec("castro-12period-v0", 1)
    other = Simulation("crisis-v0", seed=1)
    with pytest.raises(ActionError, match="has another shape: another scenario, or a policy that remembers"):
        vec.show_engine(other._engine)
    with pytest.raises(ActionError, match="copy: must be a whole number"):
        vec.show_engine(Simulation("castro-12period-v0", seed=1)._engine, copy=1)


def test_show_engine_accepts_other_policies_of_the_other_banks():
    config = load_scenario("castro-12period-v0")
    simulation = Simulation(config, seed=2)
    simulation.set_policy("BANK_B", "fifo")
    simulation.open_tick()
    vec = make_vec(config, 1)
    vec.show_engine(simulation._engine)
    assert vec.digest(0) == simulation.digest()
