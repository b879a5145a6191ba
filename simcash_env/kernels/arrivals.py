"""Random arrivals: banks in id order, from one stream; count, then per payment amount, receiver, deadline, priority."""

from __future__ import annotations

import math

import numpy as np

from simcash_env.kernels._numba.jit import inlined, kernel
from simcash_env.kernels.deadlines import cap_deadline
from simcash_env.kernels.money import round_half_away
from simcash_env.kernels.queues import admit_payment
from simcash_env.kernels.rng import (
    draw_float,
    draw_integer,
    draw_normal,
    draw_poisson,
    draw_positive_float,
)
from simcash_env.schema.arrays import F64, Scenario, State, Work
from simcash_env.schema.codes import NONE, UNLISTED, AmountKind, PriorityKind, Status

OK = int(Status.OK)
NEEDS_ROOM = int(Status.NEEDS_ROOM)
UNIFORM = int(AmountKind.UNIFORM)
NORMAL = int(AmountKind.NORMAL)
LOGNORMAL = int(AmountKind.LOGNORMAL)
EXPONENTIAL = int(AmountKind.EXPONENTIAL)
MIXTURE = int(AmountKind.MIXTURE)
PRIORITY_FIXED = int(PriorityKind.FIXED)
PRIORITY_UNIFORM = int(PriorityKind.UNIFORM)


@kernel
def draw_arrivals(scenario: Scenario, state: State, work: Work) -> int:
    """Draw this tick's payments; resumes at the cursor with the same stream after the rows were doubled."""
    num_sources = scenario.source_bank.shape[0]
    source, left = state.cursor_source[0], state.cursor_left[0]
    while source < num_sources:
        if left == NONE:
            left = 0 if is_silent(scenario, state, source) else draw_count(scenario, state, source)
        while left > 0:
            if state.free_count[0] == 0:
                state.cursor_source[0], state.cursor_left[0] = source, left
                return NEEDS_ROOM
            draw_payment(scenario, state, work, source)
            left -= 1
        left = NONE
        source += 1
    state.cursor_source[0], state.cursor_left[0] = 0, NONE
    return OK


@kernel
def current_rate(scenario: Scenario, state: State, source: int) -> float:
    """Mean number of payments of a source per tick: the scenario's, or that which events have set."""
    return state.source_rate[source] if state.source_rate.shape[0] > 0 else scenario.source_rate[source]


@kernel
def is_weighted(scenario: Scenario, state: State, source: int) -> bool:
    """True if receivers of a source are drawn by weight."""
    is_live = state.source_rate.shape[0] > 0
    return (state.source_is_weighted[source] if is_live else scenario.source_is_weighted[source]) != 0


@kernel
def is_silent(scenario: Scenario, state: State, source: int) -> bool:
    """True if events have set all weights of a source to 0: nothing is drawn then, not even a count."""
    if state.live_weight.shape[0] == 0 or not is_weighted(scenario, state, source) or scenario.pays_unlisted[0]:
        return False
    num_banks = scenario.num_banks[0]
    return total_weight(state.live_weight, source * num_banks, (source + 1) * num_banks) == 0.0


@kernel
def total_weight(weights: F64, first: int, end: int) -> float:
    """Sum of the weights; a receiver that is not listed adds nothing."""
    total = 0.0
    for at in range(first, end):
        total += max(weights[at], 0.0)
    return total


@kernel
def draw_by_weight(state: State, weights: F64, first: int, end: int, total: float) -> int:
    """The place of one of the weights, whose sum is ``total`` and above 0; one number is drawn."""
    target, chosen = draw_float(state) * total, first
    for at in range(first, end):  # pragma: no branch - only rounding could carry it past the last weight
        if weights[at] > 0.0:
            chosen = at
            target -= weights[at]
            if target <= 0.0:
                break
    return chosen


@inlined
def draw_count(scenario: Scenario, state: State, source: int) -> int:
    """How many payments of this source arrive now."""
    rate = current_rate(scenario, state, source)
    varies_by_day = scenario.day_factor_log_std[0] > 0.0
    if not scenario.source_has_pattern[source] and not varies_by_day:
        is_live = state.source_rate.shape[0] > 0
        exp_neg_rate = state.source_exp_neg_rate[source] if is_live else scenario.source_exp_neg_rate[source]
        return draw_poisson(state, rate, exp_neg_rate)
    if scenario.source_has_pattern[source]:
        ticks_per_day = scenario.ticks_per_day[0]
        rate *= scenario.pattern_factor[source * ticks_per_day + state.tick[0] % ticks_per_day]
    if varies_by_day:
        rate *= state.day_rate_factor[0]
    return draw_poisson(state, rate, math.exp(-rate))


@kernel
def draw_payment(scenario: Scenario, state: State, work: Work, source: int) -> None:
    """Draw one payment and append it to its sender's Queue 1."""
    sender = scenario.source_bank[source]
    cents = draw_amount(scenario, state, source)
    receiver = draw_receiver(scenario, state, source)
    shortest, longest = scenario.source_deadline_min_ticks[source], scenario.source_deadline_max_ticks[source]
    if state.source_rate.shape[0] > 0:
        shortest, longest = state.source_deadline_min_ticks[source], state.source_deadline_max_ticks[source]
    offset = draw_integer(state, shortest, longest)
    deadline = cap_deadline(scenario, state, state.tick[0] + offset, scenario.random_cap_lag_ticks[0])
    priority = draw_priority(scenario, state, source)
    admit_payment(state, work, sender, receiver, cents, deadline, priority, scenario.source_is_divisible[source])
    state.tick_arrived_count[0] += 1


@kernel
def draw_amount(scenario: Scenario, state: State, source: int) -> int:
    """An amount in cents, rounded half away from zero, at least 1."""
    kind = scenario.source_amount_kind[source]
    if kind == UNIFORM:
        return draw_integer(state, scenario.source_amount_min[source], scenario.source_amount_max[source])
    mean, std = scenario.source_amount_mean[source], scenario.source_amount_std[source]
    if kind == NORMAL:
        value = mean + std * draw_normal(state)
    elif kind == LOGNORMAL:
        value = math.exp(mean + std * draw_normal(state))
    elif kind == EXPONENTIAL:
        value = -math.log(draw_positive_float(state)) / std
    else:
        value = draw_mixture(scenario, state, source) if kind == MIXTURE else draw_empirical(scenario, state, source)
        value = min(value, np.float64(scenario.source_amount_max[source]))
    return max(round_half_away(value), 1)


@kernel
def draw_mixture(scenario: Scenario, state: State, source: int) -> float:
    """A lognormal of the mixture, chosen by weight; cents before rounding and the cap."""
    first = scenario.source_first_amount[source]
    end = first + scenario.source_num_amounts[source]
    total = total_weight(scenario.amount_share, first, end)
    chosen = draw_by_weight(state, scenario.amount_share, first, end, total)
    return math.exp(scenario.amount_log[chosen] + scenario.amount_log_std[chosen] * draw_normal(state))


@kernel
def draw_empirical(scenario: Scenario, state: State, source: int) -> float:
    """A draw from the table of quantiles, its logarithm interpolated, or from the tail; cents before rounding."""
    low = scenario.source_first_amount[source]
    high = low + scenario.source_num_amounts[source] - 1
    share, log = scenario.amount_share, scenario.amount_log
    drawn = draw_float(state)
    if drawn >= share[high]:
        return math.exp(log[high] + math.log((1.0 - share[high]) / (1.0 - drawn)) / scenario.source_amount_std[source])
    while high - low > 1:
        middle = (low + high) // 2
        if share[middle] <= drawn:
            low = middle
        else:
            high = middle
    return math.exp(log[low] + (log[high] - log[low]) * ((drawn - share[low]) / (share[high] - share[low])))


@kernel
def draw_receiver(scenario: Scenario, state: State, source: int) -> int:
    """The receiving bank: uniform over the others, or by weight in the order of the file."""
    num_banks = scenario.num_banks[0]
    if not is_weighted(scenario, state, source):
        bank = draw_integer(state, 0, num_banks - 2)
        return bank if bank < scenario.source_bank[source] else bank + 1
    weights = state.live_weight if state.live_weight.shape[0] > 0 else scenario.weight_value
    first, end = source * num_banks, (source + 1) * num_banks
    total = total_weight(weights, first, end)
    if total == 0.0:
        return draw_unlisted(scenario, state, source)
    return scenario.weight_bank[draw_by_weight(state, weights, first, end, total)]


@kernel
def draw_unlisted(scenario: Scenario, state: State, source: int) -> int:
    """The receiving bank where all weights are 0, as in SimCash: one that was never given a weight weighs 1.

    If all banks were given one, the first of them receives. Either way one number is drawn.
    """
    num_banks = scenario.num_banks[0]
    first, end = source * num_banks, (source + 1) * num_banks
    total = 0.0
    for at in range(first, end):
        if scenario.weight_bank[at] != NONE and state.live_weight[at] == UNLISTED:
            total += 1.0
    target, chosen = draw_float(state) * total, scenario.weight_bank[first]
    if total == 0.0:
        return chosen
    for at in range(first, end):  # pragma: no branch - only rounding could carry it past the last weight
        if scenario.weight_bank[at] != NONE and state.live_weight[at] == UNLISTED:
            chosen = scenario.weight_bank[at]
            target -= 1.0
            if target <= 0.0:
                break
    return chosen


@kernel
def draw_priority(scenario: Scenario, state: State, source: int) -> int:
    """A priority of 0 to 10."""
    kind, low = scenario.source_priority_kind[source], scenario.source_priority_min[source]
    if kind == PRIORITY_FIXED:
        return low
    if kind == PRIORITY_UNIFORM:
        return draw_integer(state, low, scenario.source_priority_max[source])
    first = scenario.source_first_choice[source]
    end = first + scenario.source_num_choices[source]
    total = total_weight(scenario.choice_weight, first, end)
    return scenario.choice_priority[draw_by_weight(state, scenario.choice_weight, first, end, total)]
