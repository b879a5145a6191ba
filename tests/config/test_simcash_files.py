"""Scenario files of the SimCash project, used in place where they lie beside the checkout."""

from pathlib import Path

import pytest

from simcash_env.config import ScenarioConfig, load_scenario, unsupported
from simcash_env.errors import ConfigError, Fault

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "simcash"
FILES = sorted((SHARED / "scenarios").glob("*.yaml"))
FILE_IDS = [path.stem for path in FILES]

pytestmark = pytest.mark.skipif(not FILES, reason="the SimCash files are not beside this checkout")


def load(name: str) -> ScenarioConfig:
    return load_scenario(SHARED / "scenarios" / f"{name}.yaml", policy_path=SHARED / "policies", notice=lambda _: None)


def faults_of(name: str) -> tuple[Fault, ...]:
    try:
        load(name)
    except ConfigError as error:
        return error.faults
    return ()


@pytest.mark.parametrize("path", FILES, ids=FILE_IDS)
def test_a_file_loads_or_is_refused_for_what_is_not_supported_yet_only(path: Path) -> None:
    found = faults_of(path.stem)
    assert {fault.rule for fault in found} <= {"not supported yet"}
    assert all(fault.line for fault in found)


@pytest.mark.parametrize("path", FILES, ids=FILE_IDS)
def test_every_file_loads_as_soon_as_the_refusals_are_lifted(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    for name in ("CHOICES", "ALGORITHMS"):
        monkeypatch.setattr(unsupported, name, ())
    scenario = load(path.stem)
    assert scenario.rules.set == "simcash"
    for bank in scenario.banks:
        if bank.policy.type == "tree":
            assert bank.policy.file is not None
            assert Path(bank.policy.file).parent == SHARED / "policies"


def test_figures_of_the_two_period_game() -> None:
    scenario = load("exp1_2period")
    assert [(bank.id, bank.liquidity_pool, bank.policy.type) for bank in scenario.banks] == [
        ("BANK_A", 100_000, "fifo"),
        ("BANK_B", 100_000, "fifo"),
    ]
    assert [(event.tick, getattr(event, "amount", 0)) for event in scenario.events] == [
        (1, 15_000),
        (0, 15_000),
        (1, 5_000),
    ]
    assert scenario.lsm.algorithms == ()
    assert scenario.costs.eod_penalty == 100_000
    assert scenario.switches.deferred_crediting
    assert scenario.switches.deadline_cap_at_eod


def test_an_octal_tick_is_read_as_simcash_reads_it() -> None:
    assert load("suboptimal_policies_10day").events[0].tick == 0o60
