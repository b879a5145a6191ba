"""What a distilled tree may ask of a payment, as formulas of the tree language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Formula = dict[str, Any]


def minus(left: Formula, right: Formula) -> Formula:
    """The formula of a difference."""
    return {"compute": {"op": "-", "left": left, "right": right}}


def field(name: str) -> Formula:
    """The formula of a field."""
    return {"field": name}


REMAINING: Final = field("remaining_amount")
WORDS: Final[Mapping[str, Formula]] = {
    "remaining_amount": REMAINING,
    "ticks_to_deadline": field("ticks_to_deadline"),
    "priority": field("priority"),
    "balance": field("balance"),
    "available_liquidity": field("available_liquidity"),
    "balance_after": minus(field("balance"), REMAINING),
    "available_after": minus(field("available_liquidity"), REMAINING),
    "ticks_remaining_in_day": field("ticks_remaining_in_day"),
    "system_tick_in_day": field("system_tick_in_day"),
}
"""What SimCash's trees can ask too. All are whole numbers."""

OWN_WORDS: Final[Mapping[str, Formula]] = {
    **WORDS,
    "committed_value": field("committed_value"),
    "balance_left": minus(minus(field("balance"), field("committed_value")), REMAINING),
    "available_left": minus(minus(field("available_liquidity"), field("committed_value")), REMAINING),
}
"""With what the tick's earlier releases of the bank come to, which only our trees can ask."""


def vocabulary(*, portable: bool) -> Mapping[str, Formula]:
    """The words of a tree that also runs in SimCash, or of one that runs here."""
    return WORDS if portable else OWN_WORDS
