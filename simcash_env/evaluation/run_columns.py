"""A run as columns: what arrived, what settled when and how, and each bank's account after every tick."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simcash_env.config import ScenarioConfig
from simcash_env.config.clock import Clock
from simcash_env.envs.options import ActionLike
from simcash_env.envs.vector import make_vec
from simcash_env.evaluation.clearing import best_clearing
from simcash_env.evaluation.evaluate import deciding_banks
from simcash_env.evaluation.scripted import Agent
from simcash_env.schema.arrays import I64
from simcash_env.schema.codes import EventKind
from simcash_env.simulation import Simulation, TickResult
from simcash_env.simulation.event_log import Events
from simcash_env.simulation.payment_columns import (
    MECHANISMS,
    Moves,
    Payments,
    dropped_moves,
    payments_of,
    settled_moves,
)

__all__ = ["MECHANISMS", "Moves", "Payments", "RunRecord", "Stalls", "record_agent", "record_played", "record_run"]


@dataclass(frozen=True, eq=False)
class Stalls:
    """Ticks at whose end Queue 2 holds payments and in which nothing settled; one truth value a tick.

    ``is_gridlock``: some set of the waiting payments could have settled at once at the start of that spell.
    """

    is_stalled: npt.NDArray[np.bool_]
    is_gridlock: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class RunRecord:
    """One run.

    Attributes:
        hours: opening hours, from 06:00 to 18:00 where the scenario has none.
        start_liquidity: (days, banks) cents that a bank could pay with when the day began, its pool included.
        balances: (ticks, banks) cents on the accounts after each tick.
        costs: (banks, kinds) cents in all, kinds in the order of ``codes.COST_COLUMNS``.
        trades: (trades, 2) cents lent in the market, and the rate in hundredths of a basis point.
    """

    bank_ids: tuple[str, ...]
    hours: Clock
    ticks_per_day: int
    num_days: int
    payments: Payments
    settled: Moves
    dropped: Moves
    start_liquidity: I64
    balances: I64
    costs: I64
    stalls: Stalls
    trades: I64

    @property
    def num_ticks(self) -> int:
        """Ticks of the run."""
        return self.ticks_per_day * self.num_days


def record_run(config: ScenarioConfig, seed: int) -> RunRecord:
    """Play a run whose banks all follow policies in the kernel."""
    return record_played(Simulation(config, seed=seed), lambda simulation: simulation.tick())


def record_agent(
    config: ScenarioConfig, agent: Agent, seed: int, *, max_queue_slots: int = 16, action: ActionLike = "queue"
) -> RunRecord:
    """Run an agent in the environment, and repeat its decisions in a simulation that keeps the event log.

    Args:
        config: the scenario; the agent decides for its external banks, or for all where there is none.
        agent: decides at every tick.
        seed: of the run.
        max_queue_slots: payments of Queue 1 that are seen, and decided on by the queue action.
        action: the kind that the agent answers with.
    """
    learners = deciding_banks(config)
    vec = make_vec(config, 1, learners=learners, max_queue_slots=max_queue_slots, action=action, autoreset="disabled")
    vec.reset([seed])

    def play(simulation: Simulation) -> TickResult:
        actions = agent.act(vec)
        decisions = vec.decisions(actions)
        vec.step(actions)
        return simulation.tick(**decisions._asdict())

    return record_played(Simulation(vec.config, seed=seed), play)


def record_played(
    simulation: Simulation,
    play: Callable[[Simulation], TickResult],
    prepare: Callable[[Simulation], None] | None = None,
) -> RunRecord:
    """Play tick by tick and keep what the event log does not hold.

    Args:
        simulation: before its first tick, with ``events=True``.
        play: runs a tick that is open.
        prepare: called before a tick opens.
    """
    banks, per_day = simulation.bank_ids, simulation.config.simulation.ticks_per_day
    start, balances = [], []
    stalled: list[bool] = []
    gridlock: list[bool] = []
    while not simulation.is_over:
        if prepare is not None:
            prepare(simulation)
        simulation.open_tick()
        if simulation.current_tick % per_day == 0:
            start.append([simulation.available_liquidity(bank) for bank in banks])
        done = play(simulation)
        balances.append([simulation.balance(bank) for bank in banks])
        queue = simulation.queue2()
        stalled.append(bool(queue) and not done.num_settlements)
        is_new = stalled[-1] and not (len(stalled) > 1 and stalled[-2])
        gridlock.append(_could_settle(simulation, queue) if is_new else stalled[-1] and gridlock[-1])
    events = simulation.events()
    payments, root = payments_of(events)
    return RunRecord(
        bank_ids=banks,
        hours=simulation.config.simulation.hours,
        ticks_per_day=per_day,
        num_days=simulation.config.simulation.num_days,
        payments=payments,
        settled=settled_moves(events, root),
        dropped=dropped_moves(events, root),
        start_liquidity=np.array(start, np.int64),
        balances=np.array(balances, np.int64),
        costs=np.array([list(simulation.costs(bank).values()) for bank in banks], np.int64),
        stalls=Stalls(np.array(stalled, bool), np.array(gridlock, bool)),
        trades=_trades(events),
    )


def _could_settle(simulation: Simulation, queue: list[str]) -> bool:
    """True if a set of the waiting payments could settle at once; limits are ignored."""
    rows = [simulation.transaction(tx) for tx in queue]
    funds = {bank: simulation.available_liquidity(bank) for bank in simulation.bank_ids}
    return best_clearing(funds, [(row.sender, row.receiver, row.remaining) for row in rows]).cents > 0


def _trades(events: Events) -> I64:
    rows = events.of_kind(EventKind.MARKET_TRADE)
    return np.stack([rows.column("cents"), rows.column("value_2")], axis=1)
