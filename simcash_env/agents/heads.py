"""The optional heads of an action: what each may choose now, and what a choice becomes.

Which heads there are and in which order says ``schema/heads.py``; ``window.heads`` has the numbers of those present.
"""

from __future__ import annotations

from simcash_env.agents.tables import I8, I32, Window
from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels._numba.units import unit
from simcash_env.kernels._numba.views import part
from simcash_env.kernels.collateral import may_withdraw, spare_collateral
from simcash_env.kernels.market.choices import order_cents, rate_of, side_of
from simcash_env.kernels.own_limits import (
    ask_send_limit,
    changes_send_limit,
    changes_sub_limit,
    send_limit_of_choice,
    sub_limit_of_choice,
)
from simcash_env.kernels.pool import may_allocate, pool_share_ppm
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import (
    COLLATERAL_CHOICES,
    MARKET_CHOICES,
    NO_CHANGE,
    NONE,
    REVOKE_CHOICES,
    SEND_LIMIT_CHOICES,
    SUB_LIMIT_CHOICES,
    Phase,
    RevokeChoice,
    RtgsPriority,
    Verb,
)
from simcash_env.schema.codes import KEEP as KEEP_LIMIT
from simcash_env.schema.heads import HEAD
from simcash_env.schema.limits import POOL_LEVELS, SHARE_STEPS

NUM_RTGS_PRIORITIES = len(RtgsPriority)
LEAST_URGENT = int(RtgsPriority.NORMAL)
CLOSING = int(Phase.CLOSING)
HOLD, WAIT, WITHDRAW, RESUBMIT = int(Verb.HOLD), int(Verb.WAIT), int(Verb.WITHDRAW), int(Verb.RESUBMIT)
KEEP, LARGEST, EVERY = int(RevokeChoice.KEEP), int(RevokeChoice.WITHDRAW_LARGEST), int(RevokeChoice.WITHDRAW_ALL)
RESUBMIT_NORMAL = int(RevokeChoice.RESUBMIT_NORMAL)
POSTS = COLLATERAL_CHOICES // 2


@kernel
def decode_heads(scenario: Scenario, state: State, work: Work, window: Window, bank: int, choices: I32) -> int:
    """Write what a bank chose in its optional heads; returns how many choices may not be carried out."""
    refused = 0
    work.bank_pool_share_ppm[bank] = NONE
    for place in range(window.heads.shape[0]):
        head, choice = window.heads[place], choices[window.num_main + place]
        refused += decode_head(scenario, state, work, bank, head, choice, window.pool_steps)
    return refused


@kernel
def decode_head(
    scenario: Scenario, state: State, work: Work, bank: int, head: int, choice: int, pool_steps: int
) -> int:
    """What a choice of a head becomes. Returns 1 if it may not be carried out."""
    if head == HEAD.rtgs_priority:
        return decode_urgency(state, work, bank, choice)
    if head == HEAD.pool:
        return decode_pool(scenario, state, work, bank, choice, pool_steps)
    return decode_rare_head(scenario, state, work, bank, head, choice)


@unit
def decode_rare_head(scenario: Scenario, state: State, work: Work, bank: int, head: int, choice: int) -> int:
    """The same for heads that few scenarios have."""
    if head == HEAD.collateral:
        return decode_collateral(scenario, state, work, bank, choice)
    if head == HEAD.revoke:
        return decode_revoke(scenario, state, work, bank, choice)
    if head == HEAD.sub_limit:
        return decode_sub_limit(scenario, state, work, bank, choice)
    if head == HEAD.send_limit:
        return decode_send_limit(scenario, state, work, bank, choice)
    if head == HEAD.market:
        return decode_order(scenario, state, work, bank, choice)
    return 0


@kernel
def decode_urgency(state: State, work: Work, bank: int, choice: int) -> int:
    """The RTGS priority of everything that leaves Queue 1 now."""
    row = state.bank_queue1_head[bank]
    while row != NONE:
        if work.pay_decision[row] != HOLD:
            state.pay_rtgs_priority[row] = LEAST_URGENT - choice
        row = state.pay_next[row]
    return 0


@kernel
def decode_pool(scenario: Scenario, state: State, work: Work, bank: int, choice: int, steps: int) -> int:
    """The share of the pool, where it may be set now, on a grid of so many steps. Returns 1 if refused.

    A share in millionths that cannot be set now is ignored: a continuous action has no exact 0.
    """
    if may_allocate(scenario, state, bank):
        work.bank_pool_share_ppm[bank] = pool_share_ppm(steps, choice)
        return 0
    return int(choice != NO_CHANGE and steps < SHARE_STEPS)


@kernel
def collateral_cents(scenario: Scenario, state: State, bank: int, choice: int) -> int:
    """Cents that a choice posts, or withdraws where negative: a quarter, half, all of what may be; 0 for nothing."""
    if choice == NO_CHANGE:
        return 0
    is_post = choice <= POSTS
    if is_post:
        room = scenario.bank_collateral_capacity_cents[bank] - state.bank_posted_collateral_cents[bank]
    else:
        room = spare_collateral(scenario, state, bank) if may_withdraw(scenario, state, bank) else 0
    step = choice if is_post else choice - POSTS
    cents = max(room, 0) >> (POSTS - step)
    return cents if is_post else -cents


@kernel
def decode_collateral(scenario: Scenario, state: State, work: Work, bank: int, choice: int) -> int:
    """Post or withdraw; once the tick is under way (a call for room) that has been done. Returns 1 if refused."""
    if state.phase[0] == CLOSING:
        return 0
    cents = collateral_cents(scenario, state, bank, choice)
    work.bank_collateral_ask_cents[bank] = cents
    return int(choice != NO_CHANGE and cents == 0)


@kernel
def may_revoke(scenario: Scenario, state: State, bank: int, choice: int) -> bool:
    """True if the choice keeps everything, or there are payments in Queue 2 and, for priorities, an order by them."""
    if choice == KEEP:
        return True
    if choice >= RESUBMIT_NORMAL and not scenario.orders_queue2_by_priority[0]:
        return False
    return state.bank_queue2_count[bank] > 0


@kernel
def decode_revoke(scenario: Scenario, state: State, work: Work, bank: int, choice: int) -> int:
    """Decide on every Queue-2 payment of a bank. Returns 1 if refused."""
    if not may_revoke(scenario, state, bank, choice):
        return 1 + decode_revoke_rows(state, work, bank, KEEP)
    return decode_revoke_rows(state, work, bank, choice)


@kernel
def decode_revoke_rows(state: State, work: Work, bank: int, choice: int) -> int:
    """As above, for a legal choice; where it stands for the largest one, the first of these."""
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
    work.has_revocations[0] = 1
    return 0


@kernel
def decode_sub_limit(scenario: Scenario, state: State, work: Work, bank: int, choice: int) -> int:
    """Another sub-limit; once the tick is under way (a call for room) it has been set. Returns 1 if refused."""
    if state.phase[0] == CLOSING:
        return 0
    changes = changes_sub_limit(scenario, state, bank, choice)
    work.sub_limit_ask_cents[bank] = sub_limit_of_choice(scenario, bank, choice) if changes else KEEP_LIMIT
    return int(choice != NO_CHANGE and not changes)


@kernel
def decode_send_limit(scenario: Scenario, state: State, work: Work, bank: int, choice: int) -> int:
    """Another limit on what is sent; once the tick is under way it has been set. Returns 1 if refused."""
    if state.phase[0] == CLOSING:
        return 0
    changes = changes_send_limit(scenario, state, bank, choice)
    ask_send_limit(scenario, work, bank, send_limit_of_choice(scenario, bank, choice) if changes else KEEP_LIMIT)
    return int(choice != NO_CHANGE and not changes)


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
    return int(choice != NO_CHANGE and cents == 0)


@kernel
def write_head_masks(scenario: Scenario, state: State, window: Window, bank: int, mask: I8) -> None:
    """Exactly the choices of the optional heads that would be carried out."""
    size = window.num_choices
    for place in range(window.heads.shape[0]):
        own = part(mask, (window.num_main + place) * size, size)
        own[NO_CHANGE] = 1
        write_head_mask(scenario, state, bank, window.heads[place], own)


@kernel
def write_head_mask(scenario: Scenario, state: State, bank: int, head: int, mask: I8) -> None:
    """Write the mask of one head; no change is always legal."""
    if head == HEAD.rtgs_priority:
        for choice in range(1, NUM_RTGS_PRIORITIES):
            mask[choice] = 1
    elif head == HEAD.pool:
        may_choose = may_allocate(scenario, state, bank)
        for level in range(1, POOL_LEVELS):
            mask[level] = may_choose
    else:
        write_rare_mask(scenario, state, bank, head, mask)


@unit
def write_rare_mask(scenario: Scenario, state: State, bank: int, head: int, mask: I8) -> None:
    """The same for heads that few scenarios have."""
    if head == HEAD.collateral:
        for choice in range(1, COLLATERAL_CHOICES):
            mask[choice] = collateral_cents(scenario, state, bank, choice) != 0
    elif head == HEAD.revoke:
        for choice in range(1, REVOKE_CHOICES):
            mask[choice] = may_revoke(scenario, state, bank, choice)
    elif head == HEAD.sub_limit:
        for choice in range(1, SUB_LIMIT_CHOICES):
            mask[choice] = changes_sub_limit(scenario, state, bank, choice)
    elif head == HEAD.send_limit:
        for choice in range(1, SEND_LIMIT_CHOICES):
            mask[choice] = changes_send_limit(scenario, state, bank, choice)
    elif head == HEAD.market:
        kept = unlendable(scenario, state, bank)
        for choice in range(1, MARKET_CHOICES):
            mask[choice] = order_cents(scenario, state, bank, choice, kept) > 0
