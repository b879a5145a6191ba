"""Scenario files written for SimCash, translated to the native form.

Values are carried over unchanged and validated by the native models; every place is remembered, so that a fault names
what stands in the file. What a file leaves out gets SimCash's default where that differs from ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simcash_env.config.documents import parse_json
from simcash_env.config.faults import Place
from simcash_env.config.simcash import keys
from simcash_env.config.simcash.translation import Section, Translation
from simcash_env.errors import ConfigError


def translate(scenario: Mapping[str, Any], name: str) -> Translation:
    """Translate a SimCash scenario; ``name`` is what it is called if it does not say."""
    result = Translation(keys.REWORDED)
    result.native = {"format": 1, "name": scenario.get("name") or name, "rules": "simcash"}
    result.remember(("banks",), ("agents",))
    result.remember(("costs",), ("cost_rates",))
    result.remember(("lsm",), ("lsm_config",))
    result.remember(("events",), ("scenario_events",))
    switches = result.carry(
        dict(scenario), (), keys.SWITCHES, ("switches",), also=keys.PARTS, ignored=keys.IGNORED["scenario"]
    )
    _simulation(result, scenario)
    _agents(result, scenario)
    _costs(result, scenario)
    _lsm(result, scenario)
    _escalation(result, scenario)
    _events(result, scenario)
    if "daily_liquidity_reallocation" not in switches:
        banks = result.native.get("banks")
        pools = [bank.get("liquidity_pool") for bank in banks] if isinstance(banks, list) else []
        switches["daily_liquidity_reallocation"] = any(pool is not None for pool in pools)
    order = scenario.get("queue1_ordering")
    if order is not None:
        result.remember(("switches", "queue1_ordering"), ("queue1_ordering",))
        switches["queue1_ordering"] = keys.QUEUE1_ORDERS.get(order, order) if isinstance(order, str) else order
    result.native["switches"] = switches
    return result


def _simulation(result: Translation, scenario: Mapping[str, Any]) -> None:
    if "simulation" not in scenario:
        return
    section = result.section(scenario["simulation"], ("simulation",))
    if section is not None:
        ignored = keys.IGNORED["simulation"]
        table, place = keys.SIMULATION, ("simulation",)
        result.native["simulation"] = result.carry(section, place, table, place, ignored=ignored)
    else:
        result.native["simulation"] = {"ticks_per_day": 1, "num_days": 1}  # its fault has been noted


def _agents(result: Translation, scenario: Mapping[str, Any]) -> None:
    agents = scenario.get("agents")
    if not isinstance(agents, list):
        if "agents" in scenario:
            result.native["banks"] = agents
        return
    banks: list[Section] = []
    for number, agent in enumerate(agents):
        place: Place = ("agents", number)
        native: Place = ("banks", len(banks))
        section = result.section(agent, place)
        if section is not None:
            result.remember(native, place)
            banks.append(_agent(result, section, place, native))
    result.native["banks"] = banks


def _agent(result: Translation, agent: Section, place: Place, native: Place) -> Section:
    both = [key for key in ("credit_limit", "unsecured_cap") if agent.get(key) is not None]
    if len(both) > 1:
        result.fault((*place, "credit_limit"), "give either unsecured_cap or credit_limit", agent["credit_limit"])
    bank = result.carry(agent, place, keys.AGENT, native, also=keys.AGENT_PARTS, ignored=keys.IGNORED["agent"])
    if agent.get("limits") is not None:
        limits = result.section(agent["limits"], (*place, "limits"))
        if limits is not None:
            bank |= result.carry(limits, (*place, "limits"), keys.LIMITS, native)
    if agent.get("policy") is not None:
        policy = _policy(result, agent["policy"], (*place, "policy"), (*native, "policy"))
        if policy is not None:
            bank["policy"] = policy
    if agent.get("arrival_config") is not None:
        result.remember((*native, "arrivals"), (*place, "arrival_config"))
        arrivals = _stream(
            result, agent["arrival_config"], (*place, "arrival_config"), (*native, "arrivals"), keys.ARRIVALS
        )
        if arrivals is not None:
            bank["arrivals"] = arrivals
    if agent.get("arrival_bands") is not None:
        bands = result.section(agent["arrival_bands"], (*place, "arrival_bands"))
        if bands is not None:
            bank["arrival_bands"] = _bands(result, bands, (*place, "arrival_bands"), (*native, "arrival_bands"))
    return bank


def _policy(result: Translation, value: Any, place: Place, native: Place) -> Section | None:
    policy = result.variant(value, place, keys.POLICIES, native)
    if policy is not None and isinstance(policy.get("tree"), str):
        try:
            inline = parse_json(policy["tree"], None)
        except ConfigError as error:
            result.fault((*place, "json_string"), f"must be JSON: {error.__cause__}", policy.pop("tree"))
        else:
            policy["tree"] = inline.value
            for inside, rule, found in inline.broken:
                result.fault((*place, "json_string", *inside), rule, found)
    return policy


def _bands(result: Translation, bands: Section, place: Place, native: Place) -> Section:
    names = result.carry(bands, place, {band: band for band in keys.BANDS}, native)
    found = {}
    for band, value in names.items():
        stream = _stream(result, value, (*place, band), (*native, band), keys.BAND)
        if stream is not None:
            found[band] = stream
    return found


def _stream(result: Translation, value: Any, place: Place, native: Place, table: keys.Keys) -> Section | None:
    section = result.section(value, place)
    if section is None:
        return None
    also = ("amount_distribution", "priority_distribution") if "priority" in table else ("amount_distribution",)
    stream = result.carry(section, place, table, native, also=also)
    result.remember((*native, "amount"), (*place, "amount_distribution"))
    if section.get("amount_distribution") is not None:
        amount = result.variant(
            section["amount_distribution"], (*place, "amount_distribution"), keys.AMOUNTS, (*native, "amount")
        )
        stream["amount"] = {"type": "uniform", "min": 1, "max": 1} if amount is None else amount
    if section.get("priority_distribution") is not None and "priority_distribution" in also:
        _priority(result, section["priority_distribution"], (*place, "priority_distribution"), native, stream)
    return stream


def _priority(result: Translation, value: Any, place: Place, native: Place, stream: Section) -> None:
    """A distribution of priorities takes precedence over the single one."""
    result.remember((*native, "priority"), place)
    priority = result.variant(value, place, keys.PRIORITIES, (*native, "priority"))
    if priority is None:
        return
    if priority["type"] == "fixed":
        result.remember((*native, "priority"), (*place, "value"))
        stream["priority"] = priority.get("value")
    else:
        stream["priority"] = priority


def _costs(result: Translation, scenario: Mapping[str, Any]) -> None:
    costs: Section = {"drop_penalty": 0}  # in SimCash what is dropped costs nothing
    result.native["costs"] = costs
    if scenario.get("cost_rates") is None:
        return
    place: Place = ("cost_rates",)
    section = result.section(scenario["cost_rates"], place)
    if section is None:
        return
    also = (*keys.PENALTIES, "priority_delay_multipliers")
    costs |= result.carry(section, place, keys.COSTS, ("costs",), also=also)
    for key, name in keys.PENALTIES.items():
        if section.get(key) is not None:
            costs[name] = _penalty(result, section[key], (*place, key), ("costs", name))
    multipliers = section.get("priority_delay_multipliers")
    if multipliers is not None:
        at = (*place, "priority_delay_multipliers")
        bands = result.section(multipliers, at)
        if bands is not None:
            native = ("costs", "priority_delay_multipliers")
            costs["priority_delay_multipliers"] = result.carry(bands, at, keys.MULTIPLIERS, native)


def _penalty(result: Translation, value: Any, place: Place, native: Place) -> Any:
    """Cents, or a mapping with a mode: fixed with an amount, rate with basis points."""
    result.remember(native, place)
    if not isinstance(value, dict):
        return value
    modes = {"fixed": {"amount": "cents"}, "rate": {"bps_per_event": "bps"}}
    mode = value.get("mode")
    if not isinstance(mode, str) or mode not in modes:
        result.fault((*place, "mode"), "must be one of fixed, rate", mode)
        return 0
    penalty = result.carry(value, place, modes[mode], native, also=("mode",))
    if mode == "rate":
        result.remember((*native, "bps"), (*place, "bps_per_event"))
        return penalty
    result.remember(native, (*place, "amount"))
    if "cents" not in penalty:
        result.fault((*place, "amount"), "is required")
    return penalty.get("cents", 0)


def _lsm(result: Translation, scenario: Mapping[str, Any]) -> None:
    if scenario.get("lsm_config") is None:
        return
    place: Place = ("lsm_config",)
    section = result.section(scenario["lsm_config"], place)
    if section is None:
        return
    lsm = result.carry(section, place, keys.LSM, ("lsm",), also=keys.LSM_SWITCHES)
    algorithms = []
    for key, algorithm in keys.LSM_SWITCHES.items():
        is_on = section.get(key, True)
        if not isinstance(is_on, bool):
            result.fault((*place, key), "must be true or false", is_on)
        elif is_on:
            algorithms.append(algorithm)
    result.native["lsm"] = {**lsm, "algorithms": algorithms}


def _escalation(result: Translation, scenario: Mapping[str, Any]) -> None:
    if scenario.get("priority_escalation") is None:
        return
    place: Place = ("priority_escalation",)
    section = result.section(scenario["priority_escalation"], place)
    if section is None:
        return
    rule = result.carry(section, place, keys.ESCALATION, place, also=("enabled",))
    enabled = section.get("enabled", False)
    if not isinstance(enabled, bool):
        result.fault((*place, "enabled"), "must be true or false", enabled)
    elif enabled:
        result.native["priority_escalation"] = rule


def _events(result: Translation, scenario: Mapping[str, Any]) -> None:
    rows = scenario.get("scenario_events")
    if rows is None:
        return
    if not isinstance(rows, list):
        result.native["events"] = rows
        return
    events: list[Section] = []
    for number, row in enumerate(rows):
        place: Place = ("scenario_events", number)
        native: Place = ("events", len(events))
        ignored = keys.IGNORED["weight_event"] if _is_weight_change(row) else ()
        event = result.variant(row, place, keys.EVENTS, native, also=("schedule",), ignored=ignored)
        if event is None:
            continue
        result.remember(native, place)
        result.remember((*native, "tick"), (*place, "schedule", "tick"))
        if row.get("schedule") is None:
            result.fault((*place, "schedule"), "is required")
            continue
        schedule = result.variant(row["schedule"], (*place, "schedule"), keys.SCHEDULES, native)
        if schedule is None:
            continue
        result.remember((*native, "type"), (*place, "type"))
        schedule.pop("type")
        events.append({**event, **schedule})
    result.native["events"] = events


def _is_weight_change(row: Any) -> bool:
    return isinstance(row, dict) and row.get("type") == "CounterpartyWeightChange"
