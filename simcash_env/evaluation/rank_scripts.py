"""Scripted policies as ``rank`` actions: functions from a policy's settings to values of the components.

A search over constants, and a learner, can start from them. Values are constants wherever the script allows it; some
follow the account or the queue. What a rank action cannot say is in the docstring of each function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from simcash_env.config.policies import (
    DeadlinePolicy,
    FifoPolicy,
    LiquidityAwarePolicy,
    LiquidityReservePolicy,
    LiquiditySplittingPolicy,
    PolicyConfig,
    TreePolicy,
)
from simcash_env.envs.actions import RankAction
from simcash_env.envs.vector import SimCashVec
from simcash_env.errors import ActionError
from simcash_env.policies.splitting import URGENT_TICKS
from simcash_env.schema.limits import HIGHEST_PRIORITY, SHARE_STEPS
from simcash_env.schema.rank import within_ticks

F64 = npt.NDArray[np.float64]
Values: TypeAlias = dict[str, Any]
"""Values of components by name: one number, or (N, L)."""

NOTHING: Final[Values] = {"submit_closing": 0.0, "balance_share": 0.0}
"""Release nothing."""
MET: Final = 0.5 - 1.0 / SHARE_STEPS
"""The feature ``offset`` of a payment for which as much is waiting the other way, less one step."""
LEAST: Final = 1.0 / SHARE_STEPS
A_CENT: Final = 1.5
"""A budget of a cent, with room for rounding: it is never spent, so that splits go on."""


class Account:
    """The numbers of a batch that values may follow, (N, L) in cents, and (N, L, K) of Queue 1."""

    def __init__(self, vec: SimCashVec) -> None:
        view = vec.queue1_view()
        self.balance = view["balance"].astype(np.float64)
        self.available = view["available_liquidity"].astype(np.float64)
        self.effective = view["effective_liquidity"].astype(np.float64)
        self.cents = (view["remaining"] * view["present"]).astype(np.float64)
        self.ticks = view["ticks_to_deadline"]
        self.max_split = vec.config.actions.max_split

    def add(self, cents: F64) -> None:
        """See the account as it is when the pool share of the same action has changed it by so many cents."""
        self.balance, self.available = self.balance + cents, np.maximum(self.available + cents, 0.0)
        self.effective = self.effective + cents

    def due_within(self, ticks: int) -> F64:
        """Cents (N, L) of Queue 1 with at most this number of ticks left."""
        due: F64 = (self.cents * (self.ticks <= ticks)).sum(axis=2)
        return due

    def fitting(self, ticks: int, budget: F64) -> F64:
        """Cents (N, L) of the payments with at most this number of ticks left that fit into a budget in turn."""
        spent = np.zeros(budget.shape)
        due = self.cents * (self.ticks <= ticks)
        for slot in range(due.shape[2]):
            spent += np.where(spent + due[:, :, slot] <= budget, due[:, :, slot], 0.0)
        return spent


def share(part: F64, whole: F64) -> F64:
    """A part of a whole from 0 to 1; 0 of nothing."""
    return np.clip(part / np.maximum(whole, 1.0), 0.0, 1.0)


def fifo(_policy: FifoPolicy, _account: Account) -> Values:
    """Release everything: the default. Exact."""
    return {}


def deadline(policy: DeadlinePolicy, _account: Account) -> Values:
    """Release what is due within ``urgency_threshold`` ticks. Exact where the script does not drop."""
    return NOTHING | {"submit_urgent": within_ticks(policy.urgency_threshold)}


def liquidity_aware(policy: LiquidityAwarePolicy, account: Account) -> Values:
    """Release each payment that alone keeps the buffer, and urgent ones that the bank can pay alone.

    Where an urgent payment is larger than that, urgent payments count as small ones up to what the bank can pay, if no
    other payment lies in between; else they are held with the others.
    """
    if policy.target_buffer == 0:
        return NOTHING | {"unfunded_share": 0.0, "submit_small": share(account.effective, account.available)}
    funds, is_urgent = account.balance - policy.target_buffer, account.ticks <= policy.urgency_threshold
    is_large = account.cents > account.effective[..., None]
    is_between = (account.cents > funds[..., None]) & ~is_large & ~is_urgent
    all_payable, none_between = ~(is_large & is_urgent).any(axis=2), ~is_between.any(axis=2)
    small = np.where(~all_payable & none_between, np.maximum(account.effective, funds), funds)
    return NOTHING | {
        "unfunded_share": 0.0,
        "submit_small": share(small, account.available),
        "submit_urgent": np.where(all_payable, within_ticks(policy.urgency_threshold), 0.0),
    }


def liquidity_reserve(policy: LiquidityReservePolicy, account: Account) -> Values:
    """Keep the buffer on the balance, urgent payments apart, which may use credit as far as it keeps the buffer.

    Where urgent payments need more than that, those that fit are released first, by deadline instead of in queue order.
    """
    urgent, own = account.due_within(policy.urgency_threshold), np.maximum(account.balance, 0.0)
    kept = np.maximum(account.balance - policy.target_buffer, 0.0)
    most = np.maximum(account.available - policy.target_buffer, 0.0)
    others = np.minimum(account.cents.sum(axis=2) - urgent, kept)
    is_payable = urgent + others <= most
    budget = np.where(is_payable, kept, np.maximum(kept, account.fitting(policy.urgency_threshold, most)))
    return NOTHING | {
        "weight_urgency": np.where(is_payable, 0.0, 1.0),
        "balance_share": share(budget, own),
        "credit_share": share(budget - own, account.available - own),
        "submit_urgent": np.where(is_payable, within_ticks(policy.urgency_threshold), 0.0),
    }


def liquidity_splitting(policy: LiquiditySplittingPolicy, account: Account) -> Values:
    """Release each payment that the balance alone covers, split the others in two while there is a balance.

    While a payment of five ticks or fewer is queued, all are split into ``max_splits``. The smallest part of the script
    and its drops cannot be said; splits need ``actions.max_split``.
    """
    most = max(account.max_split - 1, 1)
    parts = np.where(account.due_within(URGENT_TICKS) > 0.0, policy.max_splits, 2)
    return NOTHING | {
        "balance_share": np.clip(A_CENT / np.maximum(account.balance, 1.0), LEAST, 1.0),
        "unfunded_share": 0.0,
        "submit_small": share(account.balance, account.available),
        "split_parts": np.clip((parts - 1) / most, 0.0, 1.0),
    }


def balance_first(values: Mapping[str, float], _account: Account) -> Values:
    """Release what is due, and what the balance covers. Exact."""
    return NOTHING | {"submit_urgent": within_ticks(values["urgent_ticks"]), "balance_share": 1.0}


def offset_seeker(values: Mapping[str, float], account: Account) -> Values:
    """As ``balance_first``, and what can be offset against Queue 2. Exact to a millionth of the amount."""
    return balance_first(values, account) | {"submit_offset": MET}


def priority_first(values: Mapping[str, float], account: Account) -> Values:
    """As ``balance_first`` with a reserve, and urgent priorities at once. Exact."""
    return balance_first(values, account) | {
        "balance_share": 1.0 - values["reserve_share"],
        "submit_priority": (values["urgent_priority"] - 0.5) / HIGHEST_PRIORITY,
    }


def small_first(values: Mapping[str, float], account: Account) -> Values:
    """As ``balance_first``, small payments at once, and everything in the last ticks of the day. Exact."""
    return balance_first(values, account) | {
        "submit_small": values["small_share"],
        "submit_closing": within_ticks(values["closing_ticks"]),
    }


SCRIPTS: Final[dict[type[Any], Callable[[Any, Account], Values]]] = {
    FifoPolicy: fifo,
    DeadlinePolicy: deadline,
    LiquidityAwarePolicy: liquidity_aware,
    LiquidityReservePolicy: liquidity_reserve,
    LiquiditySplittingPolicy: liquidity_splitting,
}
"""Policies of scenario files."""
TREES: Final[dict[str, Callable[[Mapping[str, float], Account], Values]]] = {
    "balance_first": balance_first,
    "offset_seeker": offset_seeker,
    "priority_first": priority_first,
    "small_first": small_first,
}
"""Trees of the library."""


def rank_values(policy: PolicyConfig, account: Account) -> Values:
    """Return the values of components with which a rank action does what a script does now.

    Raises:
        ActionError: no such function; the message lists those there are.
    """
    if isinstance(policy, TreePolicy):
        name = Path(policy.file or "").stem
        if name in TREES:
            return TREES[name](policy.values, account)
    elif type(policy) in SCRIPTS:
        return SCRIPTS[type(policy)](policy, account)
    known = ", ".join([script.__name__ for script in SCRIPTS.values()] + list(TREES))
    message = f"policy: no rank action for {policy.type!r}; there is one for {known}"
    raise ActionError(message)


class RankScript:
    """A scripted policy that decides through the rank action; play it with ``evaluate_agent(..., action="rank")``.

    Args:
        policy: of all learning banks.
        shares: of the liquidity pool, one for all learning banks or one each; None for what the scenario allocates.
    """

    def __init__(self, policy: PolicyConfig, shares: npt.ArrayLike | None = None) -> None:
        self._policy, self._shares = policy, shares

    def act(self, vec: SimCashVec) -> Any:
        """Actions (N, L, H) at the present decision of every copy."""
        account, action = Account(vec), vec.action
        assert isinstance(action, RankAction)
        values: Values = {}
        if self._shares is not None and "pool" in vec.head_index:
            values["pool"] = self._shares
            if (vec.columns().tick == 0).all():  # the share is allocated before anything is paid
                view, chosen = vec.scenario.view, np.asarray(self._shares, np.float64)
                configured = view.bank_pool_fraction_ppm[vec.learners] / SHARE_STEPS
                account.add(view.bank_pool_cents[vec.learners] * (chosen - configured))
        return action.encode(vec, values | rank_values(self._policy, account))
