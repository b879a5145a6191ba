"""Pages of the matching events of a run; only the events of a page become Python objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simcash_env.schema.arrays import LOG_COLUMNS
from simcash_env.schema.codes import EventKind
from simcash_env.service.refusals import refuse_value
from simcash_env.service.run import Run

if TYPE_CHECKING:
    from simcash_env.schema.arrays import I64

TICK, KIND, BANK, COUNTERPARTY, PAY_ID = (LOG_COLUMNS.index(name) for name in LOG_COLUMNS[:5])
LABELS = {kind.label: int(kind) for kind in EventKind}


@dataclass(frozen=True)
class EventFilter:
    """Filter of events; None matches all."""

    kinds: tuple[str, ...] = ()
    bank: str | None = None
    tx: str | None = None
    from_tick: int = 0
    to_tick: int | None = None


def page(run: Run, criteria: EventFilter, after: int, limit: int, *, newest_first: bool) -> dict[str, Any]:
    """Return the content of ``models.EventPage``.

    Args:
        run: the run.
        criteria: which events.
        after: positions from here on; with the newest first, positions before this one, 0 meaning the end.
        limit: largest number of rows.
        newest_first: backwards.

    Raises:
        Refusal: an unknown bank or kind.
    """
    tests = _tests(run, criteria)
    places: list[I64] = []
    total = 0
    for part in run.log_parts():
        if len(part):
            places.append(np.flatnonzero(_matches(part, tests, criteria)) + total)
            total += len(part)
    matching = np.concatenate([np.zeros(0, np.int64), *places])
    matched = len(matching)
    if newest_first:
        left = matching[matching < after] if after else matching
        chosen, has_more = left[::-1][:limit], len(left) > limit
    else:
        left = matching[matching >= after]
        chosen, has_more = left[:limit], len(left) > limit
    following = None
    if has_more:
        following = int(chosen[-1]) if newest_first else int(chosen[-1]) + 1
    return {"events": _rows(run, chosen), "total": total, "matched": matched, "next": following}


def _tests(run: Run, criteria: EventFilter) -> dict[str, Any]:
    for kind in criteria.kinds:
        if kind not in LABELS:
            raise refuse_value("query.kind", "is not a kind of event", kind, list(LABELS))
    if criteria.bank is not None and criteria.bank not in run.bank_ids:
        raise refuse_value("query.bank", "is not a bank of this simulation", criteria.bank, run.bank_ids)
    number = None
    if criteria.tx is not None:
        digits = criteria.tx.removeprefix("tx_")
        if not (criteria.tx.startswith("tx_") and digits.isascii() and digits.isdigit() and len(digits) < 19):
            raise refuse_value("query.tx", "is not a payment id such as tx_00000001", criteria.tx)
        number = int(digits)
    return {
        "kinds": [LABELS[kind] for kind in criteria.kinds],
        "bank": None if criteria.bank is None else run.bank_ids.index(criteria.bank),
        "tx": number,
    }


def _matches(part: I64, tests: dict[str, Any], criteria: EventFilter) -> Any:
    found = part[:, TICK] >= criteria.from_tick
    if criteria.to_tick is not None:
        found &= part[:, TICK] <= criteria.to_tick
    if tests["kinds"]:
        found &= np.isin(part[:, KIND], tests["kinds"])
    if tests["bank"] is not None:
        found &= (part[:, BANK] == tests["bank"]) | (part[:, COUNTERPARTY] == tests["bank"])
    if tests["tx"] is not None:
        found &= part[:, PAY_ID] == tests["tx"]
    return found


def _rows(run: Run, chosen: I64) -> list[dict[str, Any]]:
    parts = [part for part in run.log_parts() if len(part)]
    ends = np.cumsum([0, *map(len, parts)])
    rows = []
    for position in chosen.tolist():
        number = int(np.searchsorted(ends, position, side="right")) - 1
        event = run.as_events(parts[number])[position - int(ends[number])]
        rows.append(
            {
                "position": position,
                "tick": event.tick,
                "kind": event.kind,
                "bank": event.bank,
                "counterparty": event.counterparty,
                "tx": event.tx,
                "amount": event.amount,
                "details": event.details,
            }
        )
    return rows
