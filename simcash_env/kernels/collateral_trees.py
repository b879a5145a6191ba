"""What a collateral tree decides: how much to post or to withdraw, and when what is posted is to come back."""

from __future__ import annotations

from simcash_env.arrays import Scenario, State, Work
from simcash_env.codes import NONE, EventKind, TreeAction
from simcash_env.kernels._jit import kernel
from simcash_env.kernels.decision_tree import to_whole, walk
from simcash_env.kernels.record import record_values

POST, WITHDRAW = int(TreeAction.POST_COLLATERAL), int(TreeAction.WITHDRAW_COLLATERAL)
KEEP = int(TreeAction.HOLD_COLLATERAL)
TREE_DECISION = int(EventKind.TREE_DECISION)


@kernel
def decide_on_collateral(scenario: Scenario, state: State, work: Work, bank: int, root: int) -> tuple[int, int, int]:
    """Walk one of a bank's collateral trees; ``root`` is its strategic or its end-of-tick one, and there is one.

    Returns ``codes.TreeAction`` (POST_COLLATERAL, WITHDRAW_COLLATERAL or HOLD_COLLATERAL), the cents asked for, always
    positive unless nothing is to be done, and the ticks after which a post is to be withdrawn, 0 for never.
    """
    leaf = walk(scenario, state, work, root, bank, NONE)
    action = scenario.node_action[leaf]
    if scenario.node_path[leaf] != NONE:
        record_values(state, work, TREE_DECISION, bank, NONE, NONE, NONE, scenario.node_path[leaf], NONE)
    if action != POST and action != WITHDRAW:  # noqa: PLR1714 - two comparisons compile to less
        return KEEP, 0, 0
    cents, ticks = to_whole(float(work.stack[0])), to_whole(float(work.stack[1]))
    if cents <= 0:
        return KEEP, 0, 0
    return action, cents, max(ticks, 0)
