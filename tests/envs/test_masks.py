"""A mask admits a choice if and only if the engine would carry it out."""

import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simcash_env.envs.vector import NO_ACTIONS, make_vec
from simcash_env.schema.codes import RtgsPriority
from simcash_env.schema.limits import POOL_LEVELS
from tests.budget import IS_PLAIN, examples, slow_but
from tests.envs.test_observation import SWITCHES, switched
from tests.worlds import busy, legal

SLOTS = 3
MARKET = {
    "deposit_rate": 0.0,
    "lending_rate": 2.0,
    "interest": "per_tick",
    "traders": {"BRAVO": {"sigma": 3_000}},
    "counterparty_limits": {"ALFA": {"BRAVO": 2_000}},
    "books": [{"maturity": {"ticks": 2}}],
}
KEPT: set[object] = {
    "as it is", "net limits", "overdue payments are dropped", "nothing is split", "collateral with a haircut",
    "deferred crediting", "a market",
}  # fmt: skip
"""Switches that ``make test`` tries as plain Python; compiled it tries all."""
small = settings(
    max_examples=examples(5, 12),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

worlds = st.builds(
    busy,
    banks=st.just(2),
    scripted=st.just(0),
    days=st.integers(1, 2),
    ticks=st.integers(2, 5),
    rate=st.sampled_from((0.5, 1.5, 3.0)),
    rules=st.sampled_from(("standard", "simcash")),
    max_split=st.integers(1, 4),
    allow_drop=st.booleans(),
    priorities=st.booleans(),
    pool=st.sampled_from((None, 12_000)),
    reallocates=st.booleans(),
    collateral=st.booleans(),
    revoke=st.booleans(),
    sub_limit=st.booleans(),
    send_limit=st.sampled_from(("none", "multilateral", "bilateral")),
    holding=st.integers(0, 2),
    wealth=st.sampled_from((0, 1, 4_000)),
    market=st.sampled_from((None, None, MARKET, {**MARKET, "max_orders": 3, "max_loans": 2})),
)


def one_choice_a_copy(vec):
    """Every (bank, head, choice) of a batch's actions but the choices of 0."""
    return [
        (bank, head, choice)
        for bank in range(vec.num_banks)
        for head, choices in enumerate(vec.action_nvec.tolist())
        for choice in range(1, choices)
    ]


@small
@given(config=worlds, seed=st.integers(0, 2**31), steps=st.integers(0, 8))
def test_masks_every_choice_is_carried_out_if_and_only_if_the_mask_admits_it(config, seed, steps):
    check_every_choice(config, seed, steps)


@pytest.mark.parametrize("steps", slow_but({4}, 0, 4) if IS_PLAIN else [0, 4])
@pytest.mark.parametrize("switch", slow_but(KEPT, *SWITCHES) if IS_PLAIN else SWITCHES)
def test_masks_are_exact_under_every_switch_of_the_scenario(switch, steps):
    check_every_choice(switched(switch), 3, steps)


def check_every_choice(config, seed, steps):
    """Copies of one state: the last holds everything, each other one makes a single choice more."""
    cases = one_choice_a_copy(make_vec(config, max_queue_slots=SLOTS))
    vec = make_vec(config, len(cases) + 1, max_queue_slots=SLOTS, autoreset="disabled")
    vec.reset([seed] * vec.num_envs)
    for step in range(min(steps, vec.num_ticks - 1)):
        vec.step(np.tile(legal(vec.masks[0], seed, step), (vec.num_envs, 1, 1)))
    masks = vec.masks[0].copy()
    actions = np.zeros(vec.actions.shape, np.int64)
    for copy, case in enumerate(cases):
        actions[copy][case[:2]] = case[2]
    vec.step(actions)
    assert not vec.illegal[-1].any()
    held = vec.digest(len(cases))
    for copy, (bank, head, choice) in enumerate(cases):
        refused = np.zeros(vec.num_banks, np.int64)
        refused[bank] = not masks[bank, head, choice]
        assert vec.illegal[copy].tolist() == refused.tolist(), (bank, head, choice)
        is_held = vec.digest(copy) == held
        if not masks[bank, head, choice]:
            assert is_held, "a choice that the mask forbids acts as holding"
        elif head == vec.head_index.get("rtgs_priority"):
            assert is_held, "a priority is one of what is released"
        elif head < SLOTS and config.rules.deadline_mode == "drop":
            pass  # what has expired is dropped in any case
        elif head != vec.head_index.get("pool"):
            assert not is_held, "a choice that the mask admits does something"


@small
@given(config=worlds, seed=st.integers(0, 2**31))
def test_masks_no_combination_of_admitted_choices_is_illegal(config, seed):
    vec = make_vec(config, 6, max_queue_slots=SLOTS, autoreset="disabled")
    vec.reset(seed)
    for step in range(vec.num_ticks):
        vec.step(legal(vec.masks, seed, step))
        assert not vec.illegal.any()


def test_masks_worlds_of_these_tests_offer_and_forbid_every_verb():
    """Without this the properties above could hold of nothing."""
    vec = make_vec(busy(banks=2, scripted=0), 30, max_queue_slots=SLOTS)
    vec.reset(1)
    seen = np.zeros((2, *vec.masks.shape[2:]), bool)
    for step in range(vec.num_ticks):
        for value in (0, 1):
            seen[value] |= (vec.masks == value).any(axis=(0, 1))
        vec.step(legal(vec.masks, step))
    verbs = int(vec.action_nvec[0])
    assert seen[1][:SLOTS, :verbs].all()
    assert seen[0][:SLOTS, 1:verbs].all()
    assert seen[1][SLOTS, :3].all(), "priorities are always open"
    assert seen[1][SLOTS + 1].all()
    assert seen[0][SLOTS + 1, 1:POOL_LEVELS].all()


def test_masks_pool_is_allocated_on_the_level_that_was_chosen():
    vec = make_vec(busy(pool=12_000), max_queue_slots=SLOTS)
    vec.reset(3)
    actions = np.zeros(vec.actions.shape, np.int64)
    actions[0, 0, -1], actions[0, 1, -1] = 20, 5
    vec.step(actions)
    assert vec.state(0).bank_pool_allocated_cents[:2].tolist() == [12_000, 3_000]


@pytest.mark.parametrize(("choice", "name"), list(enumerate(("normal", "urgent", "highly_urgent"))))
def test_masks_what_is_released_gets_the_priority_that_was_chosen(choice, name):
    vec = make_vec(busy(wealth=0, pool=None, rate=3.0, scripted=0, lsm={"algorithms": []}), max_queue_slots=SLOTS)
    vec.reset(3)
    actions = np.zeros(vec.actions.shape, np.int64)
    actions[..., :SLOTS], actions[..., SLOTS] = vec.masks[..., :SLOTS, 1], choice
    vec.step(actions)
    engine = vec.engine(0)
    found = engine.state.pay_rtgs_priority[engine.queue2_rows()].tolist()
    assert len(found) > 1
    assert set(found) == {RtgsPriority[name.upper()]}


def test_masks_verb_on_an_empty_slot_is_illegal_and_changes_nothing():
    vec = make_vec(busy(rate=0.0), 2, max_queue_slots=SLOTS)
    vec.reset([5, 5])
    actions = np.zeros(vec.actions.shape, np.int64)
    actions[0, 0, :SLOTS] = 1
    vec.step(actions)
    assert vec.illegal.tolist() == [[SLOTS, 0], [0, 0]]
    assert vec.digest(0) == vec.digest(1)


def test_masks_what_lies_beyond_the_window_is_held():
    vec = make_vec(busy(rate=6.0, scripted=0, banks=2), max_queue_slots=1)
    vec.reset(8)
    waiting = vec.state(0).bank_queue1_count[:2].tolist()
    last = int(vec.engine(0).state.next_id[0])
    vec.step(np.ones(vec.actions.shape, np.int64) * (np.arange(len(vec.action_nvec)) < 1))
    arrived = int(vec.engine(0).state.next_id[0]) - last
    assert min(waiting) > 1
    assert sum(vec.state(0).bank_queue1_count[:2]) == sum(waiting) - 2 + arrived


def random_worlds(count):
    """Worlds drawn from everything that bears on what is legal."""
    draw = random.Random(20_261_121)
    for _ in range(count):
        yield busy(
            banks=2,
            scripted=draw.choice((0, 1)),
            days=2,
            ticks=draw.randint(2, 6),
            rate=draw.choice((0.5, 1.5, 3.0)),
            rules=draw.choice(("standard", "simcash")),
            max_split=draw.randint(1, 4),
            allow_drop=draw.random() < 0.5,
            priorities=draw.random() < 0.5,
            pool=draw.choice((None, 12_000)),
            reallocates=draw.random() < 0.5,
            collateral=draw.random() < 0.7,
            revoke=draw.random() < 0.7,
            sub_limit=draw.random() < 0.5,
            send_limit=draw.choice(("none", "multilateral", "bilateral")),
            holding=draw.randint(0, 2),
            wealth=draw.choice((0, 1, 500, 4_000)),
            market=draw.choice((None, MARKET)),
        )


def put_all(fan, walker):
    """Every copy of one batch where the single copy of another one is."""
    while fan._states.rows.shape[1] != walker._states.rows.shape[1]:
        min(fan, walker, key=lambda vec: vec._states.rows.shape[1])._grow()
    fan._states.rows[:] = walker._states.rows[0]
    fan._arrays.buffers.terminated[:] = fan._arrays.buffers.truncated[:] = 0
    fan._arrays.buffers.pending[:] = fan._kernels.TO_OBSERVE
    assert fan._workers.run(NO_ACTIONS) == 0


@pytest.mark.slow
@pytest.mark.parametrize("action", ["queue", "budget"])
def test_masks_ten_thousand_random_states(action):
    """Each choice alone, in every state of random runs: admitted and carried out, or forbidden and a hold."""
    states = admitted = forbidden = 0
    for number, config in enumerate(random_worlds(10_000)):
        cases = one_choice_a_copy(make_vec(config, max_queue_slots=SLOTS, action=action))
        options = {"max_queue_slots": SLOTS, "action": action, "autoreset": "disabled"}
        walker, fan = make_vec(config, **options), make_vec(config, len(cases) + 1, **options)
        walker.reset(number)
        fan.reset(number)
        single = np.zeros(fan.actions.shape, np.int64)
        for copy, (bank, head, choice) in enumerate(cases):
            single[copy, bank, head] = choice
        banks, heads, choices = np.array(cases).T
        for tick in range(walker.num_ticks):
            put_all(fan, walker)
            masks = fan.masks[0].copy()
            assert np.array_equal(masks, walker.masks[0])
            is_open = masks[banks, heads, choices] == 1
            assert fan.step_heads(single) == -1
            assert np.array_equal(fan.illegal[np.arange(len(cases)), banks] == 0, is_open)
            assert fan.illegal.sum() == (~is_open).sum()
            rows_alike = (fan._states.rows[:-1] == fan._states.rows[-1]).all(axis=1)
            assert rows_alike[~is_open].all(), "a choice that the mask forbids acts as holding"
            does = np.ones(len(cases), bool)
            for name in ("rtgs_priority", "pool"):
                does &= heads != fan.head_index.get(name, -1)
            if action == "budget":  # a small share of a large payment may come to nothing
                does &= (heads > 0) | (choices == 20)
            assert not rows_alike[is_open & does].any(), "a choice that the mask admits does something"
            states, admitted, forbidden = states + 1, admitted + is_open.sum(), forbidden + (~is_open).sum()
            chosen = legal(walker.masks, number, tick)
            assert walker.step_heads(chosen) == -1
            assert not walker.illegal.any()
        if states >= 10_000:
            break
    assert states >= 10_000
    assert min(admitted, forbidden) > 100_000
