"""Orders from outside the tick: placed and cancelled one by one, at once, on the book as it stands."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import entry
from simcash_env.kernels.market.orders import cancel_order, place_order
from simcash_env.kernels.tables import open_scenario, open_state, open_work
from simcash_env.schema.arrays import I64
from simcash_env.schema.codes import Status

OK = int(Status.OK)
ORDER_WORDS = 8
"""bank, book, side, rate, cents, the one bank to trade with or NONE, last tick; then what came of it."""


@entry
def place_rows(
    scenario_row: I64,
    scenario_sizes: I64,
    state_row: I64,
    state_sizes: I64,
    work_row: I64,
    work_sizes: I64,
    orders: I64,
) -> int:
    """Place orders of ``ORDER_WORDS`` each; the last word becomes the order's id, or minus a ``codes.OrderRefusal``."""
    scenario, state = open_scenario(scenario_row, scenario_sizes), open_state(state_row, state_sizes)
    work = open_work(work_row, work_sizes)
    for at in range(0, orders.shape[0], ORDER_WORDS):
        orders[at + 7] = place_order(
            scenario,
            state,
            work,
            orders[at],
            orders[at + 1],
            orders[at + 2],
            orders[at + 3],
            orders[at + 4],
            orders[at + 5],
            orders[at + 6],
            0,
        )
    return OK


@entry
def cancel_rows(
    scenario_row: I64,
    scenario_sizes: I64,
    state_row: I64,
    state_sizes: I64,
    work_row: I64,
    work_sizes: I64,
    orders: I64,
) -> int:
    """Cancel resting orders by id; each id becomes whether there was one."""
    state, work = open_state(state_row, state_sizes), open_work(work_row, work_sizes)
    for at in range(orders.shape[0]):
        orders[at] = cancel_order(state, work, orders[at])
    return OK
