"""Collateral trees before decisions see a tick in which nothing has been released yet, wherever the run is played."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.config.trees.language import ACTIONS
from simcash_env.envs.vector import make_vec
from simcash_env.kernels._numba.jit import entry
from simcash_env.kernels.tables import open_scenario, open_state, open_work
from simcash_env.kernels.trees.bank_fields import note_nearest_deadlines
from simcash_env.kernels.trees.collateral_trees import decide_on_collateral
from simcash_env.schema.arrays import I64
from simcash_env.schema.codes import TreeAction
from simcash_env.simulation import Simulation
from tests import strategies
from tests.budget import examples
from tests.oracle import Oracle
from tests.oracle.trees import collateral_decision
from tests.runs.test_oracle import EVERY_EXAMPLE

RELEASED = {"op": ">", "left": {"field": "committed_value"}, "right": {"value": 0}}


def leaf(name: str, action: str, **parameters: Any) -> dict[str, Any]:
    return {"type": "action", "node_id": name, "action": action, "parameters": parameters}


def scenario() -> ScenarioConfig:
    """A bank that would post collateral if it had released something already, and one that learns."""
    tree = {
        "policy_id": "curious",
        "payment_tree": leaf("go", "Release"),
        "strategic_collateral_tree": {
            "type": "condition",
            "node_id": "has_released",
            "condition": RELEASED,
            "on_true": leaf("post", "PostCollateral", amount={"value": 100}),
            "on_false": leaf("keep", "HoldCollateral"),
        },
    }
    arrivals = {
        "rate_per_tick": 2.0,
        "amount": {"type": "uniform", "min": 10, "max": 90},
        "deadline_range": [2, 5],
    }
    return load_scenario(
        {
            "format": 1,
            "name": "curious",
            "simulation": {"ticks_per_day": 8, "num_days": 1, "seed": 3},
            "banks": [
                {"id": "A", "credit_limit": 10_000, "arrivals": arrivals, "policy": {"type": "tree", "tree": tree}},
                {"id": "B", "credit_limit": 10_000, "arrivals": arrivals, "policy": {"type": "external"}},
            ],
        }
    )


def test_collateral_trees_what_was_released_in_the_tick_before_does_not_count() -> None:
    simulation = Simulation(scenario())
    simulation.run_to_completion()
    assert simulation.summary().settled > 0
    assert simulation.inspect()["banks"]["A"]["posted_collateral"] == 0


def test_collateral_trees_batch_of_copies_is_the_copies_alone() -> None:
    batch = make_vec(scenario(), 5, autoreset="disabled")
    batch.reset(seed=1)
    nothing = np.zeros(batch.actions.shape, np.int64)
    for _ in range(8):
        batch.step(nothing)
    for copy in range(5):
        alone = make_vec(scenario(), 1, autoreset="disabled")
        alone.reset(seed=1 + copy)
        for _ in range(8):
            alone.step(nothing[:1])
        assert batch.digest(copy) == alone.digest(0)


def test_collateral_trees_resumed_run_goes_on_like_the_straight_one() -> None:
    straight, resumed = Simulation(scenario()), Simulation(scenario())
    straight.run(4)
    resumed.restore(straight.snapshot())
    straight.run_to_completion()
    resumed.run_to_completion()
    assert resumed.digest() == straight.digest()


@entry
def collateral_rows(
    scenario_row: I64,
    scenario_sizes: I64,
    state_row: I64,
    state_sizes: I64,
    work_row: I64,
    work_sizes: I64,
    bank: int,
    root: int,
    out: I64,
) -> None:
    """The decision of a collateral tree, for a test."""
    scenario, state = open_scenario(scenario_row, scenario_sizes), open_state(state_row, state_sizes)
    work = open_work(work_row, work_sizes)
    note_nearest_deadlines(scenario, state, work)
    out[0], out[1], out[2] = decide_on_collateral(scenario, state, work, bank, root)


CODES = {name: int(rule.code) for name, rule in ACTIONS.items()}


@settings(EVERY_EXAMPLE, max_examples=examples(20, 40, 1_000))
@given(config=strategies.scenarios(), data=st.data())
def test_collateral_trees_decide_alike(config: ScenarioConfig, data: st.DataObject) -> None:
    oracle, simulation = Oracle(config), Simulation(config, events=False)
    engine, out = simulation._engine, np.zeros(3, np.int64)
    view = engine.scenario.view
    while oracle.current_tick < oracle.num_ticks:
        oracle.open_tick()
        actions = data.draw(strategies.actions(oracle))
        oracle.close_tick(actions)
        simulation.tick(actions)
        for number_, bank in enumerate(oracle.world.banks.values()):
            for roots, name in (
                (view.bank_strategic_collateral_root, "strategic_collateral_tree"),
                (view.bank_end_collateral_root, "end_of_tick_collateral_tree"),
            ):
                if roots[number_] < 0:
                    continue
                rows = engine.scenario.row, engine.scenario.sizes, engine.row, engine.sizes
                bank.committed = {}
                engine.work.bank_committed_cents[:] = 0
                collateral_rows(*rows, engine._work_row, engine._work_sizes, number_, roots[number_], out)
                action, cents, ticks = collateral_decision(oracle.world, bank, name)
                assert out.tolist() == [CODES[action], cents, ticks]
                assert TreeAction(int(out[0])) >= TreeAction.POST_COLLATERAL
