"""Compilation of a scenario, or of all members of its family, for a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simcash_env.compile.scenario import CompiledScenario, compile_scenario
from simcash_env.envs.options import require

if TYPE_CHECKING:
    from simcash_env.config import ScenarioConfig
    from simcash_env.envs.families import Randomize


def compile_members(config: ScenarioConfig, family: Randomize | None) -> list[CompiledScenario]:
    """Return the compiled scenario, or the compiled members of its family.

    Raises:
        ConfigError: members that differ in more than numbers.
    """
    if family is None:
        return [compile_scenario(config)]
    members = [compile_scenario(member) for member in family.members(config)]
    own = compile_scenario(config)
    for number, member in enumerate(members):
        alike = member.bank_ids == own.bank_ids and np.array_equal(member.sizes, own.sizes)
        alike = alike and np.array_equal(member.state_sizes, own.state_sizes)
        alike = alike and np.array_equal(member.view.bank_is_learning, own.view.bank_is_learning)
        alike = alike and int(member.view.num_ticks[0]) == int(own.view.num_ticks[0])
        require(
            "randomize", f"member {number}", alike, "members differ in numbers only: not in banks, policies, length"
        )
    return members
