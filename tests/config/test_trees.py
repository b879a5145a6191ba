"""Decision trees: what a file may say, and every fault named by node, path, value and rule, all at once."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from simcash_env.config import load_scenario
from simcash_env.config.trees.files import load_tree
from simcash_env.config.trees.language import ACTIONS, FIELDS
from simcash_env.config.trees.nodes import check_definition
from simcash_env.errors import ConfigError
from simcash_env.policies.program import ProgramBuilder
from simcash_env.policies.tree import build_trees
from simcash_env.schema.codes import Field
from tests.config.worlds import NATIVE, Row, changed, faults, write

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "simcash" / "policies"
FILES = sorted(SHARED.glob("*.json"))

HOLD: Row = {"type": "action", "node_id": "no", "action": "Hold"}
RELEASE: Row = {"type": "action", "node_id": "yes", "action": "Release"}


def compared(left: Any, op: str, right: Any) -> Row:
    return {"op": op, "left": left, "right": right}


def computed(op: str, **operands: Any) -> Row:
    return {"compute": {"op": op, **operands}}


TREE: Row = {
    "version": "1.0",
    "policy_id": "test",
    "parameters": {"threshold": 5, "zero": 0},
    "payment_tree": {
        "type": "condition",
        "node_id": "urgent",
        "condition": compared({"field": "ticks_to_deadline"}, "<=", {"param": "threshold"}),
        "on_true": RELEASE,
        "on_false": HOLD,
    },
    "bank_tree": {
        "type": "action",
        "node_id": "budget",
        "action": "SetReleaseBudget",
        "parameters": {"max_value_to_release": {"field": "balance"}},
    },
    "strategic_collateral_tree": {
        "type": "action",
        "node_id": "post",
        "action": "PostCollateral",
        "parameters": {"amount": {"field": "queue1_liquidity_gap"}},
    },
}
PAYMENT_ACTIONS = [name for name, rule in ACTIONS.items() if rule.kind == "payment"]
CONDITION = "payment_tree.condition"
LEAF = "payment_tree.on_true"


def found(definition: Any, overrides: Any = None) -> list[tuple[str, str]]:
    return [(".".join(map(str, place)), rule) for place, rule, _ in check_definition(definition, overrides).broken]


def action(name: str, **parameters: Any) -> Row:
    return {"type": "action", "node_id": "leaf", "action": name, "parameters": parameters}


def chain(depth: int) -> Row:
    node: Row = copy.deepcopy(HOLD)
    for number in range(depth):
        leaf = {"type": "action", "node_id": f"leaf{number}", "action": "Hold"}
        node = {
            "type": "condition",
            "node_id": f"N{number}",
            "condition": compared({"field": "priority"}, ">", {"value": number}),
            "on_true": node,
            "on_false": leaf,
        }
    return node


def nested(depth: int) -> Row:
    value: Row = {"field": "balance"}
    for _ in range(depth):
        value = computed("abs", value=value)
    return value


def test_right_tree_has_no_faults() -> None:
    assert found(TREE) == []


FAULTS = [
    (CONDITION + ".left", {"field": "balence"}, "left.field", "unknown field. Did you mean balance?"),
    (CONDITION + ".left", {"field": 3}, "left.field", "must be text"),
    (CONDITION + ".left", 3, "left", 'must be {"value": 3}: a number stands in a mapping of its own'),
    (CONDITION + ".left", {}, "left", "must have exactly one of field, param, value, compute"),
    (CONDITION + ".left", {"field": "balance", "value": 1}, "left", "must have exactly one of field, param, value, compute"),
    (CONDITION + ".left", None, "left", "must be a mapping"),
    (CONDITION + ".right", {"param": "treshold"}, "right.param", "unknown parameter. Did you mean threshold?"),
    (CONDITION + ".right", {"value": "5"}, "right.value", "must be a number or a truth value"),
    (CONDITION + ".right", {"value": float("nan")}, "right.value", "must be a finite number"),
    (CONDITION + ".right", {"value": float("inf")}, "right.value", "must be a finite number"),
    (CONDITION + ".right", {"value": 10**400}, "right.value", "must be a finite number"),
    (CONDITION + ".op", "=<", "op", "unknown operator. Did you mean <?"),
    (CONDITION + ".op", None, "op", "is required"),
    (CONDITION + ".middle", {"value": 1}, "middle", "unknown key"),
    (CONDITION, {"op": "and", "conditions": []}, "conditions", "must be a list of at least one condition"),
    (CONDITION, {"op": "not"}, "condition", "is required"),
    (CONDITION, "balance", "", "must be a mapping"),
    (CONDITION + ".right", computed("max", values=[]), "right.compute.values", "must be a list of at least one value"),
    (CONDITION + ".right", computed("pow", left=1), "right.compute.op", "unknown operator"),
    (CONDITION + ".right", computed("+", left={"value": 1}), "right.compute.right", "is required"),
    (CONDITION + ".right", nested(60), "right" + ".compute.value" * 50 + ".compute",
     "conditions and computations must not lie more than 50 deep"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value", "path", "rule"), FAULTS, ids=[f"{n}" for n in range(len(FAULTS))])
def test_trees_fault_in_a_condition_names_node_path_and_rule(place: str, value: Any, path: str, rule: str) -> None:
    assert (f"{CONDITION}.{path}".rstrip("."), f"node 'urgent': {rule}") in found(changed(TREE, place, value))


DIVISORS = [
    ({"field": "balance"}, False),
    ({"param": "zero"}, False),
    ({"value": 0}, False),
    (computed("max", values=[{"field": "balance"}, {"value": 0}]), False),
    ({"value": 4.0}, True),
    ({"param": "threshold"}, True),
    ({"field": "system_ticks_per_day"}, True),
    ({"field": "amount"}, True),
    (computed("max", values=[{"field": "balance"}, {"value": 1}]), True),
    (computed("+", left={"field": "queue1_total_value"}, right={"value": 1}), True),
]


@pytest.mark.parametrize(("denominator", "is_right"), DIVISORS)
def test_trees_plain_division_is_by_what_is_never_zero(denominator: Row, is_right: bool) -> None:
    quotient = computed("/", left={"field": "amount"}, right=denominator)
    broken = found(changed(TREE, f"{CONDITION}.right", quotient))
    rule = "node 'urgent': may divide by zero: use div0 with numerator, denominator and default"
    assert broken == ([] if is_right else [(f"{CONDITION}.right.compute.right", rule)])


def test_trees_div0_may_divide_by_anything() -> None:
    operands = {"numerator": {"value": 1}, "denominator": {"field": "balance"}, "default": {"value": 0}}
    assert found(changed(TREE, f"{CONDITION}.right", computed("div0", **operands))) == []


NODES = [
    (LEAF + ".node_id", "no", f"{LEAF[:-7]}on_false.node_id", "node 'no': is the name of two nodes, the other is payment_tree.on_true"),
    (LEAF + ".node_id", None, f"{LEAF}.node_id", "node 'urgent': is required"),
    (LEAF + ".action", "Relese", f"{LEAF}.action", "node 'yes': unknown action. Did you mean Release?"),
    (LEAF + ".action", None, f"{LEAF}.action", "node 'yes': is required"),
    (LEAF + ".type", "leaf", f"{LEAF}.type", "node 'yes': must be condition or action"),
    (LEAF + ".paramters", {}, f"{LEAF}.paramters", "node 'yes': unknown key. Did you mean parameters?"),
    (LEAF, action("Split"), f"{LEAF}.parameters.num_splits", "node 'leaf': is required"),
    (LEAF, action("Split", num_splits={"value": 1}), f"{LEAF}.parameters.num_splits", "node 'leaf': must be from 2 to 1000"),
    (LEAF, action("Split", number={"value": 2}, num_splits={"value": 2}), f"{LEAF}.parameters.number",
     "node 'leaf': unknown parameter"),
    (LEAF, action("Release", priority_flag={"value": "TOP"}), f"{LEAF}.parameters.priority_flag",
     "node 'leaf': must be one of HIGH, MEDIUM, LOW"),
    (LEAF, action("ResubmitToRtgs", rtgs_priority={"param": "threshold"}), f"{LEAF}.parameters.rtgs_priority",
     "node 'leaf': must be {\"value\": text}"),
    (LEAF, {**RELEASE, "parameters": 5}, f"{LEAF}.parameters", "node 'yes': must be a mapping"),
    (LEAF, action("PostCollateral", amount={"value": 1}), f"{LEAF}.action",
     f"node 'leaf': a payment tree has {', '.join(PAYMENT_ACTIONS)}"),
    ("bank_tree", {**HOLD, "node_id": "B", "action": "Release"}, "bank_tree.action",
     "node 'B': a bank tree has SetReleaseBudget, SetState, AddState, NoAction"),
    ("strategic_collateral_tree.action", "Hold", "strategic_collateral_tree.action",
     "node 'post': a collateral tree has PostCollateral, WithdrawCollateral, HoldCollateral"),
    ("bank_tree.parameters.max_value_to_release", {"field": "amount"}, "bank_tree.parameters.max_value_to_release.field",
     "node 'budget': a field of payments has no meaning in a bank tree"),
    ("strategic_collateral_tree.parameters.amount", {"field": "committed_to_counterparty"},
     "strategic_collateral_tree.parameters.amount.field", "node 'post': a field of payments has no meaning in a collateral tree"),
    ("bank_tree.parameters.focus_counterparties", {"value": "A"}, "bank_tree.parameters.focus_counterparties",
     'node \'budget\': must be {"value": [bank ids]}'),
    ("bank_tree", action("SetState", key={"value": "mood"}, value={"value": 1}), "bank_tree.parameters.key.value",
     "node 'leaf': the name of a register begins with bank_state_"),
    ("payment_tree", None, "payment_tree", "is required: what the bank does with a payment"),
    ("payment_tree.on_false", None, "payment_tree.on_false", "node 'urgent': is required"),
    ("payment_tree.on_false", 5, "payment_tree.on_false", "node 'urgent': must be a mapping"),
    ("payment_tree.condition", None, "payment_tree.condition", "node 'urgent': must be a mapping"),
    ("payment_tre", HOLD, "payment_tre", "unknown key. Did you mean payment_tree?"),
    ("parameters.threshold", "5", "parameters.threshold", "must be a finite number"),
    ("parameters.threshold", True, "parameters.threshold", "must be a finite number"),
    ("parameters", [], "parameters", "must be a mapping of names to numbers"),
    ("policy_id", [], "policy_id", "must be text"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("place", "value", "path", "rule"), NODES, ids=[f"{n}-{row[0]}" for n, row in enumerate(NODES)]
)
def test_trees_fault_of_a_node_names_node_path_and_rule(place: str, value: Any, path: str, rule: str) -> None:
    assert (path, rule) in found(changed(TREE, place, value))


def test_trees_all_faults_come_at_once() -> None:
    tree = changed(TREE, f"{CONDITION}.left", {"field": "nothing_like_it"})
    tree = changed(tree, LEAF, action("Split"))
    tree = changed(tree, "bank_tree.parameters.max_value_to_release", {"param": "unknown"})
    assert len(found(tree)) == 3


def test_tree_may_be_a_hundred_conditions_deep_and_no_deeper() -> None:
    assert found({"payment_tree": chain(100)}) == []
    deep = found({"payment_tree": chain(101)})
    assert {rule for _, rule in deep} == {
        "node 'no': a tree must not be deeper than 100 conditions",
        "node 'leaf0': a tree must not be deeper than 100 conditions",
    }


def test_trees_nesting_without_end_is_a_fault_and_no_crash() -> None:
    endless: Row = {"type": "condition", "node_id": "N", "condition": compared({"value": 1}, "<", {"value": 2})}
    endless["on_true"] = endless["on_false"] = endless
    assert any("a tree must not be" in rule for _, rule in found({"payment_tree": endless}))
    assert found({"payment_tree": chain(3_000)})


def test_trees_at_most_ten_registers() -> None:
    many = [compared({"field": f"bank_state_{number}"}, ">", {"value": 1}) for number in range(11)]
    tree = changed(TREE, CONDITION, {"op": "and", "conditions": many})
    assert [rule for _, rule in found(tree)] == ["a policy must not use more than 10 registers"]


@pytest.mark.parametrize("value", [None, [], "tree", 3])
def test_trees_what_is_no_tree_is_a_fault(value: Any) -> None:
    assert found(value) == [("", "must be a mapping")]


def test_trees_annotations_are_allowed_and_hold_in_a_bank_tree_is_no_action() -> None:
    tree = changed(changed(TREE, "payment_tree.description", "why"), "payment_tree._internal", 3)
    assert found(changed(tree, "bank_tree", {**HOLD, "node_id": "B"})) == []


def test_trees_parameter_can_be_set_anew_if_the_tree_has_it() -> None:
    assert check_definition(TREE, {"threshold": 9.5}).parameters == {"threshold": 9.5, "zero": 0.0}
    assert found(TREE, {"treshold": 1}) == [("treshold", "the tree has no such parameter. Did you mean threshold?")]
    assert found(TREE, {"threshold": float("inf")}) == [("threshold", "must be a finite number")]


def test_tree_written_in_a_scenario_names_its_faults_in_the_scenario() -> None:
    policy = {"type": "tree", "tree": changed(TREE, f"{CONDITION}.op", "<<"), "parameters": {"nothing": 1.0}}
    assert [(fault.path, fault.rule, fault.value) for fault in faults(changed(NATIVE, "banks.1.policy", policy))] == [
        ("banks.1.policy.parameters.nothing", "the tree has no such parameter", "1.0"),
        ("banks.1.policy.tree.payment_tree.condition.op", "node 'urgent': unknown operator. Did you mean <?", "'<<'"),
    ]


def test_tree_in_a_file_names_its_faults_where_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "tree.json").write_text(json.dumps(changed(TREE, f"{CONDITION}.left", {"field": "balence"})))
    scenario = write(tmp_path, changed(NATIVE, "banks.1.policy", {"type": "tree", "file": "tree.json"}))
    (fault,) = faults(scenario)
    assert fault.path == "banks.1.policy.file"
    assert fault.rule == (
        "payment_tree.condition.left.field: node 'urgent': unknown field, got 'balence'. Did you mean balance?"
    )


def test_trees_file_that_is_no_json_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "tree.json").write_text("{")
    (fault,) = faults(write(tmp_path, changed(NATIVE, "banks.1.policy", {"type": "tree", "file": "tree.json"})))
    assert fault.rule.startswith("not valid JSON")


def test_trees_file_that_holds_no_mapping_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "tree.json").write_text("[]")
    (fault,) = faults(write(tmp_path, changed(NATIVE, "banks.1.policy", {"type": "tree", "file": "tree.json"})))
    assert (fault.path, fault.rule) == ("banks.1.policy.file", "must be a mapping, got a list")


def test_trees_scenario_with_trees_survives_a_round_trip() -> None:
    scenario = load_scenario(changed(NATIVE, "banks.1.policy", {"type": "tree", "tree": TREE}))
    again = type(scenario).model_validate(scenario.model_dump())
    assert again == scenario
    policy = scenario.model_copy().banks[1].policy
    assert policy.type == "tree"
    assert policy.values == {"threshold": 5.0, "zero": 0.0}


def test_trees_every_field_of_the_engine_has_a_name_and_every_action_a_kind() -> None:
    assert {name.upper() for name in FIELDS} == set(Field.__members__)
    assert {rule.kind for rule in ACTIONS.values()} == {"payment", "bank", "collateral"}


def test_equal_trees_are_compiled_once_and_nodes_keep_their_path() -> None:
    builder = ProgramBuilder()
    first, second = (build_trees(copy.deepcopy(TREE), {"threshold": 5.0}) for _ in range(2))
    assert builder.add(first.payment) == builder.add(second.payment)
    assert sorted(builder.paths) == ["urgent > no", "urgent > yes"]


# -- what is no fault but hardly meant --------------------------------------------------------------------------------


def noted(definition: Row) -> list[tuple[str, str]]:
    return [(".".join(map(str, place)), text) for place, text, _ in check_definition(definition).notes]


def test_trees_branch_that_no_payment_reaches_is_noted() -> None:
    tree = changed(TREE, CONDITION, compared({"field": "queue1_liquidity_gap"}, "<", {"value": 0}))
    text = "node 'urgent': never reached (1 node): the condition is always false"
    assert noted(tree) == [("payment_tree.on_true", text)]


def test_trees_what_was_asked_before_is_known_below() -> None:
    again = {**TREE["payment_tree"], "node_id": "again", "on_true": {**HOLD, "node_id": "no2"}}
    again["condition"] = compared({"field": "ticks_to_deadline"}, ">", {"value": 2})
    tree = changed(TREE, "payment_tree.on_false", again)
    tree["payment_tree"]["on_false"]["on_false"] = {**HOLD, "node_id": "no3"}
    text = "node 'again': never reached (1 node): the condition is always true"
    assert noted(tree) == [("payment_tree.on_false.on_false", text)]


def test_trees_parameter_that_has_no_effect_is_noted() -> None:
    tree = changed(TREE, "bank_tree.parameters.max_per_cpty", {"value": 5})
    assert noted(tree) == [("bank_tree.parameters.max_per_cpty", "node 'budget': has no effect, as in SimCash")]


@pytest.mark.parametrize(
    "flag", [{"value": 9}, {"value": True}, {"value": None}, {"param": "level"}, {"field": "balance"},
             {"compute": {"op": "+", "left": {"value": 1}, "right": {"value": 2}}}]
)  # fmt: skip
def test_trees_priority_flag_that_is_no_text_has_no_effect_and_is_noted(flag: dict[str, Any]) -> None:
    """SimCash takes them, and its published trees have some."""
    leaf = {"type": "action", "node_id": "now", "action": "Release", "parameters": {"priority_flag": flag}}
    tree = {"payment_tree": leaf, "parameters": {"level": 8.0}}
    check = check_definition(tree)
    assert check.broken == []
    assert [(".".join(map(str, note.place)), note.rule) for note in check.notes] == [
        ("payment_tree.parameters.priority_flag", "node 'now': has no effect, as in SimCash")
    ]
    plain = {**tree, "payment_tree": {**leaf, "parameters": {}}}
    assert build_trees(tree, {"level": 8.0}) == build_trees(plain, {"level": 8.0})


@pytest.mark.parametrize("flag", [{"value": "TOP"}, {"param": "lvel"}, {"param": 5}, 9, {}, {"value": 1, "param": "a"}])
def test_trees_priority_flag_that_simcash_does_not_take_is_refused(flag: Any) -> None:
    leaf = {"type": "action", "node_id": "now", "action": "Release", "parameters": {"priority_flag": flag}}
    assert check_definition({"payment_tree": leaf, "parameters": {"level": 8.0}}).broken


# -- the published files ----------------------------------------------------------------------------------------------


@pytest.mark.skipif(not FILES, reason="the SimCash files are not beside this checkout")
@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_published_tree_loads_unchanged(path: Path) -> None:
    loaded = load_tree(path)
    build_trees(loaded.definition, loaded.values)


def test_bad_tree_file_lists_its_faults(tmp_path: Path) -> None:
    file = tmp_path / "tree.json"
    file.write_text(json.dumps({**TREE, "payment_tree": None, "oops": 1}))
    with pytest.raises(ConfigError) as caught:
        load_tree(file)
    assert [fault.path for fault in caught.value.faults] == ["oops", "payment_tree"]
