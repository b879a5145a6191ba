"""Interpreter of tree programs: from a root to the leaf that decides. Every scripted policy runs through here."""

from __future__ import annotations

import math

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels._numba.units import unit
from simcash_env.kernels.record import record_values
from simcash_env.kernels.trees.fields import read_field
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, EventKind, Op
from simcash_env.schema.limits import MAX_TOTAL_CENTS, TREE_TOLERANCE

CONSTANT, REGISTER = int(Op.CONSTANT), int(Op.REGISTER)
FLOOR, CEIL, ROUND, ABS, NOT = int(Op.FLOOR), int(Op.CEIL), int(Op.ROUND), int(Op.ABS), int(Op.NOT)
ADD, SUBTRACT, MULTIPLY, DIVIDE = int(Op.ADD), int(Op.SUBTRACT), int(Op.MULTIPLY), int(Op.DIVIDE)
MINIMUM, MAXIMUM = int(Op.MINIMUM), int(Op.MAXIMUM)
EQUAL, NOT_EQUAL = int(Op.EQUAL), int(Op.NOT_EQUAL)
LESS, LESS_EQUAL, GREATER, GREATER_EQUAL = int(Op.LESS), int(Op.LESS_EQUAL), int(Op.GREATER), int(Op.GREATER_EQUAL)
DIVIDE_OR, CLAMP = int(Op.DIVIDE_OR), int(Op.CLAMP)
SKIP_IF_TRUE = int(Op.SKIP_IF_TRUE)

TREE_DECISION = int(EventKind.TREE_DECISION)

HALF = 0.5
WHOLE_FROM = 2.0**53  # floats from here on have no fraction


@kernel
def walk(scenario: Scenario, state: State, work: Work, root: int, bank: int, row: int) -> int:
    """The leaf that a tree comes to for a bank, and for one of its payments where it is a payment tree.

    The values of the leaf then lie on the stack in order.
    """
    node = root
    while True:
        first, end = scenario.node_first[node], scenario.node_end[node]
        holds = first < end and evaluate_expression(scenario, state, work, bank, row, first, end) != 0.0
        if scenario.node_action[node] != NONE:
            return node
        node = scenario.node_on_true[node] if holds else scenario.node_on_false[node]


@kernel
def record_path(
    scenario: Scenario, state: State, work: Work, bank: int, counterparty: int, pay_id: int, leaf: int
) -> None:
    """Log the way that a tree file's tree took to a leaf; the builders' trees have no names to log."""
    if work.log.shape[0] > 0 and scenario.node_path[leaf] != NONE:
        path = scenario.node_path[leaf]
        record_values(state, work, TREE_DECISION, bank, counterparty, pay_id, NONE, path, NONE)


@unit
def evaluate_expression(
    scenario: Scenario, state: State, work: Work, bank: int, row: int, first: int, end: int
) -> float:
    """Run expressions on the stack, return the first value; truth is 1.0, falsehood 0.0."""
    stack, top, at = work.stack, -1, first
    while at < end:
        op, name = scenario.instruction_op[at], scenario.instruction_field[at]
        if op <= REGISTER:
            top += 1
            if op == CONSTANT:
                stack[top] = scenario.instruction_value[at]
            elif op == REGISTER:
                stack[top] = state.register_value[bank * scenario.num_registers[0] + name]
            else:
                stack[top] = read_field(scenario, state, work, bank, row, name)
        elif op <= NOT:
            stack[top] = apply_unary(op, float(stack[top]))
        elif op <= GREATER_EQUAL:
            top -= 1
            stack[top] = apply_binary(op, float(stack[top]), float(stack[top + 1]))
        elif op <= CLAMP:
            top -= 2
            stack[top] = apply_ternary(op, float(stack[top]), float(stack[top + 1]), float(stack[top + 2]))
        elif (stack[top] != 0.0) == (op == SKIP_IF_TRUE):
            at += name
        else:
            top -= 1
        at += 1
    return float(stack[0])


@kernel
def apply_unary(op: int, value: float) -> float:
    """Floor, ceil, round half away, abs, not; what is infinite or no number stays so."""
    if op == NOT:
        return 1.0 if value == 0.0 else 0.0
    size = abs(value)
    if op == ABS:
        return size
    if not size < WHOLE_FROM:
        return value
    if op == FLOOR:
        return float(math.floor(value))
    if op == CEIL:
        return float(math.ceil(value))
    whole = float(math.floor(size))
    if size - whole >= HALF:
        whole += 1.0
    return whole if value >= 0.0 else -whole


@kernel
def apply_binary(op: int, left: float, right: float) -> float:
    """Arithmetic and comparison of two values."""
    if op == ADD:
        return left + right
    if op == SUBTRACT:
        return left - right
    if op == MULTIPLY:
        return left * right
    if op == DIVIDE:  # loading has seen to it that the denominator is not 0
        return left / right if right != 0.0 else 0.0
    if op == MINIMUM:
        return right if right < left else left
    if op == MAXIMUM:
        return right if right > left else left
    return 1.0 if compare(op, left, right) else 0.0


@kernel
def compare(op: int, left: float, right: float) -> bool:
    """Compare to a tolerance of 1e-9, except for strictly less and greater; no number equals or differs from any."""
    if op == LESS:
        return left < right
    if op == GREATER:
        return left > right
    is_equal = abs(left - right) < TREE_TOLERANCE
    if op == EQUAL:
        return is_equal
    if op == NOT_EQUAL:
        return abs(left - right) >= TREE_TOLERANCE
    if op == LESS_EQUAL:
        return left <= right or is_equal
    return left >= right or is_equal


@kernel
def apply_ternary(op: int, first: float, second: float, third: float) -> float:
    """Numerator, denominator and what holds where that is zero; or a value, its least and its greatest."""
    if op == DIVIDE_OR:
        return third if abs(second) < TREE_TOLERANCE else first / second
    value = second if second > first else first
    return third if third < value else value


@kernel
def to_whole(value: float) -> int:
    """A computed value as whole cents or ticks: cut off, and 0 where it is no number."""
    if value >= MAX_TOTAL_CENTS:
        return MAX_TOTAL_CENTS
    if value <= -MAX_TOTAL_CENTS:
        return -MAX_TOTAL_CENTS
    return 0 if math.isnan(value) else int(value)
