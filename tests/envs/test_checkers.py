"""PettingZoo's whole test module, Gymnasium's and SB3's checkers: every id, and every pair of options.

The quick suite checks every id with the defaults and a set of combinations in which each pair of options occurs; the
slow suite checks the whole product on one scenario.
"""

import itertools
import time
from functools import partial
from types import SimpleNamespace

import gymnasium
import numpy as np
import pettingzoo
import pytest
from gymnasium.utils.env_checker import check_env
from pettingzoo.test import (
    api_test,
    max_cycles_test,
    parallel_api_test,
    parallel_seed_test,
    performance_benchmark,
    render_test,
    seed_test,
)
from pettingzoo.test import test_save_obs as save_obs_test
from pettingzoo.test.state_test import state_test
from pettingzoo.utils import average_total_reward, random_demo
from stable_baselines3.common.env_checker import check_env as sb3_check_env

import simcash_env.envs  # noqa: F401 - registers the ids
from simcash_env import simcash_v0
from simcash_env._registration import environment_id
from simcash_env.registry import scenario_ids
from tests.worlds import busy

IDS = [environment_id(name) for name in scenario_ids()]
LARGE = {"SimCash/CorePeriphery200-v0", "SimCash/Rits2011-v0"}

OPTIONS = {
    "action": ("queue", "budget", "threshold", "rank"),
    "mask": ("flat", "matrix"),
    "mask_in": ("info", "observation"),
    "normalize": (True, False),
    "copy": (True, False),
    "reward": ("individual", "system"),
    "agent_names": ("bank", "numbered"),
}
PRODUCT = [dict(zip(OPTIONS, values, strict=True)) for values in itertools.product(*OPTIONS.values())]

quiet = pytest.mark.filterwarnings(
    "ignore:.*is out of date:DeprecationWarning",  # of an id that has a newer version
    "ignore:Action space for each agent probably should be",  # MultiDiscrete is what it is
    "ignore:.* (state|observation) space m?.*value is -?infinity",  # of unscaled numbers: they have no bounds
    "ignore:Observation contains infinity",
    "ignore:We highly recommend to use a symmetric and normalized Box",  # unscaled numbers are what was asked for
)


def pairwise(product):
    """Combinations in which each pair of values of two options occurs, chosen greedily in order."""

    def pairs(options):
        return set(itertools.combinations(sorted((name, str(value)) for name, value in options.items()), 2))

    missing = set().union(*map(pairs, product))
    chosen = []
    while missing:
        best = max(product, key=lambda options: len(pairs(options) & missing))
        missing -= pairs(best)
        chosen.append(best)
    return chosen


PAIRWISE = pairwise(PRODUCT)


def name_of(options):
    return "-".join(str(value) for value in options.values())


@quiet
@pytest.mark.parametrize("name", IDS)
def test_checkers_pettingzoo_every_id(name):
    cycles = 20 if name in LARGE else 130
    parallel_api_test(pettingzoo.make("parallel", name), num_cycles=cycles)
    parallel_seed_test(partial(pettingzoo.make, "parallel", name), num_cycles=5)


@quiet
@pytest.mark.parametrize("name", IDS)
def test_checkers_gymnasium_and_sb3_every_id(name):
    check_env(gymnasium.make(name).unwrapped)
    sb3_check_env(gymnasium.make(name).unwrapped, skip_render_check=True)


def check_all(options):
    """Every checker on one combination."""
    make = partial(simcash_v0.parallel_env, busy(), max_queue_slots=3, **options)
    turns = partial(simcash_v0.env, busy(), max_queue_slots=3, **options)
    parallel_api_test(make(), num_cycles=15)
    parallel_seed_test(make, num_cycles=5)
    state_test(turns(), make(), num_cycles=5)
    if options["copy"]:  # what is lent does not survive the next step, as these tests expect
        api_test(turns(), num_cycles=15) if is_plain(options) else None
        seed_test(turns, num_cycles=5)
    one = {key: value for key, value in options.items() if key != "agent_names"}
    single = partial(gymnasium.make, "simcash_env:SimCash/Bank-v0", scenario=busy(), max_queue_slots=3, **one)
    if options["copy"]:
        check_env(single().unwrapped, skip_render_check=True)
        if not (options["mask"] == "matrix" and options["mask_in"] == "observation"):  # SB3: entries of one dimension
            sb3_check_env(single().unwrapped, skip_render_check=True)


def is_plain(options):
    """Whether the AEC test warns of nothing that the options ask for: dictionaries, names and unscaled numbers."""
    return options["mask_in"] == "info" and options["agent_names"] == "numbered"


@quiet
@pytest.mark.parametrize("options", PAIRWISE, ids=name_of)
def test_checkers_every_pair_of_options(options):
    check_all(options)


@quiet
@pytest.mark.slow
@pytest.mark.parametrize("options", PRODUCT, ids=name_of)
def test_checkers_every_combination_of_options(options):
    check_all(options)


def test_checkers_pairs_are_complete():
    assert len(PAIRWISE) < len(PRODUCT) / 8
    for first, second in itertools.combinations(OPTIONS, 2):
        found = {(options[first], options[second]) for options in PAIRWISE}
        assert found == set(itertools.product(OPTIONS[first], OPTIONS[second]))


@quiet
@pytest.mark.parametrize("mode", [None, "ansi", "rgb_array"])
def test_checkers_pettingzoos_utilities(mode, monkeypatch, capsys):
    """PettingZoo's utilities draw from what the environment hands out; with the defaults they find actions."""
    if mode == "rgb_array":
        pytest.importorskip("PIL")
    game = partial(simcash_v0.env, "castro-3period-v0", render_mode=mode, agent_names="numbered", max_queue_slots=3)
    assert random_demo(game(), render=mode is not None, episodes=1) < 0
    average_total_reward(game(), max_episodes=2)
    save_obs_test(game())
    api_test(game(), num_cycles=10)
    seed_test(game, num_cycles=3)
    render_test(game)
    ticks = itertools.count(step=3.0)
    monkeypatch.setattr(time, "time", lambda: next(ticks))
    performance_benchmark(game())
    parallel = partial(simcash_v0.parallel_env, "castro-12period-v0", max_queue_slots=3)
    turns = partial(simcash_v0.env, "castro-12period-v0", max_queue_slots=3)
    max_cycles_test(SimpleNamespace(parallel_env=parallel, env=turns, raw_env=turns))
    assert "turns per second" in capsys.readouterr().out


@pytest.mark.parametrize("mode", ["ansi", "rgb_array"])
def test_checkers_gymnasium_with_rendering(mode):
    if mode == "rgb_array":
        pytest.importorskip("PIL")
    check_env(gymnasium.make("SimCash/Castro3-v0", render_mode=mode).unwrapped)


@pytest.mark.parametrize("action", ["queue", "budget"])
def test_checkers_time_aware_observation_reads_the_length(action):
    env = gymnasium.wrappers.TimeAwareObservation(gymnasium.make("SimCash/Castro3-v0", action=action))
    seen, _ = env.reset(seed=1)
    seen, *_ = env.step(env.action_space.sample())
    assert env.observation_space.contains(seen)
    assert np.isclose(float(np.asarray(env.observation_space.high).max()), 1.0) or isinstance(seen, np.ndarray)
