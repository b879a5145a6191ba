"""Every rule of a market, broken: named by path, rule and value."""

from typing import Any

import pytest

from simcash_env.config import load_scenario
from tests.config.test_damaged import NATIVE, faults

CORRIDOR = {"deposit_rate": 2.0, "lending_rate": 3.0}
INSIDE = "must lie inside the corridor, deposit_rate to lending_rate"
SLOTS = {"amount_min": 10, "amount_max": 20}
TWINS = [{"id": "b", "maturity": {"ticks": 1}}, {"id": "b", "maturity": {"ticks": 2}}]

BROKEN: list[tuple[dict[str, Any], str, str, str]] = [
    # keys of the market; where the fault is reported, the rule, the value shown
    ({"lending_rate": 2.0}, "lending_rate", "must be more than deposit_rate", "2.0"),
    ({"deposit_rate": 2.00001}, "deposit_rate",
     "must be a whole number of hundredths of a basis point (four decimals of a percent)", "2.00001"),
    ({"reference_rate": 3.5}, "reference_rate", INSIDE, "3.5"),
    ({"credit_lines": {"Z": 5}}, "credit_lines.Z", "must name a bank", "5"),
    ({"counterparty_limits": {"Z": {"A": 5}}}, "counterparty_limits.Z", "must name a bank", "'Z'"),
    ({"counterparty_limits": {"A": {"Z": 5}}}, "counterparty_limits.A.Z", "must name a bank", "5"),
    ({"counterparty_limits": {"A": {"A": 5}}}, "counterparty_limits.A.A", "must not name the bank itself", "5"),
    ({"traders": {"Z": {}}}, "traders.Z", "must name a bank", "'Z'"),
    ({"traders": {"A": {"book": "nowhere"}}}, "traders.A.book", "must name a book", "'nowhere'"),
    ({"books": TWINS}, "books.1.id", "must be unique", "'b'"),
    ({"schedule": {"amount_min": 20, "amount_max": 10}}, "schedule.amount_max", "must be at least amount_min", "10"),
    ({"schedule": {**SLOTS, "bid_offset": -0.1, "ask_offset": 0.1}}, "schedule.bid_offset",
     "must be at least ask_offset, so that every bid meets an ask", "-0.1"),
    ({"schedule": {**SLOTS, "bid_offset": 0.6}}, "schedule.bid_offset", f"with it, the rate {INSIDE}", "0.6"),
    ({"reference_rate": 2.1, "schedule": {**SLOTS, "ask_offset": -0.2}}, "schedule.ask_offset",
     f"with it, the rate {INSIDE}", "-0.2"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "path", "rule", "shown"), BROKEN, ids=[f"{n}-{row[1]}" for n, row in enumerate(BROKEN)]
)
def test_broken_rule_of_the_market_is_named(keys: dict[str, Any], path: str, rule: str, shown: str) -> None:
    found = [(fault.path, fault.rule, fault.value) for fault in faults({**NATIVE, "market": {**CORRIDOR, **keys}})]
    assert (f"market.{path}", rule, shown) in found


def test_market_rules_schedule_needs_somebody_to_trade_with() -> None:
    alone = {"format": 1, "name": "alone", "simulation": NATIVE["simulation"], "banks": [{"id": "A"}]}
    found = [(fault.path, fault.rule) for fault in faults({**alone, "market": {**CORRIDOR, "schedule": SLOTS}})]
    assert found == [("market.schedule", "needs at least two banks")]


def test_market_rules_offset_that_is_no_number_is_said_once() -> None:
    schedule = {**SLOTS, "bid_offset": "much"}
    found = [(fault.path, fault.value) for fault in faults({**NATIVE, "market": {**CORRIDOR, "schedule": schedule}})]
    assert found == [("market.schedule.bid_offset", "'much'")]


def test_market_rules_what_keeps_the_rules_loads() -> None:
    whole = {
        **CORRIDOR,
        "reference_rate": 2.1,
        "books": [{"id": "a", "maturity": {"ticks": 1}}, {"id": "b", "maturity": {"ticks": 2}}],
        "counterparty_limits": {"A": {"B": 5}},
        "traders": {"A": {"book": "b"}},
        "schedule": {**SLOTS, "bid_offset": 0.5, "ask_offset": -0.1},
    }
    assert load_scenario({**NATIVE, "market": whole}).market is not None


def test_unregulated_market_has_no_corridor_to_keep_to() -> None:
    free = {**CORRIDOR, "discipline": "unregulated", "reference_rate": 9.0}
    assert load_scenario({**NATIVE, "market": free}).market is not None
