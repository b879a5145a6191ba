"""A copy of an environment, made in memory, by pickle or in another process, goes on as its original does."""

import copy
import multiprocessing
import pickle
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from simcash_env import simcash_v0
from simcash_env.envs.vector import make_vec
from simcash_env.schema.layout import pack_arguments
from tests.forking import forked, needs_fork
from tests.worlds import busy, legal, legal_by_seed, play_on

COPIERS = {"deepcopy": copy.deepcopy, "pickle": lambda made: pickle.loads(pickle.dumps(made))}


class Costs(NamedTuple):
    """Arguments of one array."""

    cents: npt.NDArray[np.float64]


@pytest.mark.parametrize("copier", COPIERS)
@pytest.mark.parametrize("lends", [False, True])
def test_copies_copy_and_original_of_a_game_go_on_alike_and_apart(copier, lends):
    env = simcash_v0.parallel_env(busy(), copy=not lends, max_queue_slots=5)
    _, infos = env.reset(seed=4)
    play_on(env, infos, 4, steps=5)
    masks = {name: {"action_mask": env._vec.masks[0, row].copy()} for row, name in enumerate(env.agents)}
    twin = COPIERS[copier](env)
    assert twin.digest() == env.digest()
    ended = play_on(env, masks, 4)
    assert twin.digest() == ended[0], "the original's steps leave the copy alone"
    assert play_on(twin, masks, 4) == ended
    assert len(ended) == env._vec.num_ticks - 5 + 1


@pytest.mark.parametrize("copier", COPIERS)
def test_copies_copy_and_original_of_a_batch_go_on_alike_and_apart(copier):
    vec = make_vec(busy(rate=4.0), 5, max_queue_slots=5, final_observations=True)
    vec.reset(4)
    for step in range(4):
        vec.step(legal_by_seed(vec, vec.seeds, step))
    twin = COPIERS[copier](vec)
    before = [twin.digest(number) for number in range(5)]
    for step in range(4, 30):
        assert np.array_equal(vec.observations, twin.observations)
        assert np.array_equal(vec.masks, twin.masks)
        actions = legal_by_seed(vec, vec.seeds, step)
        vec.step(actions)
        if step == 4:
            assert [twin.digest(number) for number in range(5)] == before
        twin.step(actions)
        assert [vec.digest(number) for number in range(5)] == [twin.digest(number) for number in range(5)]
        assert np.array_equal(vec.rewards, twin.rewards)
    assert np.array_equal(vec.final_observations, twin.final_observations)
    assert vec.final_observations.any()


def test_copies_arrays_of_a_copied_batch_are_views_of_its_own_buffers():
    twin = copy.deepcopy(make_vec(busy(), 2))
    twin.reset(1)
    assert twin.observations.any()
    assert np.shares_memory(twin.observations, twin._arrays.buffers.observations)


def test_copies_copy_costs_the_memory_of_its_row_and_of_its_share_of_the_arrays():
    small, large = make_vec(busy(), 2), make_vec(busy(), 64)
    assert small.bytes_per_copy > small._states.rows[0].nbytes
    assert large.bytes_per_copy <= small.bytes_per_copy, "what all copies share weighs less"


def test_copies_kernels_get_no_array_that_lies_in_pieces():
    with pytest.raises(ValueError, match="in one piece"):
        pack_arguments(Costs(np.zeros((4, 2))[:, 0]))
    with pytest.raises(ValueError, match=r"Costs\.cents: needs an array of float64 .* got int64"):
        pack_arguments(Costs(np.zeros(4, np.int64)))


def test_copies_worker_process_goes_on_where_the_pickle_was_made():
    env = simcash_v0.parallel_env(busy(), max_queue_slots=5)
    _, infos = env.reset(seed=4)
    play_on(env, infos, 4, steps=3)
    masks = {name: {"action_mask": env._vec.masks[0, row].copy()} for row, name in enumerate(env.agents)}
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        away = pool.apply(play_on, (env, masks, 4))
    assert away == play_on(env, masks, 4)


@needs_fork
@pytest.mark.parametrize("steps_before", [0, 3])
def test_copies_fork_batch_with_threads_steps_in_both_processes(steps_before):
    """A batch that had stepped waited for ever in a forked process: its threads were not there."""
    vec = make_vec(busy(), 5, num_threads=2, max_queue_slots=5)
    vec.reset(4)

    def play_batch(first, last):
        for step in range(first, last):
            vec.step(legal_by_seed(vec, vec.seeds, step))
        return [vec.digest(number) for number in range(5)]

    def play_to_the_end():
        digests = play_batch(steps_before, 9)
        vec.close()
        return digests

    play_batch(0, steps_before)
    away = forked(play_to_the_end)
    assert away == play_batch(steps_before, 9)
    assert away == forked(lambda: [vec.digest(number) for number in range(5)])
    vec.close()


def test_copies_sb3_rows_are_copied_with_what_they_have_counted():
    sb3 = pytest.importorskip("simcash_env.envs.sb3")
    rows = sb3.SimCashSB3Vec(make_vec(busy(), 2, final_observations=True), bank_id=True)
    rows.reset()
    rows.step(legal(rows.vec.masks, 0).reshape(rows.num_envs, -1))
    twin = copy.deepcopy(rows)
    for step in range(1, rows.vec.num_ticks):
        actions = legal(rows.vec.masks, step).reshape(rows.num_envs, -1)
        *_, infos = rows.step(actions)
        *_, others = twin.step(actions)
    assert [info["episode"] for info in infos] == [info["episode"] for info in others]
    assert [info["episode_cost"] for info in infos] == [info["episode_cost"] for info in others]
