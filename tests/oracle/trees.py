"""Decision trees, walked in the JSON object itself."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.oracle.tree_fields import field
from tests.oracle.world import MAX_PRIORITY, MIN_PARTS, Bank, Decision, Payment, World, is_legal_split

Row = Mapping[str, Any]

TOLERANCE = 1e-9
LARGEST = 4 * 10**18
MAX_PARTS = 1_000
MAX_GAP = 10**9
PRIORITY_FLAGS = {"HIGH": 10, "MEDIUM": 5, "LOW": 1}
RTGS_NAMES = {"HighlyUrgent": "highly_urgent", "Urgent": "urgent", "Normal": "normal"}


@dataclass(frozen=True)
class Verdict:
    """What a tree decides on a payment; ``priority`` is the new one of the payment, or of the parts."""

    verb: str
    priority: int | None = None
    parts: int = 0
    now: int = 0
    gap: int = 0


@dataclass(frozen=True)
class Asker:
    """One bank's question at one moment, about a payment or about itself."""

    world: World
    bank: Bank
    payment: Payment | None = None

    def leaf(self, node: Row) -> Row:
        """Where the tree ends."""
        while "condition" in node:
            node = node["on_true"] if self.holds(node["condition"]) else node["on_false"]
        return node

    def holds(self, condition: Row) -> bool:
        """Is a condition true?"""
        op = condition["op"]
        if op == "and":
            return all(self.holds(each) for each in condition["conditions"])
        if op == "or":
            return any(self.holds(each) for each in condition["conditions"])
        if op == "not":
            return not self.holds(condition["condition"])
        left, right = self.value(condition["left"]), self.value(condition["right"])
        close = abs(left - right) < TOLERANCE
        match op:
            case "==":
                return close
            case "!=":
                return abs(left - right) >= TOLERANCE
            case "<":
                return left < right
            case ">":
                return left > right
            case "<=":
                return left <= right or close
        return left >= right or close

    def value(self, row: Row) -> float:
        """The number that a value stands for."""
        if "field" in row:
            return field(self.world, self.bank, self.payment, row["field"])
        if "param" in row:
            return float(self.bank.config.policy.values[row["param"]])
        return self.computed(row["compute"]) if "compute" in row else float(row["value"])

    def computed(self, row: Row) -> float:
        """Arithmetic."""
        match row["op"]:
            case "max":
                return max(self.value(each) for each in row["values"])
            case "min":
                return min(self.value(each) for each in row["values"])
            case "clamp":
                return min(max(self.value(row["value"]), self.value(row["min"])), self.value(row["max"]))
            case "div0":
                denominator = self.value(row["denominator"])
                if abs(denominator) < TOLERANCE:
                    return self.value(row["default"])
                return self.value(row["numerator"]) / denominator
            case "abs":
                return abs(self.value(row["value"]))
            case "floor" | "ceil" | "round" as op:
                return rounded(op, self.value(row["value"]))
        left, right = self.value(row["left"]), self.value(row["right"])
        match row["op"]:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
        return left / right

    def whole(self, leaf: Row, name: str, default: int = 0) -> int:
        """A parameter of an action, cut off to a whole number."""
        given = leaf.get("parameters") or {}
        if name not in given:
            return default
        number = self.value(given[name])
        if math.isnan(number):
            return 0
        return LARGEST if number >= LARGEST else -LARGEST if number <= -LARGEST else math.trunc(number)


def rounded(op: str, number: float) -> float:
    """Floor, ceil, and round half away from zero."""
    if not math.isfinite(number):
        return number
    if op == "round":
        whole = math.trunc(number)
        far = abs(number - whole) >= 0.5
        return float(whole + (int(math.copysign(1, number)) if far else 0))
    return float(math.floor(number) if op == "floor" else math.ceil(number))


def text(leaf: Row, name: str) -> str | None:
    """A parameter that is text."""
    given = (leaf.get("parameters") or {}).get(name)
    return None if given is None else given["value"]


def judge(world: World, bank: Bank, payment: Payment) -> Verdict:
    """What the payment tree decides on a payment of Queue 1, budget and legality included."""
    asker = Asker(world, bank, payment)
    leaf = asker.leaf(bank.config.policy.definition["payment_tree"])
    match leaf["action"]:
        case "Release" | "ReleaseWithCredit":
            flag = (leaf.get("parameters") or {}).get("priority_flag", {}).get("value")
            priority = PRIORITY_FLAGS[flag] if isinstance(flag, str) else None  # a number or a parameter has no effect
            if asker.whole(leaf, "timed_for_tick", -1) > world.tick:
                return Verdict("wait", priority)
            return Verdict("release" if bank.charge_budget(payment) else "hold", priority)
        case "Drop":
            return Verdict("drop")
        case "Reprioritize":
            return Verdict("wait", min(max(asker.whole(leaf, "new_priority"), 0), MAX_PRIORITY))
        case "Split" | "PaceAndRelease" | "StaggerSplit" as action:
            return split_verdict(asker, leaf, payment, is_staggered=action == "StaggerSplit")
    return Verdict("hold")


def split_verdict(asker: Asker, leaf: Row, payment: Payment, *, is_staggered: bool) -> Verdict:
    """A split, all at once or staggered; what is illegal is a hold."""
    parts = asker.whole(leaf, "num_splits")
    if not MIN_PARTS <= parts <= MAX_PARTS or not is_legal_split(asker.world, payment, parts):
        return Verdict("hold")
    if not is_staggered:
        return Verdict("split", payment.priority, parts, parts)
    now = max(asker.whole(leaf, "stagger_first_now"), 0)
    gap = min(max(asker.whole(leaf, "stagger_gap_ticks"), 0), MAX_GAP)
    boost = max(asker.whole(leaf, "priority_boost_children"), 0)
    if now > parts:
        return Verdict("hold")
    return Verdict("split", min(payment.priority + boost, MAX_PRIORITY), parts, parts if gap == 0 else now, gap)


def run_bank_trees(world: World) -> None:
    """Each bank tree's one action: a budget for this tick, or a change of memory."""
    for bank in world.banks.values():
        bank.budget = None
        tree = definition(bank).get("bank_tree")
        if tree is None:
            continue
        asker = Asker(world, bank)
        leaf = asker.leaf(tree)
        match leaf["action"]:
            case "SetReleaseBudget":
                bank.budget = asker.whole(leaf, "max_value_to_release")
                bank.budget_each = asker.whole(leaf, "max_per_counterparty", LARGEST)
                bank.budget_focus = tuple(text(leaf, "focus_counterparties") or ())
            case "SetState":
                bank.registers[str(text(leaf, "key"))] = asker.value(leaf["parameters"]["value"])
            case "AddState":
                bank.registers[str(text(leaf, "key"))] += asker.value(leaf["parameters"]["value"])


def revoke_from_queue2(world: World, actions: Mapping[str, Mapping[str, Decision]]) -> None:
    """Withdrawals and resubmissions: all learners and trees decide on Queue 2, then what they say is done."""
    revoked = []
    for payment in world.queue2:
        bank = world.banks[payment.sender]
        tree, given = definition(bank).get("payment_tree"), actions.get(bank.id, {}).get(payment.id)
        if given is not None:
            revoked.append((payment, payment.rtgs_priority if given == "withdraw" else given[1]))
        elif tree is not None:
            leaf = Asker(world, bank, payment).leaf(tree)
            if leaf["action"] == "WithdrawFromRtgs":
                revoked.append((payment, payment.rtgs_priority))
            elif leaf["action"] == "ResubmitToRtgs":
                revoked.append((payment, RTGS_NAMES[str(text(leaf, "rtgs_priority"))]))
    for payment, priority in revoked:
        world.queue2.remove(payment)
        payment.place = "queue1"
        payment.submitted_tick = None
        payment.rtgs_priority = priority
        world.banks[payment.sender].queue1.append(payment)


def collateral_decision(world: World, bank: Bank, tree: str) -> tuple[str, int, int]:
    """What a collateral tree wants: an action, cents, and ticks after which a post comes back."""
    asker = Asker(world, bank)
    leaf = asker.leaf(definition(bank)[tree])
    cents = asker.whole(leaf, "amount")
    if leaf["action"] == "HoldCollateral" or cents <= 0:
        return "HoldCollateral", 0, 0
    return leaf["action"], cents, max(asker.whole(leaf, "auto_withdraw_after_ticks"), 0)


def definition(bank: Bank) -> Row:
    """The trees of a bank; none of a named policy."""
    policy = bank.config.policy
    return policy.definition if policy.type == "tree" else {}


def register_names(row: Any) -> Iterator[str]:
    """Every register that a tree names."""
    if isinstance(row, dict):
        for key, value in row.items():
            if key in {"field", "value"} and isinstance(value, str) and value.startswith("bank_state_"):
                yield value
            yield from register_names(value)
    elif isinstance(row, list):
        for item in row:
            yield from register_names(item)
