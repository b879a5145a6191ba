"""A bank's counterparties as its trees see them: the largest in Queue 2, and what was released to each in this tick."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels.queues import fill_column
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, TOP_COUNTERPARTIES

OUT, BACK, NET, NAME = 0, 1, 2, 3  # groups of TOP_COUNTERPARTIES fields each, in the order of codes.Field


@kernel
def top_field(scenario: Scenario, state: State, bank: int, place: int) -> float:
    """Value, or hash of the name, of a bank's k-th counterparty in Queue 2; 0 where there are fewer."""
    group, rank = place // TOP_COUNTERPARTIES, place % TOP_COUNTERPARTIES + 1
    measured = OUT if group == NAME else group
    other = NONE
    for _ in range(rank):
        other = next_largest(scenario, state, bank, measured, other)
        if other == NONE:
            return 0.0
    if group == NAME:
        return float(scenario.bank_name_hash[other])
    return float(measure_counterparty(scenario, state, bank, other, group))


@kernel
def rank_of(scenario: Scenario, state: State, bank: int, other: int) -> int:
    """Place of a bank among the five that the most value waits for in Queue 2, from 1; 0 where it is none of them."""
    found = NONE
    for rank in range(1, TOP_COUNTERPARTIES + 1):
        found = next_largest(scenario, state, bank, OUT, found)
        if found == other:
            return rank
        if found == NONE:
            return 0
    return 0


@kernel
def measure_counterparty(scenario: Scenario, state: State, bank: int, other: int, group: int) -> int:
    """Cents in Queue 2 to the other bank, from it, or the difference."""
    num_banks = scenario.num_banks[0]
    if group == OUT:
        return state.pair_queue2_cents[bank * num_banks + other]
    back = state.pair_queue2_cents[other * num_banks + bank]
    if group == BACK:
        return back
    return state.pair_queue2_cents[bank * num_banks + other] - back


@kernel
def next_largest(scenario: Scenario, state: State, bank: int, group: int, previous: int) -> int:
    """The counterparty that comes after another by size, then by id; NONE where no value is left."""
    limit = 0 if previous == NONE else abs(measure_counterparty(scenario, state, bank, previous, group))
    best, most = NONE, 0
    for other in range(scenario.num_banks[0]):
        size = abs(measure_counterparty(scenario, state, bank, other, group))
        if size <= most or other == bank:
            continue
        if previous == NONE or size < limit or (size == limit and other > previous):
            best, most = other, size
    return best


@kernel
def committed_to(work: Work, bank: int, other: int) -> int:
    """Cents that a bank has released to another in this tick."""
    if work.committed_owner[0] == NONE:  # decisions on Queue 2: those on Queue 1 have been carried out
        return work.pair_scratch[bank * work.to_committed_cents.shape[0] + other]
    return work.to_committed_cents[other]


@kernel
def note_commitments(scenario: Scenario, state: State, work: Work, submitted: int) -> None:
    """Note what ``pay_order`` submits by pair of banks, in ``pair_scratch``, for trees that decide on Queue 2."""
    work.committed_owner[0] = NONE
    if not scenario.reads_committed_to[0]:
        return
    fill_column(work.pair_scratch, 0)
    for position in range(submitted):
        row = work.pay_order[position]
        pair = state.pay_sender[row] * scenario.num_banks[0] + state.pay_receiver[row]
        work.pair_scratch[pair] += state.pay_remaining_cents[row]
