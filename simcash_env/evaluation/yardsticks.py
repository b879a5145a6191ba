"""Scripted policies that others are compared with: FIFO, and the best tuned policy where one is known."""

from __future__ import annotations

from collections.abc import Sequence

from simcash_env.config import FifoPolicy, ScenarioConfig
from simcash_env.evaluation.contenders import Contender, play_policy
from simcash_env.evaluation.known_bounds import Reference
from simcash_env.evaluation.known_scripts import known_script


def play_yardsticks(config: ScenarioConfig, seeds: Sequence[int]) -> list[tuple[Contender, float | None]]:
    """FIFO, and the best tuned policy if it is known, on given days; each with its gap to the lower bound, if known."""
    played = [play_policy(config, "fifo", "", FifoPolicy(), seeds)]
    best = known_script(config)
    if best is not None:
        played.append(play_policy(config, best.name, best.parameters, best.policy, seeds, best.shares))
    reference = Reference(config, seeds)
    return [(one, reference.gap(float(one.evaluation.totals().mean()), one.allowed)) for one in played]
