"""Compile everything that Python calls: ``simcash doctor --warm``."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from simcash_env.errors import SimulationError

PACKAGE: Final = "simcash_env"
"""Where entries are defined; a program may define others of its own."""
SCENARIO: Final = "castro-2period-v0"
MARKET: Final[dict[str, Any]] = {
    "format": 1,
    "name": "warm",
    "simulation": {"ticks_per_day": 4, "num_days": 1},
    "banks": [{"id": name, "opening_balance": 1_000, "policy": {"type": "external"}} for name in ("A", "B")],
    "market": {
        "deposit_rate": 1.0,
        "lending_rate": 3.0,
        "books": [{"maturity": {"ticks": 2}}],
        "credit_lines": {"A": 1_000, "B": 1_000},
    },
}
"""Two banks that learn, with a market: every entry can be called with it."""


def warm() -> dict[str, Any]:
    """Call every entry of the engine once and load every unit, so that later processes find them in the cache.

    An entry handles every size, so small scenarios compile everything.

    Returns:
        ``seconds`` that it took, the number of ``entries`` and units, and how many were ``compiled``: not in the cache.

    Raises:
        SimulationError: an entry is left that nothing here calls.
    """
    from simcash_env.kernels._numba.jit import entries
    from simcash_env.kernels._numba.units import units

    began = time.perf_counter()
    for call in CALLS:
        call()
    ours = [entry for entry in entries() if entry.py_func.__module__.partition(".")[0] == PACKAGE]
    uncalled = [entry.py_func.__qualname__ for entry in ours if not entry.signatures]
    if uncalled:
        message = f"doctor --warm: not compiled: {', '.join(uncalled)}"
        raise SimulationError(message)
    for unit in units():
        unit.load()
    ours += [unit.dispatcher for unit in units()]
    compiled = [entry for entry in ours if any(entry.stats.cache_misses.values())]
    return {
        "seconds": round(time.perf_counter() - began, 3),
        "entries": len(ours),
        "compiled": len(compiled),
    }


def _simulation() -> None:
    """Run a tick, a submitted payment, and an order that is placed and cancelled."""
    from simcash_env.simulation import Simulation

    simulation = Simulation(MARKET, seed=1)
    simulation.submit_transaction("A", "B", 100, 3)
    simulation.cancel_order(simulation.place_order("A", "ask", 2.0, 100))
    simulation.tick()


def _batch() -> None:
    """Run a step of a batch and the batch's other compiled calls."""
    import numpy as np

    from simcash_env.envs.vector import make_vec

    for threads in (2, 1):
        vec = make_vec(MARKET, threads, num_threads=threads)
        vec.reset(seed=1)
        vec.step(np.zeros(vec.actions.shape, np.int64))
    vec.decisions(np.zeros(vec.actions.shape, np.int64))
    vec.queue1_view()
    vec.orders_of(np.zeros((1, vec.num_banks), np.int64))
    vec.following_seeds()


def _scripted_runs() -> None:
    """Run scripted runs in one call, as ``simcash benchmark`` does."""
    from simcash_env.config import FifoPolicy, load_scenario
    from simcash_env.evaluation.evaluate import with_common_policy
    from simcash_env.evaluation.rollout import run_scripted

    run_scripted(with_common_policy(load_scenario(SCENARIO), FifoPolicy()), [1])


def _forks() -> None:
    """Decide and play forks, as a rollout policy does."""
    import numpy as np

    from simcash_env.config import FifoPolicy
    from simcash_env.envs.vector import make_vec
    from simcash_env.evaluation.forks import EVERYBODY, Forks

    vec = make_vec(SCENARIO, 1)
    vec.reset(seed=1)
    forks, heads = Forks(vec, FifoPolicy()), np.zeros(vec.actions.shape, np.int64)
    forks.decisions(heads)
    forks.costs(heads, np.zeros(1, np.int64), np.full(1, EVERYBODY), 1)


CALLS: Final[tuple[Callable[[], None], ...]] = (_simulation, _batch, _scripted_runs, _forks)
"""Functions that together call every entry."""
