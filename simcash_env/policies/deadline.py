"""Release what is due soon."""

from __future__ import annotations

from simcash_env.config import DeadlinePolicy
from simcash_env.policies.program import DROP, HOLD, RELEASE, Node, When, apply, ask, value
from simcash_env.schema.codes import Field, Op


def drop_at_deadline(otherwise: Node, *, simcash: bool) -> Node:
    """Three of SimCash's named policies drop a payment at its deadline; ours never do."""
    if not simcash:
        return otherwise
    is_due = apply(Op.LESS_EQUAL, ask(Field.DEADLINE_TICK), ask(Field.CURRENT_TICK))
    return When(is_due, DROP, otherwise)


def deadline(config: DeadlinePolicy, *, simcash: bool) -> Node:
    """Release when at most ``urgency_threshold`` ticks are left to the deadline, else hold."""
    is_urgent = apply(Op.LESS_EQUAL, ask(Field.TICKS_TO_DEADLINE), value(config.urgency_threshold))
    return drop_at_deadline(When(is_urgent, RELEASE, HOLD), simcash=simcash)
