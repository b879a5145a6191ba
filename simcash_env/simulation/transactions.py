"""One payment as a user sees it: from its row while it lives, from the event log once it has ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from simcash_env.errors import SimulationError
from simcash_env.integers import LARGEST_INT64, whole_within
from simcash_env.schema.codes import NONE, EventKind, Place, RtgsPriority
from simcash_env.simulation.event_log import tx_name, tx_number

if TYPE_CHECKING:
    from simcash_env.simulation.engine import Engine
    from simcash_env.simulation.event_log import Event, Events

_SETTLED: Final = (
    EventKind.RTGS_IMMEDIATE_SETTLEMENT,
    EventKind.QUEUE2_LIQUIDITY_RELEASE,
    EventKind.LSM_PAYMENT_SETTLED,
    EventKind.PARENT_SETTLED,
)
DROPPED: Final = (EventKind.POLICY_DROP, EventKind.TRANSACTION_EXPIRED)


@dataclass(frozen=True)
class Transaction:
    """A payment. Money in cents, times in ticks from the start of the run; ``status`` as in ``codes.Place``."""

    id: str
    sender: str
    receiver: str
    amount: int
    remaining: int
    arrival_tick: int
    deadline_tick: int
    priority: int
    status: str
    parent_id: str | None = None
    rtgs_priority: str = "normal"
    divisible: bool | None = None
    overdue_since: int | None = None
    settled_tick: int | None = None


def requested_deadline(
    now: int, num_ticks: int, deadline: int | None, deadline_tick: int | None, deadline_in: int | None
) -> tuple[int, str | None]:
    """The requested deadline, a tick or NONE for the default, and the rule that it breaks.

    Args:
        now: the current tick.
        num_ticks: of the run.
        deadline: older spelling of ``deadline_tick``.
        deadline_tick: absolute; after the current tick and at most the end of the run.
        deadline_in: ticks from the arrival; cut at the end of the run.
    """
    named = {"deadline": deadline, "deadline_tick": deadline_tick, "deadline_in": deadline_in}
    given = {name: value for name, value in named.items() if value is not None}
    if len(given) > 1:
        first, *_, last = given
        return NONE, f"{last}: give either {first} or {last}"
    for name, value in given.items():
        least, most = (1, LARGEST_INT64) if name == "deadline_in" else (now + 1, num_ticks)
        tick = whole_within(value, least, most)
        if tick is None:
            accepted = (
                "whole number of ticks from 1" if name == "deadline_in" else f"tick from {now + 1} to {num_ticks}"
            )
            return NONE, f"{name}: must be a {accepted}, got {value!r}"
        return min(now + tick, num_ticks) if name == "deadline_in" else tick, None
    return NONE, None


def payment_row(engine: Engine, tx: str) -> int | None:
    """The payment's row while it lives."""
    number = tx_number(tx)
    if number is None:
        return None
    rows = np.flatnonzero((engine.state.pay_id == number) & (engine.state.pay_place != Place.FREE))
    return int(rows[0]) if len(rows) else None


def live_transaction(engine: Engine, row: int) -> Transaction:
    """A queued payment, or a split one with parts under way."""
    state, bank_ids = engine.state, engine.scenario.bank_ids
    parent, overdue = int(state.pay_parent[row]), int(state.pay_overdue_since[row])
    return Transaction(
        id=tx_name(int(state.pay_id[row])),
        sender=bank_ids[state.pay_sender[row]],
        receiver=bank_ids[state.pay_receiver[row]],
        amount=int(state.pay_amount_cents[row]),
        remaining=int(state.pay_remaining_cents[row]),
        arrival_tick=int(state.pay_arrival_tick[row]),
        deadline_tick=int(state.pay_deadline_tick[row]),
        priority=int(state.pay_priority[row]),
        status=Place(int(state.pay_place[row])).name.lower(),
        parent_id=None if parent == NONE else tx_name(int(state.pay_id[parent])),
        rtgs_priority=RtgsPriority(int(state.pay_rtgs_priority[row])).name.lower(),
        divisible=bool(state.pay_is_divisible[row]),
        overdue_since=None if overdue == NONE else overdue,
    )


def find_ended(events: Events, tx: str) -> Transaction:
    """A payment that has left every queue, rebuilt from its events.

    Raises:
        SimulationError: no event names it, or it arrived before the first event that was kept.
    """
    own = list(_events_of(events, tx))
    if not own:
        message = f"unknown payment {tx!r}"
        raise SimulationError(message)
    settled = {kind.label for kind in _SETTLED}
    dropped = {kind.label for kind in DROPPED}
    end = next(event for event in reversed(own) if event.kind in settled | dropped)
    arrival = next((event for event in own if event.kind == "Arrival"), None)
    overdue = next((event.tick for event in own if event.kind == "TransactionWentOverdue"), None)
    if arrival is None:
        return _child(events, tx, int(end.amount or 0), end.tick if end.kind in settled else None)
    return Transaction(
        id=tx,
        sender=str(arrival.bank),
        receiver=str(arrival.counterparty),
        amount=int(arrival.amount or 0),
        remaining=0 if end.kind in settled else int(end.amount or 0),
        arrival_tick=arrival.tick,
        deadline_tick=int(arrival.details["deadline_tick"]),
        priority=int(arrival.details["priority"]),
        status="settled" if end.kind in settled else "dropped",
        overdue_since=overdue,
        settled_tick=end.tick if end.kind in settled else None,
    )


def _events_of(events: Events, tx: object) -> Events:
    """Only what names this payment."""
    number = tx_number(tx)
    if number is None:
        return events.with_rows(events.rows[:0])
    return events.with_rows(events.rows[events.column("pay_id") == number])


def payments_of_day(engine: Engine, events: Events, day: int, ticks_per_day: int) -> list[Transaction]:
    """Payments that arrived on a day, in order of arrival."""
    numbers = events.column("pay_id")
    order = np.argsort(numbers, kind="stable")
    rows, living = events.rows[order], engine.rows_by_id()
    arrivals = events.of_kind(EventKind.ARRIVAL)
    arrived = arrivals.column("pay_id")[arrivals.column("tick") // ticks_per_day == day]
    first = np.searchsorted(numbers[order], arrived, side="left").tolist()
    end = np.searchsorted(numbers[order], arrived, side="right").tolist()
    return [
        live_transaction(engine, living[number])
        if number in living
        else find_ended(events.with_rows(rows[first[at] : end[at]]), tx_name(number))
        for at, number in enumerate(arrived.tolist())
    ]


def _child(events: Events, tx: str, amount: int, settled_tick: int | None) -> Transaction:
    """A part of a split: what it was comes from its parent and from its end."""
    number = int(tx.removeprefix("tx_"))
    split = next((event for event in events.of_kind(EventKind.POLICY_SPLIT) if number in _parts(event)), None)
    whole = [] if split is None else [event for event in _events_of(events, split.tx) if event.kind == "Arrival"]
    if split is None or not whole:
        message = f"{tx}: it arrived before the first event that was kept"
        raise SimulationError(message)
    (arrival,) = whole
    return Transaction(
        id=tx,
        sender=str(split.bank),
        receiver=str(split.counterparty),
        amount=amount,
        remaining=0 if settled_tick is not None else amount,
        arrival_tick=arrival.tick,
        deadline_tick=int(arrival.details["deadline_tick"]),
        priority=int(arrival.details["priority"]),
        status="settled" if settled_tick is not None else "dropped",
        parent_id=split.tx,
        settled_tick=settled_tick,
    )


def _parts(split: Event) -> range:
    """Numbers of the payments that a split made."""
    first = int(str(split.details["first_child"]).removeprefix("tx_"))
    return range(first, first + int(split.details["parts"]))
