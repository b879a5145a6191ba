"""Assignment of learning banks: who acts through the environment, and what the other banks do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from simcash_env.config import ExternalPolicy, ScenarioConfig, load_scenario
from simcash_env.config.external import RELEASE, External, default_policy, follow_default
from simcash_env.errors import ActionError

DEFAULT_SCENARIO: Final = "castro-12period-v0"
"""Scenario of an environment that is made without one."""

ScenarioLike: TypeAlias = ScenarioConfig | str | Path | Mapping[str, Any]
Learners: TypeAlias = Literal["external", "all"] | Sequence[str]


def resolve_scenario(scenario: ScenarioLike, policy_path: Path | None = None) -> ScenarioConfig:
    """Return the configuration for a library id, a file, a mapping or a ``ScenarioConfig``."""
    return scenario if isinstance(scenario, ScenarioConfig) else load_scenario(scenario, policy_path=policy_path)


def assign_learners(config: ScenarioConfig, learners: Learners, external: External = RELEASE) -> ScenarioConfig:
    """Return the scenario with exactly these banks learning.

    Args:
        config: the scenario.
        learners: the banks that learn.
        external: policy of external banks that do not learn: ``"release"``, ``"hold"`` or a policy.

    Raises:
        ActionError: an unknown bank, or nobody learns.
        ConfigError: a default policy that cannot be run.
    """
    ids = [bank.id for bank in config.banks]
    if isinstance(learners, str):
        chosen = {bank.id for bank in config.banks if learners == "all" or bank.policy.type == "external"}
        if learners not in {"all", "external"}:
            hint = f"; one bank is written [{learners!r}]" if learners in ids else ""
            message = f'learners: must be "external", "all" or a list of bank ids, got {learners!r}{hint}'
            raise ActionError(message)
    else:
        given = list(learners) if isinstance(learners, Iterable) else [learners]
        unknown = [name for name in given if not isinstance(name, str) or name not in ids]
        if unknown:
            message = f"learners: unknown bank {unknown[0]!r}; banks are {', '.join(sorted(ids))}"
            raise ActionError(message)
        chosen = set(given)
    if not chosen:
        message = "learners: no bank of this scenario has policy 'external'; name some, or say learners='all'"
        raise ActionError(message)
    others = follow_default(config, default_policy(external, config))
    banks = tuple(
        bank.model_copy(update={"policy": ExternalPolicy(type="external")}) if bank.id in chosen else bank
        for bank in others.banks
    )
    return config.model_copy(update={"banks": banks})


def pick_learner(
    scenario: ScenarioLike, bank: str | None, policy_path: Path | None = None
) -> tuple[ScenarioConfig, str]:
    """Return the scenario and its one learning bank: the given one, else the first whose policy is external.

    Raises:
        ActionError: an unknown bank, or none is named and none is external.
    """
    config = resolve_scenario(scenario, policy_path)
    if bank is not None:
        assign_learners(config, [bank])
        return config, bank
    external = sorted(item.id for item in config.banks if item.policy.type == "external")
    if not external:
        message = "bank: no bank of this scenario has policy 'external'; name the one that learns"
        raise ActionError(message)
    return config, external[0]
