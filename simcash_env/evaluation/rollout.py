"""Whole runs of scripted banks inside the kernel: many seeds and pool shares in one call.

Runs are shared out among threads, as many as ``NUMBA_NUM_THREADS`` allows (all cores by default). Each run depends on
its seed and its shares alone, so the results do not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simcash_env.compile.scenario import CompiledScenario, compile_scenario, initial_state, initial_work
from simcash_env.config import ScenarioConfig
from simcash_env.errors import ActionError, SimulationError
from simcash_env.evaluation.seeds import seed_array
from simcash_env.kernels.runs import NUM_VALUES, VALUES, RunCall, run_ticks
from simcash_env.schema.arrays import I64
from simcash_env.schema.codes import NUM_COSTS, PPM, Status
from simcash_env.schema.layout import PackedCall
from simcash_env.simulation.engine import grow_payments
from simcash_env.threads import Threads, even_slices, usable_threads

__all__ = ["VALUES", "MeasuredRuns", "measure_scripted", "run_scripted"]

FEWEST_TICKS: Final = 10_000
"""Ticks of banks that are worth a thread: about a millisecond."""


def run_scripted(
    config: ScenarioConfig,
    seeds: Sequence[int] | I64,
    shares: npt.NDArray[np.float64] | Sequence[float] | None = None,
) -> I64:
    """Costs of scripted runs, by the kernel alone.

    Args:
        config: a scenario in which no bank is ``external``.
        seeds: one a run.
        shares: (runs, banks) or (banks,) share of each bank's pool to allocate, banks sorted by id; by default what
            the scenario says.

    Returns:
        (runs, banks, kinds) cents, kinds in the order of ``codes.COST_COLUMNS``.

    Raises:
        SimulationError: a bank is external, or a total left the range of int64 cents.
    """
    return _played(config, seeds, shares, is_measured=False).costs


@dataclass(frozen=True, eq=False)
class MeasuredRuns:
    """Costs and values of runs, in cents.

    Attributes:
        costs: (runs, banks, kinds), kinds in the order of ``codes.COST_COLUMNS``.
        values: (runs, ticks, ``VALUES``) since the start of the run, after each tick.
        peaks: (runs, days, banks) the most that a bank had paid more than received since its day began; loans of a
            market count as payments where they move money.
    """

    costs: I64
    values: I64
    peaks: I64


def measure_scripted(
    config: ScenarioConfig,
    seeds: Sequence[int],
    shares: npt.NDArray[np.float64] | Sequence[float] | None = None,
) -> MeasuredRuns:
    """Costs and values of scripted runs, by the kernel alone.

    Args:
        config: a scenario in which no bank is ``external``.
        seeds: one a run.
        shares: as in ``run_scripted``.

    Raises:
        SimulationError: a bank is external, or a total left the range of int64 cents.
    """
    return _played(config, seeds, shares, is_measured=True)


def _played(
    config: ScenarioConfig,
    seeds: Sequence[int] | I64,
    shares: npt.NDArray[np.float64] | Sequence[float] | None,
    *,
    is_measured: bool,
) -> MeasuredRuns:
    runs = seed_array(seeds)
    waiting = [bank.id for bank in config.banks if bank.policy.type == "external"]
    if waiting:
        message = f"banks {', '.join(waiting)} are external: give them a policy first"
        raise SimulationError(message)
    scenario = compile_scenario(config)
    num_banks = len(scenario.bank_ids)
    shares_ppm = np.full((len(runs), num_banks), -1, np.int64)
    if shares is not None:
        shares_ppm[:] = np.rint(_checked_shares(shares, len(runs), num_banks) * PPM).astype(np.int64)
    traders = 0 if config.market is None else num_banks
    costs = np.zeros((len(runs), num_banks * NUM_COSTS + traders), np.int64)
    measured, time = (len(runs) if is_measured else 0), config.simulation
    values = np.zeros((measured, time.num_ticks * NUM_VALUES), np.int64)
    peaks = np.zeros((measured, time.num_days * num_banks), np.int64)
    worth = len(runs) * time.num_ticks * num_banks // FEWEST_TICKS
    chunks = even_slices(len(runs), min(usable_threads(), worth))
    arrays = (runs, shares_ppm, costs, values, peaks)
    _pool(len(chunks)).call(_play, [(scenario, *(array[chunk] for array in arrays)) for chunk in chunks])
    return MeasuredRuns(
        _by_bank(costs, num_banks),
        values.reshape(measured, time.num_ticks, NUM_VALUES),
        peaks.reshape(measured, time.num_days, num_banks),
    )


@cache
def _pool(chunks: int) -> Threads:
    """Threads that wait for all chunks of runs but the one that the caller's own plays."""
    return Threads(max(chunks - 1, 1), "runs")


def _play(scenario: CompiledScenario, seeds: I64, shares_ppm: I64, costs: I64, values: I64, peaks: I64) -> None:
    """Play some runs and write their figures.

    Raises:
        SimulationError: a total left the range of int64 cents.
    """
    progress = np.zeros(1, np.int64)
    template, sizes = initial_state(scenario, 1), scenario.state_sizes
    status = int(Status.NEEDS_ROOM)
    while status == Status.NEEDS_ROOM:
        work_row, work_sizes = initial_work(scenario, sizes)
        packed = PackedCall(
            RunCall(
                scenario_row=scenario.row,
                scenario_sizes=scenario.sizes,
                state_row=template.copy(),
                state_sizes=sizes,
                work_row=work_row,
                work_sizes=work_sizes,
                template=template,
                seeds=seeds,
                shares_ppm=shares_ppm,
                costs=costs,
                values=values,
                peaks=peaks,
                debits=np.zeros(len(scenario.bank_ids), np.int64),
                progress=progress,
            )
        )
        status = run_ticks(packed.address, 0)  # a name keeps the arrays that the address leads to
        if status == Status.NEEDS_ROOM:
            template, sizes = grow_payments(template, sizes)
    if status != Status.OK:
        message = f"seed {seeds[progress[0]]}: a total left the range of int64 cents (4e18); lower the amounts"
        raise SimulationError(message)


def _checked_shares(shares: Any, runs: int, banks: int) -> npt.NDArray[np.float64]:
    """Shares of pools by run and bank, or by bank.

    Raises:
        ActionError: of another shape, or not from 0 to 1.
    """
    try:
        given = np.asarray(shares, np.float64)
    except (TypeError, ValueError):  # no numbers, or rows of different lengths
        given = np.zeros(0)
    is_right = given.shape in {(banks,), (1, banks), (runs, banks)} and bool(((given >= 0.0) & (given <= 1.0)).all())
    if not is_right:
        message = f"shares: need shares from 0 to 1 of shape ({banks},) or ({runs}, {banks}), got {shares!r}"
        raise ActionError(message)
    return given


def _by_bank(costs: I64, num_banks: int) -> I64:
    """(runs, banks, kinds) of what the kernel wrote."""
    charged = costs[:, : num_banks * NUM_COSTS].reshape(len(costs), num_banks, NUM_COSTS)
    interest = costs[:, num_banks * NUM_COSTS :]
    return np.concatenate([charged, interest[..., None]], axis=2) if interest.size else charged
