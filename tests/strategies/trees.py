"""Hypothesis strategies: any decision tree of the language, all fields, operators and actions in it."""

from typing import Any

from hypothesis import strategies as st

from simcash_env.config.trees.language import FIELDS, PAYMENT_FIELDS
from tests.drawing import Draw, Frame, Row, some

REGISTERS = ("bank_state_a", "bank_state_b", "bank_state_c")
PARAMETERS = {"few": 2.0, "some": 150.5, "many": 1_000.0, "none": 0.0, "less": -3.0}
NUMBERS = (0, 1, 2, 3, 5, 10, 100, 250.0, 0.5, -1.0, 1e-9, 1e6, True, False)
BANK_FIELDS = tuple(sorted(set(FIELDS) - PAYMENT_FIELDS))
TELLING = ("balance", "available_liquidity", "effective_liquidity", "queue1_total_value", "posted_collateral")
TELLING_OF_PAYMENTS = ("remaining_amount", "ticks_to_deadline", "priority", "is_in_queue2", "committed_to_counterparty")
MAX_DEPTH = 4
PARTWAY = 2
"""Depth at which a tree starts that is to stay small."""


@st.composite
def tree_policies(draw: Draw, frame: Frame, *, is_busy: bool = False) -> Row:
    """A tree written out in a scenario, with some of its parameters set anew.

    A busy one is small and does something: it takes payments out of Queue 2, or posts collateral that comes back.
    """
    names = iter(f"N{number}" for number in range(10_000))
    tree: Row = {
        "version": "1.0",
        "policy_id": "drawn",
        "parameters": dict(PARAMETERS),
        "payment_tree": draw(revoking_nodes(frame, names) if is_busy else nodes("payment", frame.banks, names)),
    }
    for name, kind in (
        ("bank_tree", "bank"),
        ("strategic_collateral_tree", "collateral"),
        ("end_of_tick_collateral_tree", "collateral"),
    ):
        is_posting = is_busy and kind == "collateral"
        if draw(st.booleans()) or (is_posting and draw(st.booleans())):
            depth = PARTWAY if is_busy else 0
            tree[name] = draw(posting_nodes(frame, names) if is_posting else nodes(kind, frame.banks, names, depth))
    parameters = draw(st.dictionaries(some(tuple(PARAMETERS)), some((0.0, 1.0, 7.0, 400.0)), max_size=2))
    return {"type": "tree", "tree": tree, "parameters": parameters}


@st.composite
def revoking_nodes(draw: Draw, frame: Frame, names: Any) -> Row:
    """A payment tree that decides on what waits in Queue 2 on its own, and mostly releases what waits in Queue 1."""
    withdraw = {"action": "WithdrawFromRtgs"}
    ranks = some(("HighlyUrgent", "Urgent", "Normal")).map(lambda rank: {"rtgs_priority": {"value": rank}})
    revoke = draw(st.just(withdraw) | st.builds(lambda rank: {"action": "ResubmitToRtgs", "parameters": rank}, ranks))
    on_true: Row = {"type": "action", "node_id": next(names), **revoke}
    if draw(st.booleans()):
        stays = {"type": "action", "node_id": next(names), "action": "Hold"}
        condition = draw(conditions("payment", 1))
        on_true = {
            "type": "condition",
            "node_id": next(names),
            "condition": condition,
            "on_true": on_true,
            "on_false": stays,
        }
    go = {"type": "action", "node_id": next(names), "action": "Release"}
    other = {"type": "action", "node_id": next(names), **draw(actions("payment", frame.banks))}
    rest = "payment", frame.banks, names, PARTWAY
    return {
        "type": "condition",
        "node_id": next(names),
        "condition": {"op": "==", "left": {"field": "is_in_queue2"}, "right": {"value": 1}},
        "on_true": on_true,
        "on_false": draw(some((go, other, other))) if draw(st.booleans()) else draw(nodes(*rest)),
    }


@st.composite
def posting_nodes(draw: Draw, frame: Frame, names: Any) -> Row:
    """A collateral tree that posts, or withdraws where a condition holds; what it posts may come back soon."""
    cents = {"value": draw(some((1, 100, 333, 1_000))) * frame.scale}
    wanted = {"field": draw(some(("queue1_liquidity_gap", "credit_used", "posted_collateral", "excess_collateral")))}
    amount = st.sampled_from((cents, cents, wanted))
    ticks = some((1, 1, 2, 3)).map(lambda number: {"auto_withdraw_after_ticks": {"value": number}})
    timer = draw(ticks | ticks | st.just({}))
    post = {"action": "PostCollateral", "parameters": {"amount": draw(amount), **timer}}
    withdraw = {"action": "WithdrawCollateral", "parameters": {"amount": draw(amount)}}
    leaf: Row = {"type": "action", "node_id": next(names), **post}
    other: Row = {"type": "action", "node_id": next(names), **withdraw}
    if draw(st.booleans()):
        return draw(some((leaf, leaf, other)))  # one tree posts and another withdraws before the timer ends
    condition, name = draw(conditions("collateral", 1)), next(names)
    return {"type": "condition", "node_id": name, "condition": condition, "on_true": leaf, "on_false": other}


@st.composite
def nodes(draw: Draw, kind: str, banks: tuple[str, ...], names: Any, depth: int = 0) -> Row:
    """A node and all below it."""
    name = next(names)
    if depth < MAX_DEPTH and draw(st.integers(0, 3)) > 0:
        return {
            "type": "condition",
            "node_id": name,
            "condition": draw(conditions(kind)),
            "on_true": draw(nodes(kind, banks, names, depth + 1)),
            "on_false": draw(nodes(kind, banks, names, depth + 1)),
        }
    return {"type": "action", "node_id": name, **draw(actions(kind, banks))}


@st.composite
def conditions(draw: Draw, kind: str, depth: int = 0) -> Row:
    """A comparison, or conditions joined."""
    op = draw(some(("<", "<=", ">", ">=", "<", ">", "==", "!=", "and", "or", "not")))
    if op in {"and", "or", "not"} and depth > 1:
        op = ">"
    if op == "not":
        return {"op": op, "condition": draw(conditions(kind, depth + 1))}
    if op in {"and", "or"}:
        count = draw(st.integers(1, 3))
        return {"op": op, "conditions": [draw(conditions(kind, depth + 1)) for _ in range(count)]}
    return {"op": op, "left": draw(values(kind)), "right": draw(values(kind))}


def plain_values(kind: str) -> st.SearchStrategy[Row]:
    """A field, a register, a parameter or a number."""
    telling = TELLING + (TELLING_OF_PAYMENTS if kind == "payment" else ())
    known = BANK_FIELDS + (tuple(sorted(PAYMENT_FIELDS)) if kind == "payment" else ())
    return st.one_of(
        some(telling).map(lambda name: {"field": name}),
        some(known).map(lambda name: {"field": name}),
        some(REGISTERS).map(lambda name: {"field": name}),
        some(tuple(PARAMETERS)).map(lambda name: {"param": name}),
        some(NUMBERS).map(lambda number: {"value": number}),
    )


@st.composite
def values(draw: Draw, kind: str, depth: int = 0) -> Row:
    """A value, computed or not."""
    if depth > 2 or draw(st.integers(0, 2)) > 0:
        return draw(plain_values(kind))
    op = draw(some(("+", "-", "*", "/", "max", "min", "ceil", "floor", "round", "abs", "clamp", "div0")))
    inner = values(kind, depth + 1)
    if op == "/":
        return {"compute": {"op": op, "left": draw(inner), "right": {"value": draw(some((2, -0.5, 3.0, 7)))}}}
    if op in {"max", "min"}:
        return {"compute": {"op": op, "values": draw(st.lists(inner, min_size=1, max_size=3))}}
    keys = {"clamp": ("value", "min", "max"), "div0": ("numerator", "denominator", "default")}.get(
        op, ("left", "right") if op in "+-*" else ("value",)
    )
    return {"compute": {"op": op, **{key: draw(inner) for key in keys}}}


@st.composite
def actions(draw: Draw, kind: str, banks: tuple[str, ...]) -> Row:
    """An action of a kind of tree, with its parameters."""
    anything = values(kind)
    small = st.one_of(some((1, 2, 3, 2.9)).map(lambda number: {"value": number}), anything)
    parts = st.one_of(some((2, 3, 4.5)).map(lambda number: {"value": number}), plain_values(kind).filter(can_be_parts))
    choices: dict[str, dict[str, tuple[bool, st.SearchStrategy[Any]]]]
    if kind == "payment":
        choices = {
            "Release": {
                "priority_flag": (False, some(("HIGH", "MEDIUM", "LOW")).map(lambda flag: {"value": flag})),
                "timed_for_tick": (False, small),
            },
            "ReleaseWithCredit": {},
            "Hold": {"reason": (False, st.just({"value": "because"}))},
            "Drop": {},
            "Split": {"num_splits": (True, parts)},
            "PaceAndRelease": {"num_splits": (True, parts)},
            "StaggerSplit": {
                "num_splits": (True, parts),
                "stagger_first_now": (True, some((0, 1, 2)).map(lambda number: {"value": number})),
                "stagger_gap_ticks": (True, small),
                "priority_boost_children": (False, small),
            },
            "Reprioritize": {"new_priority": (True, small)},
            "WithdrawFromRtgs": {},
            "ResubmitToRtgs": {
                "rtgs_priority": (True, some(("HighlyUrgent", "Urgent", "Normal")).map(lambda name: {"value": name}))
            },
        }
        name = draw(some((*choices, "Release", "Release", "Release")))
    elif kind == "bank":
        memory = {"key": (True, some(REGISTERS).map(lambda key: {"value": key})), "value": (True, anything)}
        choices = {
            "SetReleaseBudget": {
                "max_value_to_release": (True, anything),
                "max_per_counterparty": (False, anything),
                "focus_counterparties": (False, st.lists(some(banks), max_size=3).map(lambda names: {"value": names})),
            },
            "SetState": memory,
            "AddState": memory,
            "NoAction": {},
            "Hold": {},
        }
        name = draw(some((*choices, "SetState", "AddState")))
    else:
        choices = {
            "PostCollateral": {"amount": (True, anything), "auto_withdraw_after_ticks": (False, small)},
            "WithdrawCollateral": {"amount": (True, anything)},
            "HoldCollateral": {},
        }
        name = draw(some(tuple(choices)))
    given = {
        key: draw(what) for key, (is_required, what) in choices[name].items() if is_required or draw(st.booleans())
    }
    return {"action": name, "parameters": given} if given else {"action": name}


def can_be_parts(row: Row) -> bool:
    """Not a number of parts that is refused when the tree is loaded."""
    return "field" in row and row["field"] in {"priority", "remaining_amount", "outgoing_queue_size", *REGISTERS}
