"""The neutral form of a recorded case, mapped to a native scenario."""

from collections.abc import Mapping
from typing import Any

from simcash_env.config import ScenarioConfig

Json = Mapping[str, Any]

LSM_SETTINGS = ("max_cycle_length", "max_cycles_per_tick")
LSM_SWITCHES = {"lsm_bilateral": "bilateral", "lsm_cycles": "cycles"}
EVENT_TYPES = {
    "custom_transaction_arrival": "payment",
    "collateral_adjustment": "credit_limit_change",  # what it does in the reference engine
    "agent_arrival_rate_change": "arrival_rate_change",
}
EVENT_KEYS = {
    "from_agent": "from_bank",
    "to_agent": "to_bank",
    "agent": "bank",
    "is_divisible": "divisible",
    "new_weight": "weight",
    "min_ticks_multiplier": "min_multiplier",
    "max_ticks_multiplier": "max_multiplier",
}
EVENT_KEYS_WITHOUT_EFFECT = ("auto_balance_others",)
ESCALATION_KEYS = {"start_escalating_at_ticks": "start_ticks"}
BAND_MULTIPLIERS = ("urgent", "normal", "low")
RTGS_PRIORITIES = {"HighlyUrgent": "highly_urgent", "Urgent": "urgent", "Normal": "normal"}
KNOWN_KEYS = {
    "banks",
    "cost_rates",
    "events",
    "name",
    "num_days",
    "num_ticks",
    "payments",
    "pins",
    "priority_escalation",
    "rules",
    "seed",
    "switches",
    "ticks_per_day",
}


class CaseError(ValueError):
    """A case that is not in the neutral form."""


def to_config(scenario: Json) -> ScenarioConfig:
    """The native scenario of a case; the configuration refuses what is not supported."""
    unknown = set(scenario) - KNOWN_KEYS
    if unknown:
        msg = f"unknown keys in the scenario: {sorted(unknown)}"
        raise CaseError(msg)
    switches = dict(scenario.get("switches", {}))
    native: dict[str, Any] = {
        "format": 1,
        "name": scenario.get("name", "case"),
        "description": scenario.get("pins", ""),
        "rules": scenario.get("rules", "simcash"),
        "simulation": {
            "ticks_per_day": scenario["ticks_per_day"],
            "num_days": scenario["num_days"],
            "seed": scenario.get("seed", 0),
        },
        "banks": [dict(bank) for bank in scenario["banks"]],
        "costs": costs(scenario.get("cost_rates", {})),
        "lsm": lsm(switches),
        "priority_escalation": escalation(
            scenario.get("priority_escalation", switches.pop("priority_escalation", None))
        ),
        "switches": switches,
        "events": [event(row) for row in scenario.get("events", [])],
    }
    return ScenarioConfig.model_validate(native)


def lsm(switches: dict[str, Any]) -> dict[str, Any]:
    """Take the switches of liquidity saving out of the others."""
    algorithms = [name for switch, name in LSM_SWITCHES.items() if switches.pop(switch, False)]
    settings = {key: switches.pop(key) for key in LSM_SETTINGS if key in switches}
    return {"algorithms": algorithms, **settings}


def costs(rates: Json) -> dict[str, Any]:
    """Cost rates; band multipliers in either spelling."""
    native = dict(rates)
    bands = native.get("priority_delay_multipliers")
    if bands is not None:
        native["priority_delay_multipliers"] = {
            band: bands.get(band, bands.get(f"{band}_multiplier", 1.0)) for band in BAND_MULTIPLIERS
        }
    return native


def escalation(rule: Json | None) -> dict[str, Any] | None:
    """Priority escalation, where it is on."""
    if rule is None or not rule.get("enabled", True):
        return None
    return {ESCALATION_KEYS.get(key, key): value for key, value in rule.items() if key != "enabled"}


def event(row: Json) -> dict[str, Any]:
    """One scheduled event; what is null takes its default."""
    native = {
        EVENT_KEYS.get(key, key): value
        for key, value in row.items()
        if value is not None and key not in EVENT_KEYS_WITHOUT_EFFECT
    }
    native["type"] = EVENT_TYPES.get(row["type"], row["type"])
    return native


def rtgs_priority(payment: Json) -> str:
    """The RTGS priority that a payment declares."""
    return RTGS_PRIORITIES[payment.get("rtgs_priority") or "Normal"]
