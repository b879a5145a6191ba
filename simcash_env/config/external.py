"""The default policy of external banks, for ticks without actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from pydantic import BaseModel, TypeAdapter, ValidationError

from simcash_env.config.changes import self_contained_policy
from simcash_env.config.faults import Broken
from simcash_env.config.loader import load_scenario
from simcash_env.config.policies import FifoPolicy, PolicyConfig, TreePolicy
from simcash_env.config.report import broken_of, config_error
from simcash_env.config.scenario import ScenarioConfig

External: TypeAlias = PolicyConfig | Mapping[str, Any] | str
"""``"release"``, ``"hold"`` or a policy: its configuration, a mapping as in a file, or a name without parameters."""

RELEASE: Final = "release"
HOLD: Final = "hold"
MOST_NAMED: Final = 10
"""Largest number of banks that a notice lists."""

HOLDING: Final = {"policy_id": HOLD, "payment_tree": {"type": "action", "node_id": HOLD, "action": "Hold"}}
"""The tree of a bank that holds every payment."""

POLICY: Final[TypeAdapter[Any]] = TypeAdapter(PolicyConfig)


def external_banks(config: ScenarioConfig) -> tuple[str, ...]:
    """Ids of the banks whose policy is ``external``, in the order of the scenario."""
    return tuple(bank.id for bank in config.banks if bank.policy.type == "external")


def default_policy(external: External, config: ScenarioConfig | None = None) -> PolicyConfig | None:
    """The default policy of external banks; None holds every payment.

    Args:
        external: the caller's choice.
        config: the scenario, against whose rules the policy is checked.

    Raises:
        ConfigError: lists every error in the choice.
    """
    if isinstance(external, str) and external in {RELEASE, HOLD}:
        return FifoPolicy() if external == RELEASE else None
    if isinstance(external, BaseModel):
        fields: Any = external.model_dump(mode="json")
    else:
        fields = {"type": external} if isinstance(external, str) else external
    is_mapping = isinstance(fields, Mapping)
    if not is_mapping or fields.get("type") == "external":
        rule = "must be release, hold or a policy that decides by itself"
        raise config_error([Broken(("external",), rule, fields["type"] if is_mapping else external)], None)
    try:
        policy: PolicyConfig = POLICY.validate_python(dict(fields))
    except ValidationError as error:
        broken = [
            Broken(("external", *place), rule, value if place or not isinstance(external, str) else external)
            for place, rule, value in broken_of(error, fields)
        ]
        raise config_error(broken, None) from None
    if config is not None and policy.type != "fifo" and external_banks(config):
        load_scenario(follow_default(config, policy).model_dump(mode="json"))  # rules that span policy and scenario
    return policy


def plain_external(policy: PolicyConfig | None) -> str | dict[str, Any]:
    """JSON-ready and without files; ``default_policy`` reads it back."""
    if policy is None:
        return HOLD
    if policy.type == "fifo":
        return RELEASE
    fields: dict[str, Any] = self_contained_policy(policy).model_dump(mode="json")
    return fields


def follow_default(config: ScenarioConfig, policy: PolicyConfig | None) -> ScenarioConfig:
    """The scenario with this policy for every external bank; None holds every payment."""
    if not external_banks(config):
        return config
    policy = TreePolicy(tree=HOLDING) if policy is None else policy
    return config.model_copy(
        update={
            "banks": tuple(
                bank.model_copy(update={"policy": policy}) if bank.policy.type == "external" else bank
                for bank in config.banks
            )
        }
    )


def external_notice(config: ScenarioConfig, policy: PolicyConfig | None) -> str | None:
    """One line on the default of external banks; None if the scenario has none."""
    banks = external_banks(config)
    if not banks:
        return None
    named = ", ".join(banks[:MOST_NAMED]) + (f" and {len(banks) - MOST_NAMED} more" if len(banks) > MOST_NAMED else "")
    if policy is None:
        does, name = "hold every payment", HOLD
    elif policy.type == "fifo":
        does, name = "release every payment", RELEASE
    else:
        does, name = f"follow the policy {policy.type}", policy.type
    return f"external banks {named} {does} in ticks without actions (external: {name})"
