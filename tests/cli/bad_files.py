"""Broken files, by name: scenarios, trees, files of actions. Each differs from a good one in the one thing that is named."""

from __future__ import annotations

import json
from typing import Any, Final

GOOD: Final = """\
format: 1
name: good
simulation: {ticks_per_day: 4, num_days: 2, seed: 1}
banks:
  - id: A
    opening_balance: 1_000
    policy: {type: external}
    arrivals: {rate_per_tick: 1.0, amount: {type: uniform, min: 10, max: 90}, deadline_range: [1, 3]}
  - id: B
    opening_balance: 1_000
"""


def changed(old: str, new: str, text: str = GOOD) -> str:
    """The good scenario with one thing replaced."""
    assert text.count(old) >= 1, old
    return text.replace(old, new, 1)


def with_part(part: str) -> str:
    """The good scenario with something added at its end."""
    return f"{GOOD}{part}\n"


TREE: Final[dict[str, Any]] = {
    "policy_id": "small",
    "payment_tree": {
        "type": "condition",
        "node_id": "urgent",
        "condition": {"op": "<=", "left": {"field": "ticks_to_deadline"}, "right": {"value": 3}},
        "on_true": {"type": "action", "node_id": "go", "action": "Release"},
        "on_false": {"type": "action", "node_id": "wait", "action": "Hold"},
    },
}


def tree(old: str, new: str) -> str:
    """The good tree with one thing replaced, as JSON."""
    return changed(old, new, json.dumps(TREE))


EVENT: Final = "{type: direct_transfer, tick: 1, from_bank: A, to_bank: B, amount: 5}"

SCENARIOS: Final[dict[str, tuple[str | bytes, str]]] = {
    # -- the text itself --
    "empty.yaml": ("", "a scenario must be a mapping"),
    "list.yaml": ("- 1\n- 2\n", "a scenario must be a mapping, got a list"),
    "text.yaml": ("just words", "a scenario must be a mapping, got 'just words'"),
    "binary.yaml": (b"\xff\xfe\x00\x01", "cannot be read: not UTF-8 text"),
    "control.yaml": ("name: \x01", "not valid YAML"),
    "open-brace.yaml": ("a: {b: 1", "open-brace.yaml:1: not valid YAML"),
    "tab.yaml": ("a:\n\tb: 1", "tab.yaml:2: not valid YAML"),
    "alias.yaml": ("a: &a [*a]", "an alias must not contain itself"),
    "unknown-alias.yaml": ("a: *nothing", "not valid YAML"),
    "tag.yaml": ("a: !!python/object:os.system x", "not valid YAML"),
    "twice.yaml": (changed("name: good", "name: good\nname: better"), "twice.yaml:3: name: is given twice"),
    "number-key.yaml": (with_part("1: x"), "keys must be text"),
    "two-documents.yaml": (f"{GOOD}---\n{GOOD}", "not valid YAML"),
    "deep.yaml": ("[" * 3_000 + "]" * 3_000, "nested too deeply"),
    "broken.json": ('{"format": 1,', "broken.json:1: not valid JSON"),
    "twice.json": ('{"format": 1, "format": 1}', "format: is given twice"),
    "deep.json": ("[" * 200_000, "not usable JSON"),
    "number.json": ("1" * 5_000, "not usable JSON"),
    # -- the whole --
    "no-format.yaml": (changed("format: 1\n", ""), "format: is required, write format: 1"),
    "format-2.yaml": (changed("format: 1", "format: 2"), "format-2.yaml:1: format: must be 1, got 2"),
    "no-name.yaml": (changed("name: good\n", ""), "name: is required"),
    "no-banks.yaml": (changed(GOOD[GOOD.index("banks:") :], "banks: []\n"), "banks: must have at least 1 entries"),
    "unknown-key.yaml": (with_part("cots: {}"), "cots: unknown key, got a mapping. Did you mean costs?"),
    "rules.yaml": (with_part("rules: simcsh"), "rules.set: must be 'standard' or 'simcash'"),
    "market.yaml": (with_part("market: {enabled: true}"), "market.deposit_rate: is required"),
    # -- time --
    "no-ticks.yaml": (changed("ticks_per_day: 4, ", ""), "simulation.ticks_per_day: is required"),
    "zero-ticks.yaml": (changed("ticks_per_day: 4", "ticks_per_day: 0"), "must be at least 1, got 0"),
    "half-ticks.yaml": (changed("ticks_per_day: 4", "ticks_per_day: 4.5"), "must be a whole number, got 4.5"),
    "true-days.yaml": (changed("num_days: 2", "num_days: true"), "simulation.num_days: must be a whole number"),
    "many-ticks.yaml": (changed("num_days: 2", "num_days: 1_000_000_000"), "must not exceed 1000000000"),
    "seed.yaml": (changed("seed: 1", "seed: -1"), "simulation.seed: must be at least 0, got -1"),
    "long-seed.yaml": (changed("seed: 1", f"seed: {2**63}"), "simulation.seed: must be at most"),
    # -- banks --
    "float-money.yaml": (
        changed("opening_balance: 1_000", "opening_balance: 10.5"),
        "float-money.yaml:6: banks.0.opening_balance",
    ),
    "text-money.yaml": (changed("opening_balance: 1_000", "opening_balance: lots"), "must be a whole number of cents"),
    "huge-money.yaml": (changed("opening_balance: 1_000", f"opening_balance: {10**16}"), "must be at most"),
    "negative-credit.yaml": (
        changed("opening_balance: 1_000", "credit_limit: -5"),
        "banks.0.credit_limit: must be at least 0",
    ),
    "same-id.yaml": (changed("id: B", "id: A"), "must be unique"),
    "no-id.yaml": (changed("id: B\n    ", ""), "banks.1.id: is required"),
    "empty-id.yaml": (changed("id: B", "id: ''"), "banks.1.id: must not be empty"),
    "number-id.yaml": (changed("id: B", "id: 7"), "banks.1.id: must be text, got 7"),
    "haircut.yaml": (changed("opening_balance: 1_000", "collateral_haircut: 1.5"), "must be at most 1, got 1.5"),
    "nan.yaml": (changed("opening_balance: 1_000", "collateral_haircut: .nan"), "must be a finite number, got nan"),
    "bank-key.yaml": (changed("opening_balance", "openning_balance"), "Did you mean opening_balance?"),
    "limit-to-nobody.yaml": (changed("opening_balance: 1_000", "bilateral_limits: {Z: 5}"), "banks.0.bilateral_limits"),
    "limit-to-self.yaml": (changed("opening_balance: 1_000", "bilateral_limits: {A: 5}"), "banks.0.bilateral_limits"),
    # -- policies --
    "policy.yaml": (changed("type: external", "type: fiffo"), "banks.0.policy"),
    "policy-no-type.yaml": (changed("type: external", "urgency_threshold: 3"), "banks.0.policy: needs a type"),
    "policy-parameter.yaml": (
        changed("type: external", "type: deadline"),
        "banks.0.policy.urgency_threshold: is required",
    ),
    "policy-extra.yaml": (changed("type: external", "type: fifo, x: 1"), "banks.0.policy.x: unknown key"),
    "splits.yaml": (changed("type: external", "type: mock_splitting, num_splits: 1"), "must be at least 2, got 1"),
    "tree-file.yaml": (
        changed("type: external", "type: tree, file: nowhere.json"),
        "banks.0.policy.file: cannot be read",
    ),
    "tree-none.yaml": (changed("type: external", "type: tree"), "give either file or tree"),
    "tree-inline.yaml": (changed("type: external", "type: tree, tree: {payment_tree: {}}"), "banks.0.policy.tree"),
    # -- arrivals --
    "rate.yaml": (
        changed("rate_per_tick: 1.0", "rate_per_tick: -1"),
        "banks.0.arrivals.rate_per_tick: must be at least 0",
    ),
    "rate-inf.yaml": (changed("rate_per_tick: 1.0", "rate_per_tick: .inf"), "must be a finite number"),
    "max-under-min.yaml": (changed("max: 90", "max: 5"), "banks.0.arrivals.amount"),
    "amount-kind.yaml": (changed("type: uniform", "type: pareto"), "banks.0.arrivals.amount"),
    "deadlines.yaml": (changed("[1, 3]", "[3, 1]"), "banks.0.arrivals.deadline_range"),
    "deadline-zero.yaml": (changed("[1, 3]", "[0, 1]"), "banks.0.arrivals.deadline_range"),
    "three-deadlines.yaml": (changed("[1, 3]", "[1, 2, 3]"), "banks.0.arrivals.deadline_range"),
    "weights.yaml": (
        changed("rate_per_tick: 1.0", "rate_per_tick: 1.0, counterparty_weights: {Z: 1}"),
        "counterparty_weights",
    ),
    "weights-zero.yaml": (
        changed("rate_per_tick: 1.0", "rate_per_tick: 1.0, counterparty_weights: {B: 0}"),
        "counterparty_weights",
    ),
    # -- events --
    "event-kind.yaml": (with_part(f"events: [{changed('direct_transfer', 'direct', EVENT)}]"), "events.0"),
    "event-bank.yaml": (with_part(f"events: [{changed('from_bank: A', 'from_bank: Z', EVENT)}]"), "events.0.from_bank"),
    "event-self.yaml": (with_part(f"events: [{changed('to_bank: B', 'to_bank: A', EVENT)}]"), "events.0"),
    "event-late.yaml": (with_part(f"events: [{changed('tick: 1', 'tick: 99', EVENT)}]"), "events.0.tick"),
    "event-early.yaml": (
        with_part(f"events: [{changed('tick: 1', 'tick: -1', EVENT)}]"),
        "events.0.tick: must be at least 0",
    ),
    "event-free.yaml": (
        with_part(f"events: [{changed('amount: 5', 'amount: 0', EVENT)}]"),
        "events.0.amount: must be at least 1",
    ),
    "event-every.yaml": (with_part(f"events: [{changed('tick: 1', 'tick: 1, every: 0', EVENT)}]"), "events.0.every"),
    # -- prices, rules, mechanisms --
    "cost.yaml": (with_part("costs: {deadline_penalty: -1}"), "costs.deadline_penalty"),
    "cost-both.yaml": (with_part("costs: {overdraft_bps_per_tick: 1, overdraft_bps_per_day: 1}"), "costs"),
    "cost-key.yaml": (with_part("costs: {overdraft_bps: 1}"), "costs.overdraft_bps: unknown key"),
    "algorithm.yaml": (with_part("lsm: {algorithms: [bilaterel]}"), "lsm.algorithms.0: must be"),
    "cycle.yaml": (with_part("lsm: {max_cycle_length: 2}"), "lsm.max_cycle_length"),
    "switch.yaml": (with_part("switches: {queue2_priority_mode: 1}"), "must be true or false"),
    "split.yaml": (with_part("actions: {max_split: 1_000_000}"), "actions.max_split: must be at most"),
    "escalation.yaml": (
        with_part("priority_escalation: {start_ticks: 1, max_boost: 99}"),
        "priority_escalation.max_boost",
    ),
}
"""Content, and what has to be said of it."""

TREES: Final[dict[str, tuple[str | bytes, str]]] = {
    "tree-field.json": (tree("ticks_to_deadline", "ticks_to_dedline"), "node 'urgent': unknown field"),
    "tree-action.json": (tree("Release", "Relaese"), "node 'go'"),
    "tree-op.json": (tree("<=", "=<"), "node 'urgent'"),
    "tree-no-branch.json": (tree('"on_false"', '"on_flase"'), "payment_tree"),
    "tree-parameter.json": (tree('{"value": 3}', '{"param": "limit"}'), "node 'urgent'"),
    "tree-text.json": (tree('{"value": 3}', '{"value": "three"}'), "payment_tree.condition.right"),
    "tree-same-id.json": (tree('"wait"', '"go"'), "go"),
    "tree-no-tree.json": (tree('"payment_tree"', '"payment_tre"'), "payment_tre"),
    "tree-type.json": (tree('"condition", "node_id"', '"loop", "node_id"'), "payment_tree.type"),
}

MOVES: Final[dict[str, tuple[str | bytes, str]]] = {
    "moves-broken.json": ("{", "moves-broken.json:1: not valid JSON"),
    "moves-twice.json": ('{"pool_levels": {}, "pool_levels": {}}', "pool_levels: is given twice"),
    "moves-twice.yaml": ("actions: {}\nactions: {}", "moves-twice.yaml:2: actions: is given twice"),
    "moves-list.json": ("[]", "must be a mapping"),
    "moves-key.json": ('{"action": {}}', "action: "),
    "moves-verb.json": ('{"actions": {"A": {"tx_00000001": 5}}}', "actions.A.tx_00000001"),
    "moves-unknown-verb.json": ('{"actions": {"A": {"tx_00000001": "pay"}}}', "actions.A.tx_00000001"),
    "moves-parts.json": ('{"actions": {"A": {"tx_00000001": ["split", -1]}}}', "actions.A.tx_00000001"),
    "moves-bank.json": ('{"actions": {"Z": {}}}', "unknown bank 'Z'; banks are A, B"),
    "moves-scripted.json": ('{"actions": {"B": {}}}', "actions.B: this bank follows its policy"),
    "moves-tx.json": (
        '{"actions": {"A": {"tx_99999999": "release"}}}',
        "actions.A.tx_99999999: this payment is not in",
    ),
    "moves-pool.json": ('{"pool_levels": {"A": 3}}', "pool_levels.A"),
    "moves-level.json": ('{"pool_levels": {"A": 1.5}}', "pool_levels.A: must be a whole number"),
    "moves-collateral.json": ('{"collateral": {"A": 1.5}}', "collateral.A: must be a whole number"),
    "moves-revoke.json": (
        '{"actions": {"A": {"tx_99999999": "withdraw"}}}',
        "actions.A.tx_99999999: this payment is not in the bank's Queue 2",
    ),
    "moves-payment.json": ('{"transactions": [{"sender": "A"}]}', "transactions.0.receiver: is required"),
    "moves-amount.json": (
        '{"transactions": [{"sender": "A", "receiver": "B", "amount": 0, "deadline": 5}]}',
        "transactions.0: amount: must be a whole number of cents from 1 to 10**15, got 0",
    ),
    "moves-deadlines.yaml": (
        "transactions: [{sender: A, receiver: B, amount: 5, deadline_in: 9, deadline_tick: 9}]",
        "transactions.0: deadline_in: give either deadline_tick or deadline_in",
    ),
    "moves-deadline.yaml": (
        "transactions: [{sender: A, receiver: B, amount: 5, deadline: 99}]",
        "transactions.0: deadline: must be a tick from 1 to 8, got 99",
    ),
    "moves-receiver.yaml": (
        "transactions: [{sender: A, receiver: A, amount: 5, deadline: 5}]",
        "transactions.0: receiver: must differ from the sender, got 'A'",
    ),
}
