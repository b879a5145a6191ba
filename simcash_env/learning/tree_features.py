"""What a distilled tree may ask of a payment, as a formula of the tree language and as an array of the batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simcash_env.agents.observation import AT
from simcash_env.envs.vector import SimCashVec
from simcash_env.evaluation.scripted import View

F64 = npt.NDArray[np.float64]
Facts = dict[str, F64]
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


def account_facts(vec: SimCashVec, view: View) -> Facts:
    """(N, L, 1) what is the same for all payments of a bank in a tick."""
    per_day = vec.config.simulation.ticks_per_day
    in_day = np.rint(vec.features[:, :, AT.run_position] * vec.num_ticks) % per_day
    whole = {
        "balance": view["balance"],
        "available_liquidity": view["available_liquidity"],
        "system_tick_in_day": in_day,
        "ticks_remaining_in_day": per_day - 1 - in_day,
    }
    return {name: values.astype(np.float64)[:, :, None] for name, values in whole.items()}


def payment_facts(view: View, slots: slice) -> Facts:
    """(N, L, K) of the payments in these slots of the window."""
    names = {"remaining_amount": "remaining", "ticks_to_deadline": "ticks_to_deadline", "priority": "priority"}
    return {name: view[column][:, :, slots].astype(np.float64) for name, column in names.items()}


def feature_value(formula: Formula, facts: Facts) -> F64:
    """What a formula comes to."""
    if "field" in formula:
        return facts[formula["field"]]
    inner = formula["compute"]
    return feature_value(inner["left"], facts) - feature_value(inner["right"], facts)
