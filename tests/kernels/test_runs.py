"""Whole runs and single ticks share one entry and give the same results."""

import numpy as np
import pytest

from simcash_env.evaluation.rollout import VALUES, measure_scripted, run_scripted
from simcash_env.simulation import Simulation
from tests.worlds import busy


@pytest.mark.parametrize("seed", [1, 8])
def test_runs_played_as_a_whole_cost_what_single_ticks_cost(seed: int) -> None:
    config = busy(scripted=3)
    simulation = Simulation(config, seed=seed, events=False)
    ticks = []
    while not simulation.is_over:
        simulation.tick()
        state = simulation._engine.state
        ticks.append([int(getattr(state, f"{name}_cents")[0]) for name in VALUES])
    measured = measure_scripted(config, [seed, 3])
    assert measured.values[0].tolist() == ticks
    assert np.array_equal(measured.costs, run_scripted(config, [seed, 3]))
    by_bank = [sum(simulation.costs(bank).values()) for bank in simulation.bank_ids]
    assert measured.costs[0].sum(axis=1).tolist() == by_bank
