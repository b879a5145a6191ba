"""A few ticks through every face: ``python -m tests.runs.every_face`` prints their digests and what was compiled, as JSON.

In a process of its own it shows that the faces agree whichever compiler made the kernels, and what a warm cache lacks.
"""

import copy
import json
import pickle
import sys
import tempfile
from pathlib import Path

import gymnasium
import numpy as np

from simcash_env import make_vec, simcash_v0
from simcash_env.envs.families import Randomize
from simcash_env.evaluation.rollout import run_scripted
from simcash_env.kernels._numba import compilers
from simcash_env.kernels._numba import jit as _jit
from simcash_env.market.processor import MarketRun
from simcash_env.registry import load
from simcash_env.simulation import Simulation
from tests.market.worlds import scheduled
from tests.recorded import recorded
from tests.worlds import busy, legal, play


def simulation():
    run = Simulation(busy(scripted=1, collateral=True), seed=3)
    run.submit_transaction("ALFA", "BRAVO", 100, 3)
    run.run(2)
    run.set_policy("BRAVO", {"type": "deadline", "urgency_threshold": 2})
    twins = [run.fork(), copy.deepcopy(run), pickle.loads(pickle.dumps(run))]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "saved.simcash"
        run.save(file)
        twins.append(Simulation.load(file))
    for each in (run, *twins):
        each.run(3)
    return [each.digest() for each in (run, *twins)]


def market():
    run = Simulation(load("money-market-v0"), seed=3)
    bank, _ = run.bank_ids[:2]
    run.cancel_order(run.place_order(bank, "bid", 0.03, 100))
    run.run(2)
    processor = MarketRun.start(scheduled(payments=True))
    processor.run()
    return [run.digest(), processor.simulation.digest()]


def batch():
    digests = []
    for options in ({}, {"action": "budget"}, {"action": "rank"}, {"randomize": Randomize(num_members=2)}):
        vec = make_vec(busy(), 2, **options)
        vec.reset(seed=4)
        for step in range(3):
            nothing = np.zeros((2, vec.num_banks, *vec.single_action_space.shape), np.int64)
            actions = nothing if "action" in options else legal(vec.masks, step)
            vec.decisions(actions)
            vec.step(actions)
        vec.queue1_view()
        vec.restore(vec.snapshot(0), 1)
        vec.following_seeds()
        digests += [vec.digest(0), vec.digest(1)]
    traders = make_vec(load("money-market-v0"), 1)
    traders.reset(seed=1)
    traders.orders_of(np.zeros((1, traders.num_banks), np.int64))
    return [*digests, traders.digest(0)]


def parallel_env():
    return play(simcash_v0.parallel_env(busy()), 5)


def gymnasium_env():
    env = gymnasium.make("simcash_env:SimCash/Bank-v0", scenario=busy(), observation="dict").unwrapped
    env.reset(seed=6)
    env.step(np.zeros(env.action_space.shape, np.int64))
    many = gymnasium.make_vec(
        "simcash_env:SimCash/Bank-v0", num_envs=2, vectorization_mode="vector_entry_point", scenario=busy()
    )
    many.reset(seed=6)
    seen, *_ = many.step(np.zeros(many.action_space.shape, np.int64))
    return [env.game.digest(), *(float(row.sum()) for row in np.asarray(seen))]


def scripted():
    return run_scripted(busy(scripted=3), [1, 2]).sum(axis=2).tolist()


def recorded_payments():
    config = recorded(days=2, recorded={"resample": "blocks", "block_ticks": 4})
    run = Simulation(config, seed=3)
    run.run(7)
    vec = make_vec(config, 2, randomize=Randomize(num_members=2))
    vec.reset(seed=3)
    vec.step(np.zeros(vec.actions.shape, np.int64))
    costs = run_scripted(recorded(scripted=3), [1, 2]).sum(axis=2).tolist()
    return [run.digest(), vec.digest(0), vec.digest(1), costs]


FACES = (simulation, market, batch, parallel_env, gymnasium_env, scripted, recorded_payments)


def main() -> None:
    digests = {face.__name__: face() for face in FACES}
    compiled = [entry.py_func.__name__ for entry in _jit.entries() if any(entry.stats.cache_misses.values())]
    found = {"digests": digests, "compiled": compiled, "is_linking": compilers.LINKING is not None}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
