"""Collateral trees before decisions see a tick in which nothing has been released yet, wherever the run is played."""

from typing import Any

import numpy as np

from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.envs.vector import make_vec
from simcash_env.simulation import Simulation

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


def test_what_was_released_in_the_tick_before_does_not_count() -> None:
    simulation = Simulation(scenario())
    simulation.run_to_completion()
    assert simulation.summary().settled > 0
    assert simulation.inspect()["banks"]["A"]["posted_collateral"] == 0


def test_a_batch_of_copies_is_the_copies_alone() -> None:
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


def test_a_resumed_run_goes_on_like_the_straight_one() -> None:
    straight, resumed = Simulation(scenario()), Simulation(scenario())
    straight.run(4)
    resumed.restore(straight.snapshot())
    straight.run_to_completion()
    resumed.run_to_completion()
    assert resumed.digest() == straight.digest()
