"""TorchRL's environment over the batch; ``make test-adapters`` installs TorchRL and runs this."""

import numpy as np
import pytest

from simcash_env import make_vec
from simcash_env.errors import ActionError
from tests.worlds import busy

pytest.importorskip("torchrl", reason="make test-adapters installs TorchRL and runs this")

import torch
from torchrl.envs import check_env_specs

from simcash_env.envs.torchrl import GROUP, SimCashTorchRL, seen_by_banks

pytestmark = pytest.mark.filterwarnings("ignore")  # of TorchRL, about itself


def batch(**options):
    return make_vec(busy(), 3, **{"action": "budget", "autoreset": "disabled", **options})


@pytest.mark.parametrize("action", ["budget", "rank"])
@pytest.mark.parametrize("bank_id", [True, False])
def test_torchrl_batch_passes_the_librarys_check(action, bank_id):
    env = SimCashTorchRL(batch(action=action), bank_id=bank_id)
    check_env_specs(env)
    width = env.observation_spec[GROUP, "observation"].shape[-1]
    assert width == env.vec.num_features + env.vec.num_banks * bank_id


def test_torchrl_batch_plays_the_same_episodes_as_the_batch_itself():
    env, vec = SimCashTorchRL(batch(), seed=7), batch()
    seen = env.reset()
    vec.reset(7)
    for _ in range(vec.num_ticks):
        assert np.array_equal(seen[GROUP, "observation"].numpy()[..., : vec.num_features], vec.observations)
        assert not seen["done"].any()
        seen[GROUP, "action"] = torch.zeros(3, vec.num_banks, dtype=torch.int64)
        played = env.step(seen)["next"]
        vec.step(np.zeros((3, vec.num_banks), np.int64))
        assert np.allclose(played[GROUP, "reward"].numpy()[..., 0], vec.rewards)
        seen = played.exclude((GROUP, "reward"))
    assert seen["done"].all()


@pytest.mark.parametrize("action", ["budget", "rank"])
def test_torchrl_seen_by_banks_is_a_copy_with_masks_where_the_action_has_them(action):
    vec = batch(action=action)
    vec.reset(7)
    plain, seen = seen_by_banks(vec, bank_id=False), seen_by_banks(vec)
    before = vec.observations.copy()
    assert seen.batch_size == plain.batch_size == (3, vec.num_banks)
    assert ("action_mask" in seen) == (vec.action_masks is not None) == (action == "budget")
    assert np.array_equal(plain["observation"].numpy(), before)
    assert np.array_equal(seen["observation"].numpy()[..., : vec.num_features], before)
    assert (seen["observation"][..., vec.num_features :] == torch.eye(vec.num_banks)).all()
    plain["observation"].fill_(9.0)
    assert np.array_equal(vec.observations, before)


def test_torchrl_batch_starts_the_days_of_its_seed_again():
    env = SimCashTorchRL(batch(), seed=1)
    env.set_seed(5)
    env.reset()
    assert env.vec.seeds.tolist() == [5, 6, 7]
    env.reset()
    assert env.vec.seeds.tolist() == batch_after_one_episode(5)


def batch_after_one_episode(seed):
    vec = batch()
    vec.reset(seed)
    return vec.following_seeds()


@pytest.mark.parametrize("options", [{"action": "queue"}, {"autoreset": "same_step"}])
def test_torchrl_batch_of_another_kind_is_rejected(options):
    with pytest.raises(ActionError, match="autoreset='disabled' and a Discrete or Box action"):
        SimCashTorchRL(batch(**options))
