"""Form and place of masks on every face: one owner, one place, the same choices."""

import itertools

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import AutoresetMode

from simcash_env import make_vec, simcash_v0
from simcash_env.envs.actions import Action, QueueAction
from simcash_env.envs.masks import FORMS, PLACES
from simcash_env.envs.spaces import MaskedMultiDiscrete
from simcash_env.errors import ActionError, ConfigError
from tests.worlds import busy, holding, legal, padded

BANK = "simcash_env:SimCash/Bank-v0"
SLOTS = 3


class Upside(QueueAction):
    """The queue action with its heads in reverse order: a user's action whose masks are a padded matrix."""

    def space(self, vec):
        return MaskedMultiDiscrete(vec.action_nvec[::-1])

    def mask(self, vec):
        return vec.masks[:, :, ::-1]

    def decode(self, vec, actions):
        return np.ascontiguousarray(actions[..., ::-1])


class OneHead(Action):
    """A Discrete with its masks as vectors."""

    def space(self, vec):
        return spaces.Discrete(int(vec.action_nvec[0]))

    def mask(self, vec):
        return vec.masks[:, :, 0, : vec.action_nvec[0]]

    def decode(self, vec, actions):
        heads = np.zeros(vec.actions.shape, np.int64)
        heads[..., 0] = actions
        return heads


def wanted(vec, nvec=None):
    """The flat masks (N, L, sum of choices), put together head by head."""
    heads = [vec.masks[:, :, head, :choices] for head, choices in enumerate(vec.action_nvec)]
    return np.concatenate(heads, axis=2)


@pytest.mark.parametrize("copy", [True, False])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("form", FORMS)
def test_mask_forms_parallel_returns_the_mask_in_one_place_and_form(form, place, copy):
    env = simcash_v0.parallel_env(busy(), max_queue_slots=SLOTS, mask=form, mask_in=place, copy=copy)
    observations, infos = env.reset(seed=3)
    for step in range(8):
        vec = env._vec
        expected = vec.masks[0] if form == "matrix" else wanted(vec)[0]
        for row, agent in enumerate(env.agents):
            space, seen, info = env.observation_space(agent), observations[agent], infos[agent]
            assert isinstance(space, spaces.Dict) == (place == "observation")
            assert space.contains(seen)
            assert ("action_mask" in info) == (place == "info")
            mask = seen["action_mask"] if place == "observation" else info["action_mask"]
            assert np.array_equal(mask, expected[row])
            assert mask.shape == ((int(vec.action_nvec.sum()),) if form == "flat" else vec.masks.shape[2:])
        draws = legal(vec.masks[0], step)
        observations, _, _, _, infos = env.step(dict(zip(env.agents, draws, strict=True)))


@pytest.mark.parametrize("action", ["queue", "budget", Upside(), OneHead()])
def test_mask_forms_of_one_action_mark_the_same_choices(action):
    flat, matrix = (make_vec(busy(), 3, max_queue_slots=SLOTS, action=action, mask=form) for form in ("flat", "matrix"))
    for vec in (flat, matrix):
        vec.reset(seed=5)
    assert np.array_equal(matrix.action_masks, matrix.action.mask(matrix))
    space = flat.single_action_space
    if isinstance(space, spaces.MultiDiscrete):
        assert flat.action_masks.shape == (3, 2, int(space.nvec.sum()))
        assert np.array_equal(padded(flat.action_masks[1, 1], space.nvec), matrix.action_masks[1, 1])
    else:
        assert flat.action_masks.shape == (3, 2, space.n)
        assert np.array_equal(flat.action_masks, matrix.action_masks)
    assert np.array_equal(flat.action_masks, matrix.flat_masks)


def test_mask_forms_heads_of_one_size_need_no_selection():
    vec = make_vec(busy(priorities=False, pool=None), 2, max_queue_slots=SLOTS, mask="flat")
    vec.reset(seed=2)
    assert len(set(vec.action_nvec.tolist())) == 1
    assert np.shares_memory(vec.action_masks, vec.masks)
    assert np.array_equal(vec.action_masks, wanted(vec))
    env = simcash_v0.parallel_env(busy(priorities=False, pool=None), copy=False)
    _, infos = env.reset(seed=2)
    env.step(holding(env))
    assert np.array_equal(infos["ALFA"]["action_mask"], env._vec.masks[0, 0].ravel())


def test_mask_forms_batch_returns_the_form_from_reset_and_step():
    vec = make_vec(busy(), 2, max_queue_slots=SLOTS, mask="flat", final_observations=True)
    _, masks = vec.reset(seed=1)
    assert np.array_equal(masks, wanted(vec))
    for step in range(vec.num_ticks):
        last = wanted(vec)
        _, masks, *_ = vec.step(legal(vec.masks, step))
        assert np.array_equal(masks, wanted(vec))
    assert vec.terminated.all()
    assert vec.final_action_masks.shape == last.shape
    assert vec.final_masks.shape == vec.masks.shape
    unmasked = make_vec(busy(), 2, mask="flat", action="threshold")
    assert unmasked.reset(seed=1)[1].shape == (2, 2, 0)
    assert unmasked.action_masks is None
    assert unmasked.flat_masks is None


def test_mask_forms_of_an_action_object_are_kept_at_the_end_in_the_form():
    vec = make_vec(busy(), 2, max_queue_slots=SLOTS, mask="flat", action=Upside(), final_observations=True)
    vec.reset(seed=1)
    for _ in range(vec.num_ticks):
        vec.step(np.zeros(vec.actions.shape, np.int64))
    assert vec.final_action_masks.shape == vec.action_masks.shape
    assert np.array_equal(padded(vec.final_action_masks[0, 0], vec.action_nvec[::-1]), vec.final_masks[0, 0, ::-1])


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize(("form", "place"), list(itertools.product(FORMS, PLACES)))
def test_mask_forms_gymnasium_faces_agree(form, place, mode):
    options = {"scenario": busy(scripted=2), "max_queue_slots": SLOTS, "mask": form, "mask_in": place}
    ours = gymnasium.make_vec(BANK, 2, vectorization_mode="vector_entry_point", autoreset_mode=mode, **options)
    theirs = gymnasium.vector.SyncVectorEnv([lambda: gymnasium.make(BANK, **options)] * 2, autoreset_mode=mode)
    assert ours.single_observation_space == theirs.single_observation_space
    for step in range(12):  # the world has 12 ticks: the episode ends with the next step
        results = [
            env.reset(seed=4) if step == 0 else env.step(np.zeros((2, *env.single_action_space.shape), np.int64))
            for env in (ours, theirs)
        ]
        (seen, *_, infos), (same, *_, told) = results
        assert ("action_mask" in infos) == ("action_mask" in told) == (place == "info")
        mine, other = (infos, told) if place == "info" else (seen, same)
        assert np.array_equal(mine["action_mask"], other["action_mask"])
    *_, infos = ours.step(np.zeros((2, *ours.single_action_space.shape), np.int64))
    if mode is AutoresetMode.SAME_STEP:
        assert ("action_mask" in infos["final_info"]) == (place == "info")


def test_mask_forms_sampling_is_the_same_for_both_and_legal():
    env = simcash_v0.parallel_env(busy(), max_queue_slots=SLOTS)
    _, infos = env.reset(seed=3)
    space, mask = env.action_space("ALFA"), infos["ALFA"]["action_mask"]
    matrix = padded(mask, space.nvec)
    for seed in range(20):
        space.seed(seed)
        flat = space.sample(mask)
        space.seed(seed)
        assert np.array_equal(space.sample(matrix), flat)
        assert matrix[np.arange(len(flat)), flat].all()
    with pytest.raises(ActionError, match=r"mask: must have the shape \(5, 21\) or \(\d+,\), got \(3,\)"):
        space.sample(np.ones(3, np.int8))
    heads = tuple(np.ones(choices, np.int8) for choices in space.nvec)
    assert space.contains(space.sample(mask=heads))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mask": "ragged"}, "mask: must be one of matrix, flat"),
        ({"mask": 3}, "mask: must be one of matrix, flat"),
        ({"mask_in": "both"}, "mask_in: must be one of observation, info, or None"),
        ({"mask_in": "info", "observation": "dict"}, "mask_in: observation=\"dict\" already says 'observation'"),
        ({"mask_in": "observation", "observation": "flat"}, "mask_in: observation=\"flat\" already says 'info'"),
    ],
)
def test_mask_forms_wrong_options_are_named(options, said):
    for make in (make_vec, simcash_v0.parallel_env, simcash_v0.env):
        with pytest.raises(ConfigError, match=said):
            make(busy(), **options)


def test_mask_forms_names_of_observations_imply_the_place():
    for observation, place in (("dict", "observation"), ("flat", "info"), ("vector", "info")):
        assert make_vec(busy(), observation=observation).mask_in == place
    assert make_vec(busy(), observation="dict", mask_in="observation").mask_in == "observation"
