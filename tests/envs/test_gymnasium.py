"""One bank under Gymnasium: made by id, checked by Gymnasium and Stable-Baselines3, alone and in a batch."""

import subprocess
import sys
from types import ModuleType

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.env_checker import check_env as sb3_check_env

from simcash_env import _registration, simcash_v0
from simcash_env.envs.gym_vector import SimCashBankVec
from simcash_env.errors import ActionError
from tests.budget import slow_but
from tests.worlds import LIBRARY, busy, legal

BANK = "simcash_env:SimCash/Bank-v0"
ACTIONS = ("queue", "budget", "threshold", "rank")
EVERYTHING = {"collateral": True, "revoke": True}


@pytest.mark.parametrize("scenario", LIBRARY)
@pytest.mark.parametrize("action", ACTIONS)
def test_gymnasium_every_scenario_passes_gymnasiums_check(scenario, action):
    check_env(gymnasium.make(BANK, scenario=scenario, action=action).unwrapped, skip_render_check=True)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("observation", ["flat", "dict"])
def test_gymnasium_world_with_every_head_passes_the_checks(action, observation):
    options = {"action": action, "observation": observation, "max_queue_slots": 4}
    check_env(gymnasium.make(BANK, scenario=busy(**EVERYTHING), **options).unwrapped, skip_render_check=True)
    if observation == "flat":  # of dictionaries SB3 wants one-dimensional entries
        sb3_check_env(gymnasium.make(BANK, scenario=busy(**EVERYTHING), **options).unwrapped, skip_render_check=True)


def test_gymnasium_other_banks_follow_their_policies_and_the_game_is_the_parallel_one():
    single = gymnasium.make(BANK, scenario=busy(scripted=2), max_queue_slots=4, mask="matrix")
    parallel = simcash_v0.parallel_env(busy(scripted=2), max_queue_slots=4)
    seen, info = single.reset(seed=9)
    theirs, _ = parallel.reset(seed=9)
    for step in range(12):
        assert np.array_equal(seen, theirs["ALFA"])
        action = legal(info["action_mask"], 9, step)
        seen, reward, terminated, truncated, info = single.step(action)
        theirs, rewards, terminations, _, _ = parallel.step({"ALFA": action})
        assert (reward, terminated, truncated) == (rewards["ALFA"], terminations["ALFA"], False)
    assert terminated


def test_gymnasium_bank_must_be_there_and_a_learner_be_named():
    with pytest.raises(ActionError, match=r"unknown bank.*ZULU"):
        gymnasium.make(BANK, scenario=busy(), bank="ZULU")
    with pytest.raises(ActionError, match="name the one that learns"):
        gymnasium.make(BANK, scenario=busy(scripted=3))


def make_vec(num_envs, **options):
    return gymnasium.make_vec(BANK, num_envs=num_envs, vectorization_mode="vector_entry_point", **options)


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("observation", ["flat", "dict"])
def test_gymnasium_vector_does_what_gymnasiums_own_makes_of_single_environments(mode, observation):
    """Same seeds, same actions: step for step the same, the end of an episode included."""
    options = {"scenario": busy(scripted=2), "observation": observation, "max_queue_slots": 4, "mask": "matrix"}
    ours = make_vec(3, **options, autoreset_mode=mode)
    theirs = gymnasium.vector.SyncVectorEnv(
        [lambda: gymnasium.make(BANK, **options) for _ in range(3)], autoreset_mode=mode
    )
    assert ours.single_action_space == theirs.single_action_space
    assert ours.single_observation_space == theirs.single_observation_space
    assert ours.metadata["autoreset_mode"] == mode
    seen, infos = ours.reset(seed=4)
    same, their_infos = theirs.reset(seed=4)
    for step in range(30):
        assert_alike(seen, same)
        assert np.array_equal(infos["costs"], their_infos["costs"])
        masks = seen["action_mask"] if observation == "dict" else infos["action_mask"]
        actions = np.stack([legal(masks[copy], copy, step) for copy in range(3)])
        seen, rewards, terminated, truncated, infos = ours.step(actions)
        same, *rest, their_infos = theirs.step(actions)
        for mine, other in zip((rewards, terminated, truncated), rest, strict=True):
            assert np.array_equal(mine, other)
        if terminated.any() and mode is AutoresetMode.SAME_STEP:
            assert_final(infos, their_infos)
            return  # each has its own next seed from here on
        if terminated.any():
            break
    if mode is AutoresetMode.NEXT_STEP:
        seen, rewards, terminated, _, infos = ours.step(np.zeros_like(actions))
        assert not rewards.any()
        assert not terminated.any()
        assert not infos["costs"].any()
    if mode is AutoresetMode.DISABLED:
        seen, infos = ours.reset(seed=[7, 8, 9], options={"reset_mask": np.array([True, False, True])})
        first, _ = theirs.reset(seed=[7, 8, 9], options={"reset_mask": np.array([True, False, True])})
        assert_alike(seen, first)


def assert_alike(mine, other):
    if isinstance(mine, dict):
        assert mine.keys() == other.keys()
        for key in mine:
            assert np.array_equal(mine[key], other[key]), key
    else:
        assert np.array_equal(mine, other)


def assert_final(infos, their_infos):
    assert infos["_final_obs"].tolist() == their_infos["_final_obs"].tolist()
    for mine, other in zip(infos["final_obs"], their_infos["final_obs"], strict=True):
        assert_alike(mine, other)
    assert np.array_equal(infos["final_info"]["costs"], their_infos["final_info"]["costs"])


@pytest.mark.parametrize("action", ACTIONS)
def test_gymnasiums_wrappers_count_episodes_of_the_vector(action):
    vec = gymnasium.wrappers.vector.RecordEpisodeStatistics(make_vec(4, scenario=busy(), action=action))
    vec.action_space.seed(1)
    vec.reset(seed=1)
    ended = 0
    for _ in range(30):
        *_, infos = vec.step(vec.action_space.sample())
        ended += int(infos["_episode"].sum()) if "_episode" in infos else 0
    assert ended == 8


def test_gymnasium_closed_vector_has_ended_its_threads():
    vec = make_vec(4, scenario=busy(), num_threads=2)
    vec.reset(seed=1)
    vec.step(vec.action_space.sample())
    vec.close()
    with pytest.raises(RuntimeError, match="shutdown"):
        vec.step(vec.action_space.sample())


def run_alone(program, folder):
    """What a program prints in a process of its own, where a warning is an error."""
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.split()


@pytest.mark.parametrize(
    "first", ["simcash_env, gymnasium", "gymnasium, simcash_env", "gymnasium", "simcash_env.envs.vector, gymnasium"]
)
@pytest.mark.parametrize("make", slow_but({"make_vec"}, "make", "make_vec"))
def test_gymnasium_id_is_known_in_every_order_of_imports(first, make, tmp_path):
    options = ", vectorization_mode='vector_entry_point'" if make == "make_vec" else ""
    program = f"""
import sys
from types import ModuleType
finders = list(sys.meta_path)
import {first}
assert sys.meta_path == finders
import gymnasium
print(gymnasium.{make}("{BANK}", scenario="castro-2period-v0"{options}).unwrapped.spec.id)
"""
    assert run_alone(program, tmp_path) == ["SimCash/Bank-v0"]


@pytest.mark.parametrize("first", ["gymnasium, simcash_env", "simcash_env.envs.vector", "simcash_env.envs"])
def test_gymnasium_id_without_the_module_is_known_after(first, tmp_path):
    program = f"import {first}, gymnasium; print(gymnasium.spec('SimCash/Bank-v0').entry_point)"
    assert run_alone(program, tmp_path) == ["simcash_env.envs.single:SimCashBankEnv"]


def test_gymnasium_id_is_registered_once(tmp_path):
    program = """
import importlib
import sys
from types import ModuleType
import simcash_env
from simcash_env._registration import register_with_gymnasium
assert not register_with_gymnasium()
assert "gymnasium" not in sys.modules
import gymnasium
assert register_with_gymnasium()
known = gymnasium.spec("SimCash/Bank-v0")
assert register_with_gymnasium()
assert importlib.reload(simcash_env) is sys.modules["simcash_env"]
assert simcash_env.__spec__.name == "simcash_env"
assert gymnasium.spec("SimCash/Bank-v0") is known
print("done")
"""
    assert run_alone(program, tmp_path) == ["done"]


def test_gymnasium_id_is_not_registered_while_another_thread_imports_gymnasium(monkeypatch):
    monkeypatch.setitem(sys.modules, _registration.GYMNASIUM, ModuleType(_registration.GYMNASIUM))
    assert not _registration.register_with_gymnasium()


def test_gymnasium_one_bank_goes_back_forks_and_tells_its_masks():
    env = gymnasium.make(BANK, scenario="castro-12period-v0", observation="dict").unwrapped
    seen, _ = env.reset(seed=3)
    assert np.array_equal(env.action_masks(), seen["action_mask"] == 1)
    assert env.observation_layout == env.game.observation_layout
    assert env.render() is None
    kept, twin = env.snapshot(), env.fork()
    choice = np.zeros(env.action_space.shape, np.int64)
    there = env.step(choice)
    assert np.array_equal(twin.step(choice)[0]["observation"], there[0]["observation"])
    again, infos = env.restore(kept)
    assert np.array_equal(again["observation"], seen["observation"])
    assert set(infos) == set(there[4])
    assert env.step(choice)[1] == there[1]
    flat = gymnasium.make(BANK, scenario="castro-12period-v0", action="threshold").unwrapped
    flat.reset(seed=3)
    with pytest.raises(AttributeError, match="this action has no masks"):
        flat.action_masks()


def test_gymnasium_batch_that_was_refused_has_nothing_to_close():
    refused = SimCashBankVec.__new__(SimCashBankVec)
    refused.close_extras()
    assert not hasattr(refused, "vec")
