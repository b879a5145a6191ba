"""Gymnasium's and PettingZoo's lists of environments."""

from __future__ import annotations

import gymnasium

BANK_ID = "SimCash/Bank-v0"
"""One bank learns; ids carry versions, raised with any change that could affect learning."""


def register_with_gymnasium() -> None:
    """Make ``gymnasium.make`` and ``gymnasium.make_vec`` know ``SimCash/Bank-v0``."""
    if BANK_ID not in gymnasium.registry:
        gymnasium.register(
            BANK_ID,
            entry_point="simcash_env.envs.single:SimCashBankEnv",
            vector_entry_point="simcash_env.envs.gym_vector:SimCashBankVec",
        )
