"""A run as columns: what arrived, what settled when and how, and each bank's account after every tick."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from simcash_env.config import ScenarioConfig
from simcash_env.config.market import RATE_UNIT
from simcash_env.envs.vector import SimCashVec, make_vec
from simcash_env.errors import ActionError
from simcash_env.evaluation.clearing import best_clearing
from simcash_env.evaluation.evaluate import deciding_banks
from simcash_env.evaluation.scripted import Agent
from simcash_env.schema.arrays import I64
from simcash_env.schema.codes import NONE, EventKind, Side
from simcash_env.simulation import Simulation, TickResult
from simcash_env.simulation.decisions import Order
from simcash_env.simulation.event_log import Events

MECHANISMS: Final = ("gross", "queue2", "entry_disposition", "bilateral", "cycles", "prefix")
_BY_KIND: Final = {EventKind.RTGS_IMMEDIATE_SETTLEMENT: 0, EventKind.QUEUE2_LIQUIDITY_RELEASE: 1}
_BY_HEADER: Final = {
    EventKind.ENTRY_DISPOSITION_OFFSET: 2,
    EventKind.LSM_BILATERAL_OFFSET: 3,
    EventKind.LSM_CYCLE_SETTLEMENT: 4,
    EventKind.LSM_PREFIX_SETTLEMENT: 5,
}
"""Each of these is written before the payments that it settles."""


@dataclass(frozen=True, eq=False)
class Payments:
    """Payments as they arrived, one entry each, in order; parts of a split count to the one they were split from."""

    ids: I64
    sender: I64
    receiver: I64
    cents: I64
    arrival_tick: I64
    deadline_tick: I64


@dataclass(frozen=True, eq=False)
class Moves:
    """Settlements, or dropped cents: one entry an event. ``payment`` is the place of the payment in ``Payments``."""

    tick: I64
    payment: I64
    cents: I64
    mechanism: I64
    """Places in ``MECHANISMS``; -1 for drops."""


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
        start_liquidity: (days, banks) cents that a bank could pay with when the day began, its pool included.
        balances: (ticks, banks) cents on the accounts after each tick.
        costs: (banks, kinds) cents in all, kinds in the order of ``codes.COST_COLUMNS``.
        trades: (trades, 2) cents lent in the market, and the rate in hundredths of a basis point.
    """

    bank_ids: tuple[str, ...]
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
    return _record(Simulation(config, seed=seed), lambda simulation: simulation.tick())


def record_agent(config: ScenarioConfig, agent: Agent, seed: int, *, max_queue_slots: int = 16) -> RunRecord:
    """Run an agent in the environment, and repeat its decisions in a simulation that keeps the event log.

    Raises:
        ActionError: the scenario has choices other than payments, pool shares and orders: RTGS priorities, revocations,
            collateral.
    """
    learners = deciding_banks(config)
    vec = make_vec(config, 1, learners=learners, max_queue_slots=max_queue_slots, autoreset="disabled")
    unsupported = sorted(set(vec.head_index) - {"pool", "market"})
    if unsupported:
        message = f"an agent's choices of {', '.join(unsupported)} cannot be recorded"
        raise ActionError(message)
    vec.reset([seed])

    def play(simulation: Simulation) -> TickResult:
        actions = agent.act(vec)[0]
        simulation.open_tick()
        decisions = {
            bank: dict(zip(simulation.queue1(bank), map(vec.slot_choices.decision, row.tolist()), strict=False))
            for bank, row in zip(vec.bank_ids, actions[:, : vec.num_slots], strict=True)
        }
        levels, orders = _levels(vec, actions), _orders(vec, actions)
        vec.step(actions[None])
        return simulation.tick(decisions, pool_levels=levels, orders=orders)

    return _record(Simulation(vec.config, seed=seed), play)


def _levels(vec: SimCashVec, actions: I64) -> dict[str, int]:
    """Pool shares of the banks that may choose one now."""
    head = vec.head_index.get("pool")
    if head is None:
        return {}
    may_choose = vec.masks[0, :, head, 1:].any(axis=1)
    return {vec.bank_ids[row]: int(actions[row, head]) for row in np.flatnonzero(may_choose)}


def _orders(vec: SimCashVec, actions: I64) -> dict[str, Order | None]:
    """What the banks want to have in the market."""
    head = vec.head_index.get("market")
    if head is None:
        return {}
    rows = vec.orders_of(actions[None, :, head])[0].tolist()
    return {
        bank: (Side(side).name.lower(), rate / RATE_UNIT, cents) if cents else None
        for bank, (side, rate, cents) in zip(vec.bank_ids, rows, strict=True)
    }


def _record(simulation: Simulation, play: Callable[[Simulation], TickResult]) -> RunRecord:
    """Play tick by tick and keep what the event log does not hold."""
    banks, per_day = simulation.bank_ids, simulation.config.simulation.ticks_per_day
    start, balances = [], []
    stalled: list[bool] = []
    gridlock: list[bool] = []
    while not simulation.is_over:
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
    payments, root = _payments(events)
    return RunRecord(
        bank_ids=banks,
        ticks_per_day=per_day,
        num_days=simulation.config.simulation.num_days,
        payments=payments,
        settled=_settled(events, root),
        dropped=_dropped(events, root),
        start_liquidity=np.array(start, np.int64),
        balances=np.array(balances, np.int64),
        costs=np.array([list(simulation.costs(bank).values()) for bank in banks], np.int64),
        stalls=Stalls(np.array(stalled, bool), np.array(gridlock, bool)),
        trades=_trades(events),
    )


def _could_settle(simulation: Simulation, queue: list[str]) -> bool:
    """Is there a set of the waiting payments that could settle at once? Limits are not looked at."""
    rows = [simulation.transaction(tx) for tx in queue]
    funds = {bank: simulation.available_liquidity(bank) for bank in simulation.bank_ids}
    return best_clearing(funds, [(row.sender, row.receiver, row.remaining) for row in rows]).cents > 0


def _payments(events: Events) -> tuple[Payments, I64]:
    """The payments, and for every payment id the place of its root in them (-1 for none)."""
    rows = events.of_kind(EventKind.ARRIVAL)
    ids = rows.column("pay_id")
    root = np.full(int(events.column("pay_id").max(initial=0)) + 1, NONE, np.int64)
    root[ids] = np.arange(len(ids))
    splits = events.of_kind(EventKind.POLICY_SPLIT)
    for parent, parts, first in zip(*(splits.column(name) for name in ("pay_id", "value_1", "value_2")), strict=True):
        root[first : first + parts] = root[parent]  # the last of them may have no events, and so no place
    columns = (rows.column(name) for name in ("bank", "counterparty", "cents", "tick", "value_1"))
    return Payments(ids, *columns), root


def _settled(events: Events, root: I64) -> Moves:
    kinds = events.column("kind")
    mechanism = np.full(len(kinds), NONE, np.int64)
    for kind, place in (_BY_KIND | _BY_HEADER).items():
        mechanism[kinds == kind] = place
    last = np.maximum.accumulate(np.where(np.isin(kinds, list(_BY_HEADER)), np.arange(len(kinds)), 0))
    by_set = kinds == EventKind.LSM_PAYMENT_SETTLED
    mechanism[by_set] = mechanism[last[by_set]]
    chosen = by_set | np.isin(kinds, list(_BY_KIND))
    return _moves(events, chosen, root, mechanism)


def _trades(events: Events) -> I64:
    rows = events.of_kind(EventKind.MARKET_TRADE)
    return np.stack([rows.column("cents"), rows.column("value_2")], axis=1)


def _dropped(events: Events, root: I64) -> Moves:
    kinds = events.column("kind")
    chosen = np.isin(kinds, [EventKind.POLICY_DROP, EventKind.TRANSACTION_EXPIRED])
    return _moves(events, chosen, root, np.full(len(kinds), NONE, np.int64))


def _moves(events: Events, chosen: npt.NDArray[np.bool_], root: I64, mechanism: I64) -> Moves:
    tick, payment, cents = (events.column(name)[chosen] for name in ("tick", "pay_id", "cents"))
    return Moves(tick, root[payment], cents, mechanism[chosen])
