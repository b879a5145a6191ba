"""Rewards are costs: summed up and unscaled they are the run's cents."""

import math

import numpy as np
import pytest

from simcash_env import simcash_v0
from simcash_env.compile.market import with_interest
from simcash_env.envs.vector import make_vec
from tests.worlds import LIBRARY, busy, legal, quiet

SCENARIOS = [*LIBRARY, "busy"]


def made(scenario):
    return busy() if scenario == "busy" else scenario


def played(vec, seed=1):
    """Rewards (steps, copies, banks) and costs (steps, copies, banks, kinds) of whole episodes."""
    vec.reset(seed)
    rewards, costs = [], []
    for step in range(vec.num_ticks):
        vec.step(legal(vec.masks, seed, step))
        rewards.append(vec.rewards.copy())
        costs.append(vec.costs.copy())
    assert vec.terminated.all()
    return np.array(rewards), np.array(costs)


def charged(vec, copy):
    """(banks, kinds) cents of the run so far, of all banks."""
    state = vec.state(copy)
    return with_interest(state.run_cost_cents, state.trader_run_interest_cents)


@pytest.mark.parametrize(("reward", "alpha"), [("individual", 0.0), ("mixed", 0.5), ("mixed", 0.25), ("system", 1.0)])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_rewards_sum_of_rewards_is_the_cost_of_the_run_to_the_cent(scenario, reward, alpha):
    vec = make_vec(made(scenario), 2, reward=reward, alpha=alpha, autoreset="disabled")
    rewards, _ = played(vec)
    for copy in range(2):
        by_bank = charged(vec, copy).sum(axis=1)
        assert by_bank.sum() > 0
        for place, bank in enumerate(vec.learners):
            cents = -math.fsum(rewards[:, copy, place]) * vec.reward_scale
            wanted = (1 - alpha) * by_bank[bank] + alpha * by_bank.mean()
            assert abs(cents - wanted) < 0.01


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_rewards_costs_of_the_steps_add_up_to_the_run_by_kind(scenario):
    vec = make_vec(made(scenario), 2, autoreset="disabled")
    _, costs = played(vec)
    for copy in range(2):
        assert np.array_equal(costs[:, copy].sum(axis=0), charged(vec, copy)[vec.learners])


def test_rewards_every_kind_of_cost_is_charged_in_the_world_of_these_tests():
    vec = make_vec(busy(), 20, autoreset="disabled")
    _, costs = played(vec)
    assert costs.sum(axis=(0, 1, 2)).all()


def test_every_reward_is_its_own_steps_cost():
    vec = make_vec(busy(), 3, autoreset="disabled")
    rewards, costs = played(vec)
    np.testing.assert_allclose(rewards, -costs.sum(axis=3) / vec.reward_scale, rtol=1e-12, atol=0)


def test_rewards_infos_of_a_game_add_up_to_the_costs_of_its_rewards():
    env = simcash_v0.parallel_env(busy(), mask="matrix")
    _, infos = env.reset(seed=2)
    cents, returns = dict.fromkeys(env.agents, 0), dict.fromkeys(env.agents, 0.0)
    step = 0
    while env.agents:
        actions = {agent: legal(infos[agent]["action_mask"], step) for agent in env.agents}
        _, rewards, _, _, infos = env.step(actions)
        for agent, reward in rewards.items():
            cents[agent] += int(infos[agent]["costs"].sum())
            returns[agent] += reward
        step += 1
    assert {agent: round(-total * env.reward_scale) for agent, total in returns.items()} == cents
    assert all(cents.values())


def test_rewards_reset_has_no_reward_and_no_cost():
    vec = make_vec(busy(), 2, autoreset="next_step")
    played(vec)
    assert vec.rewards.any()
    vec.step(np.zeros(vec.actions.shape, np.int64))
    assert not vec.rewards.any()
    assert not vec.costs.any()
    assert not vec.terminated.any()


def test_rewards_step_without_a_charge_after_one_with_a_charge_costs_nothing():
    """Held first, then all released by banks that want for nothing: only waiting has a price."""
    prices = {"delay_cost_per_tick_per_cent": 0.5, "overdraft_bps_per_tick": 0}
    vec = make_vec(quiet(rate=3.0, costs=prices), 2, learners="all", autoreset="disabled")
    vec.reset(2)
    for is_released in (False, True, True, False):
        vec.step(vec.masks[..., 1] * is_released)
        assert vec.costs.any() == (not is_released)
        assert vec.rewards.any() == (not is_released)
