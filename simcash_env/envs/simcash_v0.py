"""SimCash as a PettingZoo game, version 0: ``simcash_v0.parallel_env(scenario=...)``.

Version history: v0, the first.
"""

from __future__ import annotations

from typing import Any

import pettingzoo

from simcash_env.envs.parallel import SimCashParallelEnv

GAME_ID = "SimCash/Banks-v0"
"""In PettingZoo's own list, of the releases that have one: ``pettingzoo.make("parallel", "SimCash/Banks-v0", ...)``."""


def parallel_env(scenario: Any, **options: Any) -> SimCashParallelEnv:
    """The parallel environment; the options are those of ``SimCashParallelEnv``."""
    return SimCashParallelEnv(scenario, **options)


def env(scenario: Any, **options: Any) -> Any:
    """The same game turn by turn, through PettingZoo's own converter."""
    from pettingzoo.utils.conversions import parallel_to_aec

    return parallel_to_aec(parallel_env(scenario, **options))


# PettingZoo has had a registry since 1.27, and a module that is loaded again finds the game there.
if hasattr(pettingzoo, "register") and GAME_ID not in pettingzoo.parallel_registry:  # pragma: no branch - as just said
    pettingzoo.register("parallel", GAME_ID, parallel_env)
    pettingzoo.register("aec", GAME_ID, env)

__all__ = ["GAME_ID", "env", "parallel_env"]
