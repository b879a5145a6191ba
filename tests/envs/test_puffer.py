"""The native PufferLib environment; ``make test-adapters`` installs pufferlib-core and runs this."""

import numpy as np
import pytest

from simcash_env import make_vec
from tests.worlds import busy, legal

pytest.importorskip("pufferlib", reason="make test-adapters installs pufferlib-core and runs this")

import pufferlib.vector

from simcash_env.envs.puffer import SimCashPuffer

pytestmark = pytest.mark.filterwarnings("ignore")  # of PufferLib, about itself

OPTIONS = {"max_queue_slots": 3}


def test_pufferlib_environment_is_the_batch():
    env, vec = SimCashPuffer(busy(), 3, **OPTIONS), make_vec(busy(), 3, mask="flat", **OPTIONS)
    seen, infos = env.reset(seed=4)
    vec.reset(seed=4)
    assert infos == []
    assert env.num_agents == 6
    totals = np.zeros(3)
    for step in range(12):
        assert env.observation_space.contains(seen)
        assert np.array_equal(seen[:, : -env.num_choices], vec.observations.reshape(6, -1))
        assert np.array_equal(seen[:, -env.num_choices :], vec.action_masks.reshape(6, -1))
        actions = legal(vec.masks, step)
        seen, rewards, terminals, truncations, infos = env.step(actions.reshape(6, -1).astype(np.int32))
        vec.step(actions)
        totals += vec.rewards.mean(axis=1)
        assert np.array_equal(rewards, vec.rewards.ravel().astype(np.float32))
        assert not truncations.any()
        assert terminals.all() == (step == 11)
    assert [info["episode_return"] for info in infos] == pytest.approx(totals.tolist())
    env.close()


@pytest.mark.parametrize("action", ["queue", "budget", "threshold", "rank"])
def test_pufferlib_own_vectorisation_steps_it(action):
    envs = pufferlib.vector.make(
        SimCashPuffer, env_args=[busy(), 2], env_kwargs={"action": action, **OPTIONS}, backend=pufferlib.vector.Serial,
        num_envs=2,
    )  # fmt: skip
    envs.reset(seed=3)
    for _ in range(14):
        seen, rewards, *_ = envs.step(envs.action_space.sample())
    assert seen.shape[0] == rewards.shape[0] == 8
    envs.close()
