"""Learners by their name: trained, saved, loaded, and for every scenario."""

import pytest
import yaml

from simcash_env.errors import ConfigError
from simcash_env.evaluation.evaluate import deciding_banks
from simcash_env.files import shipped_folder
from simcash_env.learning.evaluate import evaluate_checkpoint, evaluate_learned
from simcash_env.learning.ippo import train
from simcash_env.learning.learner import LEARNERS, learner_named
from simcash_env.learning.settings import load_settings
from simcash_env.registry import load, scenario_ids
from training import cli_train

GAME = "castro-2period-v0"


def small(**changes):
    """A few rollouts of few copies of the two-period game."""
    return load_settings(GAME, **{"num_envs": 16, "total_steps": 320, "num_minibatches": 2, "hidden": (16,), **changes})


TINY = {"num_envs": 2, "steps_per_rollout": 2, "num_minibatches": 1, "num_epochs": 1, "imitate_steps": 0, "hidden": [8]}


@pytest.fixture
def tiny_settings(tmp_path, monkeypatch):
    """The settings of the library, for trainings of one rollout of two ticks."""
    folder = tmp_path / "settings"
    folder.mkdir()
    for path in shipped_folder("training").glob("*.yaml"):
        values = yaml.safe_load(path.read_text("utf-8")) | TINY
        values |= {"num_envs": max(2, values.get("same_day", 1)), "total_steps": 1}
        (folder / path.name).write_text(yaml.safe_dump(values), "utf-8")
    monkeypatch.setattr("simcash_env.learning.settings.shipped_folder", lambda kind: folder)


@pytest.mark.usefixtures("tiny_settings")
@pytest.mark.parametrize("scenario", scenario_ids())
def test_learner_train_works_for_every_scenario_of_the_library(tmp_path, scenario):
    """Ten of the seventeen had no settings for the default algorithm, one had none at all."""
    settings = load_settings(scenario)
    rollout = settings.num_envs * settings.steps_per_rollout * len(deciding_banks(load(scenario)))
    trained = cli_train(scenario, steps=rollout, out=tmp_path / "policy.pt", quiet=True)
    assert trained.facts.steps == rollout


def test_learner_train_without_settings_names_the_scenarios_that_have_some():
    with pytest.raises(ConfigError, match="no training settings of this name; there are 2b-3t-v0"):
        load_settings("no-such-scenario")


def test_learner_curve_has_no_point_for_a_rollout_without_an_episode_end():
    settings = load_settings(
        "castro-12period-v0", num_envs=4, same_day=1, total_steps=4 * 2 * 5 * 6, steps_per_rollout=5, hidden=(8,)
    )
    curve = train(settings, 0).facts.curve
    assert [steps for steps, _ in curve] == [120, 200], "of six rollouts of five ticks each, days end in two"


def test_learner_policy_without_bank_id_plays_too(tmp_path):
    path = tmp_path / "policy.pt"
    widths = []
    for is_told in (True, False):
        trained = train(small(policies="shared", bank_id=is_told), 0, out=path)
        widths.append(trained.policy.columns)
        direct, _ = evaluate_learned(trained.policy, load(GAME), [1, 2])
        assert (evaluate_checkpoint(path, [1, 2]).evaluation.cents == direct.cents).all()
    assert widths[0] == widths[1] + 2


def test_learner_unknown_is_refused_and_the_known_are_named():
    with pytest.raises(ConfigError, match=r"algorithm.*must be one of ippo, expert_iteration, cmaes, got 'dqn'"):
        learner_named("dqn")


def test_learner_trains_saves_and_loads(tmp_path):
    expert = {"type": "rollout", "base": {"type": "fifo"}, "search": {"samples": 1}}
    search = {"generations": 1, "population": 4, "days": 2}
    for learner in LEARNERS.values():
        path = tmp_path / f"policy{learner.ending}"
        trained = learner.train(small(expert=expert, search=search), 0, out=path)
        loaded = learner.load(path)
        direct, _ = evaluate_learned(trained.policy, load(GAME), [1])
        again, _ = evaluate_learned(loaded, load(GAME), [1])
        assert (direct.cents == again.cents).all()
