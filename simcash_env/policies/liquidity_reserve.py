"""Release while a reserve remains, counting what has been released in the same tick."""

from __future__ import annotations

from simcash_env.config import LiquidityReservePolicy
from simcash_env.policies.program import HOLD, RELEASE, Node, When, apply, ask, value
from simcash_env.schema.codes import Field, Op


def liquidity_reserve(config: LiquidityReservePolicy, *, simcash: bool) -> Node:
    """Release while the buffer stays: of liquidity, credit included, when urgent, else of the balance.

    Unlike liquidity_aware it sees its own releases of the tick, so that together they keep the buffer; it never drops.
    """
    is_urgent = apply(Op.LESS_EQUAL, ask(Field.TICKS_TO_DEADLINE), value(config.urgency_threshold))
    return When(is_urgent, _while_kept(Field.AVAILABLE_LIQUIDITY, config), _while_kept(Field.BALANCE, config))


def _while_kept(funds: Field, config: LiquidityReservePolicy) -> Node:
    rest = apply(Op.SUBTRACT, ask(funds), ask(Field.COMMITTED_VALUE))
    rest = apply(Op.SUBTRACT, rest, ask(Field.REMAINING_AMOUNT))
    return When(apply(Op.LESS, rest, value(config.target_buffer)), HOLD, RELEASE)
