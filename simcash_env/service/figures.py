"""The current state of a simulation: accounts, first payments of every queue, queued value by pair of banks."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from simcash_env.compile.market import with_interest
from simcash_env.schema.codes import COST_COLUMNS, NONE, PPM, Phase, Place
from simcash_env.simulation.event_log import tx_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from simcash_env.config import ScenarioConfig
    from simcash_env.schema.arrays import I64, State
    from simcash_env.simulation.engine import Engine


def read_figures(engine: Engine, config: ScenarioConfig, num_payments: int) -> dict[str, Any]:
    """Return the content of ``models.StateResponse`` without the id."""
    state, ids = engine.state, engine.scenario.bank_ids
    tick = int(state.tick[0])
    num_ticks = int(engine.scenario.view.num_ticks[0])
    return {
        "tick": tick,
        "day": min(tick, num_ticks - 1) // config.simulation.ticks_per_day,
        "num_ticks": num_ticks,
        "ticks_per_day": config.simulation.ticks_per_day,
        "is_over": bool(state.phase[0] == Phase.OVER),
        "banks": _banks(engine, config),
        "queue1": {
            bank: _payments(engine, int(state.bank_queue1_head[number]), num_payments)
            for number, bank in enumerate(ids)
        },
        "queue2": _payments(engine, int(state.queue2_head[0]), num_payments),
        "queue2_count": int(state.queue2_count[0]),
        "waiting": waiting_pairs(engine),
        "totals": read_totals(state),
    }


def read_totals(state: State) -> dict[str, int]:
    """Return the content of ``models.Totals``."""
    return {
        "arrived": int(state.arrived_count[0]),
        "arrived_cents": int(state.arrived_cents[0]),
        "settled": int(state.settled_count[0]),
        "settled_cents": int(state.settled_cents[0]),
        "dropped": int(state.dropped_count[0]),
        "queued": int(state.queue2_count[0] + state.bank_queue1_count.sum()),
        "lsm_released": int(state.lsm_released_count[0]),
        "total_cost": int(state.run_cost_cents.sum()),
    }


def _banks(engine: Engine, config: ScenarioConfig) -> list[dict[str, Any]]:
    state, ids = engine.state, engine.scenario.bank_ids
    policies = {bank.id: bank.policy.type for bank in config.banks}
    costs = with_interest(state.run_cost_cents, state.trader_run_interest_cents)
    columns = {
        "balance": state.bank_balance_cents,
        "available_liquidity": available_liquidity(engine),
        "credit_limit": state.bank_credit_limit_cents,
        "posted_collateral": state.bank_posted_collateral_cents,
        "queue1_count": state.bank_queue1_count,
        "queue1_cents": state.bank_queue1_cents,
        "queue2_count": state.bank_queue2_count,
        "queue2_cents": state.bank_queue2_cents,
        "total_cost": costs.sum(axis=1),  # with interest
    }
    figures = {name: column.tolist() for name, column in columns.items()}
    return [
        {
            "id": bank,
            "policy": policies[bank],
            "costs": dict(zip(COST_COLUMNS[: costs.shape[1]], costs[number].tolist(), strict=True)),
            **{name: column[number] for name, column in figures.items()},
        }
        for number, bank in enumerate(ids)
    ]


def overdraft_limits(engine: Engine) -> I64:
    """(banks,) cents that each bank may be overdrawn by."""
    state, kept = engine.state, PPM - engine.scenario.view.bank_haircut_ppm
    limits: I64 = state.bank_credit_limit_cents + state.bank_posted_collateral_cents * kept // PPM
    return limits


def available_liquidity(engine: Engine) -> I64:
    """(banks,) cents that each bank can pay at once: balance plus unused overdraft limit."""
    found: I64 = np.maximum(engine.state.bank_balance_cents + overdraft_limits(engine), 0)
    return found


def _payments(engine: Engine, head: int, most: int) -> list[dict[str, Any]]:
    return payments_of(engine, list(islice(_walk(engine.state, head), most)))


def payments_of(engine: Engine, rows: Sequence[int]) -> list[dict[str, Any]]:
    """The payments of these rows, as ``models.Payment``."""
    state, ids = engine.state, engine.scenario.bank_ids
    return [
        {
            "id": tx_name(int(state.pay_id[row])),
            "sender": ids[state.pay_sender[row]],
            "receiver": ids[state.pay_receiver[row]],
            "amount": int(state.pay_amount_cents[row]),
            "remaining": int(state.pay_remaining_cents[row]),
            "arrival_tick": int(state.pay_arrival_tick[row]),
            "deadline_tick": int(state.pay_deadline_tick[row]),
            "priority": int(state.pay_priority[row]),
            "is_overdue": bool(state.pay_overdue_since[row] != NONE),
        }
        for row in rows
    ]


def _walk(state: State, row: int) -> Iterator[int]:
    while row >= 0:
        yield row
        row = int(state.pay_next[row])


def waiting_pairs(engine: Engine) -> list[dict[str, Any]]:
    """Sum the payments of both queues by sender and receiver."""
    state, ids = engine.state, engine.scenario.bank_ids
    rows = np.flatnonzero((state.pay_place == Place.QUEUE1) | (state.pay_place == Place.QUEUE2))
    pairs = state.pay_sender[rows] * len(ids) + state.pay_receiver[rows]
    found, place = np.unique(pairs, return_inverse=True)
    counts, cents = np.zeros(len(found), np.int64), np.zeros(len(found), np.int64)
    np.add.at(counts, place, 1)
    np.add.at(cents, place, state.pay_remaining_cents[rows])
    return [
        {"sender": ids[pair // len(ids)], "receiver": ids[pair % len(ids)], "count": number, "cents": total}
        for pair, number, total in zip(found.tolist(), counts.tolist(), cents.tolist(), strict=True)
    ]
