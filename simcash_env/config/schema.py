"""JSON Schema of a scenario file, native or SimCash's, for completion and checks in editors.

It accepts everything that the loader accepts, and more: the loader also checks rules between parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from simcash_env.config.scenario import ScenarioConfig
from simcash_env.config.simcash import keys

Schema = dict[str, Any]

NATIVE_KEYS = ("format", "banks")
"""Keys that mark a native file, as in ``load_scenario``."""


def scenario_schema() -> Schema:
    """The schema of a file: native if it has ``format`` or ``banks``, otherwise SimCash's."""
    native = ScenarioConfig.model_json_schema()
    definitions = native.pop("$defs")
    simcash = _simcash()
    names = dict.fromkeys((*native["properties"], *simcash["properties"]))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Scenario",
        "type": "object",
        "properties": {name: {} for name in names},
        "if": {"anyOf": [{"required": [name]} for name in NATIVE_KEYS]},
        "then": {"$ref": "#/$defs/ScenarioConfig"},
        "else": {"$ref": "#/$defs/SimCash"},
        "$defs": {**definitions, "ScenarioConfig": native, "SimCash": simcash},
    }


def _section(names: Iterable[str], **parts: Schema) -> Schema:
    """A mapping with these keys, some with their own schema; null means omitted."""
    inside = {name: {"anyOf": [parts[name], {"type": "null"}]} if name in parts else {} for name in (*names, *parts)}
    return {"type": "object", "properties": inside, "additionalProperties": False}


def _variant(table: Mapping[str, tuple[str, keys.Keys]], *also: str, **parts: Schema) -> Schema:
    """A mapping whose ``type`` determines its keys."""
    return {
        "type": "object",
        "required": ["type"],
        "oneOf": [_section((*carried, *also), type={"const": kind}, **parts) for kind, (_, carried) in table.items()],
    }


def _list_of(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _simcash() -> Schema:
    """A SimCash file: the keys of every part; the loader checks the values."""
    amount, priority = _variant(keys.AMOUNTS), _variant(keys.PRIORITIES)
    arrivals = _section(keys.ARRIVALS, amount_distribution=amount, priority_distribution=priority)
    bands = _section((), **{band: _section(keys.BAND, amount_distribution=amount) for band in keys.BANDS})
    agent = _section(
        (*keys.AGENT, *keys.IGNORED["agent"]),
        limits=_section(keys.LIMITS),
        policy=_variant(keys.POLICIES),
        arrival_config=arrivals,
        arrival_bands=bands,
    )
    penalty = {"anyOf": [{"type": "integer"}, _section(("mode", "amount")), _section(("mode", "bps_per_event"))]}
    costs = _section(
        keys.COSTS,
        priority_delay_multipliers=_section(keys.MULTIPLIERS),
        **dict.fromkeys(keys.PENALTIES, penalty),
    )
    event = _variant(keys.EVENTS, *keys.IGNORED["weight_event"], schedule=_variant(keys.SCHEDULES))
    whole = _section(
        sorted({*keys.SWITCHES, *keys.PARTS, *keys.IGNORED["scenario"]}),
        simulation=_section((*keys.SIMULATION, *keys.IGNORED["simulation"])),
        agents=_list_of(agent),
        cost_rates=costs,
        lsm_config=_section((*keys.LSM, *keys.LSM_SWITCHES)),
        priority_escalation=_section(("enabled", *keys.ESCALATION)),
        scenario_events=_list_of(event),
    )
    return {"title": "SimCash", "description": "A scenario file of SimCash.", **whole, "required": ["agents"]}
