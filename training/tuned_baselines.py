"""The scripts that learned policies are measured against: tuned on training days, scored on the same test days."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from simcash_env.config import ScenarioConfig
from simcash_env.config.library import policy_names, policy_path
from simcash_env.config.policies import PolicyConfig
from simcash_env.evaluation.evaluate import Evaluation, evaluate_policy
from simcash_env.evaluation.grid_search import tune
from simcash_env.evaluation.seeds import training_seeds

PUBLISHED: Final = Path("docs") / "results" / "benchmark.json"
_POLICY: Final[TypeAdapter[Any]] = TypeAdapter(PolicyConfig)
_POOL: Final = "pool "
LEADING: Final = ("fifo", "liquidity_reserve", "balance_first", "priority_first", "small_first")
"""What is tuned where there are no published results: one of these leads in every scenario where all nine were."""
LEADING_OF_LARGE: Final = ("fifo", "small_first")
"""Likewise from 50 banks on, where a search takes long."""
TUNING_DAYS, LARGE_TUNING_DAYS, LARGE_BANKS = 200, 20, 50


@dataclass(frozen=True, eq=False)
class Rival:
    """A tuned policy and what it costs on the test days."""

    policy: str
    parameters: str
    evaluation: Evaluation


def parsed(family: str, parameters: str) -> tuple[PolicyConfig, tuple[float, ...] | None]:
    """Policy and pool shares from the words of ``Tuned.describe``."""
    shares: tuple[float, ...] | None = None
    values: dict[str, float] = {}
    for part in re.split(r", (?=[a-z])", parameters) if parameters else []:
        if part.startswith(_POOL):
            shares = tuple(round(float(share.strip(" %")) / 100, 6) for share in part[len(_POOL) :].split("/"))
        else:
            name, number = part.rsplit(" ", 1)
            values[name] = float(number.replace(",", ""))
    if family in policy_names():
        return _POLICY.validate_python({"type": "tree", "file": str(policy_path(family)), "parameters": values}), shares
    whole = {name: int(value) for name, value in values.items()}
    return _POLICY.validate_python({"type": family, **whole}), shares


def published(scenario: str, path: Path = PUBLISHED) -> list[Mapping[str, Any]]:
    """The rows of a scenario's tuned policies among the published results; none where there is no file or no row."""
    if not path.is_file():
        return []
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    return [row for row in rows if row["scenario"] == scenario and row["policy"].startswith("tuned:")]


def rivals(config: ScenarioConfig, seeds: Sequence[int], path: Path = PUBLISHED) -> list[Rival]:
    """All tuned policies on these days, cheapest first; those of the published results, else some are searched.

    Args:
        config: a scenario of the library.
        seeds: test days; the search never sees them.
        path: of the published results.
    """
    found = []
    for row in published(config.name, path):
        family = str(row["policy"]).removeprefix("tuned:")
        policy, shares = parsed(family, str(row["parameters"]))
        found.append((family, str(row["parameters"]), policy, shares))
    if not found:
        is_large = len(config.banks) >= LARGE_BANKS
        days = training_seeds(LARGE_TUNING_DAYS if is_large else TUNING_DAYS)
        for family in LEADING_OF_LARGE if is_large else LEADING:
            tuned = tune(config, family, days)
            found.append((family, tuned.describe(), tuned.policy, tuned.shares))
    scored = [
        Rival(f"tuned:{family}", words, evaluate_policy(config, policy, seeds, shares))
        for family, words, policy, shares in found
    ]
    return sorted(scored, key=lambda rival: float(rival.evaluation.totals().mean()))
