"""The ``rank`` action: score the payments of Queue 1, then release down the order within a budget.

A score is a sum of features with weights, in millionths, all in integers: every machine finds the same order. The
budget is a share of the balance plus a share of the overdraft limit that is left. Payments that a ``submit`` component
selects are released whether or not they fit. ``schema/rank.py`` has the components and features with their bounds.
"""

from __future__ import annotations

from simcash_env.agents.tables import I32, RANKED, Window
from simcash_env.kernels._numba.jit import inlined, kernel
from simcash_env.kernels._numba.units import unit
from simcash_env.kernels.ledger import overdraft_limit
from simcash_env.kernels.money import share_of
from simcash_env.kernels.payment_decisions import may_do
from simcash_env.kernels.pool import may_allocate, pool_share_ppm
from simcash_env.kernels.sorting import sort_by_key
from simcash_env.schema.arrays import I64, Scenario, State, Work
from simcash_env.schema.codes import NONE, PPM, Phase, Verb
from simcash_env.schema.heads import HEAD
from simcash_env.schema.limits import HIGHEST_PRIORITY, MIN_PARTS, TYPICAL_PAYMENTS, TYPICAL_TICKS
from simcash_env.schema.rank import LOWS_PPM, NUM_WEIGHTS, RANK, SPANS

HOLD, RELEASE, SPLIT = int(Verb.HOLD), int(Verb.RELEASE), int(Verb.SPLIT)
CLOSING = int(Phase.CLOSING)
URGENCY, OVERDUE, SIZE, PRIORITY = RANK.weight_urgency, RANK.weight_overdue, RANK.weight_size, RANK.weight_priority
AGE, OFFSET, NET, LIQUIDITY = RANK.weight_age, RANK.weight_offset, RANK.weight_net, RANK.weight_liquidity
EXACT_BELOW = 2**43
"""Part times a million fits int64 below this."""
THOUSAND = 1_000
LARGE_FROM = 2**53
DROPPED_BITS = 10


@kernel
def value_ppm(choices: I32, component: int) -> int:
    """The value of a component, in millionths of its unit."""
    return LOWS_PPM[component] + SPANS[component] * int(choices[component])


@kernel
def ratio_ppm(part: int, whole: int) -> int:
    """``part * 10**6 // whole`` for 0 <= part <= whole, 0 < whole; from 2**53 on both lose their last ten bits."""
    if whole >= LARGE_FROM:
        part, whole = part >> DROPPED_BITS, whole >> DROPPED_BITS
    if whole < EXACT_BELOW:
        return part * PPM // whole
    thousandths, rest = part * THOUSAND // whole, part * THOUSAND % whole
    return thousandths * THOUSAND + rest * THOUSAND // whole


@kernel
def note_liquidity(
    scenario: Scenario, state: State, window: Window, bank: int, choices: I32, liquidity: I64, row: int
) -> None:
    """Note the balance, under ``rank`` with what the pool choice of the same action adds, and the overdraft limit.

    A second call for the same tick (a call for room) comes when both have changed, and changes nothing.
    """
    if state.phase[0] == CLOSING:
        return
    balance = state.bank_balance_cents[bank]
    for place in range(window.heads.shape[0]):
        if window.kind == RANKED and window.heads[place] == HEAD.pool and may_allocate(scenario, state, bank):
            share = pool_share_ppm(window.pool_steps, choices[window.num_main + place])
            balance += share_of(scenario.bank_pool_cents[bank], share) - state.bank_pool_allocated_cents[bank]
    liquidity[2 * row] = balance
    liquidity[2 * row + 1] = overdraft_limit(scenario, state, bank)


@unit
def decode_rank(scenario: Scenario, state: State, work: Work, bank: int, choices: I32, balance: int, limit: int) -> int:
    """Write a verb for each payment of Queue 1. Returns 0: what does not fit is held, and nothing is illegal.

    Args:
        scenario: the scenario.
        state: the state.
        work: the verbs go to ``pay_decision``; the order of a sort is scratch.
        bank: the deciding bank.
        choices: levels of the components.
        balance: cents, with what the pool choice of the same action adds.
        limit: overdraft limit in cents.
    """
    funds, credit, available = max(balance, 0), max(limit - max(-balance, 0), 0), max(balance + limit, 0)
    count, total_weight = order_payments(scenario, state, work, bank, choices, available)
    budget = share_of(funds, value_ppm(choices, RANK.balance_share))
    budget += share_of(credit, value_ppm(choices, RANK.credit_share))
    cutoff = value_ppm(choices, RANK.submit_score) * total_weight
    small, unfunded = value_ppm(choices, RANK.submit_small), value_ppm(choices, RANK.unfunded_share)
    is_closing = closes(scenario, state, choices)
    parts, spent = split_parts(scenario, choices), 0
    for at in range(count):
        row = work.pay_order[at]
        cents, decision = state.pay_remaining_cents[row], HOLD
        fits = spent + cents <= budget
        if may_do(scenario, state, row, RELEASE, 0) and (
            fits
            or is_closing
            or -work.pay_key[row] > cutoff
            or cents <= share_of(max(available - spent, 0), small)
            or is_selected(scenario, state, bank, row, choices)
        ):
            decision = RELEASE
            spent += cents if fits else share_of(cents, unfunded)
        elif parts >= MIN_PARTS and spent < budget and may_do(scenario, state, row, SPLIT, parts):
            decision = SPLIT + parts
            share = cents // parts
            spent += share * min((budget - spent) // share, parts)
        work.pay_decision[row] = decision
    return 0


@kernel
def order_payments(
    scenario: Scenario, state: State, work: Work, bank: int, choices: I32, available: int
) -> tuple[int, int]:
    """Write Queue 1 by descending score to ``pay_order``, ties in queue order, and minus the scores to ``pay_key``.

    Returns the number of payments and the sum of absolute weights in millionths.
    """
    total_weight, count, row = 0, 0, state.bank_queue1_head[bank]
    for component in range(NUM_WEIGHTS):
        total_weight += abs(value_ppm(choices, component))
    while row != NONE:
        work.pay_order[count] = row
        work.pay_key[row] = 0 if total_weight == 0 else -score(scenario, state, bank, row, choices, available)
        count += 1
        row = state.pay_next[row]
    if total_weight > 0:
        sort_by_key(work.pay_order, work.pay_key, work.pay_scratch, count)
    return count, total_weight


@kernel
def score(scenario: Scenario, state: State, bank: int, row: int, choices: I32, available: int) -> int:
    """The score of a payment in millionths of millionths: features times weights."""
    total = 0
    for component in range(NUM_WEIGHTS):
        weight = value_ppm(choices, component)
        if weight != 0:
            total += weight * feature_ppm(scenario, state, bank, row, component, available)
    return total


@kernel
def feature_ppm(scenario: Scenario, state: State, bank: int, row: int, component: int, available: int) -> int:
    """One feature of a payment, in millionths."""
    if component == URGENCY:
        return PPM // (1 + max(state.pay_deadline_tick[row] - state.tick[0], 0))
    if component == OVERDUE:
        return 0 if state.pay_overdue_since[row] == NONE else PPM
    if component == SIZE:
        cents = state.pay_remaining_cents[row]
        return ratio_ppm(cents, cents + scenario.bank_payment_scale_cents[bank])
    if component == PRIORITY:
        return PPM // HIGHEST_PRIORITY * state.pay_priority[row]
    if component == AGE:
        age = state.tick[0] - state.pay_arrival_tick[row]
        return ratio_ppm(age, age + TYPICAL_TICKS)
    if component == OFFSET:
        return offset_ppm(scenario, state, bank, row)
    if component == NET:
        there = bank * scenario.num_banks[0] + state.pay_receiver[row]
        back = state.pay_receiver[row] * scenario.num_banks[0] + bank
        net = state.pair_outflow_cents[there] - state.pair_outflow_cents[back]
        ratio = ratio_ppm(abs(net), abs(net) + TYPICAL_PAYMENTS * scenario.bank_payment_scale_cents[bank])
        return ratio if net >= 0 else -ratio
    cents = state.pay_remaining_cents[row]
    return ratio_ppm(cents, cents + available)


@inlined
def offset_ppm(scenario: Scenario, state: State, bank: int, row: int) -> int:
    """What the receiver has waiting for the bank in Queue 2, over that and the payment."""
    queued = state.pair_queue2_cents[state.pay_receiver[row] * scenario.num_banks[0] + bank]
    return ratio_ppm(queued, queued + state.pay_remaining_cents[row])


@kernel
def is_within(ticks: int, share_ppm: int) -> bool:
    """True if these are fewer ticks than a component stands for, which is t / (t + 8) for a number of ticks t."""
    return ticks * PPM < share_ppm * (ticks + TYPICAL_TICKS)


@kernel
def is_selected(scenario: Scenario, state: State, bank: int, row: int, choices: I32) -> bool:
    """True if a payment is urgent, of high priority or about to be offset, so that it is submitted in any case."""
    left = max(state.pay_deadline_tick[row] - state.tick[0], 0)
    if is_within(left, value_ppm(choices, RANK.submit_urgent)):
        return True
    if state.pay_priority[row] * PPM > value_ppm(choices, RANK.submit_priority) * HIGHEST_PRIORITY:
        return True
    least = value_ppm(choices, RANK.submit_offset)
    return least < PPM and offset_ppm(scenario, state, bank, row) > least


@kernel
def closes(scenario: Scenario, state: State, choices: I32) -> bool:
    """True if the day's end is near enough to submit everything."""
    ticks_per_day = scenario.ticks_per_day[0]
    left = ticks_per_day - 1 - state.tick[0] % ticks_per_day
    return is_within(left, value_ppm(choices, RANK.submit_closing))


@kernel
def split_parts(scenario: Scenario, choices: I32) -> int:
    """Into how many parts a payment beyond the budget is split; 1 for not at all."""
    most = 1
    for choice in range(scenario.choice_parts.shape[0]):
        most = max(most, scenario.choice_parts[choice])
    return 1 + (value_ppm(choices, RANK.split_parts) * (most - 1) + PPM // 2) // PPM
