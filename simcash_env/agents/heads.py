"""The optional heads of an action, in their order: what each may choose now, and what a choice becomes."""

from __future__ import annotations

from simcash_env.agents.tables import I8, I16, Window
from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels.collateral import may_withdraw, spare_collateral
from simcash_env.kernels.market.choices import order_cents, rate_of, side_of
from simcash_env.kernels.pool import may_allocate
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import (
    COLLATERAL_CHOICES,
    MARKET_CHOICES,
    NONE,
    POOL_LEVELS,
    RECALL_CHOICES,
    Phase,
    RecallChoice,
    RtgsPriority,
    Verb,
)

NUM_RTGS_PRIORITIES = len(RtgsPriority)
LEAST_URGENT = int(RtgsPriority.NORMAL)
CLOSING = int(Phase.CLOSING)
WAIT, WITHDRAW, RESUBMIT = int(Verb.WAIT), int(Verb.WITHDRAW), int(Verb.RESUBMIT)
KEEP, LARGEST, EVERY = int(RecallChoice.KEEP), int(RecallChoice.WITHDRAW_LARGEST), int(RecallChoice.WITHDRAW_ALL)
RESUBMIT_NORMAL = int(RecallChoice.RESUBMIT_NORMAL)
POSTS = COLLATERAL_CHOICES // 2


@kernel
def chosen_urgency(window: Window, choices: I16) -> int:
    """RTGS priority of what is released: the first optional head, which is there in priority mode only."""
    return LEAST_URGENT - choices[window.num_main]  # type: ignore[no-any-return]


@kernel
def decode_heads(scenario: Scenario, state: State, work: Work, window: Window, bank: int, choices: I16) -> int:
    """Write a bank's pool level, collateral, recalls and order; returns how many choices may not be carried out."""
    refused, head = 0, window.num_main
    if scenario.orders_queue2_by_priority[0]:
        head += 1
    work.bank_pool_level[bank] = NONE
    if window.has_pool:
        if may_allocate(scenario, state, bank):
            work.bank_pool_level[bank] = choices[head]
        else:
            refused += choices[head] > 0
        head += 1
    if scenario.offers_collateral[0]:
        refused += decode_collateral(scenario, state, work, bank, choices[head])
        head += 1
    if scenario.offers_recall[0]:
        refused += decode_recall(scenario, state, work, bank, choices[head])
        head += 1
    if window.has_orders:
        refused += decode_order(scenario, state, work, bank, choices[head])
    return refused


@kernel
def collateral_cents(scenario: Scenario, state: State, bank: int, choice: int) -> int:
    """Cents that a choice posts, or withdraws where negative: a quarter, half, all of what may be; 0 for nothing."""
    if choice == 0:
        return 0
    is_post = choice <= POSTS
    if is_post:
        room = scenario.bank_collateral_capacity_cents[bank] - state.bank_posted_collateral_cents[bank]
    else:
        room = spare_collateral(scenario, state, bank) if may_withdraw(scenario, state, bank) else 0
    step = choice if is_post else choice - POSTS
    cents = max(room, 0) >> (POSTS - step)
    return cents if is_post else -cents  # type: ignore[no-any-return]


@kernel
def decode_collateral(scenario: Scenario, state: State, work: Work, bank: int, choice: int) -> int:
    """Post or withdraw; once the tick is under way (a call for room) that has been done. Returns 1 if refused."""
    if state.phase[0] == CLOSING:
        return 0
    cents = collateral_cents(scenario, state, bank, choice)
    work.bank_collateral_ask_cents[bank] = cents
    return int(choice > 0 and cents == 0)


@kernel
def may_recall(scenario: Scenario, state: State, bank: int, choice: int) -> bool:
    """Is there anything in Queue 2 to take out, and are there priorities to choose from?"""
    if choice == KEEP:
        return True
    if choice >= RESUBMIT_NORMAL and not scenario.orders_queue2_by_priority[0]:
        return False
    return state.bank_queue2_count[bank] > 0  # type: ignore[no-any-return]


@kernel
def decode_recall(scenario: Scenario, state: State, work: Work, bank: int, choice: int) -> int:
    """Decide on every Queue-2 payment of a bank. Returns 1 if refused."""
    if not may_recall(scenario, state, bank, choice):
        return 1 + decode_recall_rows(state, work, bank, KEEP)
    return decode_recall_rows(state, work, bank, choice)


@kernel
def decode_recall_rows(state: State, work: Work, bank: int, choice: int) -> int:
    """Likewise, of a choice that may be carried out; the first of the largest where that one is meant."""
    row, largest = state.queue2_head[0], NONE
    while row != NONE:
        if state.pay_sender[row] == bank:
            work.pay_decision[row] = WAIT
            if choice == EVERY:
                work.pay_decision[row] = WITHDRAW
            elif choice >= RESUBMIT_NORMAL:
                work.pay_decision[row] = RESUBMIT
                work.pay_new_priority[row] = LEAST_URGENT - (choice - RESUBMIT_NORMAL)
            if largest == NONE or state.pay_remaining_cents[row] > state.pay_remaining_cents[largest]:
                largest = row
        row = state.pay_next[row]
    if choice == LARGEST:
        work.pay_decision[largest] = WITHDRAW
    work.has_recalls[0] = 1
    return 0


@kernel
def unlendable(scenario: Scenario, state: State, bank: int) -> int:
    """Cents of the pool that the bank may give back by another choice of the same action."""
    return state.bank_pool_allocated_cents[bank] if may_allocate(scenario, state, bank) else 0


@kernel
def decode_order(scenario: Scenario, state: State, work: Work, bank: int, choice: int) -> int:
    """The order that the bank wants to have; none, or one that is refused, takes out what rests. Returns 1 if refused.

    Once the tick is under way (a call for room) it has been set aside.
    """
    if state.phase[0] == CLOSING:
        return 0
    cents = order_cents(scenario, state, bank, choice, unlendable(scenario, state, bank))
    work.trader_order_side[bank] = side_of(choice) if cents > 0 else 0
    work.trader_order_rate[bank] = rate_of(scenario, choice) if cents > 0 else 0
    work.trader_order_cents[bank] = cents
    work.has_orders[0] = 1
    return int(choice > 0 and cents == 0)


@kernel
def write_head_masks(scenario: Scenario, state: State, window: Window, bank: int, mask: I8) -> None:
    """Exactly the choices of the optional heads that would be carried out."""
    at = window.num_main * window.num_choices
    if scenario.orders_queue2_by_priority[0]:
        for choice in range(NUM_RTGS_PRIORITIES):
            mask[at + choice] = 1
        at += window.num_choices
    if window.has_pool:
        may_choose = may_allocate(scenario, state, bank)
        mask[at] = 1
        for level in range(1, POOL_LEVELS):
            mask[at + level] = may_choose
        at += window.num_choices
    if scenario.offers_collateral[0]:
        mask[at] = 1
        for choice in range(1, COLLATERAL_CHOICES):
            mask[at + choice] = collateral_cents(scenario, state, bank, choice) != 0
        at += window.num_choices
    if scenario.offers_recall[0]:
        for choice in range(RECALL_CHOICES):
            mask[at + choice] = may_recall(scenario, state, bank, choice)
        at += window.num_choices
    if window.has_orders:
        mask[at], kept = 1, unlendable(scenario, state, bank)
        for choice in range(1, MARKET_CHOICES):
            mask[at + choice] = order_cents(scenario, state, bank, choice, kept) > 0
