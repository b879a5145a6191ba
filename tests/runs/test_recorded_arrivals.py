"""Recorded payments as arrivals: what arrives when, however a run is started, stopped, copied or batched."""

import copy
import multiprocessing
import pickle

import gymnasium
import numpy as np
import pytest

from simcash_env import make_vec, simcash_v0
from simcash_env.config import FifoPolicy, load_scenario
from simcash_env.config.recorded import recorded_days
from simcash_env.envs.families import Randomize
from simcash_env.errors import MarketError, SnapshotError
from simcash_env.evaluation.arrivals import arrived_payments
from simcash_env.evaluation.clairvoyant import clairvoyant_bound
from simcash_env.evaluation.evaluate import evaluate_policy, is_random, with_common_policy
from simcash_env.evaluation.policy_families import longest_deadline, mean_payment_cents
from simcash_env.evaluation.rollout import run_scripted
from simcash_env.market.processor import MarketRun
from simcash_env.market.store import run_from_bytes, run_to_bytes
from simcash_env.simulation import Simulation
from tests.oracle import Oracle
from tests.recorded import NAMES, WAYS, drawn_rows, payments_by_tick, recorded, recorded_file, recorded_rows, write_rows
from tests.runs.test_oracle import compare_tick
from tests.worlds import legal_by_seed, play

MARKET = {
    "deposit_rate": 2.0,
    "lending_rate": 3.0,
    "books": [{"id": "one", "maturity": "intraday"}],
    "credit_lines": {"BRAVO": 1_000},
    "schedule": {
        "seed": 7,
        "trades_per_account": 2,
        "amount_min": 10,
        "amount_max": 20,
        "bid_offset": 0.02,
        "ask_offset": -0.01,
        "retry": {"max_retries": 2, "base_delay": 1},
    },
}
BLOCKS = {"resample": "blocks", "block_ticks": 2}
ARRIVALS = {"rate_per_tick": 1.0, "amount": {"type": "uniform", "min": 1, "max": 900}, "deadline_range": [1, 3]}


def digests(config, seed=3, start=None):
    """The digest after every tick; importable, so that another process can be asked."""
    simulation = Simulation(config, seed=seed, events=False) if start is None else start
    found = []
    while not simulation.is_over:
        simulation.tick()
        found.append(simulation.digest())
    return found


def with_random_arrivals(rows):
    """The same scenario with random arrivals of two banks."""
    return {**rows, "banks": [{**bank, "arrivals": ARRIVALS} for bank in rows["banks"][:2]] + rows["banks"][2:]}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1])
def test_recorded_arrivals_and_random_ones_add_up_as_in_the_oracle(way, seed):
    rows = with_random_arrivals(recorded_rows(days=3, recorded=way))
    rows["simulation"]["seed"] = seed
    config = load_scenario(rows)
    oracle, simulation = Oracle(config), Simulation(config)
    while not simulation.is_over:
        oracle.tick()
        compare_tick(oracle, simulation, simulation.tick())


@pytest.fixture(scope="module")
def another_process():
    """A pool of one process that shares nothing with this one."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        yield pool


@pytest.mark.parametrize("way", WAYS)
def test_recorded_run_is_repeated_in_this_process_and_in_another(another_process, way):
    config = recorded(days=3, recorded=way)
    straight = digests(config)
    assert digests(config) == straight
    assert another_process.apply(digests, (config,)) == straight
    assert len(set(straight)) == 18


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("resume", ["snapshot", "saved", "pickle", "deepcopy", "fork"])
def test_recorded_run_resumed_at_every_tenth_tick_ends_as_one_that_was_not(way, resume, tmp_path):
    config = recorded(recorded_file(5, 30, 60), ticks=30, days=2, recorded=way)
    straight = digests(config)
    for tick in range(0, 60, 10):
        simulation = Simulation(config, seed=3, events=False)
        simulation.run(tick)
        simulation.open_tick()
        if resume == "snapshot":
            other = Simulation(config, seed=9)
            other.restore(simulation.snapshot())
        elif resume == "saved":
            simulation.save(tmp_path / "run")
            other = Simulation.load(tmp_path / "run")
        elif resume == "pickle":
            other = pickle.loads(pickle.dumps(simulation))
        elif resume == "deepcopy":
            other = copy.deepcopy(simulation)
        else:
            other = simulation.fork()
        assert digests(config, start=other) == straight[tick:]


@pytest.mark.parametrize("way", WAYS)
def test_recorded_copy_of_a_batch_is_the_simulation_of_its_seed(way):
    config = recorded(days=2, recorded=way)
    vec = make_vec(config, 5, max_queue_slots=64, autoreset="disabled")
    vec.reset(seed=11)
    runs = [Simulation(with_common_policy(config, FifoPolicy()), seed=11 + number) for number in range(5)]
    for run in runs:
        run.open_tick()
    assert [vec.state(number).arrived_count[0] for number in range(5)] == [run.summary().arrived for run in runs]
    for _ in range(vec.num_ticks):
        actions = np.zeros(vec.actions.shape, np.int64)
        actions[..., :64] = vec.masks[:, :, :64, 1]
        vec.step(actions)
        for run in runs:
            run.tick()
    assert [vec.digest(number) for number in range(5)] == [run.digest() for run in runs]


@pytest.mark.parametrize("resume", [copy.deepcopy, lambda vec: pickle.loads(pickle.dumps(vec))])
def test_recorded_batch_goes_on_after_a_copy_as_before(resume):
    def stepped(vec, first, last):
        for step in range(first, last):
            vec.step(legal_by_seed(vec, [1, 2, 3], step))
        return [vec.digest(number) for number in range(3)]

    config = recorded(days=2, recorded=BLOCKS)
    straight, half = (make_vec(config, 3, autoreset="disabled") for _ in range(2))
    straight.reset([1, 2, 3])
    half.reset([1, 2, 3])
    stepped(half, 0, 5)
    assert stepped(resume(half), 5, 12) == stepped(straight, 0, 12)


def stepped_batch(vec):
    """Digests of a batch that came from another process."""
    vec.step(np.zeros(vec.actions.shape, np.int64))
    return [vec.digest(number) for number in range(vec.num_envs)]


def test_recorded_batch_goes_on_in_another_process(another_process):
    vec = make_vec(recorded(days=2), 2)
    vec.reset(seed=4)
    assert another_process.apply(stepped_batch, (vec,)) == stepped_batch(vec)


def test_recorded_batch_snapshot_is_restored_into_another_batch():
    config = recorded(days=2)
    first, second = (make_vec(config, 2, autoreset="disabled") for _ in range(2))
    first.reset(seed=1)
    second.reset(seed=8)
    first.step(np.zeros(first.actions.shape, np.int64))
    second.restore(first.snapshot(1), 0)
    assert second.digest(0) == first.digest(1)
    with pytest.raises(SnapshotError, match="another scenario"):
        make_vec(recorded(days=2, select="train", recorded={"resample": "days"}), 2).restore(first.snapshot(1), 0)


def test_recorded_days_follow_the_seeds_of_automatic_resets():
    vec = make_vec(recorded(), 1)
    vec.reset(seed=3)
    seen = set()
    for _ in range(40 * 6):
        vec.step(np.zeros(vec.actions.shape, np.int64))
        seen.add(int(vec.state(0).recorded_place[0]))
    assert seen == {0, 1, 2, 3, 4}


def test_recorded_family_shares_one_data_set():
    config = recorded()
    vec = make_vec(config, 4, randomize=Randomize(num_members=8))
    addresses = {int(variant.view.recorded_address[0]) for variant in vec.variants}
    assert len(addresses) == 1
    assert len({id(variant.recorded) for variant in vec.variants}) == 1
    words = recorded_days(config).words.size
    assert all(variant.row.size < words + 1_000 for variant in vec.variants)
    vec.reset(seed=0)
    vec.step(np.zeros(vec.actions.shape, np.int64))
    assert int(vec.columns().arrived_count.min()) > 0


def test_recorded_copy_holds_two_words_more_than_one_without():
    rows = recorded_rows()
    sizes = [make_vec(given, 1).bytes_per_copy for given in (rows, {**rows, "arrivals": None})]
    assert sizes[0] == sizes[1]


def test_recorded_file_that_has_changed_is_refused_on_resume(tmp_path):
    rows = drawn_rows(2, 6, 5)
    file = write_rows(rows, 6, tmp_path / "payments.parquet")
    config = recorded(file, market=MARKET)
    simulation = Simulation(config)
    simulation.run(2)
    simulation.save(tmp_path / "run")
    market = MarketRun.start(config)
    market.step()
    saved = run_to_bytes(market)
    assert run_from_bytes(saved).simulation.digest() == market.simulation.digest()
    snapshot = simulation.snapshot()
    write_rows(rows[1:], 6, file)
    with pytest.raises(SnapshotError, match="file is another one or has changed"):
        Simulation.load(tmp_path / "run")
    with pytest.raises(SnapshotError, match="another scenario"):
        Simulation(recorded(file, market=MARKET)).restore(snapshot)
    with pytest.raises(MarketError, match="has changed"):
        run_from_bytes(saved)
    simulation.run(1)  # what is in memory goes on
    file.unlink()
    with pytest.raises(SnapshotError, match="No such file"):
        Simulation.load(tmp_path / "run")


def test_recorded_policy_can_be_changed_in_the_middle_of_a_run():
    simulation = Simulation(recorded(days=3, recorded=BLOCKS), seed=5)
    simulation.run(4)
    simulation.set_policy("ALFA", {"type": "liquidity_aware", "target_buffer": 100, "urgency_threshold": 1})
    simulation.run_to_completion()
    other = Simulation(recorded(days=3, recorded=BLOCKS), seed=5)
    other.run_to_completion()
    assert payments_by_tick(simulation) == payments_by_tick(other)


# -- what depends on arrivals -------------------------------------------------------------------------------------------


def test_recorded_scales_are_those_of_mean_training_days_whichever_are_played():
    train, test = make_vec(recorded(select="train"), 1), make_vec(recorded(select="test"), 1)
    view = train.scenario.view
    assert view.bank_flow_scale_cents.tolist() == test.scenario.view.bank_flow_scale_cents.tolist()
    assert view.bank_payment_scale_cents.tolist() == test.scenario.view.bank_payment_scale_cents.tolist()
    data = recorded_days(recorded())
    sent = [data.mean_outflow(name, (0, 1, 2)) for name in NAMES]
    assert view.bank_flow_scale_cents.tolist() == [round(cents) for _, cents in sent]
    assert view.bank_payment_scale_cents.tolist() == [round(cents / count) for count, cents in sent]
    assert train.reward_scale == test.reward_scale


def test_recorded_deadlines_and_sizes_set_the_search_of_tuned_policies():
    config = recorded()
    data = recorded_days(config)
    assert longest_deadline(config) == data.longest_deadline_ticks == 5
    counts, cents = data.outflows
    assert mean_payment_cents(config) == pytest.approx(cents[:3].sum() / counts[:3].sum(), rel=1e-12)


def test_recorded_scenario_is_random_if_the_seed_chooses_a_day():
    assert is_random(recorded())
    assert not is_random(recorded(days=5))
    event = {"type": "payment", "tick": 1, "from_bank": "ALFA", "to_bank": "BRAVO", "amount": 5, "probability": 0.5}
    assert is_random(recorded(days=5, events=[event]))
    assert not is_random(recorded(days=5, events=[{**event, "probability": 1.0}]))
    assert evaluate_policy(recorded(scripted=0), FifoPolicy(), [1, 2, 3]).is_random


def test_recorded_runs_are_bounded_from_below():
    config = recorded(recorded_file(3, 6, 4), select=["2025-01-30"])
    bound = clairvoyant_bound(config, 1)
    simulation = Simulation(with_common_policy(config, FifoPolicy()), seed=1)
    assert 0 <= bound.cents <= simulation.run_to_completion().total_cost
    assert len(arrived_payments(config, 1).cents) == 4


# -- faces ----------------------------------------------------------------------------------------------------------------


def test_recorded_faces_play_the_same_run():
    config, seed = recorded(days=2), 5
    env = simcash_v0.parallel_env(config)
    assert play(env, seed) == play(simcash_v0.parallel_env(recorded_rows(days=2)), seed)
    one = gymnasium.make("simcash_env:SimCash/Bank-v0", scenario=config, observation="dict").unwrapped
    one.reset(seed=seed)
    env.reset(seed=seed)
    assert one.game.digest() == env.digest()
    many = gymnasium.make_vec(
        "simcash_env:SimCash/Bank-v0", num_envs=2, vectorization_mode="vector_entry_point", scenario=config
    )
    seen, _ = many.reset(seed=seed)
    assert np.isfinite(np.asarray(seen)).all()


def test_recorded_costs_of_the_kernel_are_those_of_a_simulation():
    config = with_common_policy(recorded(days=2, recorded=BLOCKS), FifoPolicy())
    costs = run_scripted(config, [1, 2]).sum(axis=(1, 2)).tolist()
    assert costs == [Simulation(config, seed=seed).run_to_completion().total_cost for seed in (1, 2)]


def test_recorded_banks_of_stable_baselines_see_the_batch():
    pytest.importorskip("stable_baselines3")
    from simcash_env.envs.sb3 import SimCashSB3Vec

    config = recorded(days=2, recorded=BLOCKS)
    vec, batch = SimCashSB3Vec(make_vec(config, 3, final_observations=True)), make_vec(config, 3)
    vec.seed(5)
    rows = vec.reset()
    batch.reset(seed=5)
    assert np.array_equal(rows, batch.observations.reshape(rows.shape))
    assert vec.vec.digest(2) == batch.digest(2)


def test_recorded_environment_passes_the_checks_of_stable_baselines():
    env_checker = pytest.importorskip("stable_baselines3.common.env_checker")
    from simcash_env.envs.single import SimCashBankEnv

    env_checker.check_env(SimCashBankEnv(recorded(), observation="flat"), warn=False)
