"""What learned policies are compared with on the same test days: tuned baselines, and the search for constants."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from simcash_env.config import ScenarioConfig
from simcash_env.config.library import policy_names, policy_path
from simcash_env.config.policies import PolicyConfig
from simcash_env.evaluation.contenders import TUNED
from simcash_env.evaluation.evaluate import Evaluation, evaluate_policy
from simcash_env.evaluation.grid_search import tune
from simcash_env.evaluation.policy_families import ALL_FAMILIES
from simcash_env.evaluation.seeds import training_seeds
from simcash_env.learning.evaluate import evaluate_learned
from simcash_env.learning.rank_policy import RankPolicy, search_checkpoint

PUBLISHED: Final = Path("docs") / "results" / "benchmark.json"
_POLICY: Final[TypeAdapter[Any]] = TypeAdapter(PolicyConfig)
TUNING_DAYS: Final = 200
"""Of a scenario without published results."""


@dataclass(frozen=True, eq=False)
class TunedBaseline:
    """A tuned policy and what it costs on the test days."""

    policy: str
    parameters: str
    evaluation: Evaluation
    kernel_policy: PolicyConfig


def tuned_policy(row: Mapping[str, Any]) -> tuple[PolicyConfig, tuple[float, ...] | None]:
    """Policy and pool shares of a published row of a tuned policy."""
    family, values = str(row["policy"]).removeprefix(TUNED), row["values"]
    shares = None if row["pool_shares"] is None else tuple(row["pool_shares"])
    if family in policy_names():
        return _POLICY.validate_python({"type": "tree", "file": str(policy_path(family)), "parameters": values}), shares
    return _POLICY.validate_python({"type": family, **values}), shares


def published(scenario: str, path: Path = PUBLISHED) -> list[Mapping[str, Any]]:
    """The rows of a scenario's tuned policies among the published results; none where there is no file or no row."""
    if not path.is_file():
        return []
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    return [row for row in rows if row["scenario"] == scenario and row["policy"].startswith(TUNED)]


def tuned_baselines(config: ScenarioConfig, seeds: Sequence[int], path: Path = PUBLISHED) -> list[TunedBaseline]:
    """Play all tuned policies on these days; cheapest first.

    They are those of the published results. A scenario without published results gets a search over all families.

    Args:
        config: a scenario of the library.
        seeds: test days; the search never sees them.
        path: of the published results.
    """
    found = [(str(row["policy"]), str(row["parameters"]), *tuned_policy(row)) for row in published(config.name, path)]
    if not found:
        days = training_seeds(TUNING_DAYS)
        for family in ALL_FAMILIES:
            tuned = tune(config, family, days)
            found.append((f"{TUNED}{family}", tuned.describe(), tuned.policy, tuned.shares))
    scored = [
        TunedBaseline(name, words, evaluate_policy(config, policy, seeds, shares), policy)
        for name, words, policy, shares in found
    ]
    return sorted(scored, key=lambda baseline: float(baseline.evaluation.totals().mean()))


def searched(config: ScenarioConfig, seeds: Sequence[int]) -> Evaluation | None:
    """The shipped constants of a search on these days; None where none are shipped."""
    path = search_checkpoint(config.name)
    return evaluate_learned(RankPolicy.load(path), config, seeds)[0] if path.is_file() else None
