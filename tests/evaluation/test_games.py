"""Every scenario of the library is a game: a scripted policy beats the trivial ones on days it was not chosen on."""

import pytest

from simcash_env.config import FifoPolicy, load_scenario
from simcash_env.config.library import policy_names, policy_path
from simcash_env.config.policies import TreePolicy
from simcash_env.errors import ConfigError
from simcash_env.evaluation.evaluate import evaluate_agent, evaluate_policy, with_common_policy
from simcash_env.evaluation.grid_search import best_common_share, has_pool
from simcash_env.evaluation.scripted import HoldAll, RandomLegal
from simcash_env.evaluation.seeds import held_out_seeds, training_seeds
from simcash_env.registry import load, scenario_ids, scenario_path
from tests.worlds import CALIBRATED
from tools.core_periphery import SIZES, main, name_of, network, scenario_text

LARGE = {*CALIBRATED, "core-periphery-200-v0"}
DAYS = 40
FEWER_DAYS = {"ten-banks-v0": 4, "core-periphery-200-v0": 10, **dict.fromkeys(CALIBRATED, 10)}


def candidates():
    """FIFO, and every tree of the library, patient and less so."""
    trees = [
        TreePolicy(file=str(policy_path(name)), parameters={"urgent_ticks": ticks})
        for name in policy_names()
        for ticks in (1.0, 3.0)
    ]
    return [FifoPolicy(), *trees]


def tuned(config, policy, seeds):
    """Mean cost in training, policy and shares; of a pool the best share for all banks alike."""
    if not has_pool(config):
        return evaluate_policy(config, policy, seeds).totals().mean(), policy, None
    cents, share = best_common_share(with_common_policy(config, policy), seeds, (0.01,))
    return cents, policy, [share] * len(config.banks)


@pytest.mark.parametrize(
    "scenario", [pytest.param(name, marks=[pytest.mark.slow] * (name in LARGE)) for name in scenario_ids()]
)
def test_games_no_trivial_policy_is_best(scenario):
    config = load(scenario)
    days = FEWER_DAYS.get(scenario, DAYS)
    training, test = training_seeds(days), held_out_seeds(days)
    _, policy, shares = min((tuned(config, policy, training) for policy in candidates()), key=lambda found: found[0])
    best = evaluate_policy(config, policy, test, shares)
    for trivial in (
        evaluate_policy(config, FifoPolicy(), test),
        evaluate_agent(config, HoldAll(0), test),
        evaluate_agent(config, RandomLegal(), test),
    ):
        assert best.minus(trivial).high < 0


@pytest.mark.parametrize("num_banks", SIZES)
def test_games_core_periphery_files_are_what_their_program_writes(num_banks, tmp_path):
    assert scenario_path(name_of(num_banks)).read_text("utf-8") == scenario_text(num_banks)
    with pytest.raises(SystemExit, match="1"):
        main(["--check", str(tmp_path)])
    with pytest.raises(SystemExit, match="0"):
        main([str(tmp_path)])
    assert (tmp_path / f"{name_of(num_banks)}.yaml").read_text("utf-8") == scenario_text(num_banks)
    with pytest.raises(SystemExit, match="0"):
        main(["--check", str(tmp_path)])


@pytest.mark.parametrize("num_banks", SIZES)
def test_games_in_a_core_periphery_network_banks_get_back_what_they_send_and_the_core_sends_most(num_banks):
    shape = network(num_banks)
    received = [0.0] * num_banks
    for rate, weights in zip(shape.rates, shape.weights, strict=True):
        for other, weight in weights.items():
            received[other] += rate * weight / sum(weights.values())
    assert received == pytest.approx(shape.rates, rel=0.01)
    assert sum(shape.rates[: num_banks // 10]) > sum(shape.rates) / 2
    assert all(len(weights) == 3 for weights in shape.weights[num_banks // 10 :])


def test_games_scenario_may_name_a_tree_of_the_library_without_a_folder():
    row = {
        "format": 1,
        "name": "named",
        "simulation": {"ticks_per_day": 2, "num_days": 1},
        "banks": [{"id": "A", "policy": {"type": "tree", "file": "balance_first.json"}}, {"id": "B"}],
    }
    assert load_scenario(row).banks[0].policy.definition["policy_id"] == "balance_first"
    with pytest.raises(ConfigError, match="Did you mean balance_first"):
        policy_path("balance_frist")


def test_games_every_tree_of_the_library_says_what_it_does_and_is_named_as_its_file():
    assert len(policy_names()) >= 4
    for name in policy_names():
        definition = TreePolicy(file=str(policy_path(name))).definition
        assert definition["policy_id"] == name
        assert definition["description"]
