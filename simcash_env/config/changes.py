"""Validated copies of a scenario with changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from simcash_env.config.loader import load_scenario
from simcash_env.config.overrides import Changes
from simcash_env.config.policies import PolicyConfig, TreePolicy
from simcash_env.config.scenario import ScenarioConfig
from simcash_env.errors import ConfigError, Fault


def with_policy(config: ScenarioConfig, bank: str, policy: PolicyConfig | Mapping[str, Any] | str) -> ScenarioConfig:
    """The scenario with another policy for this bank.

    Raises:
        ConfigError: lists every error in the policy.
    """
    if isinstance(policy, BaseModel):
        fields: Any = policy.model_dump(mode="json")
    else:
        given: Any = policy
        if not isinstance(given, (str, Mapping)):
            rule = "must be a policy's configuration, a mapping or a name"
            raise ConfigError([Fault(None, None, "policy", repr(policy), rule)])
        fields = {"type": policy} if isinstance(policy, str) else dict(policy)
    plain = config.model_dump(mode="json")
    for row in plain["banks"]:
        if row["id"] == bank:
            row["policy"] = fields
    return load_scenario(plain)


def with_changes(config: ScenarioConfig, changes: Changes) -> ScenarioConfig:
    """The scenario with new values by dotted key, validated like a file.

    Raises:
        ConfigError: lists every key that leads nowhere and every value that breaks a rule.
    """
    return load_scenario(config.model_dump(mode="json"), changes=changes) if changes else config


def self_contained(config: ScenarioConfig) -> ScenarioConfig:
    """The same scenario with its tree files inlined, so that it needs no other file."""
    banks = tuple(bank.model_copy(update={"policy": self_contained_policy(bank.policy)}) for bank in config.banks)
    return config.model_copy(update={"banks": banks})


def self_contained_policy(policy: PolicyConfig) -> PolicyConfig:
    """The same policy with its tree file inlined."""
    if isinstance(policy, TreePolicy) and policy.file is not None:
        return TreePolicy(tree=policy.definition, parameters=policy.parameters)
    return policy
