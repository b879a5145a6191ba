"""Payments of a run as columns, from its event log: arrivals, settlements with their mechanism, drops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from simcash_env.schema.arrays import I64
from simcash_env.schema.codes import NONE, EventKind
from simcash_env.simulation.event_log import Events

MECHANISMS: Final = ("gross", "queue2", "entry_disposition", "bilateral", "cycles", "prefix")
"""How payments settle: at once, from the central queue, by offsetting on entry, or by a liquidity-saving algorithm."""

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


def payments_of(events: Events) -> tuple[Payments, I64]:
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


def settled_moves(events: Events, root: I64) -> Moves:
    """Settlements, with their mechanism."""
    kinds = events.column("kind")
    mechanism = np.full(len(kinds), NONE, np.int64)
    for kind, place in (_BY_KIND | _BY_HEADER).items():
        mechanism[kinds == kind] = place
    last = np.maximum.accumulate(np.where(np.isin(kinds, list(_BY_HEADER)), np.arange(len(kinds)), 0))
    by_set = kinds == EventKind.LSM_PAYMENT_SETTLED
    mechanism[by_set] = mechanism[last[by_set]]
    chosen = by_set | np.isin(kinds, list(_BY_KIND))
    return _moves(events, chosen, root, mechanism)


def dropped_moves(events: Events, root: I64) -> Moves:
    """Dropped payments and parts of payments."""
    kinds = events.column("kind")
    chosen = np.isin(kinds, [EventKind.POLICY_DROP, EventKind.TRANSACTION_EXPIRED])
    return _moves(events, chosen, root, np.full(len(kinds), NONE, np.int64))


def _moves(events: Events, chosen: npt.NDArray[np.bool_], root: I64, mechanism: I64) -> Moves:
    tick, payment, cents = (events.column(name)[chosen] for name in ("tick", "pay_id", "cents"))
    return Moves(tick, root[payment], cents, mechanism[chosen])
