"""Action, observation and reward objects need what ``BatchView`` has, and nothing else of a batch."""

import numpy as np
import pytest

from examples.own_action import DueWithin
from examples.own_observation import Cushion
from examples.own_reward import Punctual
from simcash_env import make_vec
from simcash_env.envs.actions import ACTIONS
from simcash_env.envs.batch_view import BatchView
from simcash_env.envs.observations import Full
from simcash_env.envs.rewards import CostReward, Shaped, queued_value
from simcash_env.envs.vector import SimCashVec

MEMBERS = [name for name in vars(BatchView) if not name.startswith("_")]


class Narrow:
    """A batch that shows the members of the protocol and no others."""

    def __init__(self, vec):
        self.__dict__.update({name: getattr(vec, name) for name in MEMBERS})


@pytest.fixture(params=["ten-banks-v0", "money-market-v0"])
def vec(request):
    vec = make_vec(request.param, 2, max_queue_slots=4, autoreset="disabled", learners="all")
    vec.reset(seed=3)
    vec.step(np.zeros(vec.actions.shape, np.int64))
    return vec


def test_batch_view_names_members_of_the_batch():
    assert len(MEMBERS) < len([name for name in dir(SimCashVec) if not name.startswith("_")])
    vec = make_vec("castro-2period-v0", 1)
    assert [name for name in MEMBERS if not hasattr(vec, name)] == []


@pytest.mark.parametrize("kind", [*ACTIONS.values(), DueWithin])
def test_batch_view_is_all_that_actions_use(vec, kind):
    own = make_vec(vec.config, 2, max_queue_slots=4, action=kind(), autoreset="disabled", learners="all")
    own.reset(seed=3)
    narrow, action = Narrow(own), own.action
    space = action.space(narrow)
    assert space == own.single_action_space
    given = np.array([[space.sample() for _ in range(own.num_banks)] for _ in range(2)])
    assert action.decode(narrow, given).shape == own.actions.shape
    masks, narrow_masks = action.mask(own), action.mask(narrow)
    assert (masks is None) == (narrow_masks is None)
    assert masks is None or np.array_equal(masks, narrow_masks)


@pytest.mark.parametrize("observation", [Full(), Cushion()])
def test_batch_view_is_all_that_observations_use(vec, observation):
    names = observation.names(Narrow(vec))
    assert names == observation.names(vec)
    out, narrow_out = np.zeros((2, 2, vec.num_banks, len(names)))
    observation.write(vec, out)
    observation.write(Narrow(vec), narrow_out)
    assert np.array_equal(out, narrow_out)


@pytest.mark.parametrize("reward", [Shaped(queued_value, 0.9), Shaped(queued_value, 0.9, CostReward(0.5)), Punctual(3)])
def test_batch_view_is_all_that_rewards_use(vec, reward):
    begun = np.ones(2, bool)
    found = []
    for batch in (vec, Narrow(vec)):
        reward.begin(batch, begun)
        out = np.zeros((2, vec.num_banks))
        reward.write(batch, out)
        found.append(out)
    assert np.array_equal(*found)


def test_batch_view_state_is_read_only(vec):
    balances = vec.columns().bank_balance_cents
    assert balances.tolist() == [vec.state(copy).bank_balance_cents.tolist() for copy in range(2)]
    with pytest.raises(ValueError, match="read-only"):
        balances[0] = 0
    assert vec.columns().tick.tolist() == [[1], [1]]
