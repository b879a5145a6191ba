"""Configurations that are changed in Python: they are judged as a file is."""

import copy
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from simcash_env.config import (
    BankConfig,
    CostConfig,
    DeadlinePolicy,
    PaymentEvent,
    RulesConfig,
    ScenarioConfig,
    SimulationConfig,
    load_scenario,
)
from simcash_env.registry import scenario_ids
from tests.config.worlds import NATIVE

SCENARIO = load_scenario(NATIVE)


@pytest.mark.parametrize(
    ("part", "update", "message"),
    [
        (SCENARIO.banks[0], {"credit_limt": 5}, "unknown key. Did you mean credit_limit?"),
        (SCENARIO.banks[0], {"credit_limit": -5}, "greater than or equal to 0"),
        (SCENARIO.banks[0], {"id": "\ud800"}, "must be Unicode text"),
        (
            SCENARIO.banks[0],
            {"arrival_bands": SCENARIO.banks[1].arrival_bands},
            "give either arrivals or arrival_bands",
        ),
        (SCENARIO.banks[0], {"policy": {"type": "deadline"}}, "urgency_threshold"),
        (SCENARIO.costs, {"overdraft_bps_per_tick": -1.0}, "greater than or equal to 0"),
        (SCENARIO.costs, {"price": 1}, "unknown key"),
        (SCENARIO.simulation, {"num_days": 10**9}, "must not exceed"),
        (SCENARIO, {"bnaks": ()}, "unknown key. Did you mean banks?"),
        (SCENARIO, {"banks": SCENARIO.banks[:1]}, "must name a bank"),
        (SCENARIO, {"simulation": SimulationConfig(ticks_per_day=2, num_days=1)}, "must be inside the run"),
        (SCENARIO, {"banks": (SCENARIO.banks[0], SCENARIO.banks[0])}, "must be unique"),
    ],
)
def test_changed_copy_with_changes_is_judged(part: Any, update: dict[str, Any], message: str) -> None:
    """``model_copy`` took misspelt keys and negative prices without a word."""
    ways = [part.model_copy, lambda *, update: part.__replace__(**update)]
    if sys.version_info >= (3, 13):
        ways.append(lambda *, update: copy.replace(part, **update))
    for change in ways:
        with pytest.raises(ValidationError) as caught:
            change(update=update)
        assert message in str(caught.value)


def test_changed_copy_with_sound_changes_is_what_a_file_would_give() -> None:
    bank = SCENARIO.banks[0].model_copy(update={"policy": {"type": "deadline", "urgency_threshold": 3}})
    assert bank.policy == DeadlinePolicy(urgency_threshold=3)
    changed = SCENARIO.model_copy(update={"banks": [bank, *SCENARIO.banks[1:]], "name": "other"}, deep=True)
    assert changed == ScenarioConfig.model_validate(changed.model_dump(mode="json"))
    assert (changed.name, changed.banks[0], changed.banks[1:]) == ("other", bank, SCENARIO.banks[1:])
    assert SCENARIO.model_copy() == SCENARIO.model_copy(deep=True) == copy.deepcopy(SCENARIO) == SCENARIO


@pytest.mark.parametrize("name", scenario_ids())
def test_changed_copy_of_the_library_with_nothing_changed_is_equal(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.model_copy(update={"banks": scenario.banks}) == scenario


def test_changed_rate_a_day_replaces_a_default_and_not_a_rate_that_was_given() -> None:
    assert CostConfig().model_copy(update={"overdraft_bps_per_day": 1.0}).overdraft_bps_per_tick is None
    with pytest.raises(ValidationError, match="give either"):
        CostConfig(overdraft_bps_per_tick=0.5).model_copy(update={"overdraft_bps_per_day": 1.0})


def test_changed_another_rule_set_brings_its_rules_and_keeps_those_that_were_overridden() -> None:
    rules = RulesConfig.model_validate({"set": "simcash", "split_scope": "divisible"})
    changed = rules.model_copy(update={"set": "standard"})
    assert changed == RulesConfig.model_validate("standard")
    kept = RulesConfig.model_validate({"deadline_mode": "drop"}).model_copy(update={"set": "simcash"})
    assert kept == RulesConfig.model_validate({"set": "simcash", "deadline_mode": "drop"})


def test_changed_model_construct_judges_too() -> None:
    assert BankConfig.model_construct(id="A") == BankConfig(id="A")
    with pytest.raises(ValidationError, match="credit_limt"):
        BankConfig.model_construct(id="A", credit_limt=5)
    with pytest.raises(TypeError, match="_fields_set is not supported"):
        BankConfig.model_construct({"id"}, id="A")


@pytest.mark.filterwarnings("ignore:The `copy` method is deprecated")
def test_changed_older_name_of_a_copy_judges_too() -> None:
    event = PaymentEvent(tick=0, from_bank="A", to_bank="B", amount=5)
    assert event.copy(update={"amount": 6}).amount == 6
    with pytest.raises(ValidationError, match="amuont"):
        event.copy(update={"amuont": 6})
    with pytest.raises(TypeError, match="include and exclude"):
        event.copy(include={"tick"})
