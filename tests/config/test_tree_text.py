"""Trees as a person reads them: formulas with brackets only where they are needed."""

import pytest

from simcash_env.config.trees.text import action_text, condition_text, value_text

BALANCE = {"field": "balance"}
LATE = {"op": "<=", "left": {"field": "ticks_to_deadline"}, "right": {"param": "urgent_ticks"}}
RICH = {"op": ">", "left": BALANCE, "right": {"value": 1_000}}


def computed(op, **operands):
    return {"compute": {"op": op, **operands}}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (BALANCE, "balance"),
        ({"value": 0.1}, "0.1"),
        ({"value": 1e15}, "1e+15"),
        (computed("-", left=BALANCE, right={"value": 5}), "balance - 5"),
        (
            computed("*", left=computed("+", left=BALANCE, right={"value": 5}), right={"param": "share"}),
            "(balance + 5) * share",
        ),
        (computed("max", values=[BALANCE, {"value": 0}, computed("+", left=BALANCE, right={"value": 1})]),
         "max(balance, 0, balance + 1)"),
        (computed("div0", numerator=BALANCE, denominator={"field": "amount"}, default={"value": 0}),
         "div0(balance, amount, 0)"),
        (computed("abs", value=BALANCE), "abs(balance)"),
    ],
)  # fmt: skip
def test_tree_text_value_reads_as_a_formula(value, text):
    assert value_text(value) == text


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (LATE, "ticks_to_deadline <= urgent_ticks"),
        ({"op": "not", "condition": LATE}, "not ticks_to_deadline <= urgent_ticks"),
        ({"op": "and", "conditions": [LATE, RICH]}, "ticks_to_deadline <= urgent_ticks and balance > 1000"),
        (
            {"op": "not", "condition": {"op": "or", "conditions": [LATE, RICH]}},
            "not (ticks_to_deadline <= urgent_ticks or balance > 1000)",
        ),
        ({"op": "and", "conditions": [{"op": "or", "conditions": [RICH]}, LATE]},
         "balance > 1000 and ticks_to_deadline <= urgent_ticks"),
    ],
)  # fmt: skip
def test_tree_text_condition_has_brackets_where_it_is_part_of_another(condition, text):
    assert condition_text(condition) == text


def test_tree_text_action_shows_its_parameters():
    assert action_text({"action": "Hold"}) == "Hold"
    split = {
        "action": "Split",
        "parameters": {"num_splits": computed("+", left={"param": "parts"}, right={"value": 1})},
    }
    assert action_text(split) == "Split(num_splits=parts + 1)"
