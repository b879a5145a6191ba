"""Nobody gains by an illegal action, by dropping, by splitting into dust, or by ending early.

Random worlds, random play; then the same play with the trick, and the same play without it, side by side.
"""

import random

import numpy as np
import pytest

from simcash_env import make_vec
from tests.worlds import busy, legal

SLOTS = 4
PRICES = {
    "overdraft_bps_per_tick": 0.0,
    "delay_cost_per_tick_per_cent": 0.01,
    "collateral_cost_per_tick_bps": 0.0,
    "liquidity_cost_per_tick_bps": 0.0,
    "deadline_penalty": 300,
    "eod_penalty": {"bps": 500},
}


def worlds(count, **fixed):
    draw = random.Random(7)
    for _ in range(count):
        prices = {**PRICES, "split_friction_cost": draw.choice((0, 1, 25))}
        prices["delay_cost_per_tick_per_cent"] = draw.choice((0.0001, 0.01, 0.3))
        prices["drop_penalty"] = draw.choice((None, None, 400))
        options = {
            "scripted": 0,
            "days": 2,
            "ticks": draw.randint(2, 6),
            "rate": draw.choice((0.5, 1.5, 3.0)),
            "rules": "standard",
            "max_split": 4,
            "pool": None,
            "costs": prices,
            **fixed,
        }
        yield draw.randint(0, 10**9), busy(**options)


def cost_of(vec, seed, choose):
    """Cents that each learning bank was charged over a run."""
    vec.reset(seed)
    cents = np.zeros(vec.num_banks, np.int64)
    for step in range(vec.num_ticks):
        vec.step(choose(vec, step))
        cents += vec.costs[0].sum(axis=1)
    return cents


def without(actions, verb_from, verb_to, instead):
    """The same actions with one kind of verb exchanged, by the first bank only."""
    slots = actions[:, 0, :SLOTS]
    slots[(verb_from <= slots) & (slots <= verb_to)] = instead
    return actions


@pytest.mark.parametrize("trick", ["drop", "split"])
def test_no_free_lunch_trick_never_pays_where_paying_is_possible(trick):
    """With credit for everything at no price, what can be settled is better settled, whole or in parts alike."""
    gained, dearer = [], 0
    for number, (seed, config) in enumerate(worlds(60, wealth=10**9)):
        vec = make_vec(config, max_queue_slots=SLOTS, autoreset="disabled")
        verbs = (5, 5) if trick == "drop" else (2, 4)
        tricky = lambda vec, step: legal(vec.masks, number, step)  # noqa: B023, E731 - called at once
        honest = lambda vec, step: without(legal(vec.masks, number, step), *verbs, 1)  # noqa: B023, E731 - likewise
        with_trick, plain = cost_of(vec, seed, tricky)[0], cost_of(vec, seed, honest)[0]
        if with_trick < plain:
            gained.append((number, int(with_trick), int(plain)))
        dearer += with_trick > plain
    assert not gained
    assert dearer > 10


def test_no_free_lunch_dropping_never_costs_less_than_the_penalties_of_leaving_the_payment_unsettled():
    """Of one payment, dropped at any tick, against the same payment held to the end: it saves waiting, never a penalty."""
    compared = 0
    for seed, config in worlds(40, banks=2, wealth=0, rate=0.5):
        prices = {**config.costs.model_dump(), "delay_cost_per_tick_per_cent": 0.0, "drop_penalty": None}
        free_wait = config.model_copy(update={"costs": type(config.costs).model_validate(prices)})
        one_day = config.simulation.model_copy(update={"num_days": 1})
        vec = make_vec(free_wait.model_copy(update={"simulation": one_day}), max_queue_slots=64, autoreset="disabled")
        held = cost_of(vec, seed, lambda vec, _: np.zeros(vec.actions.shape, np.int64))
        for tick in range(vec.num_ticks):

            def drop_at(vec, step, tick=tick):
                actions = np.zeros(vec.actions.shape, np.int64)
                if step == tick:
                    actions[:, :, :64] = vec.masks[:, :, :64, 5] * 5
                return actions

            assert (cost_of(vec, seed, drop_at) >= held).all()
            compared += 1
    assert compared > 100


def test_no_free_lunch_illegal_action_is_a_hold():
    refused = 0
    for number, (seed, config) in enumerate(worlds(30, collateral=True, revoke=True)):
        tricky, honest = (make_vec(config, max_queue_slots=SLOTS, autoreset="disabled") for _ in range(2))
        tricky.reset(seed)
        honest.reset(seed)
        rng = np.random.default_rng(number)
        for _ in range(tricky.num_ticks):
            anything = rng.integers(0, tricky.action_nvec, tricky.actions.shape)
            is_legal = np.take_along_axis(honest.masks, anything[..., None], axis=-1)[..., 0]
            honest.step(anything * is_legal)
            tricky.step(anything)
            assert tricky.digest(0) == honest.digest(0)
            refused += int(tricky.illegal.sum())
            assert np.array_equal(tricky.rewards, honest.rewards)
    assert refused > 500


def test_no_action_ends_a_run_early():
    for number, (seed, config) in enumerate(worlds(20)):
        vec = make_vec(config, max_queue_slots=SLOTS, autoreset="disabled")
        vec.reset(seed)
        for step in range(vec.num_ticks):
            assert not vec.over().any()
            vec.step(legal(vec.masks, number, step))
        assert vec.terminated.all()
