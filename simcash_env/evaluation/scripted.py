"""Scripted cash managers that decide through the environment's public batch, as a learned one does.

A policy of a scenario file is a tree program. ``policies.batch`` evaluates it here for all copies at once, and a kernel
inside the tick: both cost the same to the cent. ``rollout.run_scripted`` runs policies in the kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from simcash_env.agents.observation import AT
from simcash_env.config.policies import PolicyConfig, TreePolicy
from simcash_env.config.trees.nodes import is_annotation
from simcash_env.envs.vector import SimCashVec
from simcash_env.errors import ActionError
from simcash_env.policies import POLICIES, scripted_trees
from simcash_env.policies.batch import decide, most_parts, reads
from simcash_env.policies.program import Node
from simcash_env.schema.arrays import F64, I64
from simcash_env.schema.codes import PPM, Field, Verb
from simcash_env.schema.limits import POOL_LEVELS

Bools = npt.NDArray[np.bool_]
LEVEL_PPM: Final = PPM // (POOL_LEVELS - 1)
View = dict[str, I64]
Facts = dict[Field, F64]

SLOT_COLUMNS: Final = {
    Field.AMOUNT: "amount",
    Field.REMAINING_AMOUNT: "remaining",
    Field.TICKS_TO_DEADLINE: "ticks_to_deadline",
    Field.PRIORITY: "priority",
}
"""Fields of a payment, and what ``queue1_view`` calls them."""
ACCOUNT_COLUMNS: Final = {
    Field.BALANCE: "balance",
    Field.AVAILABLE_LIQUIDITY: "available_liquidity",
    Field.EFFECTIVE_LIQUIDITY: "effective_liquidity",
}
CLOCK_FIELDS: Final = {
    Field.COMMITTED_VALUE,
    Field.TICKS_REMAINING_IN_DAY,
    Field.CURRENT_TICK,
    Field.SYSTEM_TICK_IN_DAY,
}
FIELDS: Final = {field.name.lower() for field in (*SLOT_COLUMNS, *ACCOUNT_COLUMNS, *CLOCK_FIELDS)}
"""Fields that a tree file may ask of a batch."""
OPERATORS: Final = {"+", "-", "*", "max", "min"}
ACTIONS: Final = {"Release", "ReleaseWithCredit", "Hold"}


class Agent(Protocol):
    """Anything that decides for all learning banks of a batch."""

    def act(self, vec: SimCashVec) -> I64:
        """Actions (N, L, H) at the present decision of every copy."""


class ScriptedAgent:
    """What the scripted agents share: the window of Queue 1 and the pool share.

    Args:
        levels: share of the pool on the grid of 0 to 20, one for all learning banks or one each; by default the
            nearest to what the scenario allocates.
    """

    def __init__(self, levels: int | Sequence[int] | None = None) -> None:
        self.levels = levels

    def act(self, vec: SimCashVec) -> I64:
        """Decide on every payment in the window, and on the pool share where it can be set."""
        actions, view = self.begin(vec)
        choices, present = vec.slot_choices, view["present"].astype(bool)
        actions[:, :, : vec.num_slots] = np.where(present & self.releases(view), choices.release, choices.hold)
        return actions

    def begin(self, vec: SimCashVec) -> tuple[I64, View]:
        """Actions that hold everything and set the pool share, and the view with the account as it will be then."""
        actions = np.zeros(vec.actions.shape, np.int64)
        view = vec.queue1_view()
        if "pool" in vec.head_index:
            self._set_pool(vec, view, actions)
        return actions, view

    def releases(self, view: View) -> Bools:
        """(N, L, K) payments to release; slots without a payment do not matter."""
        raise NotImplementedError

    def _set_pool(self, vec: SimCashVec, view: View, actions: I64) -> None:
        """Choose the share, and see the account as it will be when that is allocated."""
        levels = nearest_levels(vec, configured_ppm(vec)) if self.levels is None else self.levels
        set_levels(vec, view, actions, np.asarray(levels, np.int64))


def configured_ppm(vec: SimCashVec) -> I64:
    """(N, L) millionths of each bank's pool that the scenario allocates."""
    return np.stack([variant.view.bank_pool_fraction_ppm[vec.learners] for variant in vec.variants])[vec.members]


def nearest_levels(vec: SimCashVec, ppm: I64) -> I64:
    """(N, L) levels of the pool head that are nearest to millionths of the pools."""
    return np.rint(ppm / LEVEL_PPM).astype(np.int64).clip(0, POOL_LEVELS - 1)


def set_levels(vec: SimCashVec, view: View, actions: I64, levels: I64) -> None:
    """Write pool levels to the actions where they may be chosen, and change the accounts of a view accordingly.

    Args:
        vec: the batch.
        view: ``vec.queue1_view()``, whose account columns are replaced.
        actions: (N, L, H), whose pool head is written.
        levels: anything that broadcasts to (N, L).
    """
    pools = np.stack([variant.view.bank_pool_cents[vec.learners] for variant in vec.variants])[vec.members]
    configured = configured_ppm(vec)
    chosen, head = np.broadcast_to(levels, pools.shape), vec.head_index["pool"]
    may_choose = vec.masks[:, :, head, 1:].any(axis=2)
    actions[:, :, head] = np.where(may_choose, chosen, 0)
    is_first = vec.features[:, :, AT.run_position] == 0.0
    change = pools * chosen * LEVEL_PPM // PPM - pools * configured // PPM
    for name in ("balance", "available_liquidity", "effective_liquidity"):
        view[name] = view[name] + np.where(may_choose & is_first, change, 0)


class HoldAll(ScriptedAgent):
    """Never release anything."""

    def releases(self, view: View) -> Bools:
        """Nothing."""
        return np.zeros(view["present"].shape, bool)


class RandomLegal:
    """Every head drawn evenly from what its mask allows.

    Args:
        seed: of the draws.
    """

    def __init__(self, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)

    def act(self, vec: SimCashVec) -> I64:
        """The largest of random numbers among the legal choices."""
        draws = np.where(vec.masks, self._rng.random(vec.masks.shape), -1.0)
        actions: I64 = draws.argmax(axis=3).astype(np.int64)
        return actions


def account_facts(vec: SimCashVec, view: View) -> Facts:
    """(N, L, 1) what is the same for all payments of a bank in a tick; nothing is committed yet."""
    per_day = vec.config.simulation.ticks_per_day
    tick = np.rint(vec.features[:, :, AT.run_position] * vec.num_ticks)
    facts = {field: view[column] for field, column in ACCOUNT_COLUMNS.items()} | {
        Field.CURRENT_TICK: tick,
        Field.SYSTEM_TICK_IN_DAY: tick % per_day,
        Field.TICKS_REMAINING_IN_DAY: per_day - 1 - tick % per_day,
        Field.COMMITTED_VALUE: np.zeros(tick.shape),
    }
    return {field: values.astype(np.float64)[:, :, None] for field, values in facts.items()}


def payment_facts(view: View) -> Facts:
    """(N, L, K) of the payments in the window."""
    return {field: view[column].astype(np.float64) for field, column in SLOT_COLUMNS.items()}


class ProgramAgent(ScriptedAgent):
    """Decides on payments as payment trees do in the kernel; what cannot be done is a hold."""

    def trees(self, vec: SimCashVec) -> Sequence[Node]:
        """Return one tree for each learning bank."""
        raise NotImplementedError

    def budgets(self, view: View) -> F64 | None:
        """Return (N, L, 1) cents that may be released in this tick; None for no limit."""
        return None

    def act(self, vec: SimCashVec) -> I64:
        """Decide on all payments at once, or slot by slot where a decision depends on those before it.

        Raises:
            ActionError: a tree splits into more parts than the scenario lets learners, or drops where they may not.
        """
        trees, choices = self.trees(vec), vec.slot_choices
        for parts in {most_parts(tree) for tree in trees} - {0}:
            choices.split(parts)
        actions, view = self.begin(vec)
        facts, payments, budgets = account_facts(vec, view), payment_facts(view), self.budgets(view)
        payments[Field.DEADLINE_TICK] = facts[Field.CURRENT_TICK] + payments[Field.TICKS_TO_DEADLINE]
        depends = budgets is not None or any(reads(tree, Field.COMMITTED_VALUE) for tree in trees)
        width, released = 1 if depends else max(vec.num_slots, 1), np.zeros((vec.num_envs, vec.num_banks, 1))
        for first in range(0, vec.num_slots, width):
            slots = slice(first, first + width)
            facts |= {field: values[:, :, slots] for field, values in payments.items()}
            present, cents = view["present"][:, :, slots].astype(bool), facts[Field.REMAINING_AMOUNT]
            chosen = choices_of(vec, decide_by_bank(trees, facts, present.shape), present, slots)
            if budgets is not None:
                is_over = (chosen == choices.release) & (released + cents > budgets)
                chosen = np.where(is_over, choices.hold, chosen)
                released = released + np.where(chosen == choices.release, cents, 0.0)
            if depends:
                is_sent = choices.means(chosen, Verb.RELEASE, Verb.SPLIT)
                facts[Field.COMMITTED_VALUE] = facts[Field.COMMITTED_VALUE] + np.where(is_sent, cents, 0.0)
            actions[:, :, slots] = chosen
        return actions


def decide_by_bank(trees: Sequence[Node], facts: Facts, shape: tuple[int, ...]) -> I64:
    """(N, L, K) decisions; banks with the same tree are evaluated together."""
    if all(tree is trees[0] for tree in trees):
        return decide(trees[0], facts, shape)
    copies, _, slots = shape
    parts = [
        decide(tree, {field: values[:, at : at + 1] for field, values in facts.items()}, (copies, 1, slots))
        for at, tree in enumerate(trees)
    ]
    return np.concatenate(parts, axis=1)


def choices_of(vec: SimCashVec, decisions: I64, present: Bools, slots: slice) -> I64:
    """The choices of the batch that decisions mean; a hold for a payment that cannot be split so.

    Raises:
        ActionError: payments are to be dropped, and the scenario does not let learners.
    """
    choices = vec.slot_choices
    chosen = np.where(decisions == Verb.RELEASE, choices.release, choices.hold)
    drops = present & (decisions == Verb.DROP)
    if drops.any():
        chosen[drops] = choices.drop
    if (decisions > Verb.SPLIT).any():
        splits = choices.splits()[np.maximum(decisions - Verb.SPLIT, 0)]
        is_legal = np.take_along_axis(vec.masks[:, :, slots], splits[..., None], axis=3)[..., 0].astype(bool)
        chosen = np.where((decisions > Verb.SPLIT) & is_legal, splits, chosen)
    return np.where(present, chosen, choices.hold)


class PolicyAgent(ProgramAgent):
    """Decides as a policy of a scenario file does in the kernel.

    Args:
        policy: of all learning banks; ``agent_for`` checks that the batch can decide it.
        levels: as of every scripted agent.
    """

    def __init__(self, policy: PolicyConfig, levels: int | Sequence[int] | None = None) -> None:
        super().__init__(levels)
        self._policy = policy
        self._tree: dict[bool, Node] = {}  # by whether SimCash's rules hold

    def trees(self, vec: SimCashVec) -> Sequence[Node]:
        """Return the policy's payment tree for every bank."""
        simcash = vec.config.rules.set == "simcash"
        if simcash not in self._tree:
            self._tree[simcash] = scripted_trees(self._policy, simcash=simcash).payment
        return (self._tree[simcash],) * vec.num_banks


def agent_for(policy: PolicyConfig, levels: int | Sequence[int] | None = None) -> ScriptedAgent:
    """The agent that does through the environment what a policy of a scenario file does in the kernel.

    Raises:
        ActionError: an external policy, or a tree that asks or does what the batch does not offer.
    """
    kind = getattr(policy, "type", policy)
    if isinstance(policy, TreePolicy):
        check_trees(policy)
    elif not isinstance(kind, str) or kind not in POLICIES:
        message = f"no agent for the policy {kind!r}"
        raise ActionError(message)
    return PolicyAgent(policy, levels)


def check_trees(policy: TreePolicy) -> None:
    """Refuse a tree that the batch cannot decide.

    It shows a bank's own account and queue. Trees that ask more, remember, set budgets or move collateral run in the
    kernel alone.

    Raises:
        ActionError: names what it asks or does.
    """
    others = [name for name in policy.definition if name.endswith("_tree") and name != "payment_tree"]
    if others:
        message = f"{', '.join(others)}: only payment trees can be decided through the batch"
        raise ActionError(message)
    check_node(policy.definition["payment_tree"])


def check_node(node: Any) -> None:
    """Refuse what the agent cannot do.

    Raises:
        ActionError: names it.
    """
    if isinstance(node, list):
        for part in node:
            check_node(part)
    if not isinstance(node, dict):
        return
    if "action" in node and (node["action"] not in ACTIONS or node.get("parameters")):
        message = f"{node.get('node_id')}: the action {node['action']!r} cannot be decided through the batch"
        raise ActionError(message)
    if "field" in node and node["field"] not in FIELDS:
        message = f"field {node['field']!r}: the batch does not show it; this tree runs in the kernel only"
        raise ActionError(message)
    if "compute" in node and node["compute"].get("op") not in OPERATORS:
        message = f"operator {node['compute'].get('op')!r} cannot be decided through the batch"
        raise ActionError(message)
    for key, part in node.items():
        if not is_annotation(key):
            check_node(part)
