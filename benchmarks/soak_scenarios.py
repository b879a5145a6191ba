"""Random scenarios of all features together, by their number: two to ten banks, scarce money, every kind of rule."""

from __future__ import annotations

import random
from typing import Any, Final

from simcash_env.config import ScenarioConfig, load_scenario

TREES: Final = ("balance_first", "offset_seeker", "priority_first", "small_first")
ALGORITHMS: Final = ("bilateral", "cycles", "prefix")


def scenario(number: int) -> ScenarioConfig:
    """The scenario of this number; always the same one."""
    draw = random.Random(number)
    names = [f"BANK_{place}" for place in range(draw.randint(2, 10))]
    ticks, scale = draw.choice((6, 24, 48)), draw.choice((1, 1, 1_000, 10**7))
    truth = (False, True)
    return load_scenario(
        {
            "format": 1,
            "name": f"soak {number}",
            "rules": {
                "set": draw.choice(("standard", "simcash")),
                "delay_cost_scope": draw.choice(("queue1", "both")),
                "eod_penalty_scope": draw.choice(("unsettled", "overdue")),
                "deadline_mode": draw.choice(("overdue", "overdue", "drop")),
                "deadline_cap": draw.choice(("last_tick", "next_day")),
                "split_scope": draw.choice(("divisible", "any")),
                "end_of_day_settlement": draw.choice(truth),
            },
            "simulation": {"ticks_per_day": ticks, "num_days": draw.randint(1, 5), "seed": number},
            "banks": [bank(draw, name, names, scale) for name in names],
            "costs": costs(draw, scale),
            "lsm": {
                "algorithms": draw.sample(ALGORITHMS, draw.randint(0, 3)),
                "bilateral": draw.choice(("all", "subset")),
                "max_cycle_length": draw.randint(3, 6),
                "max_cycles_per_tick": draw.choice((10, 2, 0)),
                "cycle_work_limit": draw.choice((10_000, 100, 0)),
            },
            "switches": {
                **{name: draw.choice(truth) for name in SWITCHES},
                "limits_basis": draw.choice(("gross", "net")),
                "queue1_ordering": draw.choice(("fifo", "priority_deadline")),
            },
            "priority_escalation": {
                "start_ticks": draw.randint(0, 5),
                "max_boost": draw.randint(0, 6),
                "curve": draw.choice(("linear", "exponential", "step")),
            },
            "actions": {"max_split": draw.randint(1, 5)} | {name: draw.choice(truth) for name in ACTIONS},
            "events": [event(draw, names, ticks, scale) for _ in range(draw.randint(0, 6))],
        }
    )


SWITCHES: Final = (
    "deferred_crediting",
    "deadline_cap_at_eod",
    "daily_liquidity_reallocation",
    "queue2_priority_mode",
    "algorithm_sequencing",
    "entry_disposition_offsetting",
)
ACTIONS: Final = ("allow_drop", "collateral", "revoke")


def bank(draw: random.Random, name: str, names: list[str], scale: int) -> dict[str, Any]:
    """A bank that learns, follows a policy, or walks a tree."""
    others = [other for other in names if other != name]
    row: dict[str, Any] = {
        "id": name,
        "opening_balance": draw.choice((0, 500, 2_000)) * scale,
        "credit_limit": draw.choice((0, 0, 1_000)) * scale,
        "posted_collateral": draw.choice((0, 0, 700)) * scale,
        "collateral_haircut": draw.choice((0.0, 0.1, 1.0)),
        "max_collateral_capacity": 5_000 * scale,
        "min_holding_ticks": draw.choice((0, 3)),
        "policy": policy(draw, scale),
        "arrivals": {
            "rate_per_tick": draw.choice((0.1, 0.4, 1.0)),
            "amount": {"type": "lognormal", "mean": 400 * scale, "std_dev": 300 * scale},
            "priority": {"type": "uniform", "min": 0, "max": 10},
            "deadline_range": [1, draw.randint(1, 12)],
            "divisible": draw.choice((False, True)),
        },
    }
    if draw.random() < 0.5:
        row["liquidity_pool"] = draw.choice((0, 3_000)) * scale
        row["liquidity_allocation_fraction"] = draw.choice((0.0, 0.5, 1.0))
    if draw.random() < 0.3:
        row["bilateral_limits"] = {draw.choice(others): 900 * scale}
        row["multilateral_limit"] = 2_500 * scale
    return row


def policy(draw: random.Random, scale: int) -> dict[str, Any]:
    """Half of the banks act at random; the others follow something."""
    kind = draw.choice(("external",) * 4 + ("fifo", "liquidity_aware", "liquidity_splitting", "tree"))
    if kind == "liquidity_aware":
        return {"type": kind, "target_buffer": 200 * scale, "urgency_threshold": 2}
    if kind == "liquidity_splitting":
        return {"type": kind, "max_splits": 3, "min_split_amount": 100 * scale}
    return {"type": kind, "file": f"{draw.choice(TREES)}.json"} if kind == "tree" else {"type": kind}


def costs(draw: random.Random, scale: int) -> dict[str, Any]:
    """Every cost has a price."""
    return {
        "overdraft_bps_per_tick": draw.choice((0.001, 83.0)),
        "delay_cost_per_tick_per_cent": draw.choice((0.0001, 0.01)),
        "collateral_cost_per_tick_bps": draw.choice((0.0002, 30.0)),
        "liquidity_cost_per_tick_bps": draw.choice((0.0, 15.0)),
        "deadline_penalty": draw.choice((50 * scale, {"bps": 33.3})),
        "eod_penalty": draw.choice((20 * scale, {"bps": 500.0})),
        "split_friction_cost": draw.choice((0, 7)),
    }


def event(draw: random.Random, names: list[str], ticks: int, scale: int) -> dict[str, Any]:
    """A scheduled event, once or at regular intervals."""
    one, other = draw.sample(names, 2)
    when = {"tick": draw.randrange(ticks)} | ({"every": draw.randint(2, 9)} if draw.random() < 0.5 else {})
    cents = draw.choice((100, 900)) * scale
    return when | draw.choice(
        (
            {"type": "direct_transfer", "from_bank": one, "to_bank": other, "amount": cents},
            {"type": "payment", "from_bank": one, "to_bank": other, "amount": cents},
            {"type": "scheduled_settlement", "from_bank": one, "to_bank": other, "amount": cents},
            {"type": "collateral_adjustment", "bank": one, "delta": draw.choice((cents, -cents))},
            {"type": "credit_limit_change", "bank": one, "delta": draw.choice((cents, -cents))},
            {"type": "counterparty_weight_change", "bank": one, "counterparty": other, "weight": 2.0},
        )
    )
