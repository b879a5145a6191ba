"""What the viewer shows of a simulation: the state at a tick, and what does not change during the run."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import numpy as np

from simcash_env.compile.market import with_interest
from simcash_env.records.plots import GUIDELINE
from simcash_env.schema.arrays import I64
from simcash_env.schema.codes import NONE, Place
from simcash_env.service import views
from simcash_env.service.figures import (
    available_liquidity,
    overdraft_limits,
    payments_of,
    read_totals,
    waiting_pairs,
)
from simcash_env.service.game import prices
from simcash_env.service.held import Held, Origin
from simcash_env.service.refusals import refuse_value, unknown
from simcash_env.service.run import Run
from simcash_env.service.words import policy_text
from simcash_env.simulation.payment_columns import MECHANISMS

LISTED: Final = 60
"""Payments listed from a queue."""
DUE: Final = 10
"""Payments listed that are due next."""

FINE, OVERDRAWN, BLOCKED, OVERDUE = range(4)
"""How much trouble a bank is in: overdrawn, payments blocked in Queue 2, payments past their deadline."""


def about(held: Held) -> dict[str, Any]:
    """Return what stays the same during the run."""
    config, run = held.origin.config, held.run
    clock, per_day, hours = config.simulation.clock, config.simulation.ticks_per_day, config.simulation.hours
    market = config.market
    return {
        **views.info(held),
        "description": config.description,
        "currency": config.currency,
        "notices": [*held.origin.notices, *(() if held.origin.seats.decides else run.notices)],
        "bank_ids": list(run.bank_ids),
        "policies": policies(held.origin),
        "people": list(held.origin.seats.people),
        "prices": prices(config, held.origin.seats.people[0]) if held.origin.seats.people else [],
        "times": None if clock is None else [*map(clock, range(per_day)), clock.close],
        "guideline": [
            {"tick": hours.tick_of_day(hour), "share": share, "time": f"{int(hour):02}:{round(hour % 1 * 60):02}"}
            for hour, share in GUIDELINE
        ],
        "cost_kinds": list(held.track.cost_kinds),
        "mechanisms": list(MECHANISMS),
        "lsm": list(config.lsm.algorithms),
        "market": None
        if market is None
        else {
            "deposit_rate": market.deposit_rate,
            "lending_rate": market.lending_rate,
            "books": [_book(book) for book in market.books],
        },
    }


def _book(book: Any) -> dict[str, Any]:
    maturity = book.maturity
    return {"id": book.id, "maturity": maturity if isinstance(maturity, str) else f"{maturity.ticks} ticks"}


def policies(origin: Origin) -> dict[str, str]:
    """Return who or what decides for each bank, in words."""
    seats, found = origin.seats, {}
    for bank in origin.config.banks:
        if bank.id in seats.people:
            found[bank.id] = "person"
        elif bank.id in seats.trained:
            found[bank.id] = f"trained: {seats.checkpoint.rpartition('/')[2]}"
        elif bank.policy.type == "external":
            found[bank.id] = f"external: {_named(origin.external)}"
        else:
            found[bank.id] = policy_text(bank.policy)
    return found


def _named(external: str | dict[str, Any]) -> str:
    return external if isinstance(external, str) else str(external["type"])


def frame(held: Held, tick: int | None, bank: str | None, desk: str | None) -> dict[str, Any]:
    """Return the state after ``tick`` ticks, now by default.

    Args:
        held: the simulation.
        tick: number of ticks closed.
        bank: the bank whose queue and next payments are listed; None for the central queue and all banks.
        desk: the bank that a person is about to decide for.

    Raises:
        Refusal: a tick that has not been reached, an unknown bank, or a bank without a person who decides.
    """
    run, now = held.run, held.run.current_tick
    if tick is not None and tick > now:
        raise refuse_value("query.tick", f"must be at most {now}, the ticks that have been closed", tick)
    for name in (bank, desk):
        if name is not None and name not in run.bank_ids:
            raise unknown("bank", name)
    if desk is not None and desk not in held.origin.seats.people:
        raise refuse_value("query.desk", "must be a bank that a person decides for", desk, held.origin.seats.people)
    held.track.extend_to(now, held.inputs)
    shown = run if tick is None or tick == now else held.history.run_at(tick, held.inputs)
    at = now if tick is None else tick
    content = {
        "tick": at,
        "totals": read_totals(shown.engine.state),
        "banks": _banks(shown, held.track.positions(at)),
        "waiting": _waiting(shown),
        **_queues(shown, bank),
        "market": _market(shown),
        "desk": held.deciders.desk(run, desk) if desk is not None and at == now and not run.is_over else None,
    }
    held.weigh()
    return content


def _banks(run: Run, positions: list[int]) -> dict[str, list[int]]:
    """Columns of all banks."""
    engine, state = run.engine, run.engine.state
    banks = len(run.bank_ids)
    queued = (state.pay_place == Place.QUEUE1) | (state.pay_place == Place.QUEUE2)
    late = queued & (state.pay_overdue_since != NONE)
    overdue_cents = np.zeros(banks, np.int64)
    np.add.at(overdue_cents, state.pay_sender[late], state.pay_remaining_cents[late])
    balances = run.sample(("balance_cents",))[0]
    costs = with_interest(state.run_cost_cents, state.trader_run_interest_cents)
    columns: dict[str, I64] = {
        "balance": balances,
        "available": available_liquidity(engine),
        "limit": overdraft_limits(engine),
        "collateral": state.bank_posted_collateral_cents,
        "pool": state.bank_pool_allocated_cents,
        "queue1_count": engine.column("bank_queue1_count"),
        "queue1_cents": state.bank_queue1_cents,
        "queue2_count": engine.column("bank_queue2_count"),
        "queue2_cents": state.bank_queue2_cents,
        "overdue_cents": overdue_cents,
        "cost": costs.sum(axis=1),
        "trouble": np.select(
            [overdue_cents > 0, state.bank_queue2_count > 0, balances < 0], [OVERDUE, BLOCKED, OVERDRAWN], FINE
        ),
    }
    return {"position": positions} | {name: column.tolist() for name, column in columns.items()}


def _waiting(run: Run) -> list[list[int]]:
    """Sender, receiver, payments and cents of each pair with queued payments, largest first; banks by number."""
    numbers = {name: number for number, name in enumerate(run.bank_ids)}
    pairs = sorted(waiting_pairs(run.engine), key=lambda pair: -int(pair["cents"]))
    return [[numbers[pair["sender"]], numbers[pair["receiver"]], pair["count"], pair["cents"]] for pair in pairs]


def _queues(run: Run, bank: str | None) -> dict[str, Any]:
    """The first payments of a queue, and what is due next."""
    engine, state = run.engine, run.engine.state
    if bank is None:
        rows = engine.queue2_rows()
        queued = (state.pay_place == Place.QUEUE1) | (state.pay_place == Place.QUEUE2)
    else:
        number = run.bank_number(bank)
        central = [row for row in engine.queue2_rows() if state.pay_sender[row] == number]
        rows = [*engine.queue1_rows(number), *central]
        queued = np.isin(np.arange(len(state.pay_place)), rows)
    open_rows = np.flatnonzero(queued & (state.pay_deadline_tick >= state.tick[0]))
    order = np.lexsort((state.pay_id[open_rows], state.pay_deadline_tick[open_rows]))
    due = open_rows[order][:DUE].tolist()
    return {
        "queue": _listed(run, rows[:LISTED]),
        "queue_count": len(rows),
        "due": _listed(run, due),
        "due_count": len(open_rows),
    }


def _listed(run: Run, rows: list[int]) -> list[dict[str, Any]]:
    """Payments with the queue in which they wait."""
    state = run.engine.state
    payments = payments_of(run.engine, rows)
    for row, payment in zip(rows, payments, strict=True):
        payment["queue"] = 2 if state.pay_place[row] == Place.QUEUE2 else 1
    return payments


def _market(run: Run) -> dict[str, Any] | None:
    """Books, loans and each bank's account in the market."""
    if run.config.market is None:
        return None
    accounts = [run.market.account(bank) for bank in run.bank_ids]
    return {
        "orders": [asdict(order) for order in run.market.orders()],
        "loans": [asdict(loan) for loan in run.market.loans()],
        "accounts": {
            name: [getattr(account, name) for account in accounts]
            for name in ("lent", "borrowed", "owed", "credit_left", "interest_paid", "interest_received")
        },
    }
