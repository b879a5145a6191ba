"""Settings, checkpoints and the study of Castro's games."""

import json

import pytest
import yaml

from simcash_env.config.library import shipped_folder
from simcash_env.errors import ConfigError, SnapshotError
from simcash_env.evaluation.evaluate import deciding_banks
from simcash_env.learning.checkpoint import facts_path, read_facts
from simcash_env.learning.evaluate import evaluate_checkpoint, evaluate_learned
from simcash_env.learning.ippo import train
from simcash_env.learning.learner import LEARNERS, learner_named
from simcash_env.learning.settings import load_settings
from simcash_env.registry import load, scenario_ids
from training import cli_train
from training.castro import EQUILIBRIA, check

GAME = "castro-2period-v0"


def small(**changes):
    """A few rollouts of few copies of the two-period game."""
    return load_settings(GAME, **{"num_envs": 16, "total_steps": 320, "num_minibatches": 2, "hidden": (16,), **changes})


@pytest.mark.slow
@pytest.mark.parametrize("scenario", sorted(EQUILIBRIA))
def test_castro_study_finds_the_published_equilibrium(scenario):
    assert check(scenario, seed=0).is_equilibrium


def test_checkpoint_damaged_is_refused(tmp_path):
    path = tmp_path / "policy.pt"
    train(small(), 0, out=path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(SnapshotError, match="does not match"):
        read_facts(path)
    facts_path(path).write_text("{}")
    with pytest.raises(SnapshotError, match="format 1"):
        read_facts(path)
    with pytest.raises(SnapshotError, match="no checkpoint"):
        read_facts(tmp_path / "other.pt")


def test_settings_every_fault_is_named(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(f"scenario: {GAME}\ngamma: 2\nnum_envs: 0\ncolour: red\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    assert {fault.path for fault in caught.value.faults} == {"gamma", "num_envs", "colour"}
    with pytest.raises(ConfigError, match="castro-12period-v0"):
        load_settings("castro-13period-v0")


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
def test_train_works_for_every_scenario_of_the_library(tmp_path, scenario):
    """Ten of the seventeen had no settings for the default algorithm, one had none at all."""
    settings = load_settings(scenario)
    rollout = settings.num_envs * settings.steps_per_rollout * len(deciding_banks(load(scenario)))
    trained = cli_train(scenario, steps=rollout, out=tmp_path / "policy.pt", quiet=True)
    assert trained.facts.steps == rollout


def test_train_without_settings_names_the_scenarios_that_have_some():
    with pytest.raises(ConfigError, match="no training settings of this name; there are 2b-3t-v0"):
        load_settings("no-such-scenario")


def test_curve_has_no_point_for_a_rollout_without_an_episode_end():
    settings = load_settings(
        "castro-12period-v0", num_envs=4, same_day=1, total_steps=4 * 2 * 5 * 6, steps_per_rollout=5, hidden=(8,)
    )
    curve = train(settings, 0).facts.curve
    assert [steps for steps, _ in curve] == [120, 200], "of six rollouts of five ticks each, days end in two"


def test_policy_without_bank_id_plays_too(tmp_path):
    path = tmp_path / "policy.pt"
    widths = []
    for is_told in (True, False):
        trained = train(small(policies="shared", bank_id=is_told), 0, out=path)
        widths.append(trained.policy.columns)
        direct, _ = evaluate_learned(trained.policy, load(GAME), [1, 2])
        assert (evaluate_checkpoint(path, [1, 2]).evaluation.cents == direct.cents).all()
    assert widths[0] == widths[1] + 2


def test_settings_given_twice_are_refused_with_their_line(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(f"scenario: {GAME}\nnum_envs: 4\nnum_envs: 8\n")
    with pytest.raises(ConfigError, match=r"own\.yaml:3: num_envs: is given twice"):
        load_settings(path)


def test_settings_whose_days_do_not_fill_the_batch_are_refused():
    with pytest.raises(ConfigError, match="num_envs must be a multiple of same_day, 16"):
        load_settings("castro-12period-v0", num_envs=24, same_day=16)


def test_checkpoint_of_another_algorithm_is_refused(tmp_path):
    path = tmp_path / "policy.pt"
    train(small(), 0, out=path)
    values = json.loads(facts_path(path).read_text())
    facts_path(path).write_text(json.dumps({**values, "algorithm": "ppo"}))
    with pytest.raises(SnapshotError, match=r"trained with algorithm 'ppo'; this version plays 'ippo'"):
        read_facts(path)


def test_checkpoint_whose_weights_do_not_fit_is_refused(tmp_path):
    path = tmp_path / "policy.pt"
    train(small(), 0, out=path)
    values = json.loads(facts_path(path).read_text())
    values["settings"]["hidden"] = [17]
    facts_path(path).write_text(json.dumps(values))
    with pytest.raises(SnapshotError, match="weights do not fit"):
        evaluate_checkpoint(path, [1])


def test_learner_unknown_is_refused_and_the_known_are_named():
    with pytest.raises(ConfigError, match=r"algorithm.*must be one of ippo, got 'dqn'"):
        learner_named("dqn")


def test_learner_trains_saves_and_loads(tmp_path):
    path = tmp_path / "policy.pt"
    for learner in LEARNERS.values():
        trained = learner.train(small(), 0, out=path)
        loaded = learner.load(path)
        direct, _ = evaluate_learned(trained.policy, load(GAME), [1])
        again, _ = evaluate_learned(loaded, load(GAME), [1])
        assert (direct.cents == again.cents).all()


def test_settings_of_version_0_1_may_call_the_expert_teacher(tmp_path):
    path = tmp_path / "own.yaml"
    expert = "{policy: {type: urgent_first, urgent_ticks: 2}}"
    found = []
    for key in ("teacher", "expert"):
        path.write_text(f"scenario: {GAME}\n{key}: {expert}\n")
        found.append(load_settings(path))
    assert found[0] == found[1]
    assert found[0].expert is not None


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("num_envs: 1:30", r"own\.yaml:2: num_envs: has two meanings in YAML.*got '1:30'"),
        ("num_envs: 0x10", r"own\.yaml:2: num_envs: has two meanings in YAML.*got '0x10'"),
        ("num_envs: yes", r"own\.yaml:2: num_envs: must be a whole number, got True"),
        ("num_envs: '8'", r"own\.yaml:2: num_envs: must be a whole number, got '8'"),
        ("hidden: [on]", r"own\.yaml:2: hidden\.0: must be a whole number, got True"),
        ("learning_rate: .nan", r"own\.yaml:2: learning_rate: must be a finite number, got nan"),
        ("gama: 1", r"own\.yaml:2: gama: unknown key, did you mean gamma\?"),
        ("randomize: {sizes: [1:30, 2]}", r"own\.yaml:2: randomize\.sizes\.0: has two meanings in YAML"),
        ("randomize: {sizes: ['1', 2]}", r"own\.yaml:2: randomize: sizes: must be two factors above 0 in order"),
        ("randomize: {size: [1, 2]}", r"own\.yaml:2: randomize: size: unknown key, did you mean sizes\?"),
        ("randomize: {num_members: yes}", r"own\.yaml:2: randomize: num_members: must be a whole number of at least 1"),
    ],
)
def test_settings_read_numbers_as_scenarios_do(tmp_path, line, fault):
    path = tmp_path / "own.yaml"
    path.write_text(f"scenario: {GAME}\n{line}\n")
    with pytest.raises(ConfigError, match=fault):
        load_settings(path)
    path.write_text(f"scenario: {GAME}\nnum_envs: 010\nhidden: [1_0]\n")
    assert (load_settings(path).num_envs, load_settings(path).hidden) == (10, (10,))


def test_a_change_of_the_settings_is_told_apart_from_the_file(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(f"scenario: {GAME}\ngamma: 2\n")
    with pytest.raises(ConfigError, match=r"own\.yaml:2: gamma: must be at most 1, got 2\n.*own\.yaml: num_envs: must"):
        load_settings(path, num_envs=0)
