import json

import pytest
import torch as th

from simcash_env.errors import ConfigError, SnapshotError
from simcash_env.learning.checkpoint import facts_path, read_facts
from simcash_env.learning.evaluate import evaluate_checkpoint, evaluate_model
from simcash_env.learning.sb3_ppo import train
from simcash_env.learning.settings import load_settings
from simcash_env.registry import load
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
    assert printed["test_seeds"] == 3
    assert set(printed["pool_shares"]) == {"BANK_A", "BANK_B"}
    assert sum(printed["by_bank"].values()) == pytest.approx(printed["total_cost"]["mean"])
    cli_evaluate(path, 3)
    assert "BANK_A" in capsys.readouterr().out


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
        ("randomize: {num_members: yes}", r"own\.yaml:2: randomize: num_members: must be a whole number, at least 1"),
    ],
)
def test_settings_read_numbers_as_scenarios_do(tmp_path, line, fault):
    path = tmp_path / "own.yaml"
    path.write_text(f"scenario: {GAME}\n{line}\n")
    with pytest.raises(ConfigError, match=fault):
        load_settings(path, "ippo")
    path.write_text(f"scenario: {GAME}\nnum_envs: 010\nhidden: [1_0]\n")
    assert (load_settings(path).num_envs, load_settings(path).hidden) == (10, (10,))


def test_a_change_of_the_settings_is_told_apart_from_the_file(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(f"scenario: {GAME}\ngamma: 2\n")
    with pytest.raises(ConfigError, match=r"own\.yaml:2: gamma: must be at most 1, got 2\n.*own\.yaml: num_envs: must"):
        load_settings(path, num_envs=0)
