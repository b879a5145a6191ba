"""What the comparison is measured against: the best tuned script and the shipped constants of a full search."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simcash_env.evaluation.evaluate import evaluate_policy
from simcash_env.evaluation.rollout_policy import tuned_base
from simcash_env.evaluation.seeds import training_seeds, validation_seeds
from simcash_env.learning.evaluate import evaluate_learned
from simcash_env.learning.rank_policy import RankPolicy, search_checkpoint
from simcash_env.registry import load
from training.algorithms.contest import CURVE_DAYS, FINAL_DAYS

SCRIPT, SEARCH = "best tuned script", "full search"
TUNING_DAYS: Final = 200


def search_on(scenario: str, days: int, skip: int = 0) -> npt.NDArray[np.int64]:
    """Costs of the full search's constants on validation days, (days,)."""
    policy = RankPolicy.load(search_checkpoint(scenario))
    evaluation, _ = evaluate_learned(policy, load(scenario), validation_seeds(days, skip))
    return evaluation.totals()


@cache
def search_costs(scenario: str) -> npt.NDArray[np.int64]:
    """Costs of the full search's constants on the days of final policies, (days,)."""
    return search_on(scenario, FINAL_DAYS, CURVE_DAYS)


def reference_line(scenario: str) -> dict[str, Any]:
    """Mean costs of both on the days of final policies, and of the search on the days of evaluations on the way."""
    config = load(scenario)
    base = tuned_base(config, training_seeds(TUNING_DAYS))
    script = evaluate_policy(config, base.policy, validation_seeds(FINAL_DAYS, CURVE_DAYS), base.shares)
    means = {SCRIPT: float(script.totals().mean()), SEARCH: float(search_costs(scenario).mean())}
    return {
        "algorithm": "references", "scenario": scenario, "seed": 0, "script": base.name, "final": means,
        "curve": float(search_on(scenario, CURVE_DAYS).mean()),
    }  # fmt: skip
