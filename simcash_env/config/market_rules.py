"""Rules between the market and the rest of a scenario; like ``cross_rules`` they read plain mappings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from simcash_env.config.exact import written
from simcash_env.config.faults import Broken, Place

Raw = Mapping[str, Any]


def market_faults(scenario: Raw) -> Iterator[Broken]:
    """Yield every broken rule between the market and the banks, and between parts of the market."""
    market = scenario.get("market")
    if not isinstance(market, Mapping):
        return
    rows = scenario.get("banks")
    banks = [bank for bank in rows if isinstance(bank, Mapping)] if isinstance(rows, (list, tuple)) else []
    known = {bank["id"] for bank in banks if isinstance(bank.get("id"), str)}
    for key in ("credit_lines", "counterparty_limits", "traders"):
        yield from _unknown(("market", key), market.get(key), known)
    yield from _limits(market, known)
    yield from _books(market)
    yield from _rates(market)
    if market.get("schedule") is not None and len(known) == 1:
        yield Broken(("market", "schedule"), "needs at least two banks", None)


def _unknown(place: Place, names: Any, known: set[str]) -> Iterator[Broken]:
    for name in names if isinstance(names, Mapping) else ():
        if name not in known:
            yield Broken((*place, name), "must name a bank", name)


def _limits(market: Raw, known: set[str]) -> Iterator[Broken]:
    limits = market.get("counterparty_limits")
    for lender, row in limits.items() if isinstance(limits, Mapping) else ():
        place = ("market", "counterparty_limits", lender)
        yield from _unknown(place, row, known)
        if isinstance(row, Mapping) and lender in row:
            yield Broken((*place, lender), "must not name the bank itself", lender)


def _books(market: Raw) -> Iterator[Broken]:
    rows = market.get("books")
    ids: list[Any] = []
    for number, book in enumerate(rows if isinstance(rows, (list, tuple)) else ()):
        name = book.get("id", "intraday") if isinstance(book, Mapping) else None
        if name is not None and name in ids:
            yield Broken(("market", "books", number, "id"), "must be unique", name)
        ids.append(name)
    traders = market.get("traders")
    for bank, trader in traders.items() if isinstance(traders, Mapping) else ():
        name = trader.get("book") if isinstance(trader, Mapping) else None
        if isinstance(name, str) and name not in (ids or ["intraday"]):
            yield Broken(("market", "traders", bank, "book"), "must name a book", name)


def _rates(market: Raw) -> Iterator[Broken]:
    """Reference rate and scheduled bids and asks must be inside the corridor."""
    low, high = market.get("deposit_rate"), market.get("lending_rate")
    if not (_is_rate(low) and _is_rate(high)) or market.get("discipline", "regulated") != "regulated":
        return
    reference = market.get("reference_rate")
    rule = "must lie inside the corridor, deposit_rate to lending_rate"
    if _is_rate(reference) and not low <= reference <= high:
        yield Broken(("market", "reference_rate"), rule, reference)
    schedule = market.get("schedule")
    offsets = schedule if isinstance(schedule, Mapping) else {"bid_offset": 0.0, "ask_offset": 0.0}
    for key in ("bid_offset", "ask_offset"):
        offset = offsets.get(key, 0.0)
        if _is_rate(offset) and (reference is None or _is_rate(reference)):
            middle = (written(low) + written(high)) / 2 if reference is None else written(reference)
            rate = middle + written(offset)
            if not written(low) <= rate <= written(high):
                yield Broken(("market", "schedule", key), f"with it, the rate {rule}", offset)


def _is_rate(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
