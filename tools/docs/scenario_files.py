"""The tables on the scenario page: every key of a file, from the models that validate it."""

from __future__ import annotations

import types
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from simcash_env import config
from simcash_env.config.library import scenario_ids
from simcash_env.config.rules import RULE_SETS
from tools.docs.markdown import summary, table

PARTS: Final[tuple[tuple[str, type[BaseModel]], ...]] = (
    ("Top level", config.ScenarioConfig),
    ("`simulation`", config.SimulationConfig),
    ("`rules`", config.RulesConfig),
    ("`banks[]`", config.BankConfig),
    ("`banks[].arrivals`", config.ArrivalConfig),
    ("`banks[].arrival_bands`: `urgent`, `normal`, `low`", config.ArrivalBandConfig),
    ("`arrivals`", config.ArrivalsConfig),
    ("`arrivals.recorded`", config.RecordedConfig),
    ("`costs`", config.CostConfig),
    ("`costs.priority_delay_multipliers`", config.PriorityDelayMultipliers),
    ("`lsm`", config.LsmConfig),
    ("`switches`", config.SwitchConfig),
    ("`priority_escalation`", config.PriorityEscalationConfig),
    ("`actions`", config.ActionConfig),
    ("`market`", config.MarketConfig),
    ("`market.books[]`", config.BookConfig),
    ("`market.traders`: a mapping from bank ids", config.TraderConfig),
    ("`market.schedule`", config.ScheduleConfig),
    ("`market.schedule.retry`", config.RetryConfig),
)
PART: Final = "object, see below"
PLURAL: Final = {PART: "objects, see below", "factor": "factors"}
CHOSEN_BY_TYPE: Final = (
    ("`policy`", config.PolicyConfig),
    ("`amount`", config.AmountConfig),
    ("`events[]`", config.EventConfig),
)


def library() -> str:
    """The scenarios shipped with the package."""
    rows = []
    for name in scenario_ids():
        scenario = config.load_scenario(name)
        time = scenario.simulation
        learning = sum(bank.policy.type == "external" for bank in scenario.banks)
        size = (len(scenario.banks), learning, time.ticks_per_day, time.num_days)
        rows.append((f"`{name}`", *map(str, size), scenario.rules.set, scenario.description))
    return table(("id", "banks", "learning", "ticks per day", "days", "rules", "description"), rows)


def scenario_keys() -> str:
    """Every key of a scenario file, a table for each of its parts."""
    return "\n\n".join(
        f"### {title}\n\n{summary(model)}\n\n{table(('key', 'value', 'default'), key_rows(model))}"
        for title, model in PARTS
    )


def chosen_by_type() -> str:
    """Objects with a ``type``: each type with its keys."""
    parts = []
    for title, alias in CHOSEN_BY_TYPE:
        rows = []
        for model in get_args(get_args(alias)[0]):
            keys = [f"{key}: {value}" + (f" ({default})" if default else "") for key, value, default in key_rows(model)]
            rows.append((f"`{model.model_fields['type'].default}`", summary(model), "<br>".join(keys)))
        parts.append(f"### {title}\n\n{table(('type', 'description', 'keys (default)'), rows)}")
    return "\n\n".join(parts)


def key_rows(model: type[BaseModel]) -> list[tuple[str, str, str]]:
    """Key, kind of value and default of every field except ``type``."""
    rows = []
    for name, field in model.model_fields.items():
        if name == "type":
            continue
        kind = field.description or _type(field.annotation) + _bounds(field.metadata)
        default = field.get_default(call_default_factory=True)
        if field.is_required() or isinstance(default, BaseModel) or default in ({}, ""):
            shown = "`fifo`" if isinstance(default, config.FifoPolicy) else ""
        else:
            shown = f"`{_yaml(default)}`"
        rows.append((f"`{name}`", kind, "required" if field.is_required() else shown))
    return rows


def _bounds(metadata: Sequence[Any]) -> str:
    low = next((item.ge for item in metadata if hasattr(item, "ge")), None)
    high = next((item.le for item in metadata if hasattr(item, "le")), None)
    if low is None:
        return ""
    return f", {low} or more" if high is None else f", {low} to {high}"


def _yaml(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, BaseModel):
        return "{" + ", ".join(f"{key}: {_yaml(item)}" for key, item in value) + "}"
    return "[" + ", ".join(map(_yaml, value)) + "]" if isinstance(value, tuple) else str(value)


def _type(annotation: Any) -> str:
    """A type in words: the description in its annotation, or its structure."""
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        described = [item.description for item in inside[1:] if getattr(item, "description", None)]
        return described[0] if described else _type(inside[0])
    if origin is Literal:
        return " or ".join(f"`{_yaml(item)}`" for item in inside)
    if origin in {Union, types.UnionType}:
        kinds = [item for item in inside if item is not type(None)]
        return _either(kinds)
    if origin is tuple:
        items = _either(item for item in inside if item is not ...)
        return f"list of {PLURAL.get(items, items)}" if ... in inside else f"pair of {items}"
    if origin is dict:
        return f"mapping from {_type(inside[0])} to {_type(inside[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _model(annotation)
    return {int: "whole number", float: "number", bool: "true or false", str: "text", Any: "anything"}[annotation]


def _model(model: type[BaseModel]) -> str:
    """A small model in full; a reference for a part with its own table."""
    listed = [part for _, part in PARTS] + [
        kind for _, alias in CHOSEN_BY_TYPE for kind in get_args(get_args(alias)[0])
    ]
    if model in listed:
        return PART
    keys = [f"type: {field.default}" if name == "type" else name for name, field in model.model_fields.items()]
    return f"`{{{', '.join(keys)}}}`"


def _either(kinds: Iterable[Any]) -> str:
    return " or ".join(dict.fromkeys(_type(item) for item in kinds))


def rule_sets() -> str:
    """The rules of each set."""
    rules = RULE_SETS["standard"]
    rows = [(f"`{name}`", *(f"`{_yaml(RULE_SETS[chosen][name])}`" for chosen in RULE_SETS)) for name in rules]
    return table(("rule", *(f"`{chosen}`" for chosen in RULE_SETS)), rows)
