"""Whole runs in one call cost what single runs cost."""

import numpy as np
import pytest

from simcash_env.config import FifoPolicy
from simcash_env.errors import ActionError, SimulationError
from simcash_env.evaluation import rollout
from simcash_env.evaluation.evaluate import with_common_policy
from simcash_env.evaluation.rollout import measure_scripted, run_scripted
from simcash_env.evaluation.seeds import seed_array
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


def test_rollout_results_do_not_depend_on_the_number_of_threads(monkeypatch):
    """Runs were played on arrays that nothing kept alive: one thread happened to find them, several did not."""
    config = with_common_policy(random_day(), FifoPolicy())
    seeds, shares = range(50), np.random.default_rng(0).uniform(0, 1, (50, len(config.banks)))
    monkeypatch.setattr(rollout, "FEWEST_TICKS", 1)
    found = {}
    for count in (1, 2, 7, 64):
        monkeypatch.setattr(rollout, "usable_threads", lambda count=count: count)
        found[count] = measure_scripted(config, seeds, shares)
        assert run_scripted(config, np.arange(50), shares).tolist() == found[count].costs.tolist()
    for other in found.values():
        for name in ("costs", "values", "peaks"):
            np.testing.assert_array_equal(getattr(other, name), getattr(found[1], name))


@pytest.mark.usefixtures("unbounded")
def test_rollout_failure_in_another_thread_is_told(monkeypatch):
    monkeypatch.setattr(rollout, "FEWEST_TICKS", 1)
    monkeypatch.setattr(rollout, "usable_threads", lambda: 2)
    with pytest.raises(SimulationError, match="seed 7: a total left the range of int64 cents"):
        run_scripted(overflowing(), [7, 8])


@pytest.mark.parametrize(
    "seeds", [[3, -1], np.array([3, -1]), np.zeros(0, np.int64), np.zeros((2, 2), np.int64), [1.5]]
)
def test_seed_array_takes_whole_numbers_from_0_alone(seeds):
    with pytest.raises(ActionError, match="seeds: need one or more whole numbers"):
        seed_array(seeds)


def test_seed_array_is_the_same_for_lists_and_arrays():
    for seeds in ([3, 4], np.array([3, 4]), np.array([3, 4], np.int32)):
        assert seed_array(seeds).tolist() == [3, 4]
        assert seed_array(seeds).dtype == np.int64
