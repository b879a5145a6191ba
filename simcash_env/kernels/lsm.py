"""Liquidity saving: the configured algorithms in order, each followed by a pass over Queue 2, at most three rounds."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels.bilateral import offset_bilaterally
from simcash_env.kernels.cycles import settle_cycles
from simcash_env.kernels.prefix import settle_prefixes
from simcash_env.kernels.record import record_values
from simcash_env.kernels.rtgs import retry_queue2
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, EventKind, LsmAlgorithm

BILATERAL, PREFIX = int(LsmAlgorithm.BILATERAL), int(LsmAlgorithm.PREFIX)
EXECUTION = int(EventKind.ALGORITHM_EXECUTION)
MAX_ROUNDS = 3


@kernel
def save_liquidity(scenario: Scenario, state: State, work: Work) -> None:
    """Run rounds until Queue 2 is empty or a round settles nothing: no offset, no cycle, no payment of a retry."""
    for _ in range(MAX_ROUNDS):
        before = state.settled_count[0]
        for at in range(scenario.algorithm.shape[0]):
            if state.queue2_count[0] > 0:
                run_algorithm(scenario, state, work, scenario.algorithm[at])
        if state.queue2_count[0] == 0 or state.settled_count[0] == before:
            break


@kernel
def run_algorithm(scenario: Scenario, state: State, work: Work, algorithm: int) -> None:
    """Run one algorithm and, where it may have moved liquidity, a pass over Queue 2."""
    if algorithm == BILATERAL:
        settled = offset_bilaterally(scenario, state, work)
        wants_retry = settled > 0
    elif algorithm == PREFIX:
        settled = settle_prefixes(scenario, state, work)
        wants_retry = settled > 0
    else:
        found, settled = settle_cycles(scenario, state, work)
        wants_retry = found > 0
    if scenario.reports_algorithms[0]:
        record_values(state, work, EXECUTION, NONE, NONE, NONE, NONE, algorithm, settled)
    if wants_retry:
        retry_queue2(scenario, state, work)
