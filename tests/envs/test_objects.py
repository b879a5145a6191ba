"""Observation and reward objects: the kernels' own, raw numbers, shaping, and what a user makes."""

import pickle

import numpy as np
import pytest
from pettingzoo.test import parallel_api_test

from simcash_env import make_vec, simcash_v0
from simcash_env.envs.observations import Observation
from simcash_env.envs.rewards import Reward, Shaped, queued_value
from simcash_env.errors import ConfigError
from tests.worlds import LIBRARY, busy, legal


class Balances(Observation):
    """Every bank's balance, straight from the state."""

    low, high, dtype = -np.inf, np.inf, np.float64

    def names(self, vec):
        return tuple(f"balance.{name}" for name in vec.scenario.bank_ids)

    def write(self, vec, out):
        out[:] = vec.columns().bank_balance_cents[:, None, :]


class OnlyPenalties(Reward):
    """Nothing but penalties counts."""

    def write(self, vec, out):
        out[:] = -vec.costs[:, :, 4:6].sum(axis=2)


@pytest.mark.parametrize("scenario", LIBRARY)
def test_objects_raw_numbers_are_what_the_squashed_ones_show(scenario):
    shown, raw = make_vec(scenario, 3), make_vec(scenario, 3, normalize=False)
    for vec in (shown, raw):
        vec.reset(seed=6)
    offset = shown._shape.window.offset.reshape(shown.num_banks, -1)
    spread = shown._shape.window.spread.reshape(shown.num_banks, -1)
    for step in range(8):
        assert raw.observations.dtype == np.float64
        assert raw.observation_layout == shown.observation_layout
        numbers = raw.observations.astype(np.float32)
        assert np.array_equal(shown.observations, numbers / (np.abs(numbers) * spread + offset))
        for vec in (shown, raw):
            vec.step(legal(shown.masks, step) if vec is shown else legal(raw.masks, step))


def test_objects_raw_balances_are_cents():
    vec = make_vec(busy(), normalize=False)
    vec.reset(seed=1)
    at = vec.observation_layout.index("balance")
    for step in range(12):
        state = vec.columns()
        assert vec.observations[0, :, at].tolist() == state.bank_balance_cents[0, vec.learners].tolist()
        vec.step(legal(vec.masks, step))


@pytest.mark.parametrize("autoreset", ["disabled", "next_step", "same_step"])
def test_objects_see_what_the_kernels_show_at_every_end_of_an_episode(autoreset):
    """The batch with objects, which Python resets, is the batch without them, which the kernels reset."""
    options = {"autoreset": autoreset, "final_observations": True, "max_queue_slots": 4}
    plain = make_vec(busy(), 4, **options)
    own = make_vec(busy(), 4, **options, observation=Balances(), reward=OnlyPenalties())
    plain.reset(seed=3)
    own.reset(seed=3)
    ends = 0
    for step in range(40):
        actions = np.stack([legal(mask, step, copy) for copy, mask in enumerate(plain.masks)])
        plain.step(actions)
        own.step(actions)
        for name in ("masks", "costs", "illegal", "terminated", "truncated", "seeds", "features"):
            assert np.array_equal(getattr(plain, name), getattr(own, name)), name
        assert own.observations.tolist() == own.columns().bank_balance_cents[:, None].repeat(2, axis=1).tolist()
        assert np.array_equal(own.rewards, -own.costs[:, :, 4:6].sum(axis=2))
        if own.over().all():
            ends += 1
            if autoreset == "same_step":
                assert np.array_equal(own.final_masks, plain.final_masks)
                assert not np.array_equal(own.final_observations, own.observations)
            if autoreset == "disabled":
                plain.reset()
                own.reset()
    assert ends == 3


def test_objects_shaped_return_is_the_cost_less_the_potential_at_the_start():
    gamma = 0.9
    plain, shaped = make_vec(busy(), 5), make_vec(busy(), 5, reward=Shaped(queued_value, gamma))
    plain.reset(seed=8)
    shaped.reset(seed=8)
    start, returns = queued_value(shaped), np.zeros((2, 5, 2))
    for step in range(plain.num_ticks):
        actions = legal(plain.masks, step)
        for row, vec in enumerate((plain, shaped)):
            vec.step(actions)
            returns[row] += gamma**step * vec.rewards
    assert plain.over().all()
    assert np.abs(start).max() > 0
    np.testing.assert_allclose(returns[1], returns[0] - start, atol=1e-12)


def test_objects_reward_of_ones_own_may_be_shaped():
    gamma = 0.9
    shaped = make_vec(busy(), 2, reward=Shaped(queued_value, gamma, OnlyPenalties()))
    shaped.reset(seed=8)
    for step in range(shaped.num_ticks - 1):
        before = queued_value(shaped)
        shaped.step(legal(shaped.masks, step))
        penalties = shaped.costs[:, :, 4:6].sum(axis=2)
        np.testing.assert_allclose(shaped.rewards, gamma * queued_value(shaped) - before - penalties, atol=1e-12)
    assert not shaped.over().any()


@pytest.mark.parametrize("observation", ["flat", Balances()])
@pytest.mark.parametrize("autoreset", ["disabled", "same_step"])
def test_objects_copied_batch_goes_on_with_its_objects(observation, autoreset):
    options = {"observation": observation, "reward": OnlyPenalties(), "final_observations": True}
    vec = make_vec(busy(), 3, autoreset=autoreset, **options)
    vec.reset(seed=4)
    for step in range(3):
        vec.step(legal(vec.masks, step))
    twin = pickle.loads(pickle.dumps(vec))
    for step in range(3, vec.num_ticks + (3 if autoreset == "same_step" else 0)):
        actions = legal(vec.masks, step)
        vec.step(actions)
        twin.step(actions)
        for name in ("observations", "final_observations", "rewards", "masks"):
            assert np.array_equal(getattr(vec, name), getattr(twin, name)), name


def test_objects_pass_pettingzoos_tests_and_name_their_entries():
    env = simcash_v0.parallel_env(busy(), observation=Balances(), reward=Shaped(queued_value, 0.99))
    parallel_api_test(env, num_cycles=50)
    assert env.observation_layout == ("balance.ALFA", "balance.BRAVO", "balance.CHARLIE")
    parallel_api_test(simcash_v0.parallel_env(busy(), normalize=False), num_cycles=50)


def test_objects_what_an_object_decides_is_not_decided_twice():
    with pytest.raises(ConfigError, match="normalize: cannot be combined with an Observation object"):
        make_vec(busy(), observation=Balances(), normalize=False)
    with pytest.raises(ConfigError, match="alpha: cannot be combined with a Reward object"):
        make_vec(busy(), reward=OnlyPenalties(), alpha=0.5)
