"""A run resumed at any tick, in any batch, on any number of threads, is the straight run."""

from dataclasses import replace

import numpy as np
import pytest

from simcash_env import make_vec, simcash_v0
from simcash_env.errors import SnapshotError
from simcash_env.simulation.snapshot import read_snapshot
from tests.worlds import busy, legal, legal_by_seed, play_on

WORLD = busy(collateral=True, revoke=True)


def digests(num_envs, num_threads=1, seeds=range(5)):
    """Of the runs of these seeds, each played legally, in a batch of so many copies."""
    vec = make_vec(WORLD, num_envs, num_threads=num_threads, autoreset="disabled", max_queue_slots=4)
    wanted = list(seeds) + [1_000 + copy for copy in range(num_envs - len(seeds))]
    found = {}
    for first in range(0, len(wanted), num_envs):
        batch = wanted[first : first + num_envs]
        vec.reset(batch)
        for step in range(vec.num_ticks):
            vec.step(legal_by_seed(vec, batch, step))
        found |= {seed: vec.digest(copy) for copy, seed in enumerate(batch) if seed in seeds}
    vec.close()
    return found


SHAPES = [(7, 1), (7, 2), (7, 3), (5, 64), *(pytest.param(1_024, n, marks=pytest.mark.slow) for n in (1, 2))]


@pytest.mark.parametrize(("num_envs", "num_threads"), SHAPES)
def test_time_travel_digests_do_not_depend_on_the_batch_or_the_threads(num_envs, num_threads):
    alone = digests(1)
    assert len(set(alone.values())) == 5
    assert digests(num_envs, num_threads) == alone


def test_time_travel_threads_judge_a_whole_batch_before_any_of_it_steps():
    vec = make_vec(WORLD, 6, num_threads=2)
    vec.reset(seed=1)
    before = [vec.digest(copy) for copy in range(6)]
    actions = np.zeros(vec.actions.shape, np.int64)
    actions[5, 0, 0] = 99
    with pytest.raises(ValueError, match=r"actions\[5, 0\]"):
        vec.step(actions)
    assert [vec.digest(copy) for copy in range(6)] == before


def test_time_travel_game_resumes_exactly_at_every_tick():
    env, other = (simcash_v0.parallel_env(WORLD, max_queue_slots=4, mask="matrix") for _ in range(2))
    _, infos = env.reset(seed=6)
    straight = play_on(env, infos, 6)
    _, infos = env.reset(seed=6)
    for tick in range(env._vec.num_ticks):
        snapshot = env.snapshot()
        seen, again = other.restore(snapshot)
        assert other.digest() == straight[tick]
        for agent in env.agents:
            assert np.array_equal(seen[agent], env._vec.observations[0, env.agents.index(agent)])
            assert np.array_equal(again[agent]["action_mask"], infos[agent]["action_mask"])
        actions = {agent: legal(infos[agent]["action_mask"], 6, tick, row) for row, agent in enumerate(env.agents)}
        assert {**env.step(actions)[1]} == {**other.step(actions)[1]}
        assert other.digest() == env.digest()
        straight[tick + 1] = env.digest()
        infos = {agent: {"action_mask": env._vec.masks[0, row].copy()} for row, agent in enumerate(env.possible_agents)}
    assert env.agents == other.agents == []
    other.restore(env.snapshot())
    assert other.agents == []


def test_time_travel_fork_goes_its_own_way():
    env = simcash_v0.parallel_env(WORLD, max_queue_slots=4)
    _, infos = env.reset(seed=2)
    play_on(env, infos, 2, steps=3)
    twin, before = env.fork(), env.digest()
    assert twin.digest() == before
    twin.step({agent: np.zeros(env.action_space(agent).shape, np.int64) for agent in twin.agents})
    assert env.digest() == before != twin.digest()


def test_time_travel_copy_of_a_batch_can_be_put_anywhere():
    """Also where one arena has grown and the other has not."""
    crowded = busy(rate=6.0)
    vec = make_vec(crowded, 3, autoreset="disabled")
    vec.reset(seed=1)
    for _ in range(5):
        vec.step(np.zeros(vec.actions.shape, np.int64))
    fresh = make_vec(crowded, 2, autoreset="disabled")
    fresh.reset(seed=40)
    young = fresh.snapshot(1)
    fresh.restore(vec.snapshot(2), copy=0)
    assert fresh.digest(0) == vec.digest(2)
    assert np.array_equal(fresh.observations[0], vec.observations[2])
    assert fresh.seeds[0] == vec.seeds[2]
    vec.restore(young, copy=1)
    assert vec.digest(1) == fresh.digest(1)


def test_time_travel_foreign_or_damaged_snapshot_changes_nothing():
    env = simcash_v0.parallel_env(WORLD)
    with pytest.raises(SnapshotError, match="call reset first"):
        env.snapshot()
    env.reset(seed=1)
    good = env.snapshot()
    other = simcash_v0.parallel_env(busy(rate=2.0))
    other.reset(seed=1)
    before = other.digest()
    for bad, said in ((good, "another scenario"), (good[:-1], "damaged"), (b"", "damaged")):
        with pytest.raises(SnapshotError, match=said):
            other.restore(bad)
        assert other.digest() == before
    read = read_snapshot(good)
    nonsense = {name: value for name, value in read.header.items() if name != "seed"}
    with pytest.raises(SnapshotError, match="invalid header: KeyError: 'seed'"):
        env.restore(replace(read, header=nonsense).to_bytes())
    assert env.snapshot() == good
