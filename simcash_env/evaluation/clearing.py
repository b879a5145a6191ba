"""The bank clearing problem: the largest value of a queue that settles at once, each bank paying with what it has.

Each bank pays no more than its balance, its credit and what it receives in the same moment; no order of queues, no
limits (Güntzer, Jungnickel and Leclerc, European Journal of Operational Research 106, 1998).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from simcash_env.evaluation.milp import Programme

Payment: TypeAlias = tuple[str, str, int]
"""Sender, receiver, cents."""


@dataclass(frozen=True)
class Clearing:
    """Payments that settle together, by their place in the queue, and their value in cents."""

    chosen: tuple[int, ...]
    cents: int


def best_clearing(
    balances: Mapping[str, int], payments: Sequence[Payment], credit: Mapping[str, int] | None = None
) -> Clearing:
    """The set of payments with the largest value, by mixed-integer programming.

    Args:
        balances: cents of every bank that pays or is paid.
        payments: the queue.
        credit: cents by which a bank may go below zero; none by default.

    Raises:
        ValueError: a bank is below what its credit allows before anything settles; or the solver failed.
    """
    allowed = credit or {}
    programme = Programme()
    rows: dict[str, dict[int, float]] = {bank: {} for bank in balances}
    for sender, receiver, cents in payments:
        choice = programme.variable(high=1.0, cost=-float(cents), is_whole=True)
        rows[sender][choice] = -float(cents)
        rows[receiver][choice] = float(cents)
    for bank, terms in rows.items():
        funds = balances[bank] + allowed.get(bank, 0)
        if funds < 0:
            message = f"{bank}: {balances[bank]} cents are below its credit of {allowed.get(bank, 0)}"
            raise ValueError(message)
        if terms:
            programme.row(terms, low=-float(funds))
    if not payments:
        return Clearing((), 0)
    found = programme.solve()
    chosen = tuple(place for place, value in enumerate(found.values) if value > 0.5)
    return Clearing(chosen, sum(payments[place][2] for place in chosen))


def largest_prefixes(
    balances: Mapping[str, int], payments: Sequence[Payment], credit: Mapping[str, int] | None = None
) -> Clearing:
    """The unique largest set in which each bank settles the first payments of its queue (Bech and Soramäki 2001).

    From all payments, the last one of a bank that is short is taken out until none is short.
    """
    allowed = credit or {}
    after = dict(balances)
    queues: dict[str, list[int]] = {bank: [] for bank in balances}
    for place, (sender, receiver, cents) in enumerate(payments):
        queues[sender].append(place)
        after[sender] -= cents
        after[receiver] += cents
    while short := [bank for bank in queues if queues[bank] and after[bank] + allowed.get(bank, 0) < 0]:
        sender, receiver, cents = payments[queues[short[0]].pop()]
        after[sender] += cents
        after[receiver] -= cents
    chosen = tuple(sorted(place for queue in queues.values() for place in queue))
    return Clearing(chosen, sum(payments[place][2] for place in chosen))
