"""What one payment costs, and the one place where a bank is charged."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels.money import BPS_SCALE, multiply_divide
from simcash_env.kernels.record import record_values
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, NUM_COSTS, EventKind, Status
from simcash_env.schema.limits import MAX_TOTAL_CENTS, NORMAL_FROM, URGENT_FROM

COST_ACCRUAL = int(EventKind.COST_ACCRUAL)
MONEY_OVERFLOW = int(Status.MONEY_OVERFLOW)
UNIT_THOUSANDTHS = 1000


@kernel
def charge(state: State, work: Work, bank: int, kind: int, cents: int, pay_id: int) -> None:
    """Charge a bank; every cent is an event, and a total never wraps."""
    if cents == 0:
        return
    at = bank * NUM_COSTS + kind
    if cents > MAX_TOTAL_CENTS - state.run_cost_cents[at]:
        state.fault[0] = MONEY_OVERFLOW
        return
    state.tick_is_charged[0] = 1
    state.tick_cost_cents[at] += cents
    state.run_cost_cents[at] += cents
    record_values(state, work, COST_ACCRUAL, bank, NONE, pay_id, cents, kind, NONE)


@kernel
def penalty(fixed_cents: int, rate_ppm: int, cents: int) -> int:
    """A penalty fixed in cents, or in bps of an amount, floored."""
    return fixed_cents if fixed_cents != NONE else multiply_divide(cents, rate_ppm, 0, BPS_SCALE)


@kernel
def deadline_penalty(scenario: Scenario, original_cents: int) -> int:
    """What missing the deadline costs, on the original amount."""
    return penalty(scenario.deadline_penalty_cents[0], scenario.deadline_penalty_ppm[0], original_cents)


@kernel
def eod_penalty(scenario: Scenario, remaining_cents: int) -> int:
    """What being unsettled at the day's end costs, on what remains."""
    return penalty(scenario.eod_penalty_cents[0], scenario.eod_penalty_ppm[0], remaining_cents)


@kernel
def drop_penalty(scenario: Scenario, state: State, row: int) -> int:
    """What giving a payment up costs; by default the penalties that it escapes.

    A payment overdue since an earlier tick has been charged its deadline penalty, and escapes only the other one.
    """
    remaining = state.pay_remaining_cents[row]
    if scenario.drop_penalty_cents[0] != NONE or scenario.drop_penalty_ppm[0] != NONE:
        return penalty(scenario.drop_penalty_cents[0], scenario.drop_penalty_ppm[0], remaining)
    cents = eod_penalty(scenario, remaining)
    since = state.pay_overdue_since[row]
    if since == NONE or since == state.tick[0]:
        cents += deadline_penalty(scenario, state.pay_amount_cents[row])
    return cents


@kernel
def delay_weight(scenario: Scenario, state: State, row: int) -> int:
    """How much waiting to the end of this tick weighs for a payment, in thousandths: overdue and by priority band."""
    overdue = UNIT_THOUSANDTHS
    if state.tick[0] > state.pay_deadline_tick[row]:  # marked as overdue by the time that costs accrue
        overdue = scenario.overdue_multiplier_thousandths[0]
    priority = state.pay_priority[row]
    if priority >= URGENT_FROM:
        band = scenario.urgent_multiplier_thousandths[0]
    elif priority >= NORMAL_FROM:
        band = scenario.normal_multiplier_thousandths[0]
    else:
        band = scenario.low_multiplier_thousandths[0]
    return overdue * band // UNIT_THOUSANDTHS
