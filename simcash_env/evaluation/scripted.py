"""Scripted cash managers that decide through the environment's public batch, as a learned one does.

The named policies do the same inside the kernel, to the cent: ``rollout.run_scripted`` runs them there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from simcash_env.agents.observation import AT
from simcash_env.config import DeadlinePolicy, FifoPolicy, LiquidityAwarePolicy
from simcash_env.config.policies import LiquidityReservePolicy, LiquiditySplittingPolicy, PolicyConfig, TreePolicy
from simcash_env.envs.vector import SimCashVec
from simcash_env.errors import ActionError
from simcash_env.policies.splitting import URGENT_TICKS
from simcash_env.schema.arrays import I64
from simcash_env.schema.codes import PPM
from simcash_env.schema.limits import POOL_LEVELS

Bools = npt.NDArray[np.bool_]
View = dict[str, I64]


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
        self.drop_due(vec, view, actions)
        return actions

    def drop_due(self, vec: SimCashVec, view: View, actions: I64) -> None:
        """Replace the decision on payments that are to be dropped."""
        drops = view["present"].astype(bool) & self.drops(vec, view)
        if drops.any():
            actions[:, :, : vec.num_slots][drops] = vec.slot_choices.drop

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

    def drops(self, vec: SimCashVec, view: View) -> Bools:
        """(N, L, K) payments to drop."""
        return np.zeros(view["present"].shape, bool)

    def _set_pool(self, vec: SimCashVec, view: View, actions: I64) -> None:
        """Choose the share, and see the account as it will be when that is allocated."""
        views = [variant.view for variant in vec.variants]
        pools = np.stack([view.bank_pool_cents[vec.learners] for view in views])[vec.members]
        configured = np.stack([view.bank_pool_fraction_ppm[vec.learners] for view in views])[vec.members]
        per_level = PPM // (POOL_LEVELS - 1)
        levels = np.rint(configured / per_level).astype(np.int64) if self.levels is None else self.levels
        chosen, head = np.broadcast_to(np.asarray(levels, np.int64), pools.shape), vec.head_index["pool"]
        may_choose = vec.masks[:, :, head, 1:].any(axis=2)
        actions[:, :, head] = np.where(may_choose, chosen, 0)
        is_first = vec.features[:, :, AT.run_position] == 0.0
        change = pools * chosen * per_level // PPM - pools * configured // PPM
        for name in ("balance", "available_liquidity", "effective_liquidity"):
            view[name] = view[name] + np.where(may_choose & is_first, change, 0)


class Fifo(ScriptedAgent):
    """Release everything at once."""

    def releases(self, view: View) -> Bools:
        """Everything."""
        return view["present"].astype(bool)


class HoldAll(ScriptedAgent):
    """Never release anything."""

    def releases(self, view: View) -> Bools:
        """Nothing."""
        return np.zeros(view["present"].shape, bool)


class DropsAtDeadline(ScriptedAgent):
    """A named policy that, under SimCash's rules, drops a payment at its deadline."""

    def drops(self, vec: SimCashVec, view: View) -> Bools:
        """What has reached its deadline, under SimCash's rules."""
        is_due = view["ticks_to_deadline"] <= 0
        return is_due if vec.config.rules.set == "simcash" else np.zeros_like(is_due)


class Deadline(DropsAtDeadline):
    """Release when at most ``urgency_threshold`` ticks are left."""

    def __init__(self, urgency_threshold: int, levels: int | Sequence[int] | None = None) -> None:
        super().__init__(levels)
        self.urgency_threshold = urgency_threshold

    def releases(self, view: View) -> Bools:
        """What is urgent."""
        return view["ticks_to_deadline"] <= self.urgency_threshold


class LiquidityAware(DropsAtDeadline):
    """Release what is affordable, and unless it is urgent only while a buffer remains."""

    def __init__(self, target_buffer: int, urgency_threshold: int, levels: int | Sequence[int] | None = None) -> None:
        super().__init__(levels)
        self.target_buffer, self.urgency_threshold = target_buffer, urgency_threshold

    def releases(self, view: View) -> Bools:
        """Each payment compared on its own with the account before the tick."""
        remaining = view["remaining"]
        is_affordable = view["effective_liquidity"][:, :, None] >= remaining
        keeps_buffer = view["balance"][:, :, None] - remaining >= self.target_buffer
        is_urgent = view["ticks_to_deadline"] <= self.urgency_threshold
        return np.where(is_urgent | (self.target_buffer == 0), is_affordable, keeps_buffer).astype(bool)


class LiquidityReserve(ScriptedAgent):
    """As LiquidityAware, but it counts what it has released in the same tick, and never drops."""

    def __init__(self, target_buffer: int, urgency_threshold: int, levels: int | Sequence[int] | None = None) -> None:
        super().__init__(levels)
        self.target_buffer, self.urgency_threshold = target_buffer, urgency_threshold

    def releases(self, view: View) -> Bools:
        """One payment after another, each with what the ones before have left."""
        present = view["present"].astype(bool)
        released = np.zeros(present.shape, bool)
        committed = np.zeros(present.shape[:2], np.int64)
        for slot in range(present.shape[2]):
            remaining = view["remaining"][:, :, slot]
            is_urgent = view["ticks_to_deadline"][:, :, slot] <= self.urgency_threshold
            funds = np.where(is_urgent, view["available_liquidity"], view["balance"])
            released[:, :, slot] = present[:, :, slot] & (funds - committed - remaining >= self.target_buffer)
            committed += np.where(released[:, :, slot], remaining, 0)
        return released


class LiquiditySplitting(DropsAtDeadline):
    """Release what the balance affords, split what it does not; the scenario must let learners split as far.

    The batch does not show which payments are divisible, so under ``split_scope: divisible`` all of a bank's must be.
    """

    def __init__(self, max_splits: int, min_split_amount: int, levels: int | Sequence[int] | None = None) -> None:
        super().__init__(levels)
        self.max_splits, self.min_split_amount = max_splits, min_split_amount

    def act(self, vec: SimCashVec) -> I64:
        """Release, or the number of parts, or hold; at the deadline drop, under SimCash's rules."""
        choices = vec.slot_choices
        choices.split(self.max_splits)  # an error where the scenario does not offer so many parts
        actions, view = self.begin(vec)
        remaining, balance = view["remaining"], view["balance"][:, :, None]
        parts = np.where(view["ticks_to_deadline"] <= URGENT_TICKS, self.max_splits, 2)
        if vec.config.rules.set != "simcash" and self.min_split_amount:
            parts = np.minimum(parts, remaining // self.min_split_amount)
        can_split = (balance > 0) & (parts >= 2) & (remaining >= parts)
        can_split &= vec.masks[:, :, : vec.num_slots, choices.split(2)].astype(bool)
        chosen = np.where(can_split, choices.splits()[parts], choices.hold)
        chosen = np.where(balance >= remaining, choices.release, chosen)
        actions[:, :, : vec.num_slots] = np.where(view["present"].astype(bool), chosen, choices.hold)
        self.drop_due(vec, view, actions)
        return actions


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


def agent_for(policy: PolicyConfig, levels: int | Sequence[int] | None = None) -> ScriptedAgent:
    """The agent that does through the environment what a named policy does in the kernel."""
    if isinstance(policy, FifoPolicy):
        return Fifo(levels)
    if isinstance(policy, DeadlinePolicy):
        return Deadline(policy.urgency_threshold, levels)
    if isinstance(policy, LiquidityAwarePolicy):
        return LiquidityAware(policy.target_buffer, policy.urgency_threshold, levels)
    if isinstance(policy, LiquidityReservePolicy):
        return LiquidityReserve(policy.target_buffer, policy.urgency_threshold, levels)
    if isinstance(policy, LiquiditySplittingPolicy):
        return LiquiditySplitting(policy.max_splits, policy.min_split_amount, levels)
    if isinstance(policy, TreePolicy):
        from simcash_env.evaluation.tree_agent import TreeAgent  # it stands on this module

        return TreeAgent(policy, levels)
    message = f"no agent for the policy {getattr(policy, 'type', policy)!r}"
    raise ActionError(message)
