"""The words of decision trees: trees, actions and their parameters, operators, fields."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

from simcash_env.schema.codes import Field, RtgsPriority, TreeAction
from simcash_env.schema.limits import HIGHEST_PRIORITY, MAX_PARTS, MAX_TOTAL_CENTS, MIN_PARTS

Kind = Literal["payment", "bank", "collateral"]
Interval = tuple[float, float]

TREES: Final[Mapping[str, Kind]] = {
    "payment_tree": "payment",
    "bank_tree": "bank",
    "strategic_collateral_tree": "collateral",
    "end_of_tick_collateral_tree": "collateral",
}
"""The trees of a file and what each decides on."""

TEXTS: Final = frozenset({"version", "policy_id", "description"})
ANNOTATIONS: Final = frozenset({"description", "comment", "notes", "metadata", "author"})
"""Keys that mean nothing, anywhere; so do all that begin with an underscore."""

REGISTER_PREFIX: Final = "bank_state_"
COMPARISONS: Final = frozenset({"==", "!=", "<", "<=", ">", ">="})
LOGIC: Final = frozenset({"and", "or", "not"})
OPERANDS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("+", "-", "*", "/"), ("left", "right")),
    **dict.fromkeys(("max", "min"), ("values",)),
    **dict.fromkeys(("ceil", "floor", "round", "abs"), ("value",)),
    "clamp": ("value", "min", "max"),
    "div0": ("numerator", "denominator", "default"),
}
"""Arithmetic operators and the keys of their operands."""


class Parameter(NamedTuple):
    """What an action's parameter takes: a number (computed or not), text, one of some words, or a list of bank ids.

    A flag is one of some words, or a value of another kind, which has no effect.
    """

    takes: Literal["number", "text", "choice", "flag", "list", "passed over"]
    is_required: bool = False
    choices: Mapping[str, int] | None = None
    bounds: Interval = (-math.inf, math.inf)
    otherwise: float = 0.0


class TreeActionSpec(NamedTuple):
    """An action: its leaf, the kind of tree it belongs to, and its parameters; numbers in the order of the values."""

    code: TreeAction
    kind: Kind
    parameters: Mapping[str, Parameter]


REASON: Final = {"reason": Parameter("text")}
PARTS: Final = Parameter("number", is_required=True, bounds=(float(MIN_PARTS), float(MAX_PARTS)))
PRIORITIES: Final = {"HIGH": HIGHEST_PRIORITY, "MEDIUM": 5, "LOW": 1}
RTGS_PRIORITIES: Final = {
    "HighlyUrgent": int(RtgsPriority.HIGHLY_URGENT),
    "Urgent": int(RtgsPriority.URGENT),
    "Normal": int(RtgsPriority.NORMAL),
}
NO_LIMIT: Final = float(MAX_TOTAL_CENTS)

_RELEASE: Final = TreeActionSpec(
    TreeAction.RELEASE,
    "payment",
    {"timed_for_tick": Parameter("number"), "priority_flag": Parameter("flag", choices=PRIORITIES), **REASON},
)
_SPLIT: Final = TreeActionSpec(TreeAction.SPLIT, "payment", {"num_splits": PARTS, **REASON})
_MEMORY: Final = {"value": Parameter("number", is_required=True), "key": Parameter("text", is_required=True), **REASON}

ACTIONS: Final[Mapping[str, TreeActionSpec]] = {
    "Release": _RELEASE,
    "ReleaseWithCredit": _RELEASE,
    "Hold": TreeActionSpec(TreeAction.HOLD, "payment", REASON),
    "Drop": TreeActionSpec(TreeAction.DROP, "payment", REASON),
    "Split": _SPLIT,
    "PaceAndRelease": _SPLIT,
    "StaggerSplit": TreeActionSpec(
        TreeAction.STAGGER_SPLIT,
        "payment",
        {
            "num_splits": PARTS,
            "stagger_first_now": Parameter("number", is_required=True),
            "stagger_gap_ticks": Parameter("number", is_required=True),
            "priority_boost_children": Parameter("number"),
            **REASON,
        },
    ),
    "Reprioritize": TreeActionSpec(
        TreeAction.REPRIORITIZE, "payment", {"new_priority": Parameter("number", is_required=True), **REASON}
    ),
    "WithdrawFromRtgs": TreeActionSpec(TreeAction.WITHDRAW_FROM_RTGS, "payment", REASON),
    "ResubmitToRtgs": TreeActionSpec(
        TreeAction.RESUBMIT_TO_RTGS,
        "payment",
        {"rtgs_priority": Parameter("choice", is_required=True, choices=RTGS_PRIORITIES), **REASON},
    ),
    "SetReleaseBudget": TreeActionSpec(
        TreeAction.SET_RELEASE_BUDGET,
        "bank",
        {
            "max_value_to_release": Parameter("number", is_required=True),
            "max_per_counterparty": Parameter("number", otherwise=NO_LIMIT),
            "focus_counterparties": Parameter("list"),
            "max_per_cpty": Parameter("passed over"),  # SimCash reads past both, and published trees have them
            "focus_cpty_list": Parameter("passed over"),
            **REASON,
        },
    ),
    "SetState": TreeActionSpec(TreeAction.SET_STATE, "bank", _MEMORY),
    "AddState": TreeActionSpec(TreeAction.ADD_STATE, "bank", _MEMORY),
    "NoAction": TreeActionSpec(TreeAction.NO_ACTION, "bank", REASON),
    "PostCollateral": TreeActionSpec(
        TreeAction.POST_COLLATERAL,
        "collateral",
        {"amount": Parameter("number", is_required=True), "auto_withdraw_after_ticks": Parameter("number"), **REASON},
    ),
    "WithdrawCollateral": TreeActionSpec(
        TreeAction.WITHDRAW_COLLATERAL, "collateral", {"amount": Parameter("number", is_required=True), **REASON}
    ),
    "HoldCollateral": TreeActionSpec(TreeAction.HOLD_COLLATERAL, "collateral", REASON),
}

ALSO_NO_ACTION: Final = frozenset({"Hold"})
"""Payment actions that a bank tree may have, meaning no action: published trees rest on it."""

FIELDS: Final[Mapping[str, Field]] = {field.name.lower(): field for field in Field}
PAYMENT_FIELDS: Final = frozenset(name for name, field in FIELDS.items() if field < Field.MY_Q2_OUT_VALUE_TOP_1)
"""Fields that have a meaning in payment trees only."""

_ANY: Final = {"ticks_to_deadline", "my_bilateral_net_q2", "balance", "effective_liquidity", "credit_headroom"} | {
    "liquidity_pressure",
    "remaining_collateral_capacity",
    "overdraft_headroom",
    "headroom",
    *(f"my_bilateral_net_q2_top_{place}" for place in range(1, 6)),
}
_TRUTHS: Final = {name for name in FIELDS if name.startswith("is_")} | {"tx_is_top_counterparty"}
_SHARES: Final = {"collateral_haircut", "system_queue2_pressure_index"} | {
    name for name in FIELDS if "fraction" in name
}
_FROM_ONE: Final = {"amount", "remaining_amount", "deadline_tick", "total_agents", "system_ticks_per_day"}
_FIXED: Final = {
    "priority": (0.0, 10.0),
    "throughput_gap": (-1.0, 1.0),
    "is_overdraft_capped": (1.0, 1.0),
    "liquidity_buffer": (0.0, 0.0),
    "incoming_expected_count": (0.0, 0.0),
}


def chosen(rule: Parameter, given: Mapping[str, Any]) -> int | None:
    """The number of the word that a parameter names; None where it has no effect."""
    word = given.get("value")
    return rule.choices.get(word) if rule.choices is not None and isinstance(word, str) else None


def field_bounds(name: str) -> Interval:
    """Between which values a field always lies."""
    if name in _FIXED:
        return _FIXED[name]
    if name in _ANY or name not in FIELDS:
        return (-math.inf, math.inf)
    if name in _TRUTHS or name in _SHARES:
        return (0.0, 1.0)
    return (1.0 if name in _FROM_ONE else 0.0, math.inf)
