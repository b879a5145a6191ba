"""Budgets and thresholds: what they release, worked out from the queue; and actions that a user makes."""

import numpy as np
import pytest
from gymnasium import spaces
from pettingzoo.test import parallel_api_test, parallel_seed_test

from simcash_env import make_vec, simcash_v0
from simcash_env.envs.actions import Action, ThresholdAction
from simcash_env.errors import ActionError, ConfigError
from tests.worlds import LIBRARY, busy

PLAIN = {"priorities": False, "pool": None, "scripted": 0, "banks": 2, "rate": 3.0, "max_split": 1, "allow_drop": False}


def released(vec, view):
    """(L,) which of the payments that were queued are in Queue 1 no more: their remaining cents."""
    kept = vec.queue1_view()
    amounts = []
    for bank in range(vec.num_banks):
        before = view["remaining"][0, bank][view["present"][0, bank] == 1].tolist()
        after = kept["remaining"][0, bank][kept["present"][0, bank] == 1].tolist()
        amounts.append((before, after))
    return amounts


def steps(vec, actions_of, count=8):
    """Play; for each step and bank: what was queued, the action, and what is queued of it afterwards."""
    vec.reset(seed=5)
    for _ in range(count):
        view, state = vec.queue1_view(), vec.state(0)
        last = int(state.next_id[0])
        actions = actions_of(view)
        vec.step(actions)
        engine = vec.engine(0)
        for index, bank in enumerate(vec.learners):
            left = [row for row in engine.queue1_rows(int(bank)) if engine.state.pay_id[row] < last]
            yield view, index, actions[0, index], sum(int(engine.state.pay_remaining_cents[row]) for row in left)


def test_action_kinds_budget_sends_the_longest_prefix_within_its_share():
    vec = make_vec(busy(**PLAIN), action="budget", autoreset="disabled", max_queue_slots=64)
    rng, seen = np.random.default_rng(1), 0
    for view, bank, level, left in steps(vec, lambda _: rng.integers(0, 21, (1, 2))):
        queue = view["remaining"][0, bank][view["present"][0, bank] == 1]
        within = np.cumsum(queue) <= int(queue.sum()) * int(level) // 20
        assert left == queue[~within].sum()
        seen += 0 < within.sum() < len(queue)
    assert seen > 2


def test_action_kinds_threshold_releases_the_urgent_the_small_and_the_high_within_its_share():
    vec = make_vec(busy(**PLAIN), action="threshold", autoreset="disabled", max_queue_slots=64)
    rng, seen = np.random.default_rng(2), 0
    scale = vec.scenario.view.bank_payment_scale_cents[vec.learners]
    draws = lambda _: rng.integers(0, 1001, (1, 2, 4)) / 500 - 1  # noqa: E731 - one line
    for view, bank, action, left in steps(vec, draws):
        is_there = view["present"][0, bank] == 1
        urgency, size, priority, share = (np.asarray(action) + 1) / 2
        cents, ticks = view["remaining"][0, bank][is_there], np.maximum(view["ticks_to_deadline"][0, bank][is_there], 0)
        wanted = (ticks / (ticks + 8) < urgency - 1e-12) | (cents / (cents + scale[bank]) < size - 1e-12)
        wanted |= view["priority"][0, bank][is_there] / 10 > priority + 1e-12
        room, held = int(int(view["available_liquidity"][0, bank]) * round(share * 1000)) // 1000, 0
        for amount, is_wanted in zip(cents.tolist(), wanted.tolist(), strict=True):
            if is_wanted and amount <= room:
                room -= amount
            else:
                held += amount
        assert left == held
        seen += 0 < held < cents.sum()
    assert seen > 2


def test_action_kinds_ends_of_the_thresholds_release_everything_and_nothing():
    vec = make_vec(busy(**PLAIN, wealth=10**9), 2, action="threshold", autoreset="disabled")
    vec.reset([3, 3])
    queued = vec.columns().bank_queue1_count.copy()
    assert queued.min() > 0
    before = vec.columns().next_id[:, 0].copy()
    vec.step(np.array([[[-1, -1, 1, 1]] * 2, [[1, -1, 1, 1]] * 2], np.float32))
    old = [
        sum(int(vec.engine(c).state.pay_id[r]) < before[c] for b in (0, 1) for r in vec.engine(c).queue1_rows(b))
        for c in (0, 1)
    ]
    assert old == [queued[0].sum(), 0]


@pytest.mark.parametrize("action", ["budget", "threshold"])
@pytest.mark.parametrize("scenario", LIBRARY)
def test_action_kinds_every_scenario_passes_pettingzoos_tests_with_this_action(scenario, action):
    parallel_api_test(simcash_v0.parallel_env(scenario, action=action, learners="all", max_cycles=60), num_cycles=100)
    parallel_seed_test(lambda: simcash_v0.parallel_env(scenario, action=action), num_cycles=10)


def test_action_kinds_budget_counts_joint_choices_and_masks_them():
    env = simcash_v0.parallel_env(busy(collateral=True), action="budget", observation="dict")
    vec = env._vec
    joint = int(vec.action_nvec.prod())
    seen, _ = env.reset(seed=1)
    for agent in env.agents:
        assert env.action_space(agent) == spaces.Discrete(joint)
        mask = seen[agent]["action_mask"]
        assert mask.shape == (joint,)
        choice = env.action_space(agent).sample(mask)
        heads = np.unravel_index(choice, tuple(vec.action_nvec.tolist()))
        assert all(vec.masks[0, env.agents.index(agent), head, value] for head, value in enumerate(heads))


def test_wrong_action_of_another_kind_is_refused_too():
    for action, wrong, said in (
        ("budget", 10**6, "must lie in Discrete"),
        ("budget", 1.5, "whole numbers of shape"),
        ("threshold", [0.5, 0.5, 0.5, 1.5], "must lie in Box"),
        ("threshold", [0.5, 0.5, 0.5, np.nan], "must lie in Box"),
        ("threshold", [0.5], "numbers of shape"),
    ):
        env = simcash_v0.parallel_env(busy(**PLAIN), action=action)
        env.reset(seed=1)
        before = env.digest()
        right = env.action_space("BRAVO").sample()
        with pytest.raises(ActionError, match=rf"actions\.ALFA: .*{said}"):
            env.step({"ALFA": wrong, "BRAVO": right})
        assert env.digest() == before


def test_action_kinds_batches_of_budgets_and_thresholds_judge_the_whole_batch_first():
    for action, wrong in (("budget", np.full((2, 2), 21)), ("threshold", np.full((2, 2, 4), -1.1))):
        vec = make_vec(busy(**PLAIN), 2, action=action)
        vec.reset(seed=1)
        before = vec.digest(0)
        with pytest.raises(ActionError, match="actions: "):
            vec.step(wrong)
        assert vec.digest(0) == before


def test_action_kinds_options_that_are_none_are_named():
    for option, value in (("action", "sell"), ("observation", 3), ("reward", "money"), ("max_queue_slots", 0)):
        with pytest.raises(ConfigError, match=rf"{option}: must be .*got {value!r}"):
            make_vec(busy(), **{option: value})
    assert make_vec(busy(), max_queue_slots=0, action="threshold").observation_size == 42


def test_action_kinds_pool_is_a_level_or_a_share():
    for action, allocated in (("threshold", 6_000), (ThresholdAction(pool="share"), 6_060)):
        vec = make_vec(busy(scripted=0), action=action, autoreset="disabled")
        vec.reset(seed=1)
        numbers = np.full((1, vec.num_banks, len(vec.action_nvec)), -1.0)
        numbers[..., vec.head_index["pool"]] = 0.01
        vec.step(numbers)
        assert vec.columns().bank_pool_allocated_cents.tolist() == [[allocated] * 3]


def test_action_kinds_pool_share_that_is_none_is_named():
    with pytest.raises(ConfigError, match=r"action\.pool: must be one of levels, share, got 'all'"):
        make_vec(busy(), action=ThresholdAction(pool="all"))
    masked = DueWithin()
    masked.pool = "share"
    with pytest.raises(ConfigError, match=r"action\.pool: must be 'levels' where choices have masks: queue, budget"):
        make_vec(busy(), action=masked)


class DueWithin(Action):
    """Release what is due within so many ticks: nothing, 1, 3, everything."""

    limits = np.array([-(10**9), 1, 3, 10**9])

    def space(self, vec):
        return spaces.Discrete(4)

    def decode(self, vec, actions):
        view = vec.queue1_view()
        heads = np.zeros(vec.actions.shape, np.int64)
        is_due = view["ticks_to_deadline"] <= self.limits[actions][..., None]
        heads[..., : vec.num_slots] = view["present"] * is_due
        return heads


class Careless(DueWithin):
    """Gives ``dtype``, and leaves out the last heads."""

    def __init__(self, dtype, left_out):
        self.dtype, self.left_out = dtype, left_out

    def decode(self, vec, actions):
        heads = super().decode(vec, actions)
        return heads[..., : heads.shape[2] - self.left_out].astype(self.dtype)


@pytest.mark.parametrize(
    ("dtype", "left_out", "found"), [(float, 0, "float64 of (1, 2, "), (int, 1, "int64 of (1, 2, ")]
)
def test_action_object_that_decodes_into_something_else_is_refused(dtype, left_out, found):
    vec = make_vec(busy(), action=Careless(dtype, left_out))
    vec.reset(seed=2)
    before = vec.digest(0)
    with pytest.raises(ActionError, match=r"action\.decode: must give whole numbers of shape \(1, 2, ") as refused:
        vec.step(np.full((1, 2), 2))
    assert f"gave {found}" in str(refused.value)
    assert vec.digest(0) == before


def test_action_of_ones_own_is_played_like_any_other():
    parallel_api_test(simcash_v0.parallel_env(busy(), action=DueWithin()), num_cycles=50)
    own, plain = make_vec(busy(), action=DueWithin()), make_vec(busy())
    own.reset(seed=2)
    plain.reset(seed=2)
    for _ in range(12):
        view = plain.queue1_view()
        heads = np.zeros(plain.actions.shape, np.int64)
        heads[..., : plain.num_slots] = view["present"] * (view["ticks_to_deadline"] <= 3)
        plain.step(heads)
        own.step(np.full((1, 2), 2))
        assert own.digest(0) == plain.digest(0)
