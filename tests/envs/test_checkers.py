"""PettingZoo's whole test module, Gymnasium's and SB3's checkers: every id, and every combination of options.

The quick suite checks every id with the defaults and with one of a set of combinations in which each pair of options
occurs, and all of that set on one small scenario. The slow suite checks every id with the whole set, and the whole
product of options on the small scenario.

Of PettingZoo's test module, ``manual_control_test`` needs a game that a person plays by keyboard, and
``bombardment_test`` of 1.27 takes what ``step`` returns for an observation, so that no AEC environment passes it.
"""

import itertools
import time
import warnings
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
from tests.budget import slow_but
from tests.worlds import busy

IDS = [environment_id(name) for name in scenario_ids()]
LARGE = {"SimCash/CorePeriphery200-v0", "SimCash/Rits2011-v0"}

HAS_REGISTRY = hasattr(pettingzoo, "register")
"""PettingZoo before 1.27 has no registry, and its tests sample one head only from masks; Gymnasium's and SB3's run."""

OPTIONS = {
    "action": ("queue", "budget", "threshold", "rank"),
    "mask": ("flat", "matrix"),
    "mask_in": ("info", "observation"),
    "normalize": (True, False),
    "copy": (True, False),
    "reward": ("individual", "system"),
    "vector_reward": (False, True),
    "agent_names": ("bank", "numbered"),
}
PRODUCT = [
    options
    for values in itertools.product(*OPTIONS.values())
    if not ((options := dict(zip(OPTIONS, values, strict=True)))["vector_reward"] and options["reward"] == "system")
]
"""All combinations; vectors have components of a bank's own costs only."""

quiet = pytest.mark.filterwarnings(
    "ignore:.*is out of date:DeprecationWarning",  # of an id that has a newer version
    "ignore:Action space for each agent probably should be",  # MultiDiscrete is what it is
    "ignore:.* (state|observation) space m?.*value is -?infinity",  # of unscaled numbers: they have no bounds
    "ignore:Observation contains infinity",
    "ignore:We highly recommend to use a symmetric and normalized Box",  # unscaled numbers are what was asked for
)
asked = pytest.mark.filterwarnings(
    "ignore:We recommend agents to be named",  # banks have the names of the scenario
    "ignore:Observation is not a NumPy array",  # a dictionary with the mask
    "ignore:Observation space for each agent probably should be",
    "ignore:Action mask has more than 1 dimension",  # a matrix
    "ignore:Observation numpy array is all zeros",  # unscaled numbers before the first payment
    "ignore:Agents have different (observation|action) space sizes",  # banks may differ in what they are offered
)
"""Warnings about what the options ask for."""


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
ROTATING = [(name, PAIRWISE[place % len(PAIRWISE)]) for place, name in enumerate(IDS)]


def name_of(options):
    return "-".join(str(value) for value in options.values()) if isinstance(options, dict) else options


def check_pettingzoo(parallel, turns, cycles, options):
    """PettingZoo's checks of both interfaces; the arguments create environments."""
    parallel_api_test(parallel(), num_cycles=cycles)
    parallel_seed_test(parallel, num_cycles=5)
    state_test(turns(), parallel(), num_cycles=5)
    if options.get("copy", True):  # what is lent does not survive the next step, as these tests expect
        seed_test(turns, num_cycles=5)
        if not options.get("vector_reward"):  # it compares rewards as numbers
            api_test(turns(), num_cycles=cycles)


def check_single(make, options):
    """Gymnasium's and SB3's checks of the environment of one bank."""
    if options.get("vector_reward") or not options.get("copy", True):
        return  # both checkers expect rewards that are numbers, and arrays that survive the next step
    check_env(make().unwrapped, skip_render_check=True)
    if not (options.get("mask") == "matrix" and options["mask_in"] == "observation"):  # SB3: entries of one dimension
        sb3_check_env(make().unwrapped, skip_render_check=True)


def check_id(name, options):
    """Every checker on an id with these options."""
    if HAS_REGISTRY:
        cycles = 20 if name in LARGE else 130
        parallel, turns = (partial(pettingzoo.make, kind, name, **options) for kind in ("parallel", "aec"))
        check_pettingzoo(parallel, turns, cycles, options)
    one = {key: value for key, value in options.items() if key != "agent_names"}
    check_single(partial(gymnasium.make, name, **one), options)


def check_all(options):
    """Every checker on a small scenario with these options."""
    given = {"max_queue_slots": 3, **options}
    if HAS_REGISTRY:
        parallel, turns = (partial(face, busy(), **given) for face in (simcash_v0.parallel_env, simcash_v0.env))
        check_pettingzoo(parallel, turns, 15, options)
    del given["agent_names"]
    check_single(partial(gymnasium.make, "simcash_env:SimCash/Bank-v0", scenario=busy(), **given), options)


@quiet
@asked
@pytest.mark.parametrize("name", slow_but(set(IDS) - LARGE, *IDS))
def test_checkers_every_id(name):
    check_id(name, {})


@quiet
@asked
@pytest.mark.slow
@pytest.mark.parametrize(("name", "options"), ROTATING, ids=name_of)
def test_checkers_every_id_with_options(name, options):
    check_id(name, options)


@quiet
@asked
@pytest.mark.slow
@pytest.mark.parametrize("options", PAIRWISE, ids=name_of)
@pytest.mark.parametrize("name", IDS)
def test_checkers_every_id_with_every_pair_of_options(name, options):
    check_id(name, options)


@quiet
@asked
@pytest.mark.parametrize("options", PAIRWISE, ids=name_of)
def test_checkers_every_pair_of_options(options):
    check_all(options)


@quiet
@asked
@pytest.mark.slow
@pytest.mark.parametrize("options", PRODUCT, ids=name_of)
def test_checkers_every_combination_of_options(options):
    check_all(options)


def test_checkers_pairs_are_complete():
    assert len(PAIRWISE) < len(PRODUCT) / 8
    assert {name_of(options) for _, options in ROTATING} == {name_of(options) for options in PAIRWISE}
    for first, second in itertools.combinations(OPTIONS, 2):
        found, all_pairs = ({(options[first], options[second]) for options in chosen} for chosen in (PAIRWISE, PRODUCT))
        assert found == all_pairs


@pytest.mark.parametrize("mode", ["ansi", "rgb_array", None])
def test_checkers_defaults_with_numbered_names_warn_of_nothing_else(mode):
    """PettingZoo's own naming scheme and the default masks need no exception but that for MultiDiscrete."""
    if mode == "rgb_array":
        pytest.importorskip("PIL")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Action space for each agent probably should be")
        api_test(simcash_v0.env("castro-3period-v0", agent_names="numbered", render_mode=mode), num_cycles=20)


@quiet
@pytest.mark.parametrize("mode", slow_but({None}, None, "ansi", "rgb_array"))
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
