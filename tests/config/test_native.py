"""What a valid scenario becomes: rules resolved, rates as exact integers, nothing that changes later."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from simcash_env.config import (
    ActionConfig,
    BankConfig,
    BpsPenalty,
    CostConfig,
    RulesConfig,
    ScenarioConfig,
    load_scenario,
)
from simcash_env.config.exact import millionths, millionths_of_part, millionths_truncated, thousandths
from tests.config.worlds import NATIVE, changed

STANDARD = ("queue1", "unsettled", "overdue", "last_tick", "divisible", True)
SIMCASH = ("both", "overdue", "overdue", "next_day", "any", False)
DAY_RATES = {
    "overdraft_bps_per_day": 1,
    "delay_cost_per_day_per_cent": 1,
    "collateral_cost_per_day_bps": 1,
    "liquidity_cost_per_day_bps": 1,
}


def resolved(rules: RulesConfig) -> tuple[str | bool, ...]:
    return (
        rules.delay_cost_scope,
        rules.eod_penalty_scope,
        rules.deadline_mode,
        rules.deadline_cap,
        rules.split_scope,
        rules.end_of_day_settlement,
    )


def test_native_rules_are_standard_unless_the_file_says_otherwise() -> None:
    scenario = load_scenario(NATIVE)
    assert scenario.rules.set == "standard"
    assert resolved(scenario.rules) == STANDARD


def test_native_rule_set_may_be_named_alone() -> None:
    assert resolved(load_scenario({**NATIVE, "rules": "simcash"}).rules) == SIMCASH


def test_native_single_rules_override_the_set_and_leave_the_others() -> None:
    rules = load_scenario({**NATIVE, "rules": {"set": "simcash", "delay_cost_scope": "queue1"}}).rules
    assert resolved(rules) == ("queue1", *SIMCASH[1:])
    rules = load_scenario({**NATIVE, "rules": {"end_of_day_settlement": False}}).rules
    assert resolved(rules) == (*STANDARD[:-1], False)


def test_native_scenario_cannot_be_changed() -> None:
    scenario = load_scenario(NATIVE)
    with pytest.raises(ValidationError, match="frozen"):
        scenario.banks[0].credit_limit = 1


def test_native_mapping_given_is_left_as_it_was() -> None:
    before = json.dumps(NATIVE)
    load_scenario(NATIVE)
    assert json.dumps(NATIVE) == before


@pytest.mark.parametrize("rules", ["standard", {"set": "simcash", "deadline_mode": "drop"}])
@pytest.mark.parametrize("costs", [{}, DAY_RATES, {"overdraft_bps_per_tick": 2, "drop_penalty": {"bps": 1}}])
def test_native_scenario_written_out_reads_back_the_same(rules: object, costs: object) -> None:
    scenario = load_scenario({**NATIVE, "rules": rules, "costs": costs})
    assert load_scenario(scenario.model_dump()) == scenario
    assert load_scenario(json.loads(scenario.model_dump_json())) == scenario


def test_native_schema_is_json_and_refuses_unknown_keys() -> None:
    schema = ScenarioConfig.model_json_schema()
    assert json.loads(json.dumps(schema))["additionalProperties"] is False
    assert {"format", "name", "simulation", "banks"} <= set(schema["required"])


def test_native_weights_keep_the_order_of_the_file() -> None:
    scenario = load_scenario(changed(NATIVE, "banks.0.arrivals.counterparty_weights", {"C": 1, "B": 2}))
    arrivals = scenario.banks[0].arrivals
    assert arrivals is not None
    assert list(arrivals.counterparty_weights) == ["C", "B"]


@pytest.mark.parametrize(
    ("written", "ppm"),
    [(0.1, 100_000), (83, 83_000_000), (0.0000005, 1), (0.0000004, 0), (1e-7, 0), (0.1234565, 123_457)],
)
def test_native_rate_a_tick_is_the_decimal_that_was_written(written: float, ppm: int) -> None:
    assert CostConfig(overdraft_bps_per_tick=written).overdraft_rate_ppm(7) == ppm
    assert CostConfig(delay_cost_per_tick_per_cent=written).delay_rate_ppm(7) == ppm
    assert CostConfig(collateral_cost_per_tick_bps=written).collateral_rate_ppm(7) == ppm
    assert CostConfig(liquidity_cost_per_tick_bps=written).liquidity_rate_ppm(7) == ppm


def test_native_rate_a_day_is_divided_by_the_ticks_and_rounded_once() -> None:
    costs = CostConfig(overdraft_bps_per_day=1, liquidity_cost_per_day_bps=1_000)
    assert costs.overdraft_rate_ppm(3) == 333_333
    assert costs.overdraft_rate_ppm(2_000_000) == 1  # half a millionth, away from zero
    assert costs.liquidity_rate_ppm(3) == 333_333_333
    assert costs.delay_rate_ppm(3) == 100  # its default a tick


def test_native_penalty_in_basis_points_is_cut_off() -> None:
    assert BpsPenalty(bps=1.9999999).ppm() == 1_999_999
    assert BpsPenalty(bps=0.29).ppm() == 290_000  # in binary 0.29 is a little less


def test_native_multipliers_are_thousandths_and_one_where_not_given() -> None:
    assert CostConfig().band_multipliers_thousandths() == (1000, 1000, 1000)
    costs = CostConfig.model_validate(
        {"priority_delay_multipliers": {"urgent": 1.5}, "overdue_delay_multiplier": 2.0005}
    )
    assert costs.band_multipliers_thousandths() == (1500, 1000, 1000)
    assert costs.overdue_multiplier_thousandths() == 2001


def test_native_haircut_share_of_the_pool_and_capacity_are_integers() -> None:
    bank = BankConfig(id="A", credit_limit=7, collateral_haircut=0.07, liquidity_allocation_fraction=0.333333)
    assert (bank.haircut_ppm(), bank.pool_fraction_ppm(), bank.collateral_capacity()) == (70_000, 333_333, 70)
    assert BankConfig(id="A", credit_limit=7, max_collateral_capacity=3).collateral_capacity() == 3


@given(st.floats(0, 1e9), st.integers(1, 10**6))
def test_native_scaled_numbers_are_the_nearest_integers_to_what_was_written(number: float, parts: int) -> None:
    exact = Decimal(str(number))
    assert abs(millionths(number) - exact * 10**6) <= Decimal("0.5")
    assert 0 <= exact * 10**6 - millionths_truncated(number) < 1
    assert abs(thousandths(number) - exact * 1000) <= Decimal("0.5")
    assert abs(millionths_of_part(number, parts) * parts - exact * 10**6) <= Decimal(parts) / 2


def test_native_actions_recall_is_read_as_the_older_spelling_of_revoke() -> None:
    older, newer = ActionConfig.model_validate({"recall": True}), ActionConfig(revoke=True)
    assert older == newer
    assert older.model_dump() == newer.model_dump()
    assert "recall" not in older.model_dump()
    assert ActionConfig.model_validate(older.model_dump()) == newer
    assert older.model_copy(update={"collateral": True}).revoke
    for both in ({"recall": True, "revoke": True}, {"recall": False, "revoke": True}):
        with pytest.raises(ValidationError, match="give either revoke or recall"):
            ActionConfig.model_validate(both)
