"""Append a row to the event log. With no log it is a comparison of two registers."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.schema.arrays import LOG_WORDS, State, Work
from simcash_env.schema.codes import NONE


@kernel
def record(state: State, work: Work, kind: int, bank: int, counterparty: int, pay_id: int, cents: int) -> None:
    """Log an event of the open tick; what does not fit is counted, so that the caller can make room and run again."""
    record_values(state, work, kind, bank, counterparty, pay_id, cents, NONE, NONE)


@kernel
def record_values(
    state: State, work: Work, kind: int, bank: int, counterparty: int, pay_id: int, cents: int, first: int, second: int
) -> None:
    """Log an event with two values of its own."""
    if work.log.shape[0] == 0:
        return
    count = work.log_count[0]
    work.log_count[0] = count + 1
    start = count * LOG_WORDS
    if start + LOG_WORDS > work.log.shape[0]:
        return
    log = work.log
    log[start] = state.tick[0]
    log[start + 1] = kind
    log[start + 2] = bank
    log[start + 3] = counterparty
    log[start + 4] = pay_id
    log[start + 5] = cents
    log[start + 6] = first
    log[start + 7] = second
