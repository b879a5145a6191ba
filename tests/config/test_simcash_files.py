"""Scenario files of the SimCash project, used in place where they lie beside the checkout."""

from pathlib import Path

import pytest

from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.simulation import Simulation

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "simcash"
FILES = sorted((SHARED / "scenarios").glob("*.yaml"))
FILE_IDS = [path.stem for path in FILES]

pytestmark = pytest.mark.skipif(not FILES, reason="the SimCash files are not beside this checkout")


def load(name: str) -> ScenarioConfig:
    return load_scenario(SHARED / "scenarios" / f"{name}.yaml", policy_path=SHARED / "policies", notice=lambda _: None)


@pytest.mark.parametrize("path", FILES, ids=FILE_IDS)
def test_every_file_loads_unchanged_and_runs_to_its_end(path: Path) -> None:
    scenario = load(path.stem)
    assert scenario.rules.set == "simcash"
    for bank in scenario.banks:
        if bank.policy.type == "tree":
            assert bank.policy.file is not None
            assert Path(bank.policy.file).parent == SHARED / "policies"
    simulation = Simulation(scenario)
    summary = simulation.run_to_completion()
    assert simulation.is_over
    assert summary.settled + summary.queued + summary.dropped == summary.arrived


def test_simcash_files_figures_of_the_two_period_game() -> None:
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


def test_simcash_files_leading_zero_is_read_as_decimal() -> None:
    assert load("suboptimal_policies_10day").events[0].tick == 60
