"""Whole runs of scripted banks inside the kernel: many seeds and pool shares in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simcash_env.compile.scenario import compile_scenario, initial_state, initial_work
from simcash_env.config import ScenarioConfig
from simcash_env.errors import ActionError, SimulationError
from simcash_env.evaluation.seeds import checked_seeds
from simcash_env.kernels._numba.jit import entry, inlined, kernel
from simcash_env.kernels.rng import start_stream
from simcash_env.kernels.tables import open_scenario, open_state, open_work
from simcash_env.kernels.tick import close_tick, open_tick
from simcash_env.schema.arrays import I64, Scenario, State
from simcash_env.schema.codes import NUM_COSTS, PPM, Phase, Status
from simcash_env.simulation.engine import grow_payments

VALUES: Final = ("arrived", "settled", "dropped", "lsm_released")
"""Cents since the start of the run that are measured after each tick."""

NUM_VALUES = len(VALUES)
OK = int(Status.OK)
OVER = int(Phase.OVER)


@kernel
def note_debits(scenario: Scenario, state: State, debits: I64) -> None:
    """Write what each bank has paid more than received today, plus its own money: a tick that closes keeps the sum."""
    for bank in range(scenario.num_banks[0]):
        debits[bank] = state.bank_outflow_cents[bank] - state.bank_inflow_cents[bank] + own_money(state, bank)


@inlined
def own_money(state: State, bank: int) -> int:
    """Balance without the allocated pool: closing a tick changes it by settled payments alone, but for the market."""
    money: int = state.bank_balance_cents[bank] - state.bank_pool_allocated_cents[bank]
    return money


@kernel
def measure_tick(scenario: Scenario, state: State, values: I64, peaks: I64, debits: I64, run: int, tick: int) -> None:
    """Write the values after a closed tick, and raise the day's largest net debits.

    The day's last tick clears the flows of the day, so debits follow from the money that left the account.
    """
    at = tick * NUM_VALUES
    values[run, at] = state.arrived_cents[0]
    values[run, at + 1] = state.settled_cents[0]
    values[run, at + 2] = state.dropped_cents[0]
    values[run, at + 3] = state.lsm_released_cents[0]
    num_banks = scenario.num_banks[0]
    first = tick // scenario.ticks_per_day[0] * num_banks
    for bank in range(num_banks):
        peaks[run, first + bank] = max(debits[bank] - own_money(state, bank), peaks[run, first + bank])


@entry
def play_runs(
    scenario_row: I64,
    scenario_sizes: I64,
    template: I64,
    state_row: I64,
    state_sizes: I64,
    work_row: I64,
    work_sizes: I64,
    seeds: I64,
    shares_ppm: I64,
    costs: I64,
    values: I64,
    peaks: I64,
    debits: I64,
    progress: I64,
) -> int:
    """Play runs ``progress[0]`` and after, each from the template to its end; writes their costs and measures in cents.

    Args:
        scenario_row: as in every entry, with its sizes.
        scenario_sizes: lengths of the scenario's axes.
        template: the state before the first tick.
        state_row: room for the state of the run that is being played.
        state_sizes: lengths of the state's axes.
        work_row: room for the working arrays.
        work_sizes: lengths of their axes.
        seeds: (runs,) of the random streams.
        shares_ppm: (runs, banks) share of each bank's pool that is allocated, -1 to leave it as configured.
        costs: (runs, banks * kinds), written; the banks' interest behind them, where there is a market.
        values: (runs, ticks * ``VALUES``) cents up to the end of each tick, written; no rows to measure nothing.
        peaks: (runs, days * banks) largest net debit of a day after any of its ticks, written likewise from zeros.
        debits: (banks,) room for figures of a tick.
        progress: (1,) runs finished; the call goes on from there.

    Returns:
        OK, or the status that stopped it; with NEEDS_ROOM call again with more payment rows.
    """
    scenario, state = open_scenario(scenario_row, scenario_sizes), open_state(state_row, state_sizes)
    work = open_work(work_row, work_sizes)
    num_banks = shares_ppm.shape[1]
    while progress[0] < seeds.shape[0]:
        run = progress[0]
        state_row[:] = template
        start_stream(state, seeds[run])
        for bank in range(num_banks):
            if shares_ppm[run, bank] >= 0:
                state.bank_pool_fraction_ppm[bank] = shares_ppm[run, bank]
        while state.phase[0] != OVER:
            status = open_tick(scenario, state, work)
            tick = state.tick[0]
            if status == OK:
                if values.shape[0] > 0:
                    note_debits(scenario, state, debits)
                status = close_tick(scenario, state, work)
            if status != OK:
                return status
            if values.shape[0] > 0:
                measure_tick(scenario, state, values, peaks, debits, run, tick)
        num_costs = state.run_cost_cents.shape[0]
        for at in range(num_costs):
            costs[run, at] = state.run_cost_cents[at]
        for at in range(state.trader_run_interest_cents.shape[0]):
            costs[run, num_costs + at] = state.trader_run_interest_cents[at]
        progress[0] += 1
    return OK


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
        work = initial_work(scenario, sizes)
        rows = scenario.row, scenario.sizes, template, template.copy(), sizes, *work
        debits = np.zeros(num_banks, np.int64)
        status = play_runs(*rows, runs, shares_ppm, costs, values, peaks, debits, progress)
        if status == Status.NEEDS_ROOM:
            template, sizes = grow_payments(template, sizes)
        elif status == OK:
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
