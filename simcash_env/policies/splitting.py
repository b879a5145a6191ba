"""Split what is too large to settle whole."""

from __future__ import annotations

from simcash_env.config import LiquiditySplittingPolicy, MockSplittingPolicy
from simcash_env.policies.deadline import drop_at_deadline
from simcash_env.policies.program import HOLD, RELEASE, Node, When, apply, ask, split_into, value
from simcash_env.schema.codes import Field, Op

URGENT_TICKS = 5


def liquidity_splitting(config: LiquiditySplittingPolicy, *, simcash: bool) -> Node:
    """Release when the balance affords it; else split in two, or ``max_splits`` when five ticks or fewer are left."""
    smallest = 0 if simcash else config.min_split_amount
    is_affordable = apply(Op.GREATER_EQUAL, ask(Field.BALANCE), ask(Field.REMAINING_AMOUNT))
    has_money = apply(Op.GREATER, ask(Field.BALANCE), value(0))
    is_urgent = apply(Op.LESS_EQUAL, ask(Field.TICKS_TO_DEADLINE), value(URGENT_TICKS))
    pieces = When(is_urgent, split_into(config.max_splits, smallest), split_into(2, smallest))
    return drop_at_deadline(When(is_affordable, RELEASE, When(has_money, pieces, HOLD)), simcash=simcash)


def mock_splitting(config: MockSplittingPolicy, *, simcash: bool) -> Node:
    """Split everything into ``num_splits`` parts: for tests."""
    return split_into(config.num_splits)
