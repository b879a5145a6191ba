"""Rules between the parts of a scenario: references to banks, bounds on sums, times inside the run.

The rules read plain mappings and skip values of the wrong type, which are reported elsewhere. They therefore also work
on a scenario that has other errors.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from simcash_env.config.arrivals import STANDARD_AMOUNTS
from simcash_env.config.costs import RATES
from simcash_env.config.exact import written
from simcash_env.config.faults import Broken, Place
from simcash_env.config.rules import largest_day_factor
from simcash_env.schema.limits import MAX_BPS_PER_TICK, MAX_CENTS_PER_CENT, MAX_SCENARIO_CENTS

MAX_CHANGED_RATE = 1_000_000.0
MAX_CHANGED_DEADLINE_TICKS = 10**12
RATE_BOUNDS = {"delay_cost_per_day_per_cent": MAX_CENTS_PER_CENT}
NEEDS_STANDARD = "needs rules: standard"
BANDS = ("urgent", "normal", "low")

Raw = Mapping[str, Any]


def cross_faults(scenario: Raw) -> Iterator[Broken]:
    """Yield every broken rule between parts."""
    known = set(_bank_ids(scenario))
    yield from _repeated_ids(scenario)
    for number, bank in _rows(scenario, "banks"):
        yield from _unknown_counterparties(("banks", number), bank, known)
    yield from _patterns(scenario)
    yield from _standard_only(scenario)
    yield from _event_targets(scenario, known)
    yield from _event_times(scenario)
    yield from _rates_per_day(scenario)
    yield from _money(scenario)
    yield from _changed_rates(scenario)
    yield from _changed_deadlines(scenario)


def _rows(scenario: Raw, key: str) -> Iterator[tuple[int, Raw]]:
    rows = scenario.get(key)
    for number, row in enumerate(rows if isinstance(rows, (list, tuple)) else ()):
        if isinstance(row, Mapping):
            yield number, row


def _part(row: Raw, key: str) -> Raw:
    part = row.get(key)
    return part if isinstance(part, Mapping) else {}


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _number(value: Any, otherwise: float) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < math.inf
    return float(min(max(value, -1e300), 1e300)) if is_number else otherwise


def _bank_ids(scenario: Raw) -> Iterator[str]:
    for _, bank in _rows(scenario, "banks"):
        if isinstance(bank.get("id"), str):
            yield bank["id"]


def _repeated_ids(scenario: Raw) -> Iterator[Broken]:
    first: dict[str, int] = {}
    for number, bank in _rows(scenario, "banks"):
        name = bank.get("id")
        if not isinstance(name, str):
            continue
        if name in first:
            yield Broken(("banks", number, "id"), f"must be unique, banks.{first[name]} has it too", name)
        first.setdefault(name, number)


def _streams(bank: Raw) -> Iterator[tuple[Place, Raw]]:
    if isinstance(bank.get("arrivals"), Mapping):
        yield ("arrivals",), bank["arrivals"]
    for band in BANDS:
        if isinstance(_part(bank, "arrival_bands").get(band), Mapping):
            yield ("arrival_bands", band), bank["arrival_bands"][band]


def _unknown_counterparties(place: Place, bank: Raw, known: set[str]) -> Iterator[Broken]:
    named = [((*place, "bilateral_limits"), _part(bank, "bilateral_limits"))]
    for at, stream in _streams(bank):
        named.append(((*place, *at, "counterparty_weights"), _part(stream, "counterparty_weights")))
        if len(known) == 1:
            yield Broken((*place, *at), "needs another bank to pay", bank.get("id"))
    for at, names in named:
        for name in names:
            if name == bank.get("id"):
                yield Broken((*at, name), "must not name the bank itself", name)
            elif name not in known:
                yield Broken((*at, name), "must name a bank", name)


def _ticks(scenario: Raw) -> tuple[int, int]:
    """Ticks per day and of the run; 0 if unknown."""
    simulation = _part(scenario, "simulation")
    ticks_per_day, num_days = _whole(simulation.get("ticks_per_day")), _whole(simulation.get("num_days"))
    return max(ticks_per_day, 0), max(ticks_per_day * num_days, 0)


def _patterns(scenario: Raw) -> Iterator[Broken]:
    ticks_per_day, _ = _ticks(scenario)
    for number, bank in _rows(scenario, "banks"):
        pattern = _part(bank, "arrivals").get("rate_per_tick_of_day")
        if ticks_per_day and isinstance(pattern, (list, tuple)) and len(pattern) != ticks_per_day:
            rule = f"needs one factor for each of the {ticks_per_day} ticks of a day"
            yield Broken(("banks", number, "arrivals", "rate_per_tick_of_day"), rule, f"{len(pattern)} factors")


def _standard_only(scenario: Raw) -> Iterator[Broken]:
    """What SimCash's rules have no draw for."""
    rules = scenario.get("rules")
    if (rules.get("set") if isinstance(rules, Mapping) else rules) != "simcash":
        return
    for number, bank in _rows(scenario, "banks"):
        for at, stream in _streams(bank):
            kind = _part(stream, "amount").get("type")
            if isinstance(kind, str) and kind in STANDARD_AMOUNTS:
                yield Broken(("banks", number, *at, "amount", "type"), NEEDS_STANDARD, kind)
    for number, event in _rows(scenario, "events"):
        if event.get("probability") is not None:
            yield Broken(("events", number, "probability"), NEEDS_STANDARD, event["probability"])
    spread = _part(scenario, "simulation").get("day_factor_log_std")
    if _number(spread, 0.0) > 0.0:
        yield Broken(("simulation", "day_factor_log_std"), NEEDS_STANDARD, spread)


def _event_targets(scenario: Raw, known: set[str]) -> Iterator[Broken]:
    for number, event in _rows(scenario, "events"):
        for key in ("from_bank", "to_bank", "bank", "counterparty"):
            name = event.get(key)
            if isinstance(name, str) and name and name not in known:
                yield Broken(("events", number, key), "must name a bank", name)
        for first, second in (("from_bank", "to_bank"), ("bank", "counterparty")):
            name = event.get(second)
            if isinstance(name, str) and name == event.get(first):
                yield Broken(("events", number, second), f"must differ from {first}", name)


def _event_times(scenario: Raw) -> Iterator[Broken]:
    _, num_ticks = _ticks(scenario)
    for number, event in _rows(scenario, "events"):
        tick = _whole(event.get("tick"))
        if num_ticks and tick >= num_ticks:
            yield Broken(("events", number, "tick"), f"must be inside the run, below {num_ticks}", tick)
        due = _whole(event.get("deadline_tick"))
        if num_ticks and due > num_ticks:
            rule = f"must be at most {num_ticks}, the end of the run"
            yield Broken(("events", number, "deadline_tick"), rule, due)


def _rates_per_day(scenario: Raw) -> Iterator[Broken]:
    ticks_per_day, _ = _ticks(scenario)
    costs = _part(scenario, "costs")
    for _, key in RATES:
        bound = RATE_BOUNDS.get(key, MAX_BPS_PER_TICK)
        value = _number(costs.get(key), 0.0)
        if ticks_per_day and written(value) > bound * ticks_per_day:
            yield Broken(("costs", key), f"must not exceed {bound} a tick", value)


def _times(event: Raw, num_ticks: int) -> int:
    """Number of times that an event happens in the run."""
    tick, every = _whole(event.get("tick")), _whole(event.get("every"))
    if not num_ticks or tick >= num_ticks:
        return 0
    return 1 if every <= 0 else (num_ticks - 1 - tick) // every + 1


def _money(scenario: Raw) -> Iterator[Broken]:
    keys = ("opening_balance", "credit_limit", "posted_collateral", "liquidity_pool")
    total = sum(abs(_whole(bank.get(key))) for _, bank in _rows(scenario, "banks") for key in keys)
    if total > MAX_SCENARIO_CENTS:
        rule = f"balances, credit limits, collateral and pools must not sum to more than {MAX_SCENARIO_CENTS} cents"
        yield Broken(("banks",), rule, total)
        return
    _, num_ticks = _ticks(scenario)
    for number, event in _rows(scenario, "events"):
        if event.get("type") in ("credit_limit_change", "collateral_adjustment"):
            total += max(_whole(event.get("delta")), 0) * _times(event, num_ticks)
        if total > MAX_SCENARIO_CENTS:
            rule = f"must not take all money and credit of the run above {MAX_SCENARIO_CENTS} cents"
            yield Broken(("events", number, "delta"), rule, event.get("delta"))
            return


def _growth(multiplier: float, times: int) -> float:
    """Logarithm of the factor by which repeated multiplication grows something; never below 0."""
    return times * math.log(multiplier) if multiplier > 1.0 else 0.0


def _largest_factor_of_all(scenario: Raw) -> float:
    factors = [
        _number(event.get("multiplier"), 1.0)
        for _, event in _rows(scenario, "events")
        if event.get("type") == "global_arrival_rate_change"
    ]
    return max(1.0, *factors) if factors else 1.0


def _changed_rates(scenario: Raw) -> Iterator[Broken]:
    """Limit rates after repeated multiplication, and with them the cost of drawing payments."""
    _, num_ticks = _ticks(scenario)
    rates = [0.0]
    for _, bank in _rows(scenario, "banks"):
        for _, stream in _streams(bank):
            pattern = stream.get("rate_per_tick_of_day")
            factors = [_number(factor, 1.0) for factor in pattern] if isinstance(pattern, (list, tuple)) else []
            rates.append(_number(stream.get("rate_per_tick"), 0.0) * max(factors, default=1.0))
    spread = _number(_part(scenario, "simulation").get("day_factor_log_std"), 0.0)
    largest = max(rates) * largest_day_factor(min(spread, 1.0))
    if largest <= 0.0:
        return
    size = math.log(largest)
    factor_of_all, largest_of_all = 0.0, _largest_factor_of_all(scenario)
    for number, event in _rows(scenario, "events"):
        multiplier = _number(event.get("multiplier"), 1.0)
        if event.get("type") == "arrival_rate_change":  # the current rate becomes the base rate
            size += _growth(multiplier * largest_of_all, _times(event, num_ticks))
        elif event.get("type") == "global_arrival_rate_change":
            factor_of_all = max(factor_of_all, _growth(multiplier, 1))
        else:
            continue
        if size + factor_of_all > math.log(MAX_CHANGED_RATE):
            rule = f"must not take a rate above {MAX_CHANGED_RATE:.0f} payments a tick by the end of the run"
            yield Broken(("events", number, "multiplier"), rule, event.get("multiplier"))
            return


def _deadlines(bank: Raw) -> Iterator[int]:
    for _, stream in _streams(bank):
        window = stream.get("deadline_range")
        yield from (_whole(ticks) for ticks in window) if isinstance(window, (list, tuple)) else ()
        yield _whole(stream.get("deadline_offset_max"))


def _changed_deadlines(scenario: Raw) -> Iterator[Broken]:
    """Limit deadlines after repeated multiplication."""
    _, num_ticks = _ticks(scenario)
    largest = max((ticks for _, bank in _rows(scenario, "banks") for ticks in _deadlines(bank)), default=0)
    if largest <= 0:
        return
    size = math.log(largest)
    for number, event in _rows(scenario, "events"):
        if event.get("type") != "deadline_window_change":
            continue
        key = max(("min_multiplier", "max_multiplier"), key=lambda name: _number(event.get(name), 1.0))
        size += _growth(_number(event.get(key), 1.0), _times(event, num_ticks))
        if size > math.log(MAX_CHANGED_DEADLINE_TICKS):
            rule = f"must not take a deadline above {MAX_CHANGED_DEADLINE_TICKS} ticks by the end of the run"
            yield Broken(("events", number, key), rule, event.get(key))
            return
