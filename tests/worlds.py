"""Scenarios in which everything happens, and moves to play them with: shared by the tests of all faces."""

from typing import Any

import numpy as np
import pytest

from simcash_env import registry
from simcash_env.config import ScenarioConfig, load_scenario

CALIBRATED = {"rits-2011-v0", "lynx-2019-v0", "target2-day-v1"}
"""Library scenarios of tens of thousands of payments a day."""

LONG = {"ten-banks-v0", "core-periphery-200-v0", *CALIBRATED}
"""Library scenarios of a thousand ticks, of 200 banks or of tens of thousands of payments: too slow for kernels that run as plain Python."""

LIBRARY = [pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in registry.scenario_ids()]
"""Every scenario of the library, as cases of a parametrised test."""

NAMES = ("ALFA", "BRAVO", "CHARLIE", "DELTA")


def busy(
    *,
    banks: int = 3,
    scripted: int = 1,
    ticks: int = 6,
    days: int = 2,
    rate: float = 1.5,
    rules: str = "simcash",
    max_split: int = 3,
    allow_drop: bool = True,
    priorities: bool = True,
    pool: int | None = 12_000,
    reallocates: bool = True,
    wealth: int = 4_000,
    collateral: bool = False,
    revoke: bool = False,
    sub_limit: bool = False,
    send_limit: str = "none",
    holding: int = 0,
    **parts: Any,
) -> ScenarioConfig:
    """Scarce liquidity, every verb on offer, every cost priced; the last ``scripted`` banks release all."""
    names = NAMES[:banks]
    return load_scenario(
        {
            "format": 1,
            "name": "busy",
            "rules": rules,
            "simulation": {"ticks_per_day": ticks, "num_days": days, "seed": 7},
            "banks": [
                {
                    "id": name,
                    "opening_balance": wealth,
                    "credit_limit": wealth,
                    "posted_collateral": 1_000,
                    "min_holding_ticks": holding,
                    "liquidity_allocation_fraction": 0.25,
                    "policy": {"type": "external" if place < banks - scripted else "fifo"},
                    "arrivals": {
                        "rate_per_tick": rate,
                        "amount": {"type": "lognormal", "mean": 4_000, "std_dev": 3_000},
                        "priority": {"type": "uniform", "min": 0, "max": 10},
                        "deadline_range": [1, 5],
                        "divisible": place % 2 == 0,
                    },
                    **({} if pool is None else {"liquidity_pool": pool}),
                }
                for place, name in enumerate(names)
            ],
            "costs": {
                "overdraft_bps_per_tick": 40,
                "delay_cost_per_tick_per_cent": 0.01,
                "collateral_cost_per_tick_bps": 30,
                "liquidity_cost_per_tick_bps": 15,
                "deadline_penalty": 300,
                "eod_penalty": {"bps": 500},
                "split_friction_cost": 25,
            },
            "lsm": {"algorithms": ["bilateral", "cycles"]},
            "switches": {
                "queue1_ordering": "priority_deadline",
                "queue2_priority_mode": priorities,
                "daily_liquidity_reallocation": reallocates,
            },
            "priority_escalation": {"start_ticks": 3, "max_boost": 4},
            "actions": {
                "max_split": max_split,
                "allow_drop": allow_drop,
                "collateral": collateral,
                "revoke": revoke,
                "sub_limit": sub_limit,
                "send_limit": send_limit,
            },
            **parts,
        }
    )


def quiet(*, ticks: int = 10, days: int = 3, rate: float = 0.7, **parts: Any) -> ScenarioConfig:
    """Two rich banks that release all at once: every payment settles in its tick."""
    arrivals = {"rate_per_tick": rate, "amount": {"type": "uniform", "min": 100, "max": 900}, "deadline_range": [2, 4]}
    return load_scenario(
        {
            "format": 1,
            "name": "quiet",
            "simulation": {"ticks_per_day": ticks, "num_days": days, "seed": 3},
            "banks": [{"id": name, "opening_balance": 10**9, "arrivals": arrivals} for name in ("ALFA", "BRAVO")],
            **parts,
        }
    )


def legal(masks: Any, *key: int) -> Any:
    """A choice under every head of masks (..., heads, choices), drawn by the key: the same key, the same draws."""
    draws = np.random.default_rng(key).random(masks.shape)
    return np.where(masks == 1, draws, -1.0).argmax(axis=-1)


def padded(mask: Any, nvec: Any) -> Any:
    """A flat mask (sum of choices,) as a matrix (heads, choices), padded with zeros; a matrix unchanged."""
    if np.ndim(mask) != 1:
        return mask
    matrix = np.zeros((len(nvec), int(max(nvec))), np.int8)
    matrix[np.arange(matrix.shape[1]) < np.asarray(nvec)[:, None]] = mask
    return matrix


def legal_by_seed(vec: Any, seeds: Any, step: int) -> Any:
    """Legal actions for a batch in which what a copy does depends on its seed and step alone, not on its place."""
    return np.stack([legal(mask, int(seed), step) for mask, seed in zip(vec.masks, seeds, strict=True)])


def holding(env: Any) -> dict[str, Any]:
    """For every acting bank: hold everything."""
    return {agent: np.zeros(env.action_space(agent).shape, np.int64) for agent in env.agents}


def play(env: Any, seed: int) -> list[str]:
    """Play a whole ``ParallelEnv`` game with legal draws; the digest at every decision and at the end."""
    _, infos = env.reset(seed=seed)
    return play_on(env, infos, seed)


def play_on(env: Any, infos: Any, seed: int, *, steps: int | None = None) -> list[str]:
    """Go on playing for so many steps, or to the end."""
    digests = [env.digest()]
    while env.agents and (steps is None or len(digests) <= steps):
        key = seed, int(env._vec.state(0).tick[0])
        nvec = env._vec.action_nvec
        actions = {
            agent: legal(padded(infos[agent]["action_mask"], nvec), *key, row) for row, agent in enumerate(env.agents)
        }
        *_, infos = env.step(actions)
        digests.append(env.digest())
    return digests


def overflowing() -> ScenarioConfig:
    """In tick 1 a payment of the largest amount begins to wait whose delay costs more than totals can hold.

    The configuration refuses it, unless a test takes that rule away (fixture ``unbounded``).
    """
    waits = {"type": "liquidity_aware", "target_buffer": 10**15, "urgency_threshold": 0}
    multipliers = {"low": 4.001, "normal": 4.001}
    return load_scenario(
        {
            "format": 1,
            "name": "overflowing",
            "simulation": {"ticks_per_day": 4, "num_days": 1},
            "banks": [{"id": "ALFA", "policy": waits}, {"id": "BRAVO"}],
            "events": [
                {"type": "payment", "tick": 1, "from_bank": "ALFA", "to_bank": "BRAVO", "amount": 10**15, "deadline": 4}
            ],
            "costs": {"delay_cost_per_tick_per_cent": 1_000.0, "priority_delay_multipliers": multipliers},
        }
    )
