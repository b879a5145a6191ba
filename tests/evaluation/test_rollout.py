"""Whole runs in one call cost what single runs cost."""

import numpy as np
import pytest

from simcash_env.config import FifoPolicy
from simcash_env.errors import SimulationError
from simcash_env.evaluation.evaluate import with_common_policy
from simcash_env.evaluation.rollout import run_scripted
from simcash_env.simulation import Simulation
from tests.evaluation.worlds import random_day
from tests.worlds import overflowing


def test_rollout_run_in_the_batch_with_shares_of_its_own_is_the_simulations_run_with_them():
    config, seeds, shares = with_common_policy(random_day(), FifoPolicy()), [3, 4], np.array([[0.25, 0.5], [1.0, 0.0]])
    costs = run_scripted(config, seeds, shares)
    for place, seed in enumerate(seeds):
        banks = tuple(
            bank.model_copy(update={"liquidity_allocation_fraction": share})
            for bank, share in zip(config.banks, shares[place].tolist(), strict=True)
        )
        run = Simulation(config.model_copy(update={"banks": banks}), seed=seed, events=False)
        found = run.run_to_completion().costs
        np.testing.assert_array_equal(costs[place], [list(found[bank].values()) for bank in run.bank_ids])
    assert (costs != run_scripted(config, seeds)).any()


@pytest.mark.usefixtures("unbounded")
def test_rollout_total_that_leaves_the_range_is_told_with_the_seed_of_its_run():
    with pytest.raises(SimulationError, match="seed 7: a total left the range of int64 cents"):
        run_scripted(overflowing(), [7, 8])
