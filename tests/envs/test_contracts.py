"""Small contracts of other libraries on every face: costs, scales, vector rewards, generators, order of calls, images."""

import sys
from types import ModuleType

import gymnasium
import numpy as np
import pytest

from simcash_env import make_vec, simcash_v0
from simcash_env.envs.gym_vector import SimCashBankVec
from simcash_env.envs.rewards import Shaped, queued_value
from simcash_env.envs.sb3 import SimCashSB3Vec
from simcash_env.envs.single import SimCashBankEnv
from simcash_env.errors import ActionError, ConfigError
from tests.worlds import busy, holding, legal

RATE = {"max_queue_slots": 3}


def sb3_rows(**options):
    vec = make_vec(options.pop("config", busy()), 2, final_observations=True, **RATE)
    return SimCashSB3Vec(vec, **options)


FACES = {
    "parallel": lambda: simcash_v0.parallel_env(busy(), **RATE),
    "aec": lambda: simcash_v0.env(busy(), **RATE),
    "gymnasium": lambda: SimCashBankEnv(busy(), **RATE),
    "vector": lambda: SimCashBankVec(busy(), num_envs=2, **RATE),
    "batch": lambda: make_vec(busy(), 2, **RATE),
    "sb3": sb3_rows,
}


@pytest.mark.parametrize("face", FACES)
def test_contracts_every_face_has_scale_costs_and_layout(face):
    env, vec = FACES[face](), make_vec(busy(), **RATE)
    assert env.reward_scale == vec.reward_scale
    assert env.cost_names == vec.cost_names
    assert env.observation_layout == vec.observation_layout


def test_contracts_cost_is_the_sum_of_the_costs():
    for copy in (True, False):
        env = simcash_v0.parallel_env(busy(), copy=copy, **RATE)
        _, infos = env.reset(seed=4)
        assert [info["cost"] for info in infos.values()] == [0, 0]
        cents = 0
        while env.agents:
            *_, infos = env.step(holding(env))
            for info in infos.values():
                assert isinstance(info["cost"], int)
                assert info["cost"] == info["costs"].sum()
                cents += info["cost"]
        assert cents > 0


def test_contracts_cost_of_gymnasium_and_sb3():
    vec = SimCashBankVec(busy(), num_envs=2, autoreset_mode="SameStep", **RATE)
    vec.reset(seed=4)
    for _ in range(12):
        *_, infos = vec.step(np.zeros((2, *vec.single_action_space.shape), np.int64))
        assert np.array_equal(infos["cost"], infos["costs"].sum(axis=1))
    assert np.array_equal(infos["final_info"]["cost"], infos["cost"])
    rows = sb3_rows(cost_infos=True)
    rows.seed(4)
    rows.reset()
    cents = np.zeros(rows.num_envs, np.int64)
    for _ in range(12):
        _, _, dones, infos = rows.step(np.zeros((rows.num_envs, *rows.action_space.shape), np.int64))
        cents += [info["cost"] for info in infos]
        assert [info["cost"] for info in infos] == rows.vec.costs.sum(axis=2).ravel().tolist()
    assert dones.all()
    assert [info["episode_cost"] for info in infos] == cents.tolist()


@pytest.mark.parametrize("config", [{}, {"market": True}])
def test_contracts_vector_reward_adds_up_to_the_reward(config):
    scenario = "money-market-v0" if config else busy()
    plain, vector = (simcash_v0.parallel_env(scenario, vector_reward=flag, **RATE) for flag in (False, True))
    for env in (plain, vector):
        env.reset(seed=6)
    for _ in range(min(12, plain.max_cycles)):
        _, rewards, *_ = plain.step(holding(plain))
        _, vectors, _, _, infos = vector.step(holding(vector))
        for agent, reward in rewards.items():
            assert vector.reward_space(agent).contains(vectors[agent])
            assert vectors[agent].shape == (len(vector.cost_names),)
            np.testing.assert_allclose(vectors[agent].sum(), reward, atol=1e-12)
            np.testing.assert_allclose(vectors[agent] * -vector.reward_scale, infos[agent]["costs"], atol=1e-6)


def test_contracts_vector_reward_of_the_other_faces():
    turns = simcash_v0.env(busy(), vector_reward=True, **RATE)
    turns.reset(seed=6)
    parallel = simcash_v0.parallel_env(busy(), vector_reward=True, **RATE)
    parallel.reset(seed=6)
    _, rewards, *_ = parallel.step(holding(parallel))
    for agent in list(turns.agents):
        turns.step(np.zeros(turns.action_space(agent).shape, np.int64))
    for agent, reward in rewards.items():
        assert np.array_equal(turns.rewards[agent], reward)
        assert turns.reward_space(agent) is turns.reward_space(agent)
    single = SimCashBankEnv(busy(scripted=2), vector_reward=True, **RATE)
    vec = SimCashBankVec(busy(scripted=2), num_envs=2, vector_reward=True, **RATE)
    single.reset(seed=6)
    vec.reset(seed=6)
    heads = np.zeros(single.action_space.shape, np.int64)
    reward, (_, many, *_) = single.step(heads)[1], vec.step(np.stack([heads] * 2))
    assert single.reward_space == vec.reward_space
    assert single.reward_space.contains(reward)
    assert np.array_equal(many[0], reward)


@pytest.mark.parametrize("options", [{"reward": "system"}, {"reward": Shaped(queued_value, 0.9)}])
def test_contracts_vector_reward_needs_the_individual_reward(options):
    for make in (simcash_v0.parallel_env, SimCashBankEnv, SimCashBankVec):
        with pytest.raises(ConfigError, match=r'vector_reward: requires reward="individual"'):
            make(busy(), vector_reward=True, **options)
    with pytest.raises(ConfigError, match="vector_reward: must be True or False"):
        simcash_v0.parallel_env(busy(), vector_reward="yes")


@pytest.mark.parametrize("make", [simcash_v0.parallel_env, simcash_v0.env])
def test_contracts_np_random_is_seeded_by_reset(make):
    env = make(busy())
    assert env.np_random is env.np_random
    draws = []
    for seed in (3, 3, 4, None):
        env.reset(seed=seed)
        draws.append(float(env.np_random.random()))
    assert draws[0] == draws[1] != draws[2] != draws[3]


def test_contracts_np_random_is_not_what_the_engine_draws_from():
    first, second = (simcash_v0.parallel_env(busy()) for _ in range(2))
    for env in (first, second):
        env.reset(seed=3)
    first.np_random.random(100)
    for _ in range(4):
        first.step(holding(first))
        second.step(holding(second))
    assert first.digest() == second.digest()


@pytest.mark.parametrize("make", [simcash_v0.parallel_env, simcash_v0.env])
def test_contracts_calls_before_reset_say_so(make):
    env = make(busy(), render_mode="ansi")
    calls = {"state": env.state, "render": env.render, "step": lambda: env.step({})}
    if make is simcash_v0.env:
        calls["observe"] = lambda: env.observe("ALFA")
    for name, call in calls.items():
        with pytest.raises(ActionError, match=rf"{name}: call reset"):
            call()
    env.reset(seed=1)
    assert env.render().startswith("tick 0")
    assert env.state().shape == env.state_space.shape


def test_contracts_calls_before_reset_of_gymnasium_and_sb3():
    single = SimCashBankEnv(busy(), render_mode="ansi")
    with pytest.raises(ActionError, match="render: call reset first"):
        single.render()
    with pytest.raises(ActionError, match="step: call reset before the first step"):
        single.step(np.zeros(single.action_space.shape, np.int64))
    with pytest.raises(gymnasium.error.ResetNeeded):
        gymnasium.make("simcash_env:SimCash/Castro12-v0").step(0)
    vec = SimCashBankVec(busy(), num_envs=2)
    with pytest.raises(ActionError, match="step: call reset before the first step"):
        vec.step(np.zeros((2, *vec.single_action_space.shape), np.int64))
    rows = sb3_rows(render_mode="rgb_array")
    with pytest.raises(ActionError, match="get_images: call reset first"):
        rows.get_images()
    with pytest.raises(ActionError, match="step: call reset before the first step"):
        rows.step(np.zeros((rows.num_envs, *rows.action_space.shape), np.int64))


def test_contracts_sb3_rows_have_attributes():
    rows = sb3_rows(bank_id=True)
    assert rows.get_attr("spec")[0].id == "SimCash/Bank-v0"
    assert rows.get_attr("spec", [1])[0].max_episode_steps == 12
    assert rows.get_attr("bank") == ["ALFA", "BRAVO"] * 2
    assert rows.get_attr("bank", indices=3) == ["BRAVO"]
    assert rows.get_attr("reward_scale", [0]) == [rows.vec.reward_scale]
    assert rows.observation_layout[-2:] == ("is_ALFA", "is_BRAVO")
    assert len(rows.observation_layout) == rows.observation_space.shape[0]
    masks = rows.get_attr("action_masks")[0]
    rows.reset()
    assert masks().shape[0] == rows.num_envs
    library = make_vec("castro-2period-v0", 2, final_observations=True)
    assert SimCashSB3Vec(library).spec.id == "SimCash/Castro2-v0"


def test_contracts_sb3_images_are_one_for_each_copy(tmp_path):
    pytest.importorskip("PIL")
    rows = sb3_rows(render_mode="rgb_array")
    rows.reset()
    before = rows.get_images()
    assert [image.shape for image in before] == [(640, 1000, 3)] * 2
    assert rows.render().size == 2 * before[0].size
    heads = rows.vec.masks[..., 1].reshape(rows.num_envs, -1).astype(np.int64)
    rows.step(heads)
    assert not np.array_equal(rows.get_images()[0], before[0])
    for _ in range(11):
        rows.step(np.zeros_like(heads))
    assert rows.vec.over().all()
    twin = sb3_rows(render_mode="rgb_array")
    twin.vec.reset(rows.vec.seeds.tolist())
    for renderer in twin._renderers:
        renderer.begin()
    assert np.array_equal(rows.get_images()[0], twin.get_images()[0]), "the new episode begins a new image"
    with pytest.raises(ConfigError, match="render_mode: must be rgb_array or None"):
        sb3_rows(render_mode="human")


def test_contracts_sb3_video_recorder_finds_images_and_metadata(tmp_path, monkeypatch):
    from stable_baselines3.common.vec_env import VecMonitor, VecVideoRecorder

    rows = sb3_rows(render_mode="rgb_array")
    assert (rows.metadata["render_modes"], rows.metadata["render_fps"]) == (["human", "rgb_array"], 4)
    monitor = VecMonitor(sb3_rows(), filename=str(tmp_path / "log"))
    monitor.reset()
    monitor.close()
    assert '"env_id": "SimCash/Bank-v0"' in (tmp_path / "log.monitor.csv").read_text()
    monkeypatch.setitem(sys.modules, "moviepy", ModuleType("moviepy"))  # writes the file, which is not the matter here
    recorder = VecVideoRecorder(rows, str(tmp_path), lambda step: step == 0, video_length=3)
    monkeypatch.setattr(recorder, "_stop_recording", lambda: setattr(recorder, "recording", False))
    recorder.reset()
    for step in range(3):
        recorder.step(legal(rows.vec.masks, step).reshape(rows.num_envs, -1))
    assert len(recorder.recorded_frames) >= 3
    recorder.recorded_frames = []  # it warns of frames that it has not written
