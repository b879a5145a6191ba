"""What actions of a batch decide, by name: a simulation with the same decisions plays the same run."""

import numpy as np
import pytest

from simcash_env.envs.vector import make_vec
from simcash_env.errors import ActionError
from simcash_env.simulation import Simulation
from tests.worlds import busy, legal

WORLDS = {
    "plain": {"priorities": False},
    "priorities": {},
    "everything": {"collateral": True, "revoke": True, "sub_limit": True, "send_limit": "multilateral"},
    "bilateral": {"send_limit": "bilateral", "revoke": True, "priorities": False},
    "grows": {"rate": 40.0, "ticks": 4, "days": 1},
}


def drawn(vec, step):
    """Actions drawn at random: legal ones where there are masks."""
    if vec.action.language == "queue":
        return legal(vec.masks, step)
    space = vec.single_action_space
    space.seed(step)
    return np.stack([[space.sample() for _ in range(vec.num_banks)] for _ in range(vec.num_envs)])


CASES = [
    (world, action)
    for world in WORLDS
    for action in ("queue", "budget", "threshold", "rank")
    if (world, action) != ("everything", "budget")  # a budget is one number for all heads: too many
]


@pytest.mark.parametrize(("world", "action"), CASES)
def test_decisions_of_a_batch_give_a_simulation_the_same_run(world, action):
    config = busy(**WORLDS[world])
    vec = make_vec(config, 2, action=action, max_queue_slots=8, autoreset="disabled")
    vec.reset([5, 9])
    runs = [Simulation(config, seed=seed) for seed in (5, 9)]
    for step in range(vec.num_ticks):
        actions = drawn(vec, step)
        decided = [vec.decisions(actions, copy) for copy in range(2)]
        vec.step(actions)
        for copy, run in enumerate(runs):
            run.tick(**decided[copy]._asdict())
            if not run.is_over:
                run.open_tick()
            assert run.digest() == vec.digest(copy)


def test_decisions_of_a_batch_have_orders_in_the_market():
    vec = make_vec("money-market-v0", 1, autoreset="disabled")
    vec.reset([3])
    run = Simulation("money-market-v0", seed=3)
    for step in range(4):
        actions = legal(vec.masks, step)
        decided = vec.decisions(actions)
        vec.step(actions)
        run.tick(**decided._asdict())
        run.open_tick()
        assert set(decided.orders) == set(vec.bank_ids)
        assert run.digest() == vec.digest(0)


def test_decisions_change_nothing_in_the_batch():
    vec = make_vec(busy(), 1)
    vec.reset([5])
    before, illegal = vec.digest(0), vec.illegal.copy()
    vec.decisions(np.ones(vec.actions.shape, np.int64))
    assert vec.digest(0) == before
    assert (vec.illegal == illegal).all()
    assert not vec.actions.any()


def test_decisions_of_actions_out_of_range_are_refused():
    vec = make_vec(busy(), 2)
    vec.reset([5, 6])
    actions = np.zeros(vec.actions.shape, np.int64)
    actions[1, 1, 0] = 99
    assert vec.decisions(actions, 0).actions == {"ALFA": {}, "BRAVO": {}}
    with pytest.raises(ActionError, match=r"^actions\[1, 1\]: every head takes 0 to its number of choices - 1"):
        vec.decisions(actions, 1)
    with pytest.raises(ActionError, match="copy: must be a whole number from 0 to 1, got 2"):
        vec.decisions(actions, 2)
