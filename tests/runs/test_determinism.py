"""Same scenario, seed and actions: the same run bit for bit, however and wherever it is run."""

import copy
import multiprocessing
import pickle

import numpy as np
import pytest

from simcash_env import simcash_v0
from simcash_env.config import FifoPolicy
from simcash_env.envs.vector import make_vec
from simcash_env.errors import ActionError
from simcash_env.evaluation.rollout import run_scripted
from simcash_env.schema.codes import STATE_OF_SEED_0
from simcash_env.schema.limits import POOL_LEVELS
from simcash_env.simulation import Simulation
from tests.oracle import Oracle
from tests.oracle.random_stream import RandomStream
from tests.worlds import LIBRARY, busy, legal, legal_by_seed, play, quiet

SLOTS = 6
ALL_SLOTS = 128


def digests_of(seed=11):
    """The digest at every decision of a busy game; importable, so that another process can be asked."""
    return play(simcash_v0.parallel_env(busy(), max_queue_slots=SLOTS), seed)


def simulated(seed=11):
    """The digest after every tick of a simulation whose banks all follow a policy."""
    simulation = Simulation(busy(scripted=3), seed=seed)
    return [(simulation.tick().total_cost, simulation.digest()) for _ in range(simulation.num_ticks)]


def stepped(vec, seeds, steps, watched=None):
    """(steps, watched copies) digests of a batch from these seeds on."""
    vec.reset(seeds)
    found = []
    for step in range(steps):
        vec.step(legal_by_seed(vec, seeds, step))
        found.append([vec.digest(number) for number in watched or range(vec.num_envs)])
    return np.array(found)


def test_determinism_two_runs_in_one_process_are_equal_after_every_tick():
    assert digests_of() == digests_of()
    assert simulated() == simulated()
    assert len(set(digests_of())) == 13


def test_determinism_run_in_another_process_is_equal_after_every_tick():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(digests_of) == digests_of()
        assert pool.apply(simulated) == simulated()


def pickled(simulation):
    """What comes back from a pickle."""
    return pickle.loads(pickle.dumps(simulation))


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
def test_determinism_simulation_that_was_copied_goes_on_like_the_original(copied):
    simulation = Simulation(busy(scripted=3), seed=11)
    simulation.run(4)
    twin = copied(simulation)
    assert twin.digest() == simulation.digest()
    while not simulation.is_over:
        simulation.tick()
        assert twin.digest() != simulation.digest()
        twin.tick()
        assert twin.digest() == simulation.digest()
    assert twin.is_over
    assert list(twin.events()) == list(simulation.events())


def test_determinism_copy_that_is_over_stands_still_until_it_is_reset():
    vec = make_vec(quiet(ticks=3, days=1), 2, learners="all", max_queue_slots=SLOTS, autoreset="disabled")
    vec.reset(seed=5)
    nothing = np.zeros(vec.actions.shape, np.int64)
    for _ in range(3):
        vec.step(nothing)
    assert vec.over().all()
    before = vec.digest(0)
    with pytest.raises(ActionError, match="over"):
        vec.step(nothing)
    assert vec.digest(0) == before
    vec.reset(mask=np.array([False, True]))
    assert vec.over().tolist() == [True, False]
    seen = vec.observations[0].copy()
    vec.step(nothing)
    assert vec.digest(0) == before
    assert vec.over().tolist() == [True, False]
    assert not vec.rewards[0].any()
    assert not vec.costs[0].any()
    assert (vec.observations[0] == seen).all()
    vec.reset(seed=5)
    assert not vec.over().any()


def test_determinism_another_seed_gives_another_run():
    assert not set(digests_of(11)) & set(digests_of(12))
    assert not set(simulated(11)) & set(simulated(12))


def test_determinism_run_that_was_played_before_leaves_nothing_behind():
    env = simcash_v0.parallel_env(busy(), max_queue_slots=SLOTS)
    play(env, 5)
    assert play(env, 11) == digests_of(11)


@pytest.mark.parametrize("size", [7, 64])
def test_determinism_copy_runs_the_same_alone_and_in_a_batch(size):
    seeds = [100 + number for number in range(size)]
    batch = make_vec(busy(), size, max_queue_slots=SLOTS, autoreset="disabled")
    watched = [0, size // 2, size - 1]
    together = stepped(batch, seeds, batch.num_ticks, watched)
    for place, digests in zip(watched, together.T.tolist(), strict=True):
        alone = make_vec(busy(), 1, max_queue_slots=SLOTS, autoreset="disabled")
        assert stepped(alone, seeds[place : place + 1], alone.num_ticks)[:, 0].tolist() == digests
        for name in ("observations", "masks", "rewards", "costs", "illegal"):
            assert np.array_equal(getattr(alone, name)[0], getattr(batch, name)[place]), name


def test_determinism_batch_of_one_is_the_parallel_environment():
    vec = make_vec(busy(), 1, max_queue_slots=SLOTS, autoreset="disabled")
    env = simcash_v0.parallel_env(busy(), max_queue_slots=SLOTS, mask="matrix")
    _, infos = env.reset(seed=3)
    vec.reset(3)
    for step in range(vec.num_ticks):
        actions = legal_by_seed(vec, [3], step)
        assert np.array_equal(np.stack([info["action_mask"] for info in infos.values()]), vec.masks[0])
        _, rewards, _, _, infos = env.step(dict(zip(env.agents, actions[0], strict=True)))
        vec.step(actions)
        assert env.digest() == vec.digest(0)
        assert list(rewards.values()) == vec.rewards[0].tolist()


@pytest.mark.parametrize("steps", [1, 2, 7, 12])
def test_determinism_copys_run_does_not_depend_on_its_place_in_the_batch(steps):
    """Sweeps go to and fro over the copies: turned round, every copy is stepped in another order."""
    seeds = [41, 42, 43, 44, 45]
    there, back = (make_vec(busy(), 5, max_queue_slots=SLOTS, autoreset="disabled") for _ in range(2))
    forward, backward = stepped(there, seeds, steps), stepped(back, seeds[::-1], steps)
    assert np.array_equal(forward, backward[:, ::-1])
    for name in ("observations", "masks", "rewards", "costs"):
        assert np.array_equal(getattr(there, name), getattr(back, name)[::-1]), name


@pytest.mark.parametrize("resume", [copy.deepcopy, lambda vec: pickle.loads(pickle.dumps(vec))])
def test_determinism_run_resumed_half_way_ends_as_one_that_was_not(resume):
    vec = make_vec(busy(), 3, max_queue_slots=SLOTS, autoreset="disabled")
    straight = stepped(vec, [1, 2, 3], vec.num_ticks)
    half = make_vec(busy(), 3, max_queue_slots=SLOTS, autoreset="disabled")
    stepped(half, [1, 2, 3], 5)
    half = resume(half)
    for step in range(5, half.num_ticks):
        half.step(legal_by_seed(half, [1, 2, 3], step))
        assert [half.digest(number) for number in range(3)] == straight[step].tolist()


@pytest.mark.parametrize("scenario", LIBRARY)
def test_determinism_releasing_everything_through_the_environment_is_the_fifo_policy(scenario):
    """Equal digests: the pool's share is the only other decision, and 0.5 is what these scenarios commit."""
    vec = make_vec(scenario, 2, max_queue_slots=ALL_SLOTS, autoreset="disabled")
    share = {"liquidity_allocation_fraction": 0.5}
    banks = tuple(
        bank.model_copy(update={"policy": FifoPolicy(), **(share if bank.liquidity_pool else {})})
        for bank in vec.config.banks
    )
    market = vec.config.market and vec.config.market.model_copy(update={"traders": {}})  # the learners do not trade
    scripted = vec.config.model_copy(update={"banks": banks, "market": market})
    simulations = [Simulation(scripted, seed=seed, events=False) for seed in (21, 22)]
    vec.reset(21)
    for _ in range(vec.num_ticks):
        vec.step(everything_released(vec))
        for simulation in simulations:
            simulation.tick()
    for number, simulation in enumerate(simulations):
        assert simulation.is_over
        assert vec.digest(number) == simulation.digest()
        assert simulation.summary().settled > 0


def everything_released(vec):
    """Release where that is admitted; half the pool where it may be set."""
    actions = np.zeros(vec.actions.shape, np.int64)
    actions[..., :ALL_SLOTS] = vec.masks[:, :, :ALL_SLOTS, 1]
    if "pool" in vec.head_index:
        head, level = vec.head_index["pool"], POOL_LEVELS // 2
        actions[..., head] = level * vec.masks[:, :, head, level]
    return actions


def test_determinism_drawn_decisions_come_to_the_same_in_a_simulation_as_in_the_environment():
    """Holds, releases, splits, drops and shares of the pool, each by both faces, after every tick."""
    config = busy(priorities=False)
    vec = make_vec(config, 1, max_queue_slots=SLOTS, autoreset="disabled")
    simulation = Simulation(config, seed=8)
    vec.reset(8)
    cents = np.zeros(vec.num_banks, np.int64)
    for step in range(vec.num_ticks):
        simulation.open_tick()
        assert simulation.digest() == vec.digest(0)
        actions = legal(vec.masks, step)
        named, levels = decisions(simulation, vec, actions[0])
        result = simulation.tick(named, pool_levels=levels)
        vec.step(actions)
        cents += vec.costs[0].sum(axis=1)
        assert [sum(result.costs[bank].values()) for bank in vec.bank_ids] == vec.costs[0].sum(axis=1).tolist()
    assert simulation.digest() == vec.digest(0)
    assert [sum(simulation.costs(bank).values()) for bank in vec.bank_ids] == cents.tolist()
    seen = simulation.events().counts()
    assert {"PolicySubmit", "PolicyHold", "PolicySplit", "PolicyDrop"} <= set(seen)


def decisions(simulation, vec, rows):
    """What the environment's actions say, as a simulation is told it."""
    drop = int(vec.action_nvec[0]) - 1
    verbs = {0: "hold", 1: "release", drop: "drop"}
    named, levels = {}, {}
    for bank, row in zip(vec.bank_ids, rows.tolist(), strict=True):
        queue = simulation.queue1(bank)[:SLOTS]
        named[bank] = {tx: verbs.get(choice, ("split", choice)) for tx, choice in zip(queue, row, strict=False)}
        if vec.masks[0, 0, SLOTS, 1]:
            levels[bank] = row[SLOTS]
    return named, levels


@pytest.fixture
def sized(monkeypatch):
    """Build something with so many payment rows a bank to begin with."""

    def build(rows, builder):
        monkeypatch.setattr("simcash_env.compile.scenario.FIRST_ROWS_PER_BANK", rows)
        return builder()

    return build


def test_determinism_growing_room_for_payments_changes_nothing(sized):
    def batch():
        vec = make_vec(busy(rate=5.0, max_split=9), 4, max_queue_slots=SLOTS, autoreset="disabled")
        found = stepped(vec, [1, 2, 3, 4], vec.num_ticks).tolist()
        return found, vec.observations.copy(), vec.state(0).pay_id.size

    tight, roomy = sized(1, batch), sized(2_000, batch)
    assert tight[0] == roomy[0]
    assert np.array_equal(tight[1], roomy[1])
    assert tight[2] < roomy[2], "one of them had to grow, the other had not"


def test_determinism_growing_changes_nothing_in_a_simulation_and_its_events(sized):
    def run():
        simulation = Simulation(busy(scripted=3, rate=5.0))
        return simulation.run_to_completion(), simulation.events().rows.tolist()

    assert sized(1, run) == sized(2_000, run)


def test_determinism_modes_of_beginning_anew_agree_on_the_same_seeds():
    """Two episodes a copy: same-step begins the second at once, next-step one step later, disabled when told to."""
    made = {
        mode: make_vec(busy(), 3, max_queue_slots=SLOTS, autoreset=mode)
        for mode in ("same_step", "next_step", "disabled")
    }
    first = [5, 6, 7]
    found = {mode: [] for mode in made}
    for mode, vec in made.items():
        vec.reset(first)
        for episode in range(2):
            seeds = vec.seeds.tolist()
            for step in range(vec.num_ticks):
                found[mode].append((seeds, vec.observations.copy(), vec.masks.copy()))
                vec.step(legal_by_seed(vec, seeds, step))
                found[mode].append((vec.rewards.copy(), vec.costs.copy(), vec.terminated.copy()))
            assert vec.terminated.all()
            if mode == "next_step":
                vec.step(np.zeros(vec.actions.shape, np.int64))
            if mode == "disabled":
                vec.reset()
            assert not np.isin(vec.seeds, seeds).any(), f"episode {episode}"
    for mode in ("next_step", "disabled"):
        for there, here in zip(found["same_step"], found[mode], strict=True):
            assert all(np.array_equal(one, other) for one, other in zip(there, here, strict=True)), mode


def test_determinism_masked_reset_leaves_the_other_copies_alone():
    vec = make_vec(busy(), 4, max_queue_slots=SLOTS, autoreset="disabled")
    stepped(vec, [1, 2, 3, 4], 5)
    before = [vec.digest(number) for number in range(4)]
    vec.reset([9, 9, 9, 9], mask=np.array([False, True, False, True]))
    after = [vec.digest(number) for number in range(4)]
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False, True, False]
    assert after[1] == after[3]
    assert vec.seeds.tolist() == [1, 9, 3, 9]


def test_determinism_seed_nought_is_a_seed_like_any_other():
    first, second = (make_vec(quiet(rate=3.0), 1, learners="all") for _ in range(2))
    first.reset(0)
    second.reset(0)
    assert first.digest(0) == second.digest(0)
    assert Simulation(quiet(), seed=0).run_to_completion() == Simulation(quiet(), seed=0).run_to_completion()


def test_determinism_seeds_0_and_1_are_different_runs_in_every_face():
    """Seed 0 had the stream of seed 1; now its own: in a simulation, a batch, a rollout inside the kernel, the oracle."""
    config = quiet(rate=3.0)
    digests = []
    for seed in (0, 1):
        simulation, vec = Simulation(config, seed=seed), make_vec(config, 1, learners="all")
        seeded = config.simulation.model_copy(update={"seed": seed})
        oracle = Oracle(config.model_copy(update={"simulation": seeded}))
        vec.reset(seed)
        oracle.open_tick()
        assert int(vec.state(0).rng[0]) % 2**64 == oracle.world.rng.state
        oracle.close_tick()
        simulation.tick()
        assert simulation.inspect() == oracle.snapshot()
        digests.append(vec.digest(0))
    assert digests[0] != digests[1]
    scripted = busy(scripted=3)
    runs = [Simulation(scripted, seed=seed) for seed in (0, 1)]
    for run in runs:
        run.run_to_completion()
    costs = run_scripted(scripted, [0, 1])
    assert [sum(run.costs(bank).values()) for run in runs for bank in run.bank_ids] == costs.sum(
        axis=2
    ).ravel().tolist()
    assert costs[0].tolist() != costs[1].tolist()


def test_determinism_state_of_seed_0_is_no_other_seed():
    assert RandomStream(0).state == STATE_OF_SEED_0 % 2**64 > 2**63 - 1
    assert [RandomStream(seed).state for seed in (1, 2, 2**63 - 1)] == [1, 2, 2**63 - 1]
