"""A run's whole state as plain Python: what a debugger, a test or a curious user wants to see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simcash_env.compile.market import with_interest
from simcash_env.schema.codes import COST_COLUMNS, NONE
from simcash_env.simulation.engine import chain
from simcash_env.simulation.event_log import tx_name
from simcash_env.simulation.transactions import live_transaction

if TYPE_CHECKING:
    from simcash_env.simulation.engine import Engine


def inspect_engine(engine: Engine) -> dict[str, Any]:
    """Clock, random stream, banks, queues, live payments and totals; money in cents."""
    state = engine.state
    banks = engine.scenario.bank_ids
    names = [tx_name(int(number)) for number in state.pay_id]
    return {
        "tick": int(state.tick[0]),
        "rng_state": int(state.rng[0]) % 2**64,
        "banks": {bank: _bank(engine, number) for number, bank in enumerate(banks)},
        "queue1": {bank: [names[row] for row in engine.queue1_rows(number)] for number, bank in enumerate(banks)},
        "queue2": [names[row] for row in engine.queue2_rows()],
        "payments": {names[row]: _payment(engine, row) for row in engine.live_rows()},
        "counters": {
            "arrived_count": int(state.arrived_count[0]),
            "arrived_value": int(state.arrived_cents[0]),
            "settled_count": int(state.settled_count[0]),
            "settled_value": int(state.settled_cents[0]),
            "dropped_count": int(state.dropped_count[0]),
            "dropped_value": int(state.dropped_cents[0]),
            "lsm_released_count": int(state.lsm_released_count[0]),
            "lsm_released_value": int(state.lsm_released_cents[0]),
        },
    }


def _bank(engine: Engine, number: int) -> dict[str, Any]:
    state, banks = engine.state, engine.scenario.bank_ids
    outflows = state.pair_outflow_cents[number * len(banks) : (number + 1) * len(banks)].tolist()
    per_bank = int(engine.scenario.view.num_registers[0])
    registers = state.register_value[number * per_bank : (number + 1) * per_bank].tolist()
    costs = with_interest(state.run_cost_cents, state.trader_run_interest_cents)[number].tolist()
    return {
        "balance": int(state.bank_balance_cents[number]),
        "credit_limit": int(state.bank_credit_limit_cents[number]),
        "posted_collateral": int(state.bank_posted_collateral_cents[number]),
        "timers": [
            (int(state.pay_remaining_cents[row]), int(state.pay_release_tick[row]))
            for row in chain(state, int(state.bank_timer_head[number]))
        ],
        "allocated_pool": int(state.bank_pool_allocated_cents[number]),
        "outflow_total": int(state.bank_outflow_cents[number]),
        "outflow": {bank: cents for bank, cents in zip(banks, outflows, strict=True) if cents},
        **_own_limits(engine, number),
        "registers": dict(zip(engine.scenario.registers[number], registers, strict=False)),
        "costs": dict(zip(COST_COLUMNS, costs, strict=False)),
    }


def _own_limits(engine: Engine, number: int) -> dict[str, Any]:
    """Limits that the bank may set during the run, where the scenario has them; None: no limit."""
    state, banks = engine.state, engine.scenario.bank_ids
    found: dict[str, Any] = {}
    if len(state.sub_limit_cents):
        found["sub_limit"] = int(state.sub_limit_cents[number])
    if len(state.send_limit_cents):
        pairs = state.pair_send_limit_cents[number * len(banks) : (number + 1) * len(banks)].tolist()
        limit = int(state.send_limit_cents[number])
        found["send_limit"] = None if limit == NONE else limit
        found["bilateral_send_limits"] = {
            bank: cents for bank, cents in zip(banks, pairs, strict=True) if cents != NONE
        }
    return found


def _payment(engine: Engine, row: int) -> dict[str, Any]:
    payment, state = live_transaction(engine, row), engine.state
    submitted = int(state.pay_submit_tick[row])
    return {
        "sender": payment.sender,
        "receiver": payment.receiver,
        "amount": payment.amount,
        "remaining": payment.remaining,
        "arrival_tick": payment.arrival_tick,
        "deadline_tick": payment.deadline_tick,
        "priority": payment.priority,
        "original_priority": int(state.pay_original_priority[row]),
        "rtgs_priority": payment.rtgs_priority,
        "submitted_tick": None if submitted == NONE else submitted,
        "divisible": payment.divisible,
        "parent": payment.parent_id,
        "overdue_since": payment.overdue_since,
        "release_tick": None if state.pay_release_tick[row] == NONE else int(state.pay_release_tick[row]),
        "place": payment.status,
    }
