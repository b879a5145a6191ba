"""Which events of a run match, a page at a time; only those that are shown become Python objects."""

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
class Wanted:
    """Which events a caller asks for; None asks for all."""

    kinds: tuple[str, ...] = ()
    bank: str | None = None
    tx: str | None = None
    from_tick: int = 0
    to_tick: int | None = None


def page(run: Run, wanted: Wanted, after: int, limit: int, *, newest_first: bool) -> dict[str, Any]:
    """What ``models.EventPage`` shows.

    Args:
        run: the run.
        wanted: which events.
        after: positions from here on; with the newest first, positions before this one, 0 meaning the end.
        limit: so many at most.
        newest_first: backwards.

    Raises:
        Refusal: an unknown bank or kind.
    """
    tests = _tests(run, wanted)
    places: list[I64] = []
    total = 0
    for part in run.log_parts():
        if len(part):
            places.append(np.flatnonzero(_matches(part, tests, wanted)) + total)
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


def _tests(run: Run, wanted: Wanted) -> dict[str, Any]:
    for kind in wanted.kinds:
        if kind not in LABELS:
            raise refuse_value("query.kind", "unknown event kind", kind, list(LABELS))
    if wanted.bank is not None and wanted.bank not in run.bank_ids:
        raise refuse_value("query.bank", "unknown bank", wanted.bank, run.bank_ids)
    number = None
    if wanted.tx is not None:
        digits = wanted.tx.removeprefix("tx_")
        if not (wanted.tx.startswith("tx_") and digits.isascii() and digits.isdigit() and len(digits) < 19):  # noqa: PLR2004
            raise refuse_value("query.tx", "must be a payment id such as tx_00000001", wanted.tx)
        number = int(digits)
    return {
        "kinds": [LABELS[kind] for kind in wanted.kinds],
        "bank": None if wanted.bank is None else run.bank_ids.index(wanted.bank),
        "tx": number,
    }


def _matches(part: I64, tests: dict[str, Any], wanted: Wanted) -> Any:
    found = part[:, TICK] >= wanted.from_tick
    if wanted.to_tick is not None:
        found &= part[:, TICK] <= wanted.to_tick
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
