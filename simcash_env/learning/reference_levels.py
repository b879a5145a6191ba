"""What a learning curve is compared with: the cost of FIFO, of the best script that is known, and of the expert."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from simcash_env.config import FifoPolicy
from simcash_env.envs.learners import assign_learners
from simcash_env.evaluation.evaluate import Evaluation, deciding_banks, evaluate_policy, played_seeds
from simcash_env.evaluation.known_scripts import known_script
from simcash_env.evaluation.seeds import training_seeds
from simcash_env.learning.expert import ExpertSettings, cost
from simcash_env.learning.settings import TrainingSettings

DAYS: Final = 200
"""Training days on which the references are played."""


def reference_levels(settings: TrainingSettings) -> Mapping[str, float]:
    """Mean cents of a learning bank and run on training days, by name; empty for a family of scenarios."""
    if settings.randomize is not None:
        return {}
    config = assign_learners(settings.config(), settings.learners)
    days = played_seeds(config, training_seeds(DAYS))
    learning = deciding_banks(config)

    def level(played: Evaluation) -> float:
        costs = played.by_bank()
        return sum(costs[bank] for bank in learning) / len(learning)

    found = {"FIFO": level(evaluate_policy(config, FifoPolicy(), days))}
    best = known_script(settings.config())
    if best is not None:
        found[f"best script ({best.name})"] = level(evaluate_policy(config, best.policy, days, best.shares))
    if isinstance(settings.expert, ExpertSettings):
        found["expert"] = level(cost(config, settings.expert, settings.largest_share, days))
    return found
