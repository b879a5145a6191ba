"""Hypothesis strategies for banks: accounts, policies and random arrivals."""

import math
from typing import Any

from hypothesis import strategies as st

from tests.drawing import AMOUNTS, RATES, SMALL_CENTS, WEIGHTS, Draw, Frame, Row, cents, some
from tests.strategies.trees import tree_policies


@st.composite
def banks(draw: Draw, frame: Frame, name: str) -> Row:
    """One bank: little money, perhaps credit, collateral, limits, a pool; one source of arrivals or none."""
    scale = frame.scale
    optional: dict[str, st.SearchStrategy[Any]] = {
        "credit_limit": cents(scale),
        "posted_collateral": cents(scale),
        "collateral_haircut": some((0.0, 0.02, 0.07, 0.333333, 1.0)),
        "max_collateral_capacity": cents(scale, (0, 100, 700)),
        "min_holding_ticks": some((0, 0, 1, 3)),
        "safety_buffer": cents(scale, (0, 1, 100)),
        "multilateral_limit": cents(scale, (0, 100, 500, 2_000)),
        "sub_limit": cents(scale, (0, 1, 50, 200)),
        "liquidity_pool": cents(scale, (0, 100, 333, 1_000)),
        "liquidity_allocation_fraction": some((0.0, 0.03, 0.333333, 0.5, 1.0)),
        "bilateral_limits": st.dictionaries(some(frame.others(name)), cents(scale, (0, 100, 300, 1_000)), max_size=2),
    }
    if frame.is_gridlock:
        optional = {"credit_limit": cents(scale, (0, 0, 1, 50, 100)), "sub_limit": cents(scale, (0, 1, 50))}
    chosen = [key for key in optional if draw(st.integers(0, 2)) == 0]
    wealth = (0, 0, 0, 50) if frame.is_gridlock else SMALL_CENTS
    row = {"opening_balance": draw(cents(scale, wealth))} | {key: draw(optional[key]) for key in chosen}
    kinds = ("none", "none", "none", "arrivals") if frame.is_gridlock else ("none", "arrivals", "arrivals", "bands")
    source = draw(some(kinds))
    if source == "arrivals":
        row["arrivals"] = draw(arrivals(frame, name))
    elif source == "bands":
        names = draw(st.lists(some(("urgent", "normal", "low")), min_size=1, unique=True))
        row["arrival_bands"] = {band: draw(bands(frame, name)) for band in names}
    if frame.has_busy_trees and draw(st.integers(0, 3)) > 0:
        policy = draw(tree_policies(frame, is_busy=True))
        row |= {"max_collateral_capacity": draw(cents(scale, (0, 100, 700, 5_000)))}
    elif frame.is_gridlock:
        policy = {"type": draw(some(("fifo", "fifo", "fifo", "external")))}
    else:
        policy = draw(policies(frame))
    return {"id": name, "policy": policy, **row}


@st.composite
def policies(draw: Draw, frame: Frame) -> Row:
    """Any supported policy; external ones and trees more often."""
    scale = frame.scale
    named = ("fifo", "deadline", "liquidity_aware", "liquidity_reserve", "liquidity_splitting", "mock_splitting")
    kind = draw(some(("external", "external", *named, "tree", "tree", "tree")))
    if kind == "tree":
        return draw(tree_policies(frame))
    ticks, buffer = st.integers(0, 4), cents(scale, (0, 1, 100))
    parameters: dict[str, Row] = {
        "deadline": {"urgency_threshold": ticks},
        "liquidity_aware": {"urgency_threshold": ticks, "target_buffer": buffer},
        "liquidity_reserve": {"urgency_threshold": ticks, "target_buffer": buffer},
        "liquidity_splitting": {"max_splits": st.integers(2, 5), "min_split_amount": cents(scale, (1, 30, 200))},
        "mock_splitting": {"num_splits": st.integers(2, 4)},
    }
    return {"type": kind, **draw(st.fixed_dictionaries(parameters.get(kind, {})))}


@st.composite
def amounts(draw: Draw, frame: Frame) -> Row:
    """Any distribution of amounts that the rule set has."""
    scale = frame.scale
    kinds = ("uniform", "normal", "lognormal", "exponential")
    kind = draw(some((*kinds, "mixture", "empirical") if frame.is_standard else kinds))
    if kind == "mixture":
        return {
            "type": kind,
            "components": draw(st.lists(components(scale), min_size=1, max_size=3)),
            "max": 900 * scale,
        }
    if kind == "empirical":
        return draw(tables(scale))
    if kind == "uniform":
        low = draw(some(AMOUNTS))
        return {"type": kind, "min": low * scale, "max": (low + draw(some((0, 1, 50)))) * scale}
    mean = float(draw(some((1, 100, 300))) * scale)
    if kind == "exponential":
        return {"type": kind, "rate": 1.0 / mean}
    return {"type": kind, "mean": mean, "std_dev": mean * draw(some((0.1, 0.5, 2.0)))}


def components(scale: int) -> st.SearchStrategy[Row]:
    """A lognormal of a mixture."""
    return st.fixed_dictionaries(
        {
            "weight": some((0.5, 1.0, 3.0)),
            "log_mean": some((1.0, 50.0, 300.0)).map(lambda mean: math.log(mean * scale)),
            "log_std_dev": some((0.0, 0.3, 2.0)),
        }
    )


@st.composite
def tables(draw: Draw, scale: int) -> Row:
    """Quantiles with or without a tail."""
    cents = sorted(draw(st.lists(some(AMOUNTS), min_size=3, max_size=3)))
    row: Row = {"type": "empirical", "quantiles": [each * scale for each in cents]}
    if draw(st.booleans()):
        tail = {"exponent": draw(some((0.8, 1.0, 2.5)))}
        return {**row, "probabilities": [0.0, 0.4, 0.9], "tail": tail, "max": 2_000 * scale}
    return {**row, "probabilities": [0.0, 0.25, 1.0]}


@st.composite
def weights(draw: Draw, frame: Frame, name: str) -> dict[str, float]:
    """Even receivers, or weights in some order with at least one above 0."""
    found: dict[str, float] = draw(
        st.dictionaries(some(frame.others(name)), some(WEIGHTS), max_size=draw(some((1, 9))))
    )
    return found if any(found.values()) else {}


@st.composite
def arrivals(draw: Draw, frame: Frame, name: str) -> Row:
    """A stream of random payments."""
    low = draw(st.integers(1, 4))
    row = {
        "rate_per_tick": draw(some(RATES)),
        "amount": draw(amounts(frame)),
        "counterparty_weights": draw(weights(frame, name)),
        "deadline_range": [low, low + draw(st.integers(0, 4))],
        "divisible": draw(st.booleans()),
        "priority": draw(priorities()),
    }
    if draw(st.booleans()):
        day = st.lists(some((0.0, 0.5, 1.0, 2.0)), min_size=frame.ticks_per_day, max_size=frame.ticks_per_day)
        row["rate_per_tick_of_day"] = draw(day)
    return row


@st.composite
def priorities(draw: Draw) -> int | Row:
    """A fixed priority or a distribution of them."""
    kind = draw(some(("fixed", "uniform", "categorical")))
    if kind == "fixed":
        return int(draw(st.integers(0, 10)))
    if kind == "uniform":
        low = draw(st.integers(0, 10))
        return {"type": kind, "min": low, "max": draw(st.integers(low, 10))}
    values = draw(st.lists(st.integers(0, 10), min_size=1, max_size=3, unique=True))
    return {"type": kind, "values": values, "weights": [draw(some((0.2, 0.5, 1.0, 3.0))) for _ in values]}


@st.composite
def bands(draw: Draw, frame: Frame, name: str) -> Row:
    """One priority band of arrivals."""
    low = draw(st.integers(1, 4))
    return {
        "rate_per_tick": draw(some((0.0, 0.3, 1.0))),
        "amount": draw(amounts(frame)),
        "counterparty_weights": draw(weights(frame, name)),
        "deadline_offset_min": low,
        "deadline_offset_max": low + draw(st.integers(0, 4)),
        "divisible": draw(st.booleans()),
    }
