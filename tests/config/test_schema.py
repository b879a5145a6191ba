"""The JSON Schema of scenario files accepts every form that the loader accepts, and names misspelt keys."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from simcash_env.config import load_scenario
from simcash_env.config.documents import parse_yaml, read_document
from simcash_env.config.schema import scenario_schema
from simcash_env.registry import scenario_ids, scenario_path
from tests.config.worlds import NATIVE, SIMCASH, changed

VALIDATOR = jsonschema_rs.Draft202012Validator(scenario_schema())
ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data" / "simcash" / "scenarios"
BLOCKS = [
    (page.name, block)
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    for block in re.findall(r"```yaml[^\n]*\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    if "\nbanks:" in block or "\nagents:" in block
]

FORMS: list[tuple[str, Any]] = [
    ("rules", "standard"),
    ("rules", "simcash"),
    ("rules", {"set": "simcash", "deadline_mode": "drop"}),
    ("rules", {"split_scope": "any"}),
    ("costs", {"eod_penalty": 5, "deadline_penalty": {"bps": 1.5}, "drop_penalty": None}),
    ("costs", {"overdraft_bps_per_day": 3}),
    ("simulation.day_factor_log_std", 0.2),
    ("banks.0.arrivals.amount", {"type": "mixture", "components": [{"weight": 1, "log_mean": 9, "log_std_dev": 1}]}),
    ("banks.0.arrivals.amount", {"type": "empirical", "probabilities": [0, 1], "quantiles": [5, 9]}),
    ("banks.0.arrivals.priority", 7),
    ("banks.0.arrivals.priority", {"type": "uniform", "min": 1, "max": 3}),
    ("banks.0.arrivals.priority", {"type": "categorical", "values": [1, 2], "weights": [1, 1.5]}),
    ("banks.0.arrivals.priority", {"values": [1, 2], "weights": [1, 1.5]}),
    ("banks.0.policy", {"type": "tree", "tree": {"payment_tree": {"node_id": "a", "action": "Hold"}}}),
    ("market", None),
    ("market", {"deposit_rate": 1, "lending_rate": 2.5, "books": [{"maturity": {"ticks": 3}}]}),
    ("events.0", {**NATIVE["events"][0], "deadline": 4}),
    ("events.0", {**NATIVE["events"][0], "every": 2, "priority": 3, "divisible": True}),
]

PAYMENT = {"type": "CustomTransactionArrival", "from_agent": "A", "to_agent": "B", "amount": 5}
SIMCASH_FORMS: list[tuple[str, Any]] = [
    ("cost_feature_toggles", {"include": ["PerTick"]}),
    ("cost_rates", {"deadline_penalty": 5, "eod_penalty": {"mode": "rate", "bps_per_event": 2.5}}),
    ("cost_rates", {"deadline_penalty": {"mode": "fixed", "amount": 5}, "overdraft_bps_per_tick": None}),
    ("cost_rates", None),
    ("agents.0.limits", {"bilateral_limits": {"B": 5}, "multilateral_limit": 7}),
    ("agents.0.policy", {"type": "InlineJson", "json_string": '{"payment_tree":{"node_id":"a","action":"Hold"}}'}),
    ("agents.0.policy", None),
    ("lsm_config", {"enable_bilateral": False, "max_cycle_length": 4}),
    ("priority_escalation", {"enabled": True, "max_boost": 3}),
    ("queue1_ordering", "PriorityDeadline"),
    ("scenario_events", [{**PAYMENT, "schedule": {"type": "Repeating", "start_tick": 1, "interval": 2}}]),
    ("scenario_events", [{**PAYMENT, "deadline": None, "schedule": {"type": "OneTime", "tick": 1}}]),
    ("deferred_crediting", True),
]


def problems(scenario: Any) -> list[str]:
    return [f"{list(error.instance_path)}: {error.message}" for error in VALIDATOR.iter_errors(scenario)]


@pytest.mark.parametrize("name", scenario_ids())
def test_schema_accepts_the_library(name: str) -> None:
    """Eleven of them were refused: a rule set may be given by its name."""
    assert problems(read_document(scenario_path(name)).value) == []
    assert problems(load_scenario(name).model_dump(mode="json")) == []


@pytest.mark.parametrize(("base", "forms"), [(NATIVE, FORMS), (SIMCASH, SIMCASH_FORMS)], ids=["native", "simcash"])
def test_schema_accepts_every_form_that_the_loader_accepts(base: dict[str, Any], forms: list[tuple[str, Any]]) -> None:
    assert problems(base) == []
    for key, value in forms:
        scenario = changed(base, key, value)
        load_scenario(scenario, notice=lambda _: None)
        assert problems(scenario) == [], (key, value)
        assert problems(json.loads(json.dumps(scenario))) == []


@pytest.mark.parametrize(("page", "block"), BLOCKS, ids=[f"{page}-{n}" for n, (page, _) in enumerate(BLOCKS)])
def test_schema_accepts_the_scenarios_of_the_documentation(page: str, block: str) -> None:
    value = parse_yaml(block, page).value
    if "format" in value or "agents" in value:
        assert problems(value) == []


@pytest.mark.parametrize("path", sorted(SHARED.glob("*.yaml")), ids=lambda path: path.stem)
def test_schema_accepts_files_of_simcash(path: Path) -> None:
    assert problems(read_document(path).value) == []


@pytest.mark.parametrize(
    ("base", "key", "value"),
    [
        (NATIVE, "rules", "simcsh"),
        (NATIVE, "rules.sett", "simcash"),
        (NATIVE, "bnaks", []),
        (NATIVE, "banks.0.credit_limit", -1),
        (NATIVE, "banks.0.arrivals.amount.type", "unifrom"),
        (SIMCASH, "agentz", []),
        (SIMCASH, "agents.0.opening_balanc", 1),
        (SIMCASH, "agents.0.policy", {"type": "Fifoo"}),
        (SIMCASH, "scenario_events", [{**PAYMENT, "schedule": {"type": "Once"}}]),
    ],
)
def test_schema_refuses_what_is_misspelt(base: dict[str, Any], key: str, value: Any) -> None:
    scenario = changed({**base, "rules": {}} if key == "rules.sett" else base, key, value)
    assert problems(scenario) != []


def test_schema_tells_the_two_formats_apart_as_the_loader_does() -> None:
    without = {key: value for key, value in NATIVE.items() if key != "format"}
    assert any("format" in problem for problem in problems(without))
    assert any("agents" in problem for problem in problems({"simulation": {}}))
