"""From a learner's action to decisions on payments: the ``queue`` action."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simcash_env.arrays import I64, Scenario, State, Work
from simcash_env.codes import NONE, RtgsPriority, Verb
from simcash_env.kernels._jit import kernel
from simcash_env.kernels._views import part
from simcash_env.kernels.judgement import may_split
from simcash_env.kernels.pool import may_allocate

I16 = npt.NDArray[np.int16]

HOLD = int(Verb.HOLD)
RELEASE = int(Verb.RELEASE)
DROP = int(Verb.DROP)
SPLIT = int(Verb.SPLIT)
LEAST_URGENT = int(RtgsPriority.NORMAL)


@kernel
def decode(
    scenario: Scenario,
    state: State,
    work: Work,
    learners: I64,
    copy: int,
    actions: I16,
    illegal: I64,
    num_heads: int,
    num_slots: int,
) -> None:
    """Write the decisions of all learning banks; a verb that may not be carried out counts as hold and is counted."""
    num_learners = learners.shape[0]
    for index in range(num_learners):
        bank, row = learners[index], copy * num_learners + index
        choices = part(actions, row * num_heads, num_heads)
        urgency, head = LEAST_URGENT, num_slots
        if scenario.orders_queue2_by_priority[0]:
            urgency = LEAST_URGENT - choices[head]
            head += 1
        refused = decode_slots(scenario, state, work, bank, choices, urgency, num_slots)
        work.bank_pool_level[bank] = NONE
        if head < num_heads:
            if may_allocate(scenario, state, bank):
                work.bank_pool_level[bank] = choices[head]
            elif choices[head] > 0:
                refused += 1
        illegal[row] = refused


@kernel
def decode_slots(
    scenario: Scenario, state: State, work: Work, bank: int, choices: I16, urgency: int, num_slots: int
) -> int:
    """Decisions on Queue 1 in its order; what is beyond the window is held. Returns the number of illegal verbs."""
    slot, illegal, max_split = 0, 0, scenario.max_split[0]
    row = state.bank_queue1_head[bank]
    while row != NONE:
        decision = HOLD
        if slot < num_slots:
            choice = choices[slot]
            if choice == 1:
                decision = RELEASE
            elif choice > max_split:
                decision = DROP
            elif choice > 1:
                if may_split(scenario, state, row, choice):
                    decision = SPLIT + choice
                else:
                    illegal += 1
            if scenario.orders_queue2_by_priority[0] and decision != HOLD:
                state.pay_rtgs_priority[row] = urgency
            slot += 1
        work.pay_decision[row] = decision
        row = state.pay_next[row]
    for empty in range(slot, num_slots):
        illegal += choices[empty] != 0
    return illegal
