"""Families of scenarios: another member at every reset, with separate members for training, validation and test."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from simcash_env.config import ScenarioConfig
from simcash_env.envs.options import is_real, require, required_whole
from simcash_env.integers import LARGEST_INT64

Span = tuple[float, float]

SPLITS: Final = ("train", "validation", "test")
"""Members of different splits are drawn from different random streams."""

_MONEY: Final = (
    *("opening_balance", "credit_limit", "posted_collateral", "max_collateral_capacity"),
    *("safety_buffer", "multilateral_limit", "sub_limit", "liquidity_pool"),
)
_RATES: Final = ("overdraft_bps", "delay_cost", "collateral_cost", "liquidity_cost")


@dataclass(frozen=True)
class Randomize:
    """A family of scenarios whose members multiply numbers of the scenario by log-uniform factors.

    An episode of seed ``s`` plays member ``s`` modulo ``num_members``. For another family, derive from this class and
    override ``draw``. Members may differ in numbers, but not in banks, policies, length or the number of events.

    Args:
        sizes: bounds of the factor of a bank's amounts, balances, limits and pool; one factor per bank.
        rates: bounds of the factor of a bank's arrival rates; one factor per bank.
        prices: bounds of the factor of a price; one factor per kind of cost.
        num_members: number of members.
        split: ``"train"``, ``"validation"`` or ``"test"``; splits have different members.
        seed: random seed of the family.
    """

    sizes: Span = (0.5, 2.0)
    rates: Span = (0.5, 2.0)
    prices: Span = (0.5, 2.0)
    num_members: int = 64
    split: Literal["train", "validation", "test"] = "train"
    seed: int = 0

    def __post_init__(self) -> None:
        """Validate the options.

        Raises:
            ConfigError: bounds that are out of order or not above 0, no member, or an unknown split.
        """
        for name in ("sizes", "rates", "prices"):
            span = getattr(self, name)
            is_pair = isinstance(span, (tuple, list)) and len(span) == len(("low", "high")) and all(map(is_real, span))
            is_span = is_pair and 0.0 < span[0] <= span[1] < math.inf
            require(f"randomize.{name}", span, is_span, "must be two factors above 0 in order")
        required_whole("randomize.num_members", self.num_members, 1)
        required_whole("randomize.seed", self.seed, 0, LARGEST_INT64)
        is_split = isinstance(self.split, str) and self.split in SPLITS
        require("randomize.split", self.split, is_split, f"must be one of {', '.join(SPLITS)}")

    def members(self, config: ScenarioConfig) -> list[ScenarioConfig]:
        """Return all members, in order.

        Raises:
            ConfigError: a member is not a valid scenario.
        """
        streams = [[self.seed, SPLITS.index(self.split), member] for member in range(self.num_members)]
        return [self.draw(config, np.random.default_rng(stream)) for stream in streams]

    def draw(self, config: ScenarioConfig, rng: np.random.Generator) -> ScenarioConfig:
        """Return one member."""
        rows = config.model_dump(mode="json")
        for bank in rows["banks"]:
            _resize(bank, _factor(rng, self.sizes))
            _speed_up(bank, _factor(rng, self.rates))
        _reprice(rows["costs"], rng, self.prices)
        return ScenarioConfig.model_validate(rows)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _factor(rng: np.random.Generator, span: Span) -> float:
    return float(np.exp(rng.uniform(np.log(span[0]), np.log(span[1]))))


def _streams(bank: Mapping[str, Any]) -> list[dict[str, Any]]:
    bands = bank["arrival_bands"] or {}
    return [stream for stream in (bank["arrivals"], *bands.values()) if isinstance(stream, dict)]


def _resize(bank: dict[str, Any], factor: float) -> None:
    for name in _MONEY:
        if bank[name] is not None:
            bank[name] = round(bank[name] * factor)
    bank["bilateral_limits"] = {other: round(cents * factor) for other, cents in bank["bilateral_limits"].items()}
    for stream in _streams(bank):
        amount = stream["amount"]
        for name in ("mean", "std_dev"):
            if name in amount:
                amount[name] *= factor
        for name in ("min", "max"):
            if amount.get(name) is not None:
                amount[name] = max(round(amount[name] * factor), 1)
        if amount["type"] == "exponential":
            amount["rate"] /= factor
        elif amount["type"] == "mixture":
            for part in amount["components"]:
                part["log_mean"] += math.log(factor)
        elif amount["type"] == "empirical":
            amount["quantiles"] = [max(round(cents * factor), 1) for cents in amount["quantiles"]]


def _speed_up(bank: dict[str, Any], factor: float) -> None:
    for stream in _streams(bank):
        stream["rate_per_tick"] *= factor
        if stream.get("rate_per_tick_of_day") is not None:
            stream["rate_per_tick_of_day"] = [rate * factor for rate in stream["rate_per_tick_of_day"]]


def _reprice(costs: dict[str, Any], rng: np.random.Generator, span: Span) -> None:
    for kind in _RATES:
        factor = _factor(rng, span)
        for name in [name for name in costs if name.startswith(kind) and costs[name] is not None]:
            costs[name] *= factor
    for name in ("deadline_penalty", "eod_penalty", "drop_penalty", "split_friction_cost"):
        factor = _factor(rng, span)
        if isinstance(costs[name], dict):
            costs[name] = {"bps": costs[name]["bps"] * factor}
        elif costs[name] is not None:
            costs[name] = round(costs[name] * factor)
