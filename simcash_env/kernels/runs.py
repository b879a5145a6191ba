"""Ticks and whole runs in one call: what ``Simulation`` and the evaluation of scripted banks ask of the kernels.

They share one entry, because an entry is compiled with all the rules that it calls.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from simcash_env.kernels._numba.jit import entry, inlined, kernel
from simcash_env.kernels._numba.views import argument_opener, column_at
from simcash_env.kernels.rng import start_stream
from simcash_env.kernels.tables import open_scenario, open_state, open_work
from simcash_env.kernels.tick import close_tick, open_tick
from simcash_env.schema.arrays import I64, Scenario, State, Work
from simcash_env.schema.codes import Phase, Status
from simcash_env.schema.layout import num_words

VALUES: Final = ("arrived", "settled", "dropped", "lsm_released")
"""Cents since the start of the run that are measured after each tick."""

NUM_VALUES = len(VALUES)
OK = int(Status.OK)
DECIDING, CLOSING, OVER = int(Phase.DECIDING), int(Phase.CLOSING), int(Phase.OVER)


class RunCall(NamedTuple):
    """All arguments of ``run_ticks``; ``schema/layout.py`` packs them."""

    scenario_row: I64
    scenario_sizes: I64
    state_row: I64  # of the run that goes on, or room for the state of the run that is being played
    state_sizes: I64
    work_row: I64
    work_sizes: I64
    template: I64  # state before the first tick, where runs are played
    seeds: I64  # (runs,) of the random streams; without any, the state goes on
    shares_ppm: I64  # runs * banks, share of each bank's pool that is allocated, -1 to leave it as configured
    costs: I64  # runs * (banks * kinds), written; the banks' interest behind them, where there is a market
    values: I64  # runs * ticks * ``VALUES``, cents up to the end of each tick, written; empty to measure nothing
    peaks: I64  # runs * days * banks, largest net debit of a day after any of its ticks; the caller fills it with zeros
    debits: I64  # (banks,) room for figures of a tick
    progress: I64  # (1,) runs finished; the call goes on from there


CALL_WORDS = num_words(RunCall)
open_call = argument_opener(RunCall)


@entry
def run_ticks(address: int, until: int) -> int:
    """Go on with a run, or play whole runs.

    Args:
        address: where the words of a ``RunCall`` lie.
        until: half ticks since the start of the run after which to stop; of no effect where whole runs are played.

    Returns:
        OK, or the status that stopped it; after NEEDS_ROOM call again with more payment rows.
    """
    call = open_call(column_at(address, CALL_WORDS))
    scenario = open_scenario(call.scenario_row, call.scenario_sizes)
    state = open_state(call.state_row, call.state_sizes)
    work = open_work(call.work_row, call.work_sizes)
    if call.seeds.shape[0] == 0:
        return advance(scenario, state, work, call, until)
    while call.progress[0] < call.seeds.shape[0]:
        run = call.progress[0]
        begin_run(scenario, state, call, run)
        status = advance(scenario, state, work, call, 2 * scenario.num_ticks[0])
        if status != OK:
            return status
        write_costs(state, call, run)
        call.progress[0] += 1
    return OK


@kernel
def half_ticks(state: State) -> int:
    """Half ticks of the run that are done: a tick is opened, then closed."""
    return 2 * state.tick[0] + is_open(state)


@inlined
def is_open(state: State) -> bool:
    """True if the tick has been opened and not yet closed."""
    return state.phase[0] == DECIDING or state.phase[0] == CLOSING


@kernel
def advance(scenario: Scenario, state: State, work: Work, call: RunCall, until: int) -> int:
    """Open and close ticks until this many half ticks of the run are done, or the run is over.

    Decisions in ``work`` hold for every tick that is closed. Returns the status of a half tick that could not be done.
    """
    while state.phase[0] != OVER and half_ticks(state) < until:
        if is_open(state):
            tick = state.tick[0]
            if call.values.shape[0] > 0:
                note_debits(scenario, state, call.debits)
            status = close_tick(scenario, state, work)
            if status == OK and call.values.shape[0] > 0:
                measure_tick(scenario, state, call, tick)
        else:
            status = open_tick(scenario, state, work)
        if status != OK:
            return status
    return OK


@kernel
def begin_run(scenario: Scenario, state: State, call: RunCall, run: int) -> None:
    """The state before the first tick, with the seed and the pool shares of this run."""
    for word in range(call.state_row.shape[0]):
        call.state_row[word] = call.template[word]
    start_stream(state, call.seeds[run])
    num_banks = scenario.num_banks[0]
    for bank in range(num_banks):
        share = call.shares_ppm[run * num_banks + bank]
        if share >= 0:
            state.bank_pool_fraction_ppm[bank] = share


@kernel
def write_costs(state: State, call: RunCall, run: int) -> None:
    """The costs of a run that is over, then the interest of its banks."""
    num_costs, num_interests = state.run_cost_cents.shape[0], state.trader_run_interest_cents.shape[0]
    first = run * (num_costs + num_interests)
    for at in range(num_costs):
        call.costs[first + at] = state.run_cost_cents[at]
    for at in range(num_interests):
        call.costs[first + num_costs + at] = state.trader_run_interest_cents[at]


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
def measure_tick(scenario: Scenario, state: State, call: RunCall, tick: int) -> None:
    """Write the values after a closed tick, and raise the day's largest net debits.

    The day's last tick clears the flows of the day, so debits follow from the money that left the account.
    """
    run, num_ticks, num_banks = call.progress[0], scenario.num_ticks[0], scenario.num_banks[0]
    at = (run * num_ticks + tick) * NUM_VALUES
    call.values[at] = state.arrived_cents[0]
    call.values[at + 1] = state.settled_cents[0]
    call.values[at + 2] = state.dropped_cents[0]
    call.values[at + 3] = state.lsm_released_cents[0]
    first = (run * num_ticks + tick) // scenario.ticks_per_day[0] * num_banks
    for bank in range(num_banks):
        call.peaks[first + bank] = max(call.debits[bank] - own_money(state, bank), call.peaks[first + bank])
