"""Candidate actions of a rollout policy: what else the banks could do at a decision than what is chosen so far.

A source of candidates is any object with ``propose``; ``RolloutAgent`` compares what it proposes. Constants of another
kind of action become candidates in the same way: as heads (N, L, H) of that action.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final, Protocol

import numpy as np

from simcash_env.config.policies import PolicyConfig
from simcash_env.envs.vector import SimCashVec
from simcash_env.errors import ActionError
from simcash_env.evaluation.forks import Forks
from simcash_env.evaluation.scripted import View, choices_of, set_levels
from simcash_env.schema.arrays import I64
from simcash_env.schema.codes import Verb
from simcash_env.schema.limits import POOL_LEVELS

LAST_LEVEL: Final = POOL_LEVELS - 1


class Candidates(Protocol):
    """A source of candidates."""

    def propose(self, vec: SimCashVec, view: View, chosen: I64, bank: int | None) -> list[I64]:
        """Actions, each (N, L, H), to compare with ``chosen`` (N, L, H).

        Args:
            vec: the batch, at a decision.
            view: ``vec.queue1_view()``.
            chosen: the best actions so far.
            bank: the learning bank that decides, by its place; the rows of others are not looked at. None: all banks
                decide jointly, and a candidate may change any of them.
        """


class PolicyDecisions:
    """What a scripted policy decides on the payments of a batch, as heads of the queue action.

    Args:
        vec: the batch.
        policy: of all learning banks.

    Raises:
        ActionError: the kernel cannot play it for learners, see ``Forks``.
    """

    def __init__(self, vec: SimCashVec, policy: PolicyConfig) -> None:
        self.forks = Forks(vec, policy)

    def act(self, vec: SimCashVec, view: View, heads: I64) -> I64:
        """(N, L, H) with the policy's decisions on payments, and the optional heads of ``heads``.

        Raises:
            ActionError: the policy drops payments or splits them into parts that the scenario does not let learners.
        """
        actions = heads.copy()
        slots = slice(0, vec.num_slots)
        actions[:, :, slots] = vec.slot_choices.hold
        decisions = self.forks.decisions(actions)
        for parts in np.unique(decisions[decisions > Verb.SPLIT] - Verb.SPLIT).tolist():
            vec.slot_choices.split(parts)  # raises where the scenario does not offer it
        actions[:, :, slots] = choices_of(vec, decisions, view["present"].astype(bool), slots)
        return actions


class Scripts:
    """What other scripted policies would do; those that cannot decide through the batch are left out.

    Args:
        policies: the policies.
    """

    def __init__(self, policies: Sequence[PolicyConfig]) -> None:
        self._policies = policies
        self._found: list[PolicyDecisions] = []
        self._vec: SimCashVec | None = None

    def propose(self, vec: SimCashVec, view: View, chosen: I64, bank: int | None) -> list[I64]:
        """One candidate a policy that can decide here."""
        if self._vec is not vec:
            self._vec, self._found = vec, list(_played(vec, self._policies))
        found = []
        for decisions in self._found:
            with suppress(ActionError):  # it drops or splits a payment, which the scenario does not let learners
                found.append(decisions.act(vec, view, chosen))
        return found


def _played(vec: SimCashVec, policies: Sequence[PolicyConfig]) -> Iterator[PolicyDecisions]:
    """The policies that the kernel can play for learners."""
    for policy in policies:
        with suppress(ActionError):
            yield PolicyDecisions(vec, policy)


class Orders:
    """Release all, hold all, or release what is funded in an order: queue, urgent first, large first, small first."""

    def propose(self, vec: SimCashVec, view: View, chosen: I64, bank: int | None) -> list[I64]:
        """Six candidates."""
        if "pool" in vec.head_index:
            view = dict(view)
            set_levels(vec, view, chosen.copy(), chosen[:, :, vec.head_index["pool"]])
        cents, ticks, present = view["remaining"], view["ticks_to_deadline"], view["present"].astype(bool)
        choices, slots = vec.slot_choices, np.broadcast_to(np.arange(vec.num_slots), cents.shape)
        keys = (slots, ticks, -cents, cents)
        sets = [present, np.zeros_like(present), *(funded(view, key) for key in keys)]
        found = []
        for releases in sets:
            actions = chosen.copy()
            actions[:, :, : vec.num_slots] = np.where(releases & present, choices.release, choices.hold)
            found.append(actions)
        return found


def funded(view: View, keys: I64) -> np.typing.NDArray[np.bool_]:
    """(N, L, K) payments that the available liquidity covers, in ascending order of a key; ties in queue order."""
    cents, present = view["remaining"], view["present"].astype(bool)
    far = int(keys.max(initial=0)) + 1
    order = np.where(present, keys, far).argsort(axis=2, kind="stable")
    released, left = np.zeros(cents.shape, bool), view["available_liquidity"].astype(np.int64)
    for place in range(int(present.sum(axis=2).max(initial=0))):
        at = order[:, :, place : place + 1]
        need = np.take_along_axis(cents * present, at, axis=2)[:, :, 0]
        goes = (need > 0) & (need <= left)
        left = left - np.where(goes, need, 0)
        np.put_along_axis(released, at, goes[:, :, None], axis=2)
    return released


class Changes:
    """One payment treated otherwise than chosen: released if it is held, held if it is not; large payments first.

    Args:
        limit: payments that are tried, of the deciding bank or of all banks together.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def propose(self, vec: SimCashVec, view: View, chosen: I64, bank: int | None) -> list[I64]:
        """At most ``limit`` candidates."""
        choices, slots = vec.slot_choices, vec.num_slots
        cents = view["remaining"] * view["present"]
        if bank is not None:
            cents = cents * (np.arange(vec.num_banks)[:, None] == bank)
        flat = cents.reshape(len(cents), -1)
        order = (-flat).argsort(axis=1, kind="stable")[:, : self._limit]
        is_held = vec.slot_choices.means(chosen[:, :, :slots], Verb.HOLD)
        found = []
        for place in range(order.shape[1]):
            at = order[:, place]
            rows = np.flatnonzero(np.take_along_axis(flat, at[:, None], axis=1)[:, 0] > 0)
            if not len(rows):
                break
            banks, payments = np.divmod(at[rows], slots)
            actions = chosen.copy()
            held = is_held[rows, banks, payments]
            actions[rows, banks, payments] = np.where(held, choices.release, choices.hold)
            found.append(actions)
        return found


class PoolLevels:
    """Other levels of the liquidity pool, where the banks may choose one; decisions on payments stay as chosen.

    One bank tries every level. Banks that decide jointly shift all their levels by the same number, or one bank's
    level by one or two.
    """

    NEAR: Final = (-2, -1, 1, 2)

    def propose(self, vec: SimCashVec, view: View, chosen: I64, bank: int | None) -> list[I64]:
        """As many candidates as there are levels, or shifts of levels."""
        head = vec.head_index.get("pool")
        if head is None:
            return []
        may_choose = vec.masks[:, :, head, 1:].any(axis=2)
        if not may_choose.any():
            return []
        levels, found = chosen[:, :, head], []
        if bank is None:
            wanted = [levels + shift for shift in range(-LAST_LEVEL, LAST_LEVEL + 1)]
            one = np.eye(vec.num_banks, dtype=np.int64)
            wanted += [levels + shift * row for row in one for shift in self.NEAR]
        else:
            wanted = [np.full_like(levels, level) for level in range(POOL_LEVELS)]
        for other in wanted:
            actions = chosen.copy()
            actions[:, :, head] = np.where(may_choose, other.clip(0, LAST_LEVEL), levels)
            found.append(actions)
        return found
