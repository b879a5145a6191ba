"""Bank trees: once a tick, before the bank decides on its payments, a release budget or a change of its memory."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels._numba.units import unit
from simcash_env.kernels.record import record_values
from simcash_env.kernels.trees.bank_fields import note_nearest_deadlines
from simcash_env.kernels.trees.interpreter import record_path, to_whole, walk
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, PPM, EventKind, TreeAction

SET_BUDGET = int(TreeAction.SET_RELEASE_BUDGET)
SET_STATE, ADD_STATE = int(TreeAction.SET_STATE), int(TreeAction.ADD_STATE)
BUDGET_SET = int(EventKind.BANK_BUDGET_SET)
REGISTER_SET = int(EventKind.STATE_REGISTER_SET)


@kernel
def run_bank_trees(scenario: Scenario, state: State, work: Work) -> None:
    """Let every bank with a bank tree take one action; release budgets hold for this tick only."""
    if scenario.num_bank_trees[0] == 0:
        return
    run_trees(scenario, state, work)


@unit
def run_trees(scenario: Scenario, state: State, work: Work) -> None:
    """Run the bank trees of all banks."""
    note_nearest_deadlines(scenario, state, work)
    for bank in range(scenario.num_banks[0]):
        state.bank_budget_node[bank] = NONE
        root = scenario.bank_bank_root[bank]
        if root != NONE:
            act(scenario, state, work, bank, walk(scenario, state, work, root, bank, NONE))


@kernel
def act(scenario: Scenario, state: State, work: Work, bank: int, leaf: int) -> None:
    """Carry out a bank tree's action, whose values lie on the stack; what is not for banks is no action."""
    action = scenario.node_action[leaf]
    record_path(scenario, state, work, bank, NONE, NONE, leaf)
    if action == SET_BUDGET:
        state.bank_budget_node[bank] = leaf
        state.bank_budget_cents[bank] = to_whole(float(work.stack[0]))
        state.bank_budget_each_cents[bank] = to_whole(float(work.stack[1]))
        each = state.bank_budget_each_cents[bank]
        record_values(state, work, BUDGET_SET, bank, NONE, NONE, state.bank_budget_cents[bank], each, NONE)
    elif action == SET_STATE or action == ADD_STATE:
        register, value = scenario.node_key[leaf], float(work.stack[0])
        at = bank * scenario.num_registers[0] + register
        if action == ADD_STATE:
            value += float(state.register_value[at])
        state.register_value[at] = value
        record_values(state, work, REGISTER_SET, bank, NONE, NONE, NONE, register, to_whole(value * PPM))
