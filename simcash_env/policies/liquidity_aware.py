"""Release while a buffer of cents remains."""

from __future__ import annotations

from simcash_env.config import LiquidityAwarePolicy
from simcash_env.policies.deadline import drop_at_deadline
from simcash_env.policies.program import HOLD, RELEASE, Node, When, apply, ask, value
from simcash_env.schema.codes import Field, Op


def liquidity_aware(config: LiquidityAwarePolicy, *, simcash: bool) -> Node:
    """Urgent: release when affordable. Not urgent: release while the balance stays at the buffer or above."""
    is_affordable = apply(Op.GREATER_EQUAL, ask(Field.EFFECTIVE_LIQUIDITY), ask(Field.REMAINING_AMOUNT))
    is_urgent = apply(Op.LESS_EQUAL, ask(Field.TICKS_TO_DEADLINE), value(config.urgency_threshold))
    when_affordable = When(is_affordable, RELEASE, HOLD)
    if config.target_buffer == 0:
        return drop_at_deadline(When(is_urgent, when_affordable, when_affordable), simcash=simcash)
    rest = apply(Op.SUBTRACT, ask(Field.BALANCE), ask(Field.REMAINING_AMOUNT))
    breaks_buffer = apply(Op.LESS, rest, value(config.target_buffer))
    keep_buffer = When(breaks_buffer, HOLD, RELEASE)
    return drop_at_deadline(When(is_urgent, when_affordable, keep_buffer), simcash=simcash)
