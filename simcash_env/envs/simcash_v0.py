"""SimCash as a PettingZoo game, version 0: ``simcash_v0.parallel_env(scenario=...)``.

Version history: v0, the first.
"""

from __future__ import annotations

from typing import Any

from simcash_env.envs.parallel import SimCashParallelEnv


def parallel_env(scenario: Any, **options: Any) -> SimCashParallelEnv:
    """The parallel environment; the options are those of ``SimCashParallelEnv``."""
    return SimCashParallelEnv(scenario, **options)


def env(scenario: Any, **options: Any) -> Any:
    """The same game turn by turn, through PettingZoo's own converter."""
    from pettingzoo.utils.conversions import parallel_to_aec

    return parallel_to_aec(parallel_env(scenario, **options))


__all__ = ["env", "parallel_env"]
