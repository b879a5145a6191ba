"""Whole runs of scripted banks inside the kernel: many seeds and pool shares in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from simcash_env.compile.scenario import compile_scenario, initial_state, initial_work
from simcash_env.config import ScenarioConfig
from simcash_env.errors import ActionError, SimulationError
from simcash_env.evaluation.seeds import checked_seeds
from simcash_env.kernels.runs import NUM_VALUES, VALUES, RunCall, run_ticks
from simcash_env.schema.arrays import I64
from simcash_env.schema.codes import NUM_COSTS, PPM, Status
from simcash_env.schema.layout import PackedCall
from simcash_env.simulation.engine import grow_payments

__all__ = ["VALUES", "MeasuredRuns", "measure_scripted", "run_scripted"]


def run_scripted(
    config: ScenarioConfig,
    seeds: Sequence[int],
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
    seeds: Sequence[int],
    shares: npt.NDArray[np.float64] | Sequence[float] | None,
    *,
    is_measured: bool,
) -> MeasuredRuns:
    runs: I64 = np.array(checked_seeds(seeds), np.int64)
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
    progress = np.zeros(1, np.int64)
    template, sizes = initial_state(scenario, 1), scenario.state_sizes
    while True:
        work_row, work_sizes = initial_work(scenario, sizes)
        call = RunCall(
            scenario_row=scenario.row,
            scenario_sizes=scenario.sizes,
            state_row=template.copy(),
            state_sizes=sizes,
            work_row=work_row,
            work_sizes=work_sizes,
            template=template,
            seeds=runs,
            shares_ppm=shares_ppm,
            costs=costs,
            values=values,
            peaks=peaks,
            debits=np.zeros(num_banks, np.int64),
            progress=progress,
        )
        status = run_ticks(PackedCall(call).address, 0)
        if status == Status.NEEDS_ROOM:
            template, sizes = grow_payments(template, sizes)
        elif status == Status.OK:
            return MeasuredRuns(
                _by_bank(costs, num_banks),
                values.reshape(measured, time.num_ticks, NUM_VALUES),
                peaks.reshape(measured, time.num_days, num_banks),
            )
        else:
            message = f"seed {runs[progress[0]]}: a total left the range of int64 cents (4e18); lower the amounts"
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
