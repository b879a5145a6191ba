"""Stable-Baselines3's batch: every (copy, bank) pair is one row."""

import numpy as np
import pytest

from simcash_env.envs.vector import make_vec
from simcash_env.errors import ActionError
from tests.worlds import busy, legal

pytest.importorskip("stable_baselines3")

from simcash_env.envs.sb3 import SimCashSB3Vec

COPIES, SLOTS = 3, 4


def rows_of(config=None, *, bank_id=False, copies=COPIES):
    vec = make_vec(config or busy(), copies, max_queue_slots=SLOTS, final_observations=True)
    return SimCashSB3Vec(vec, bank_id=bank_id)


def moves(env, step):
    """Legal actions, one row each."""
    return legal(env.vec.masks, step).reshape(env.num_envs, -1)


@pytest.mark.parametrize("bank_id", [False, True])
def test_sb3_shapes_and_dtypes_are_those_that_sb3_expects(bank_id):
    env = rows_of(bank_id=bank_id)
    width = env.vec.observation_size + 2 * bank_id
    assert env.num_envs == COPIES * 2
    assert env.observation_space.shape == (width,)
    assert env.action_space.nvec.tolist() == env.vec.action_nvec.tolist()
    seen = env.reset()
    for step in range(env.vec.num_ticks + 2):
        assert seen.shape == (env.num_envs, width)
        assert seen.dtype == np.float32
        assert all(env.observation_space.contains(row) for row in seen)
        seen, rewards, dones, infos = env.step(moves(env, step))
        assert (rewards.shape, rewards.dtype) == ((env.num_envs,), np.float32)
        assert (dones.shape, dones.dtype) == ((env.num_envs,), np.bool_)
        assert len(infos) == env.num_envs


def test_sb3_one_hot_tells_the_banks_of_a_copy_apart():
    env = rows_of(bank_id=True)
    seen = env.reset()
    assert seen[:, -2:].tolist() == [[1.0, 0.0], [0.0, 1.0]] * COPIES


def test_sb3_rows_are_copies_then_banks_and_what_was_handed_out_is_kept():
    env = rows_of()
    seen = env.reset()
    kept = seen.copy()
    assert np.array_equal(seen.reshape(COPIES, 2, -1), env.vec.observations)
    env.step(moves(env, 1))
    assert np.array_equal(seen, kept)


def test_sb3_end_of_an_episode_says_what_it_came_to():
    """The sums of an episode in its infos, and the last observation before the next one begins."""
    env, twin = rows_of(), make_vec(busy(), COPIES, max_queue_slots=SLOTS, autoreset="disabled")
    env.seed(11)
    env.reset()
    twin.reset([11, 12, 13])
    returns, cents = np.zeros(env.num_envs), np.zeros(env.num_envs, np.int64)
    for step in range(twin.num_ticks):
        actions = moves(env, step)
        _, rewards, dones, infos = env.step(actions)
        twin.step(actions.reshape(twin.actions.shape))
        returns += twin.rewards.ravel()
        cents += twin.costs.sum(axis=2).ravel()
        assert np.array_equal(rewards, twin.rewards.ravel().astype(np.float32))
        assert dones.all() == (step + 1 == twin.num_ticks)
        assert dones.any() or not any(infos)
    for row, info in enumerate(infos):
        copy, bank = divmod(row, 2)
        assert np.array_equal(info["terminal_observation"], twin.observations[copy, bank])
        assert info["episode"]["r"] == pytest.approx(returns[row])
        assert info["episode"]["l"] == twin.num_ticks
        assert info["episode_cost"] == cents[row]
        assert not info["TimeLimit.truncated"]
    assert cents.all()


def test_sb3_second_episode_is_counted_from_nothing():
    env = rows_of()
    env.reset()
    lengths = []
    for step in range(2 * env.vec.num_ticks):
        _, _, dones, infos = env.step(moves(env, step))
        lengths += [info["episode"]["l"] for info in infos if info]
        assert dones.any() == any(infos)
    assert lengths == [env.vec.num_ticks] * 2 * env.num_envs


def test_sb3_cut_episode_is_a_time_limit():
    vec = make_vec(busy(), 2, max_ticks=3, max_queue_slots=SLOTS, final_observations=True)
    env = SimCashSB3Vec(vec)
    env.reset()
    for step in range(3):
        _, _, dones, infos = env.step(moves(env, step))
    assert dones.all()
    assert all(info["TimeLimit.truncated"] for info in infos)


def test_sb3_masks_are_the_heads_behind_one_another():
    env = rows_of()
    env.reset()
    for step in range(5):
        masks = env.action_masks()
        assert masks.shape == (env.num_envs, env.vec.action_nvec.sum())
        assert masks.dtype == np.bool_
        first = 0
        for head, choices in enumerate(env.vec.action_nvec):
            wanted = env.vec.masks[:, :, head, :choices].reshape(env.num_envs, -1)
            assert np.array_equal(masks[:, first : first + choices], wanted)
            first += choices
        assert np.array_equal(np.stack(env.env_method("action_masks")), masks)
        assert np.array_equal(env.env_method("action_masks", indices=[4])[0], masks[4])
        env.step(moves(env, step))


def test_sb3_seed_decides_the_episodes_and_copies_differ():
    def digests(seed):
        env = rows_of()
        env.seed(seed)
        env.reset()
        return [env.vec.digest(copy) for copy in range(COPIES)]

    assert digests(5) == digests(5)
    assert len({*digests(5), *digests(50)}) == 2 * COPIES


def test_sb3_batch_that_would_lose_the_last_observation_is_refused():
    for options in ({"autoreset": "next_step"}, {"final_observations": False}):
        with pytest.raises(ActionError, match="final_observations=True"):
            SimCashSB3Vec(make_vec(busy(), 2, **{"final_observations": True, **options}))


def test_sb3_rows_offer_only_what_they_have():
    env = rows_of()
    assert env.has_attr("action_masks")
    assert not env.has_attr("balance")
    assert env.get_attr("render_mode") == [None] * env.num_envs
    assert env.env_is_wrapped(object) == [False] * env.num_envs
    assert env.get_images() == [None] * env.num_envs
    for ask in (lambda: env.get_attr("balance"), lambda: env.env_method("fly"), lambda: env.set_attr("seed", 1)):
        with pytest.raises(AttributeError):
            ask()


@pytest.mark.parametrize("is_masked", [False, True])
def test_sb3_ppo_and_maskable_ppo_learn_on_it(is_masked):
    from sb3_contrib import MaskablePPO
    from sb3_contrib.common.maskable.utils import is_masking_supported
    from stable_baselines3 import PPO

    env = rows_of(copies=2)
    assert is_masking_supported(env)
    kind = MaskablePPO if is_masked else PPO
    model = kind("MlpPolicy", env, n_steps=16, batch_size=32, n_epochs=1, policy_kwargs={"net_arch": [8]}, device="cpu")
    before = [value.clone() for value in model.policy.parameters()]
    model.learn(2 * 16 * env.num_envs)
    assert model.num_timesteps == 2 * 16 * env.num_envs
    assert any((old != new).any() for old, new in zip(before, model.policy.parameters(), strict=True))
    assert len(model.ep_info_buffer) == 2 * env.num_envs, "two episodes of 12 ticks in 32 steps"
