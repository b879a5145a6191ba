"""Random games of all features for as long as one likes, with the books checked on the way.

``python -m benchmarks.soak [--ticks N] [--first NUMBER] [--check-every STEPS] [--json]``: scenario after scenario
(``soak_scenarios.py``), each in a batch of copies in which every learning bank draws its actions. At intervals of
steps the books of every copy are checked: no cent and no payment is lost, and nothing is negative that must not be.
A breach ends the run with the scenario's number, the copy and the tick.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.soak_scenarios import scenario
from simcash_env import make_vec
from simcash_env.config import ScenarioConfig
from simcash_env.envs.vector import SimCashVec
from simcash_env.schema.arrays import State
from simcash_env.schema.codes import NONE, PPM, Place, Status

COPIES: Final = 256
STEPS: Final = 1_000
"""Of one scenario, before the next one comes."""
LEGAL_EVERY: Final = 4
"""Steps of which one draws legal choices alone."""
NOT_NEGATIVE: Final = (
    *("queue2_count", "queue2_value_cents", "arrived_cents", "settled_cents", "dropped_cents", "lsm_released_cents"),
    *("bank_posted_collateral_cents", "bank_deferred_cents", "bank_pool_allocated_cents", "bank_pool_fraction_ppm"),
    *("bank_outflow_cents", "bank_inflow_cents", "bank_queue1_count", "bank_queue1_cents", "bank_queue2_count"),
    *("bank_queue2_cents", "bank_expected_cents", "bank_credit_limit_cents", "pair_outflow_cents", "pair_queue2_cents"),
    *("tick_cost_cents", "run_cost_cents", "free_count", "pay_open_children"),
)


class BrokenError(Exception):
    """The books do not add up."""


def broken(state: State, opening_cents: int) -> Iterator[str]:
    """What is wrong with a copy's books, if anything."""
    if state.fault[0] != Status.OK:
        yield f"fault {Status(int(state.fault[0])).name}"
    money = state.bank_balance_cents.sum() + state.bank_deferred_cents.sum() - state.bank_pool_allocated_cents.sum()
    if money != opening_cents:
        yield f"balances less pool come to {money} cents, {opening_cents} at the opening"
    for name in NOT_NEGATIVE:
        if (getattr(state, name) < 0).any():
            yield f"{name} is negative"
    if (state.bank_pool_fraction_ppm > PPM).any():
        yield "more of the pool is allocated than there is"
    yield from broken_queues(state)


def broken_queues(state: State) -> Iterator[str]:
    """Return whether a payment is in two places or none, or a sum differs from its rows."""
    place, cents, sender = state.pay_place, state.pay_remaining_cents, state.pay_sender
    num_banks = len(state.bank_balance_cents)
    in_1, in_2 = place == Place.QUEUE1, place == Place.QUEUE2
    sums = {
        "free rows": ((place == Place.FREE).sum(), state.free_count[0]),
        "payments in Queue 2": (in_2.sum(), state.queue2_count[0]),
        "cents in Queue 2": (cents[in_2].sum(), state.queue2_value_cents[0]),
        "payments in Queue 1": (np.bincount(sender[in_1], minlength=num_banks), state.bank_queue1_count),
        "payments in Queue 2 by sender": (np.bincount(sender[in_2], minlength=num_banks), state.bank_queue2_count),
        "cents in Queue 1": (totals(sender[in_1], cents[in_1], num_banks), state.bank_queue1_cents),
        "cents in Queue 2 by sender": (totals(sender[in_2], cents[in_2], num_banks), state.bank_queue2_cents),
        "cents expected": (totals(state.pay_receiver[in_2], cents[in_2], num_banks), state.bank_expected_cents),
        "cents that arrived": (
            state.settled_cents[0] + state.dropped_cents[0] + cents[in_1].sum() + cents[in_2].sum(),
            state.arrived_cents[0],
        ),
    }
    for name, (rows, kept) in sums.items():
        if not np.array_equal(rows, kept):
            yield f"{name}: {rows} by the rows, {kept} in the books"
    if (cents[in_1 | in_2] <= 0).any() or (place == Place.SUBMITTED).any():
        yield "a payment of nothing waits, or one is under way after the tick"
    lengths = [walked(state, int(head)) for head in (*state.bank_queue1_head, state.queue2_head[0])]
    if lengths != [*state.bank_queue1_count, state.queue2_count[0]]:
        yield f"queues of {lengths} payments by their links"
    parents = state.pay_parent[in_1 | in_2]
    children = np.bincount(parents[parents != NONE], minlength=len(place))
    if not np.array_equal(children[place == Place.SPLIT], state.pay_open_children[place == Place.SPLIT]):
        yield "a split payment has other parts under way than it counts"


def totals(groups: npt.NDArray[np.int64], cents: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """Exact sums by group."""
    found = np.zeros(count, np.int64)
    np.add.at(found, groups, cents)
    return found


def walked(state: State, row: int) -> int:
    """Payments of a queue, counted along its links; no more than there are rows."""
    count = 0
    while row != NONE and count <= len(state.pay_next):
        row, count = int(state.pay_next[row]), count + 1
    return count


def random_choices(vec: SimCashVec, draw: np.random.Generator, *, legal: bool) -> npt.NDArray[np.int64]:
    """A choice for every head: a legal one, or any in its range, which is quicker to draw; what is illegal is held."""
    if not legal:
        return draw.integers(0, vec.action_nvec, vec.actions.shape)
    draws = draw.random(vec.masks.shape, np.float32)
    draws[vec.masks == 0] = -1.0
    chosen: npt.NDArray[np.int64] = draws.argmax(axis=-1)
    return chosen


def soak(config: ScenarioConfig, number: int, steps: int, check_every: int) -> tuple[int, int]:
    """Play one scenario; returns ticks and copies checked.

    Raises:
        BrokenError: the books of a copy do not add up.
    """
    has_learner = any(bank.policy.type == "external" for bank in config.banks)
    vec = make_vec(config, COPIES, learners="external" if has_learner else "all", autoreset="next_step")
    vec.reset(seed=number)
    draw, checked = np.random.default_rng(number), 0
    opening = sum(bank.opening_balance for bank in config.banks)
    for step in range(1, steps + 1):
        vec.step(random_choices(vec, draw, legal=step % LEGAL_EVERY == 0))
        if step % check_every == 0 or step == steps:
            for copy in range(COPIES):
                state = vec.state(copy)
                for fault in broken(state, opening):
                    message = f"scenario {number}, copy {copy}, tick {state.tick[0]}: {fault}"
                    raise BrokenError(message)
                checked += 1
    return steps * COPIES, checked


def main() -> None:
    """Soak, and say what was done."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--ticks", type=int, default=1_000_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first scenario")
    parser.add_argument("--steps", type=int, default=STEPS, help="of one scenario")
    parser.add_argument("--check-every", type=int, default=100, help="steps between two checks of all copies")
    parser.add_argument("--json", action="store_true")
    given: Any = parser.parse_args()
    began, ticks, checks, number = time.monotonic(), 0, 0, given.first
    while ticks < given.ticks:
        try:
            more, checked = soak(scenario(number), number, given.steps, given.check_every)
        except BrokenError as error:
            sys.exit(str(error))
        ticks, checks, number = ticks + more, checks + checked, number + 1
        if not given.json:
            print(f"{ticks:,} ticks, {number - given.first} scenarios, {checks:,} states", file=sys.stderr, flush=True)
    found = {"scenarios": number - given.first, "ticks": ticks, "checks": checks, "seconds": time.monotonic() - began}
    print(
        json.dumps(found)
        if given.json
        else f"{found['scenarios']} scenarios, {ticks:,} ticks, {checks:,} states checked: every book adds up"
    )


if __name__ == "__main__":
    main()
