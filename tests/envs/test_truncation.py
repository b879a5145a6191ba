"""A truncated episode ends with what a longer one would have shown, in every face.

The final observation was written before the next tick was opened, so that its arrivals were missing
(``castro-12period-v0``, ``max_ticks=5``, seed 1: no payment was queued, where there is one).
"""

import copy

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from simcash_env import make_vec, simcash_v0
from simcash_env.envs.actions import QueueAction
from simcash_env.envs.families import Randomize
from simcash_env.envs.observations import Observation
from simcash_env.envs.rewards import Shaped, queued_value
from simcash_env.envs.spaces import MaskedMultiDiscrete
from tests.worlds import busy, legal

BANK = "simcash_env:SimCash/Bank-v0"
CUT = 4
SLOTS = 3
SEED = 21
COPIES = 3
MODES = ("same_step", "next_step", "disabled")


class Queued(Observation):
    """What waits in Queue 1, straight from the state."""

    low, high, dtype = 0.0, np.inf, np.float64

    def names(self, vec):
        return ("queued", "count")

    def write(self, vec, out):
        state = vec.columns()
        out[:, :, 0] = state.bank_queue1_cents[:, vec.learners]
        out[:, :, 1] = state.bank_queue1_count[:, vec.learners]


class Backwards(QueueAction):
    """The queue's heads in the opposite order, masks too."""

    def space(self, vec):
        return MaskedMultiDiscrete(vec.action_nvec[::-1])

    def mask(self, vec):
        return vec.masks[:, :, ::-1]

    def decode(self, vec, actions):
        return actions[:, :, ::-1]


OBJECTS = {
    "dict": {},
    "raw": {"normalize": False},
    "object": {"observation": Queued()},
    "reward object": {"reward": Shaped(queued_value, 0.9)},
    "budget": {"action": "budget"},
    "threshold": {"action": "threshold"},
    "rank": {"action": "rank"},
    "action object": {"action": Backwards()},
    "no slots": {"action": "budget", "max_queue_slots": 0},
    "threads": {"num_threads": 2},
    "family": {"randomize": Randomize(num_members=5)},
    "mixed": {"reward": "mixed", "alpha": 0.3},
}
"""Options of a batch that decide what it shows, or on which way the last observation is kept."""


def world(**parts):
    return busy(rate=2.5, days=3, **parts)


def options_of(kind):
    return {"max_queue_slots": SLOTS, **copy.deepcopy(OBJECTS[kind])}


def actions_of(vec, step):
    """Actions that depend on what each copy sees and on the step, not on anything else."""
    masks = vec.action_masks
    if masks is None:
        draws = np.random.default_rng(step).uniform(-1.0, 1.0, (vec.num_banks, len(vec.action_nvec)))
        return np.broadcast_to(draws, (vec.num_envs, *draws.shape))
    return np.stack([legal(mask, step) for mask in masks])


def uncut(kind, config=None, steps=CUT):
    """The batch that goes on, after so many steps."""
    vec = make_vec(world() if config is None else config, COPIES, autoreset="disabled", **options_of(kind))
    vec.reset(seed=SEED)
    for step in range(steps):
        vec.step(actions_of(vec, step))
    assert not vec.over().any()
    return vec


def cut(kind, mode, config=None):
    """The batch whose episodes have just been cut."""
    options = {"autoreset": mode, "max_ticks": CUT, "final_observations": mode == "same_step", **options_of(kind)}
    vec = make_vec(world() if config is None else config, COPIES, **options)
    vec.reset(seed=SEED)
    for step in range(CUT):
        assert not vec.over().any()
        vec.step(actions_of(vec, step))
    assert vec.truncated.all()
    assert not vec.terminated.any()
    return vec


def test_truncation_final_observation_castro():
    vec = make_vec("castro-12period-v0", max_ticks=5, final_observations=True)
    vec.reset(seed=1)
    for _ in range(5):
        vec.step(vec.masks[..., 1].astype(np.int64))
    shown = vec.final_observations[0, 0, vec.observation_layout.index("queue1_count")]
    assert shown == pytest.approx(1 / 9)


@pytest.mark.parametrize("kind", OBJECTS)
@pytest.mark.parametrize("mode", MODES)
def test_truncation_final_observations_and_masks_are_those_of_a_longer_episode(kind, mode):
    vec, longer = cut(kind, mode), uncut(kind)
    is_reset = mode == "same_step"
    assert np.array_equal(vec.final_observations if is_reset else vec.observations, longer.observations)
    masks = vec.final_action_masks if is_reset else vec.action_masks
    if longer.action_masks is None:
        assert masks is None
    else:
        assert masks.shape == longer.action_masks.shape
        assert np.array_equal(masks, longer.action_masks)
        assert np.array_equal(vec.final_masks if is_reset else vec.masks, longer.masks)
    for name in ("rewards", "costs", "illegal"):
        assert np.array_equal(getattr(vec, name), getattr(longer, name)), name
    if not is_reset:
        for at in range(COPIES):
            assert vec.digest(at) == longer.digest(at)


@pytest.mark.parametrize("kind", OBJECTS)
def test_truncation_episode_after_a_cut_one_is_the_one_of_its_seed(kind):
    """Opening one tick more for the last observation leaves no trace in what follows."""
    vec = cut(kind, "same_step")
    fresh = make_vec(world(), COPIES, autoreset="disabled", **options_of(kind))
    fresh.reset(seed=vec.seeds.tolist())
    for step in range(CUT):
        assert np.array_equal(vec.observations, fresh.observations)
        assert [vec.digest(at) for at in range(COPIES)] == [fresh.digest(at) for at in range(COPIES)]
        actions = actions_of(fresh, step)
        vec.step(actions)
        fresh.step(actions)
        assert np.array_equal(vec.rewards, fresh.rewards)
        assert np.array_equal(vec.costs, fresh.costs)
    assert np.array_equal(vec.final_observations, fresh.observations)


def test_truncation_final_observations_when_the_next_tick_needs_more_room():
    """Seventy payments arrive in the tick that is opened for the last observation alone."""
    sent = {"from_bank": "ALFA", "to_bank": "BRAVO", "amount": 100, "deadline": 3}
    config = world(events=[{"type": "payment", "tick": CUT, **sent}] * 70)
    vec, longer = cut("dict", "same_step", config), uncut("dict", config)
    assert np.array_equal(vec.final_observations, longer.observations)
    assert np.array_equal(vec.final_masks, longer.masks)
    assert longer.state(0).bank_queue1_count[0] >= 70


def test_truncation_final_observation_of_a_terminated_episode_shows_its_last_state():
    vec = make_vec(world(), COPIES, final_observations=True, max_queue_slots=SLOTS, max_ticks=10**6)
    longer = make_vec(world(), COPIES, autoreset="disabled", max_queue_slots=SLOTS)
    vec.reset(seed=SEED)
    longer.reset(seed=SEED)
    for step in range(vec.num_ticks):
        actions = actions_of(vec, step)
        vec.step(actions)
        longer.step(actions)
    assert vec.terminated.all()
    assert not vec.truncated.any()
    assert np.array_equal(vec.final_observations, longer.observations)
    assert np.array_equal(vec.final_masks, longer.masks)


@pytest.mark.parametrize("kind", ["dict", "raw", "object", "budget", "threshold", "rank", "action object"])
@pytest.mark.parametrize("seen", ["dict", "flat"])
def test_truncation_parallel_and_aec_show_the_longer_episode_at_the_cut(kind, seen):
    options = options_of(kind)
    if "observation" not in options:
        options["observation"] = seen
    is_dict = options["observation"] == "dict"
    longer = uncut(kind)
    env, turns = (
        make(world(), max_cycles=CUT, mask="matrix", **options) for make in (simcash_v0.parallel_env, simcash_v0.env)
    )  # fmt: skip
    env.reset(seed=SEED)
    turns.reset(seed=SEED)
    for step in range(CUT):
        chosen = dict(zip(env.agents, actions_of(env._vec, step)[0], strict=True))
        observations, _, _, truncations, infos = env.step(chosen)
        for agent, action in chosen.items():
            assert turns.agent_selection == agent
            turns.step(action)
    assert all(truncations.values())
    masks = longer.action_masks
    for row, agent in enumerate(env.possible_agents):
        for shown in (observations[agent], turns.observe(agent)):
            vector = shown["observation"] if isinstance(shown, dict) else shown
            assert np.array_equal(vector, longer.observations[0, row])
            if isinstance(shown, dict):
                assert np.array_equal(shown["action_mask"], masks[0, row])
        for info in (infos[agent], turns.infos[agent]):
            assert ("action_mask" in info) == (masks is not None and not is_dict)
            assert "action_mask" not in info or np.array_equal(info["action_mask"], masks[0, row])
        assert turns.truncations[agent]
    assert np.array_equal(env.state(), longer.observations[0].ravel())
    assert np.array_equal(turns.state(), env.state())


@pytest.mark.parametrize("kind", ["dict", "raw", "object", "budget", "threshold", "rank", "action object"])
@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("seen", ["dict", "flat"])
def test_truncation_gymnasium_faces_show_the_longer_episode_at_the_cut(kind, mode, seen):
    options = {"scenario": world(scripted=2), "mask": "matrix", **options_of(kind)}
    if "observation" not in options:
        options["observation"] = seen
    longer = uncut(kind, world(scripted=2))
    vec = gymnasium.make_vec(
        BANK, COPIES, vectorization_mode="vector_entry_point", autoreset_mode=mode, max_ticks=CUT, **options
    )
    theirs = gymnasium.vector.SyncVectorEnv(
        [lambda: gymnasium.make(BANK, max_ticks=CUT, disable_env_checker=True, **options) for _ in range(COPIES)],
        autoreset_mode=mode,
    )
    both = vec, theirs
    for env in both:
        env.reset(seed=SEED)
    for step in range(CUT):
        actions = actions_of(vec.vec, step)[:, 0]
        results = [env.step(actions) for env in both]
    for shown, _, terminated, truncated, infos in results:
        assert truncated.all()
        assert not terminated.any()
        last = infos["final_obs"] if mode is AutoresetMode.SAME_STEP else shown
        told = infos["final_info"] if mode is AutoresetMode.SAME_STEP else infos
        assert np.array_equal(told["costs"], longer.costs[:, 0])
        assert ("action_mask" in told) == (longer.action_masks is not None and options["observation"] != "dict")
        if "action_mask" in told:
            assert np.array_equal(told["action_mask"], longer.action_masks[:, 0])
        for at in range(COPIES):
            one = last[at] if mode is AutoresetMode.SAME_STEP or not isinstance(last, dict) else last["observation"][at]
            if isinstance(one, dict):
                assert np.array_equal(one["action_mask"], longer.action_masks[at, 0])
                one = one["observation"]
            assert np.array_equal(one, longer.observations[at, 0])


@pytest.mark.parametrize("bank_id", [False, True])
@pytest.mark.parametrize("kind", OBJECTS)
def test_truncation_sb3_rows_end_with_the_longer_episode(kind, bank_id):
    sb3 = pytest.importorskip("simcash_env.envs.sb3")
    longer = uncut(kind)
    vec = make_vec(world(), COPIES, max_ticks=CUT, final_observations=True, **options_of(kind))
    rows = sb3.SimCashSB3Vec(vec, bank_id=bank_id)
    rows.seed(SEED)
    rows.reset()
    for step in range(CUT):
        actions = actions_of(vec, step)
        seen, _, dones, infos = rows.step(actions.reshape(rows.num_envs, *actions.shape[2:]))
        assert all(rows.observation_space.contains(row) for row in seen)
    assert dones.all()
    for row, info in enumerate(infos):
        copy, bank = divmod(row, vec.num_banks)
        assert info["TimeLimit.truncated"]
        assert rows.observation_space.contains(info["terminal_observation"])
        one_hot = np.eye(vec.num_banks)[bank] if bank_id else ()
        assert np.array_equal(info["terminal_observation"], [*longer.observations[copy, bank], *one_hot])
