"""Interpreter of tree programs: one payment in, one decision out. Every scripted policy runs through here."""

from __future__ import annotations

import math

from simcash_env.arrays import Scenario, State, Work
from simcash_env.codes import Field, NodeKind, Op, TreeAction, Verb
from simcash_env.kernels._jit import kernel
from simcash_env.kernels.ledger import available_liquidity
from simcash_env.kernels.money import round_half_away

LEAF = int(NodeKind.ACTION)
TREE_RELEASE = int(TreeAction.RELEASE)
TREE_DROP = int(TreeAction.DROP)
TREE_SPLIT = int(TreeAction.SPLIT)
HOLD = int(Verb.HOLD)
RELEASE = int(Verb.RELEASE)
DROP = int(Verb.DROP)
SPLIT = int(Verb.SPLIT)

CONSTANT, FIELD = int(Op.CONSTANT), int(Op.FIELD)
ADD, SUBTRACT, MULTIPLY = int(Op.ADD), int(Op.SUBTRACT), int(Op.MULTIPLY)
MINIMUM, MAXIMUM, DIVIDE_OR = int(Op.MINIMUM), int(Op.MAXIMUM), int(Op.DIVIDE_OR)
FLOOR, CEIL, ROUND, ABS = int(Op.FLOOR), int(Op.CEIL), int(Op.ROUND), int(Op.ABS)
EQUAL, NOT_EQUAL = int(Op.EQUAL), int(Op.NOT_EQUAL)
LESS, LESS_EQUAL, GREATER, GREATER_EQUAL = int(Op.LESS), int(Op.LESS_EQUAL), int(Op.GREATER), int(Op.GREATER_EQUAL)
AND, OR, NOT = int(Op.AND), int(Op.OR), int(Op.NOT)

TOLERANCE = 1e-9  # of comparisons, and of a denominator that counts as zero

AMOUNT, REMAINING = int(Field.AMOUNT), int(Field.REMAINING_AMOUNT)
ARRIVAL_TICK, DEADLINE_TICK = int(Field.ARRIVAL_TICK), int(Field.DEADLINE_TICK)
TICKS_TO_DEADLINE, PRIORITY, QUEUE_AGE = int(Field.TICKS_TO_DEADLINE), int(Field.PRIORITY), int(Field.QUEUE_AGE)
BALANCE, CREDIT_LIMIT = int(Field.BALANCE), int(Field.CREDIT_LIMIT)
AVAILABLE, CREDIT_USED = int(Field.AVAILABLE_LIQUIDITY), int(Field.CREDIT_USED)
EFFECTIVE = int(Field.EFFECTIVE_LIQUIDITY)
OUTGOING_SIZE, QUEUE1_VALUE = int(Field.OUTGOING_QUEUE_SIZE), int(Field.QUEUE1_TOTAL_VALUE)
CURRENT_TICK = int(Field.CURRENT_TICK)
RTGS_SIZE, RTGS_VALUE = int(Field.RTGS_QUEUE_SIZE), int(Field.RTGS_QUEUE_VALUE)
TICKS_PER_DAY, CURRENT_DAY, TICK_IN_DAY = (
    int(Field.SYSTEM_TICKS_PER_DAY),
    int(Field.SYSTEM_CURRENT_DAY),
    int(Field.SYSTEM_TICK_IN_DAY),
)
IS_CHILD, IS_DIVISIBLE = int(Field.IS_CHILD), int(Field.IS_DIVISIBLE)


@kernel
def decide(scenario: Scenario, state: State, work: Work, root: int, row: int) -> int:
    """Walk the tree for one queued payment; returns a ``codes.Verb``."""
    node = root
    while scenario.node_kind[node] != LEAF:
        first, end = scenario.node_first[node], scenario.node_end[node]
        holds = evaluate(scenario, state, work, row, first, end) != 0.0
        node = scenario.node_on_true[node] if holds else scenario.node_on_false[node]
    action = scenario.node_first[node]
    if action == TREE_RELEASE:
        return RELEASE
    if action == TREE_DROP:
        return DROP
    if action == TREE_SPLIT:
        return split_within_minimum(state, row, scenario.node_on_true[node], scenario.node_on_false[node])
    return HOLD


@kernel
def split_within_minimum(state: State, row: int, parts: int, smallest_cents: int) -> int:
    """Split into so many parts, or as many as keep each at its smallest; hold where even two are too many."""
    if smallest_cents > 0:
        parts = min(parts, state.pay_remaining_cents[row] // smallest_cents)
    return SPLIT + parts if parts > 1 else HOLD


@kernel
def evaluate(scenario: Scenario, state: State, work: Work, row: int, first: int, end: int) -> float:
    """Run an expression on the stack; truth is 1.0, falsehood 0.0."""
    stack, top = work.stack, -1
    for at in range(first, end):
        op = scenario.instruction_op[at]
        if op == CONSTANT:
            top += 1
            stack[top] = scenario.instruction_value[at]
        elif op == FIELD:
            top += 1
            stack[top] = read_field(scenario, state, row, scenario.instruction_field[at])
        elif FLOOR <= op <= ABS or op == NOT:
            stack[top] = apply_unary(op, stack[top])
        elif op == DIVIDE_OR:
            top -= 2
            denominator = stack[top + 1]
            stack[top] = stack[top + 2] if abs(denominator) < TOLERANCE else stack[top] / denominator
        else:
            top -= 1
            stack[top] = apply_binary(op, stack[top], stack[top + 1])
    return stack[0]  # type: ignore[no-any-return]


@kernel
def apply_unary(op: int, value: float) -> float:
    """Floor, ceil, round half away, abs, not."""
    if op == FLOOR:
        return math.floor(value) * 1.0
    if op == CEIL:
        return math.ceil(value) * 1.0
    if op == ROUND:
        return round_half_away(value) * 1.0
    if op == ABS:
        return abs(value)
    return 1.0 if value == 0.0 else 0.0


@kernel
def apply_binary(op: int, left: float, right: float) -> float:
    """Arithmetic, comparison (to a tolerance of 1e-9) and logic on two values."""
    if op == ADD:
        return left + right
    if op == SUBTRACT:
        return left - right
    if op == MULTIPLY:
        return left * right
    if op == MINIMUM:
        return min(left, right)
    if op == MAXIMUM:
        return max(left, right)
    if op == EQUAL:
        holds = abs(left - right) < TOLERANCE
    elif op == NOT_EQUAL:
        holds = abs(left - right) >= TOLERANCE
    elif op == LESS:
        holds = left < right
    elif op == LESS_EQUAL:
        holds = left <= right + TOLERANCE
    elif op == GREATER:
        holds = left > right
    elif op == GREATER_EQUAL:
        holds = left >= right - TOLERANCE
    elif op == AND:
        holds = left != 0.0 and right != 0.0
    else:
        holds = left != 0.0 or right != 0.0
    return 1.0 if holds else 0.0


@kernel
def read_field(scenario: Scenario, state: State, row: int, field: int) -> float:
    """The value of a field for this payment; what a program never asks is never computed."""
    if field <= QUEUE_AGE or field >= IS_CHILD:
        return read_payment_field(state, row, field) * 1.0
    bank = state.pay_sender[row]
    if field <= QUEUE1_VALUE:
        return read_bank_field(scenario, state, bank, field) * 1.0
    return read_system_field(scenario, state, bank, field) * 1.0


@kernel
def read_payment_field(state: State, row: int, field: int) -> int:  # noqa: PLR0911 - one line a field
    """Fields of the payment itself."""
    if field == AMOUNT:
        return state.pay_amount_cents[row]  # type: ignore[no-any-return]
    if field == REMAINING:
        return state.pay_remaining_cents[row]  # type: ignore[no-any-return]
    if field == ARRIVAL_TICK:
        return state.pay_arrival_tick[row]  # type: ignore[no-any-return]
    if field == DEADLINE_TICK:
        return state.pay_deadline_tick[row]  # type: ignore[no-any-return]
    if field == TICKS_TO_DEADLINE:
        return state.pay_deadline_tick[row] - state.tick[0]  # type: ignore[no-any-return]
    if field == PRIORITY:
        return state.pay_priority[row]  # type: ignore[no-any-return]
    if field == QUEUE_AGE:
        return state.tick[0] - state.pay_arrival_tick[row]  # type: ignore[no-any-return]
    if field == IS_CHILD:
        return 0 if state.pay_parent[row] < 0 else 1
    return state.pay_is_divisible[row]  # type: ignore[no-any-return]


@kernel
def read_bank_field(scenario: Scenario, state: State, bank: int, field: int) -> int:  # noqa: PLR0911 - as above
    """Fields of the deciding bank."""
    balance = state.bank_balance_cents[bank]
    if field == BALANCE:
        return balance  # type: ignore[no-any-return]
    if field == CREDIT_LIMIT:
        return state.bank_credit_limit_cents[bank]  # type: ignore[no-any-return]
    if field == AVAILABLE:
        return available_liquidity(scenario, state, bank)
    if field == CREDIT_USED:
        return max(-balance, 0)  # type: ignore[no-any-return]
    if field == EFFECTIVE:  # published formula: counts an overdraft twice and leaves out collateral
        return balance + state.bank_credit_limit_cents[bank] - max(-balance, 0)  # type: ignore[no-any-return]
    if field == OUTGOING_SIZE:
        return state.bank_queue1_count[bank]  # type: ignore[no-any-return]
    return state.bank_queue1_cents[bank]  # type: ignore[no-any-return]


@kernel
def read_system_field(scenario: Scenario, state: State, bank: int, field: int) -> int:  # noqa: PLR0911 - as above
    """Fields of the clock and the central queue."""
    tick, ticks_per_day = state.tick[0], scenario.ticks_per_day[0]
    if field == CURRENT_TICK:
        return tick  # type: ignore[no-any-return]
    if field == RTGS_SIZE:
        return state.queue2_count[0]  # type: ignore[no-any-return]
    if field == RTGS_VALUE:
        return state.queue2_value_cents[0]  # type: ignore[no-any-return]
    if field == TICKS_PER_DAY:
        return ticks_per_day  # type: ignore[no-any-return]
    if field == CURRENT_DAY:
        return tick // ticks_per_day  # type: ignore[no-any-return]
    if field == TICK_IN_DAY:
        return tick % ticks_per_day  # type: ignore[no-any-return]
    return state.bank_queue2_count[bank]  # type: ignore[no-any-return]
