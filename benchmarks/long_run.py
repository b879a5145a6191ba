"""Time of a tick late in a run, compared with early: ``python -m benchmarks.long_run [--ticks N] [--json]``.

One copy of ``ten-banks-v0``'s banks over many ticks, every payment released by actions; microseconds a step in
windows of 1,000 ticks at tick 1,000, at the middle and at the end, and the payment rows that the arena holds there.
Credit is ample here: balances drift apart over thousands of days, and what the poor could not pay would pile up in the
central queue, so that a late tick would have more to do than an early one.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any, Final

import numpy as np

from simcash_env import load_scenario, make_vec
from simcash_env.config import ScenarioConfig
from simcash_env.envs.vector import SimCashVec

SCENARIO: Final = "ten-banks-v0"
WINDOW: Final = 1_000
AMPLE_CENTS: Final = 10**13


def long_scenario(num_ticks: int) -> ScenarioConfig:
    """The scenario with as many days as the ticks need, so that nothing is reset on the way, and ample credit."""
    config = load_scenario(SCENARIO)
    days = -(-num_ticks // config.simulation.ticks_per_day)
    banks = tuple(bank.model_copy(update={"credit_limit": AMPLE_CENTS}) for bank in config.banks)
    simulation = config.simulation.model_copy(update={"num_days": days})
    return config.model_copy(update={"simulation": simulation, "banks": banks})


def run_until(vec: SimCashVec, actions: np.ndarray[Any, Any], tick: int) -> None:
    """Step to this tick."""
    for _ in range(tick - int(vec.state(0).tick[0])):
        vec.step(actions)


def window(vec: SimCashVec, actions: np.ndarray[Any, Any]) -> dict[str, float]:
    """Time a window from here on."""
    tick, began = int(vec.state(0).tick[0]), time.perf_counter()
    for _ in range(WINDOW):
        vec.step(actions)
    seconds = time.perf_counter() - began
    state = vec.state(0)
    return {
        "tick": tick,
        "us_a_step": seconds / WINDOW * 1e6,
        "payment_rows": len(state.pay_id),
        "settled": int(state.settled_count[0]),
    }


def measure(num_ticks: int) -> list[dict[str, float]]:
    """Windows early, halfway and late."""
    vec = make_vec(long_scenario(num_ticks), 1, autoreset="disabled")
    vec.reset(seed=1)
    actions = np.ones(vec.actions.shape, np.int64)
    windows = []
    for tick in (WINDOW, num_ticks // 2, num_ticks - WINDOW - 1):
        run_until(vec, actions, tick)
        windows.append(window(vec, actions))
    return windows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ticks", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true", help="one JSON list")
    options = parser.parse_args()
    windows = measure(options.ticks)
    if options.json:
        print(json.dumps(windows))
        return
    for row in windows:
        held = f"{row['payment_rows']:,} payment rows, {row['settled']:,} settled"
        print(f"tick {row['tick']:>9,}: {row['us_a_step']:8.2f} us a step, {held}")


if __name__ == "__main__":
    main()
