"""SuperSuit's wrappers on the PettingZoo environments; ``make test-adapters`` installs SuperSuit and runs this."""

import numpy as np
import pytest
from pettingzoo.test import parallel_api_test

from simcash_env import simcash_v0
from tests.worlds import busy, holding

pytest.importorskip("supersuit", reason="make test-adapters installs SuperSuit and runs this")

import supersuit

pytestmark = pytest.mark.filterwarnings("ignore")  # of SuperSuit, about itself

WRAPPERS = {
    "frame_skip": lambda env: supersuit.frame_skip_v0(env, 2),
    "frame_skip_random": lambda env: supersuit.frame_skip_v0(env, (1, 3)),
    "frame_stack": lambda env: supersuit.frame_stack_v1(env, 3),
    "flatten": supersuit.flatten_v0,
    "dtype": lambda env: supersuit.dtype_v0(env, np.float64),
    "agent_indicator": supersuit.agent_indicator_v0,
    "pad_observations": supersuit.pad_observations_v0,
    "clip_reward": supersuit.clip_reward_v0,
    "nan_zeros": supersuit.nan_zeros_v0,
    "delay_observations": lambda env: supersuit.delay_observations_v0(env, 1),
    "max_observation": lambda env: supersuit.max_observation_v0(env, 2),
}


def make_env():
    return simcash_v0.parallel_env(busy(), max_queue_slots=3)


@pytest.mark.parametrize("name", WRAPPERS)
def test_supersuit_wrapped_environment_passes_pettingzoos_test(name):
    parallel_api_test(WRAPPERS[name](make_env()), num_cycles=30)


def test_supersuit_frame_skip_holds_an_action_for_two_ticks():
    env = supersuit.frame_skip_v0(make_env(), 2)
    env.reset(seed=1)
    env.step(holding(env))
    assert int(env.unwrapped._vec.state(0).tick[0]) == 2


@pytest.mark.parametrize("base", ["gymnasium", "stable_baselines3"])
def test_supersuit_batches_step_all_banks_of_all_copies(base):
    if base == "stable_baselines3":
        pytest.importorskip("stable_baselines3")
    rows = supersuit.concat_vec_envs_v1(
        supersuit.pettingzoo_env_to_vec_env_v1(make_env()), 3, num_cpus=0, base_class=base
    )
    first = rows.reset()
    seen = first[0] if base == "gymnasium" else first
    assert seen.shape == (6, *rows.observation_space.shape[-1:])
    actions = np.zeros((6, len(make_env().action_space("ALFA").nvec)), np.int64)
    for _ in range(14):
        result = rows.step(actions)
    assert result[1].shape == (6,)
