import json

import pytest
import torch as th
import yaml

from simcash_env.cli.training import chosen_algorithm
from simcash_env.errors import ConfigError, SnapshotError
from simcash_env.evaluation.evaluate import deciding_banks
from simcash_env.learning.checkpoint import facts_path, read_facts
from simcash_env.learning.evaluate import evaluate_checkpoint, evaluate_model
from simcash_env.learning.sb3_ppo import train
from simcash_env.learning.settings import ALGORITHMS, algorithm_for, folders_of, load_settings
from simcash_env.registry import load, scenario_ids, scenario_path
from training import cli_evaluate, cli_train
from training.castro import EQUILIBRIA, check

GAME = "castro-2period-v0"


def small(**changes):
    """A few rollouts of few copies of the two-period game."""
    return load_settings(GAME, **{"num_envs": 16, "total_steps": 320, "num_minibatches": 2, "hidden": (16,), **changes})


def weights(model):
    return th.cat([value.flatten() for value in model.policy.state_dict().values()])


def test_a_short_training_makes_the_two_period_game_cheaper():
    settings = small(num_envs=128, total_steps=30_000)
    before = evaluate_model(train(small(total_steps=64), 0).model, settings, load(GAME), [1])[0]
    after = evaluate_model(train(settings, 0).model, settings, load(GAME), [1])[0]
    assert after.totals()[0] < 0.5 * before.totals()[0]


@pytest.mark.slow
@pytest.mark.parametrize("scenario", sorted(EQUILIBRIA))
def test_learners_find_the_published_equilibrium(scenario):
    assert check(scenario, seed=0).is_equilibrium


def test_the_same_seed_gives_the_same_policy_and_another_seed_another():
    first, second, other = (weights(train(small(), seed).model) for seed in (3, 3, 4))
    assert th.equal(first, second)
    assert not th.equal(first, other)


def test_a_checkpoint_plays_as_the_model_that_was_saved(tmp_path):
    path = tmp_path / "policy.zip"
    trained = train(small(), 0, out=path)
    direct, _ = evaluate_model(trained.model, small(), load(GAME), range(5))
    result = evaluate_checkpoint(path, range(5))
    assert (result.evaluation.cents == direct.cents).all()
    assert result.facts.scenario == GAME
    assert result.facts.steps == 320
    assert len(result.agent.pool_shares()) == 2


def test_training_goes_on_from_a_checkpoint(tmp_path):
    path = tmp_path / "policy.zip"
    half = train(small(), 0, out=path)
    again = [train(small(total_steps=640), 0, resume=path) for _ in range(2)]
    assert [resumed.facts.steps for resumed in again] == [640, 640]
    assert again[0].facts.curve[: len(half.facts.curve)] == half.facts.curve
    assert len(again[0].facts.curve) == 2 * len(half.facts.curve)
    assert th.equal(weights(again[0].model), weights(again[1].model))
    assert not th.equal(weights(again[0].model), weights(half.model))
    done = train(small(), 0, resume=path)
    assert th.equal(weights(done.model), weights(half.model))


def test_ctrl_c_saves_what_there_is(tmp_path):
    path = tmp_path / "policy.zip"

    def press(steps, cents):
        raise KeyboardInterrupt

    trained = train(small(), 0, out=path, report=press)
    assert not trained.is_complete
    assert 0 < read_facts(path).steps < 320
    assert train(small(), 0, resume=path).facts.steps >= 320


def test_training_ends_when_its_time_is_up():
    trained = train(small(total_steps=10**9), 0, max_seconds=1.0)
    assert trained.is_complete
    assert 0 < trained.facts.steps < 10**9


def test_a_damaged_checkpoint_is_refused(tmp_path):
    path = tmp_path / "policy.zip"
    train(small(), 0, out=path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(SnapshotError, match="does not match"):
        read_facts(path)
    facts_path(path).write_text("{}")
    with pytest.raises(SnapshotError, match="format 1"):
        read_facts(path)
    with pytest.raises(SnapshotError, match="no checkpoint"):
        read_facts(tmp_path / "other.zip")


def test_every_fault_of_the_settings_is_named(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(f"scenario: {GAME}\ngamma: 2\nnum_envs: 0\ncolour: red\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    assert {fault.path for fault in caught.value.faults} == {"gamma", "num_envs", "colour"}
    with pytest.raises(ConfigError, match="castro-12period-v0"):
        load_settings("castro-13period-v0")


def test_the_commands_train_and_evaluate(tmp_path, capsys):
    path = tmp_path / "folder" / "policy.zip"
    cli_train(GAME, seed=1, steps=2_048, out=path, quiet=True)
    cli_evaluate(path, 3, as_json=True)
    printed = json.loads(capsys.readouterr().out)
    assert printed["test_seeds"] == 1, "the game draws nothing"
    assert set(printed["pool_shares"]) == {"BANK_A", "BANK_B"}
    assert sum(printed["by_bank"].values()) == pytest.approx(printed["total_cost"]["mean"])
    cli_evaluate(path, 3)
    told = capsys.readouterr().out
    assert "BANK_A" in told
    assert "n = 1: nothing is random" in " ".join(told.split())


TINY = {"num_envs": 2, "steps_per_rollout": 2, "num_minibatches": 1, "num_epochs": 1, "imitate_steps": 0, "hidden": [8]}


@pytest.fixture
def tiny_settings(tmp_path, monkeypatch):
    """The settings of the library, for trainings of one rollout of two ticks."""
    folder = tmp_path / "settings"
    for algorithm, settings in ALGORITHMS.items():
        for path in folders_of(algorithm)[0].glob("*.yaml"):
            values = yaml.safe_load(path.read_text("utf-8"))
            values |= {key: value for key, value in TINY.items() if key in settings.model_fields}
            values |= {"num_envs": max(2, values.get("same_day", 1)), "total_steps": 1}
            own = folder if algorithm == "ppo" else folder / algorithm
            own.mkdir(parents=True, exist_ok=True)
            (own / path.name).write_text(yaml.safe_dump(values), "utf-8")
    monkeypatch.setattr("simcash_env.learning.settings._FOLDERS", (folder,))


@pytest.mark.usefixtures("tiny_settings")
@pytest.mark.parametrize("scenario", scenario_ids())
def test_train_works_for_every_scenario_of_the_library(tmp_path, scenario):
    """Ten of the seventeen had no settings for the default algorithm, one had none at all."""
    config, algorithm = load(scenario), algorithm_for(scenario)
    settings = load_settings(scenario, algorithm)
    rollout = settings.num_envs * settings.steps_per_rollout * len(deciding_banks(config))
    trained = cli_train(scenario, steps=rollout, out=tmp_path / "policy.any", quiet=True)
    assert trained.facts.steps == rollout
    assert trained.facts.algorithm == algorithm


def test_train_chooses_the_algorithm_that_has_settings(tmp_path):
    assert algorithm_for("castro-12period-v0") == "ppo"
    assert algorithm_for("lynx-day-v0") == "ippo"
    assert algorithm_for("no-such-scenario") == "ppo"
    path = tmp_path / "mine.yaml"
    path.write_text(f"scenario: {GAME}\nnum_envs: 4\n")
    assert algorithm_for(path) == "ppo"
    path.write_text(f"scenario: {GAME}\naction: budget\n")
    assert algorithm_for(path) == "ippo"
    assert algorithm_for(scenario_path(GAME)) == "ppo"
    assert chosen_algorithm(GAME, None, tmp_path) == "ippo"
    checkpoint = tmp_path / "policy.zip"
    train(small(), 0, out=checkpoint)
    assert chosen_algorithm("lynx-day-v0", checkpoint, None) == "ppo"


def test_train_without_settings_names_the_algorithms_and_what_they_have():
    with pytest.raises(ConfigError) as caught:
        load_settings("lynx-day-v0", "ppo")
    told = str(caught.value)
    assert "--algorithm ppo has no training settings of this name; --algorithm ippo has" in told
    assert "--algorithm ppo: 2b-3t-v0" in told
    with pytest.raises(ConfigError, match="--algorithm ippo: 2b-3t-v0") as caught:
        load_settings("no-such-scenario", "ppo")
    assert "ippo has;" not in str(caught.value)


def test_a_rollout_in_which_no_day_ends_is_no_point_of_the_curve():
    settings = load_settings(
        "castro-12period-v0", num_envs=4, total_steps=4 * 2 * 5 * 6, steps_per_rollout=5, hidden=(8,)
    )
    curve = train(settings, 0).facts.curve
    assert [steps for steps, _ in curve] == [120, 200], "of six rollouts of five ticks each, days end in two"


def test_a_policy_that_is_not_told_which_bank_it_decides_for_plays_too(tmp_path):
    path = tmp_path / "policy.zip"
    widths = []
    for is_told in (True, False):
        trained = train(small(bank_id=is_told), 0, out=path)
        widths.append(trained.model.observation_space.shape[0])
        direct, _ = evaluate_model(trained.model, small(bank_id=is_told), load(GAME), [1, 2])
        assert (evaluate_checkpoint(path, [1, 2]).evaluation.cents == direct.cents).all()
    assert widths[0] == widths[1] + 2


def test_an_algorithm_that_there_is_not_is_refused():
    with pytest.raises(ConfigError, match=r"algorithm.*must be one of ppo, ippo, got 'dqn'"):
        load_settings(GAME, "dqn")


def test_a_setting_that_is_given_twice_is_refused_with_its_line(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(f"scenario: {GAME}\nnum_envs: 4\nnum_envs: 8\n")
    with pytest.raises(ConfigError, match=r"own\.yaml:3: num_envs: is given twice"):
        load_settings(path)
