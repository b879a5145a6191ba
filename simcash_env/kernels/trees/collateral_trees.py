"""Collateral trees: how much to post or to withdraw, and when what is posted is to come back."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels._numba.units import unit
from simcash_env.kernels.collateral import post_collateral, withdraw_collateral
from simcash_env.kernels.trees.bank_fields import note_nearest_deadlines
from simcash_env.kernels.trees.interpreter import record_path, to_whole, walk
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, TreeAction

POST, WITHDRAW = int(TreeAction.POST_COLLATERAL), int(TreeAction.WITHDRAW_COLLATERAL)
KEEP = int(TreeAction.HOLD_COLLATERAL)


@kernel
def run_strategic_trees(scenario: Scenario, state: State, work: Work) -> None:
    """Let every bank with a strategic collateral tree post or withdraw; each decision takes effect at once."""
    if scenario.num_collateral_trees[0] == 0:
        return
    run_trees(scenario, state, work, False)


@kernel
def run_end_of_tick_trees(scenario: Scenario, state: State, work: Work) -> None:
    """Let every bank with an end-of-tick collateral tree post or withdraw."""
    if scenario.num_collateral_trees[0] == 0:
        return
    run_trees(scenario, state, work, True)


@unit
def run_trees(scenario: Scenario, state: State, work: Work, is_end: bool) -> None:
    """Run the strategic trees of all banks, or the trees for the end of the tick."""
    note_nearest_deadlines(scenario, state, work)
    for bank in range(scenario.num_banks[0]):
        strategic, end = scenario.bank_strategic_collateral_root[bank], scenario.bank_end_collateral_root[bank]
        run_tree(scenario, state, work, bank, end if is_end else strategic)


@kernel
def run_tree(scenario: Scenario, state: State, work: Work, bank: int, root: int) -> None:
    """Decide, and carry out."""
    if root == NONE:
        return
    action, cents, ticks = decide_on_collateral(scenario, state, work, bank, root)
    if action == POST:
        post_collateral(scenario, state, work, bank, cents, ticks)
    elif action == WITHDRAW:
        withdraw_collateral(scenario, state, work, bank, cents)


@kernel
def decide_on_collateral(scenario: Scenario, state: State, work: Work, bank: int, root: int) -> tuple[int, int, int]:
    """Walk one of a bank's collateral trees; ``root`` is its strategic or its end-of-tick one, and there is one.

    Returns ``codes.TreeAction`` (POST_COLLATERAL, WITHDRAW_COLLATERAL or HOLD_COLLATERAL), the cents requested, always
    positive unless nothing is to be done, and the ticks after which a post is to be withdrawn, 0 for never.
    """
    leaf = walk(scenario, state, work, root, bank, NONE)
    action = scenario.node_action[leaf]
    record_path(scenario, state, work, bank, NONE, NONE, leaf)
    if action != POST and action != WITHDRAW:
        return KEEP, 0, 0
    cents, ticks = to_whole(float(work.stack[0])), to_whole(float(work.stack[1]))
    if cents <= 0:
        return KEEP, 0, 0
    return action, cents, max(ticks, 0)
