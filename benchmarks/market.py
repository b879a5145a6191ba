"""Speed of the intraday market: ``python -m benchmarks.market [--json]``.

Orders a second: of one book that is fed without a pause, and of a batch in which every bank places an order at every
tick, payments and observations included. An idle market: runs of scripted banks with a market in which nobody trades,
over the same runs without one, each the best of interleaved repetitions. All in processor time.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Final

import numpy as np

from simcash_env import make_vec
from simcash_env.compile.scenario import compile_scenario
from simcash_env.config import FifoPolicy, MarketConfig, ScenarioConfig
from simcash_env.evaluation.evaluate import with_common_policy
from simcash_env.evaluation.rollout import run_scripted
from simcash_env.registry import load
from simcash_env.simulation.engine import Engine

IDLE: Final = "ten-banks-v0"
BUSY: Final = "money-market-v0"
COPIES: Final = 256
STEPS: Final = 200
ORDERS: Final = 100_000
REPETITIONS: Final = 150
SEEDS: Final = (1, 2, 3)


def book_orders_per_second() -> float:
    """Random bids and asks of six rich banks at three rates, most of which trade."""
    config = load(BUSY)
    banks = tuple(bank.model_copy(update={"opening_balance": 10**14, "credit_limit": 10**14}) for bank in config.banks)
    market = config.market.model_copy(update={"max_loans": ORDERS, "max_orders": ORDERS}) if config.market else None
    engine = Engine(compile_scenario(config.model_copy(update={"banks": banks, "market": market})), 1, events=False)
    draw = np.random.default_rng(1)
    orders = np.zeros((ORDERS, 8), np.int64)
    orders[:, 0], orders[:, 2] = draw.integers(0, 6, ORDERS), draw.integers(0, 2, ORDERS)
    orders[:, 3], orders[:, 4] = draw.integers(249, 252, ORDERS), draw.integers(1, 10_000, ORDERS)
    orders[:, 5] = -1
    engine.place_orders(orders[:10].reshape(-1).copy())
    began = time.process_time()
    engine.place_orders(orders.reshape(-1))
    return ORDERS / (time.process_time() - began)


def batch_orders_per_second() -> float:
    """Every bank of every copy releases all and places a random legal order at every tick."""
    vec = make_vec(BUSY, COPIES)
    vec.reset(seed=1)
    head, draw, placed, seconds = vec.head_index["market"], np.random.default_rng(1), 0, 0.0
    for step in range(STEPS):
        actions = np.ones(vec.actions.shape, np.int64)
        scores = np.where(vec.masks[:, :, head] == 1, draw.random(vec.masks[:, :, head].shape), -1.0)
        actions[:, :, head] = scores.argmax(axis=2)
        began = time.process_time()
        vec.step(actions)
        if step:  # the first step may compile
            seconds += time.process_time() - began
            placed += int((actions[:, :, head] > 0).sum())
    return placed / seconds


def idle_ratio() -> float:
    """Seconds of a run with an idle market over those without one."""
    plain = with_common_policy(load(IDLE), FifoPolicy())
    idle = plain.model_copy(update={"market": MarketConfig(deposit_rate=3.25, lending_rate=3.65)})
    for config in (plain, idle):
        run_scripted(config, SEEDS)
    rounds = [[_seconds(config) for config in (plain, idle)] for _ in range(REPETITIONS)]
    without, with_market = (min(column) for column in zip(*rounds, strict=True))
    return float(with_market / without)


def _seconds(config: ScenarioConfig) -> float:
    began = time.process_time()
    run_scripted(config, SEEDS)
    return time.process_time() - began


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.market", description="Speed of the intraday market.")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    as_json = parser.parse_args().json
    figures = {
        "book_orders_per_s": book_orders_per_second(),
        "batch_orders_per_s": batch_orders_per_second(),
        "idle_market_ratio": idle_ratio(),
    }
    if as_json:
        print(json.dumps(figures))
        return
    print(f"one book without a pause     {figures['book_orders_per_s']:>12,.0f} orders a second")
    print(
        f"batch of {COPIES} copies          {figures['batch_orders_per_s']:>12,.0f} orders a second, payments included"
    )
    print(f"tick with an idle market     {figures['idle_market_ratio']:>12.3f} of one without a market")


if __name__ == "__main__":
    main()
