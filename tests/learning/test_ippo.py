import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch as th
from rich.console import Console

from simcash_env.errors import ConfigError, SimulationError, SnapshotError
from simcash_env.learning.checkpoint import read_facts, resume_path
from simcash_env.learning.evaluate import evaluate_checkpoint, evaluate_learned
from simcash_env.learning.ippo import Ippo, train
from simcash_env.learning.policy import Policy
from simcash_env.learning.rank_policy import RankPolicy
from simcash_env.learning.settings import TrainingSettings, load_settings
from simcash_env.registry import load
from training import cli_evaluate, cli_train

GAME = "castro-2period-v0"
DAY = "castro-12period-v0"


def small(**changes):
    """A few rollouts of few copies of the two-period game."""
    few = {"num_envs": 16, "total_steps": 320, "num_minibatches": 2, "hidden": (16,)}
    return load_settings(GAME, **{**few, **changes})


def day(**changes):
    """A few rollouts of a few copies of a random day; a rollout ends within it."""
    few = {"num_envs": 6, "total_steps": 6 * 2 * 5 * 6, "steps_per_rollout": 5, "num_minibatches": 2, "hidden": (16,)}
    return TrainingSettings(scenario=DAY, **{**few, **changes})


def test_ippo_around_a_start_plays_its_actions_until_it_learns():
    start = f"configs/trained/{DAY}-rank-seed0.npy"
    settings = day(action="rank", start=start, log_std=-2.0)
    untrained = Ippo(settings, 0).policy
    assert (untrained.heads.log_std == -2.0).all()
    around, alone = (
        evaluate_learned(one, load(DAY), range(1, 9))[0].totals() for one in (untrained, open_start(start))
    )
    assert np.allclose(np.median(around), np.median(alone), rtol=0.01)
    trained = train(settings, 0).policy
    assert not np.array_equal(evaluate_learned(trained, load(DAY), range(1, 9))[0].totals(), around)


def open_start(path):
    return RankPolicy.load(Path(path))


def test_ippo_start_needs_the_rank_action():
    with pytest.raises(ValueError, match="start needs action: rank, not queue"):
        day(start="some.npy")


def weights(player):
    return th.cat([value.flatten() for value in player.network.state_dict().values()])


def test_ippo_short_training_makes_the_two_period_game_cheaper():
    settings = small(num_envs=128, total_steps=30_000)
    before = evaluate_learned(
        Policy(settings, Ippo(settings, 0).policy.shape, th.Generator().manual_seed(0)), load(GAME), [1]
    )[0]
    after = evaluate_learned(train(settings, 0).policy, load(GAME), [1])[0]
    assert after.totals()[0] < 0.5 * before.totals()[0]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"policies": "own"},
        {"critic": "central", "largest_share": 0.25},
        {"action": "budget", "critic": "shared"},
        {"action": "threshold", "randomize": {"num_members": 4}},
        {"action": "rank"},
        {"action": "rank", "start": f"configs/trained/{DAY}-rank-seed0.npy", "log_std": -3.0},
        {"past_share": 0.5, "past_every": 1, "past_size": 2},
    ],
)
def test_ippo_interrupted_training_ends_with_the_bits_of_one_that_was_not(tmp_path, changes):
    path, settings = tmp_path / "policy.pt", day(**changes)
    whole = train(settings, 3)
    half = settings.total_steps // 2

    def press(steps, cents, reward):
        if steps >= half:
            raise KeyboardInterrupt

    first = train(settings, 3, out=path, report=press)
    assert not first.is_complete
    assert half <= first.facts.steps < settings.total_steps
    second = train(settings, 3, resume=path)
    assert second.is_complete
    assert second.facts.steps == whole.facts.steps
    assert second.facts.curve == whole.facts.curve
    assert th.equal(weights(second.policy), weights(whole.policy))


def test_ippo_resume_file_of_another_moment_or_run_is_refused(tmp_path):
    path, settings = tmp_path / "policy.pt", small()
    train(settings, 0, out=path)
    with pytest.raises(SnapshotError, match="gamma"):
        train(small(gamma=0.5), 0, resume=path)
    with pytest.raises(SnapshotError, match="seed 0"):
        train(settings, 1, resume=path)
    old = resume_path(path).read_bytes()
    train(small(total_steps=640), 0, out=path, resume=path)
    resume_path(path).write_bytes(old)
    with pytest.raises(SnapshotError, match="another moment"):
        train(small(total_steps=960), 0, resume=path)
    resume_path(path).unlink()
    with pytest.raises(SnapshotError, match="needed to resume"):
        train(small(total_steps=960), 0, resume=path)


def test_ippo_same_seed_gives_the_same_policy_and_another_seed_another():
    first, second, other = (weights(train(small(), seed).policy) for seed in (3, 3, 4))
    assert th.equal(first, second)
    assert not th.equal(first, other)


def test_ippo_checkpoint_plays_as_the_policy_that_was_saved(tmp_path):
    path = tmp_path / "policy.pt"
    settings = day(largest_share=0.2)
    trained = train(settings, 0, out=path)
    direct, agent = evaluate_learned(trained.policy, load(DAY), range(5))
    result = evaluate_checkpoint(path, range(5))
    assert (result.evaluation.cents == direct.cents).all()
    assert result.facts.scenario == DAY
    assert result.agent.pool_shares() == agent.pool_shares()
    assert all(0.0 <= share <= 0.2 for share in agent.pool_shares())


def test_ippo_policy_acts_on_plain_arrays(tmp_path):
    run = Ippo(day(), 0)
    run.policy.save(tmp_path / "weights.pt")
    actions = run.policy.act(run.vec.observations, run.vec.masks)
    assert actions.shape == run.vec.actions.shape
    legal = np.take_along_axis(run.vec.masks, actions[..., None], axis=3)
    assert legal.all()


def test_ippo_only_the_banks_that_are_trained_learn_against_a_checkpoint(tmp_path):
    path = tmp_path / "other.pt"
    other = train(small(), 1, out=path)
    settings = small(policies="own", trains=("BANK_A",), opponents=(str(path),), critic="own")
    run = Ippo(settings, 0)
    before = [value.clone() for value in run.policy.network.state_dict().values()]
    run.step()
    for old, new in zip(before, run.policy.network.state_dict().values(), strict=True):
        assert th.equal(old[1], new[1])
    assert any(
        not th.equal(old[0], new[0]) for old, new in zip(before, run.policy.network.state_dict().values(), strict=True)
    )
    _, agent = evaluate_learned(run.policy, load(GAME), [1])
    _, theirs = evaluate_learned(other.policy, load(GAME), [1])
    assert agent.pool_shares()[1] == theirs.pool_shares()[1]
    with pytest.raises(ConfigError, match="trains"):
        Ippo(small(opponents=(str(path),)), 0)


def test_ippo_past_selves_play_all_banks_but_one():
    run = Ippo(day(past_share=0.5, past_every=1, past_size=2), 0)
    run.step()
    assert run.rollout.opponents.learns.sum(axis=1).tolist() == [1, 1, 1, 2, 2, 2]
    assert run.rollout.opponents.learns[:3].argmax(axis=1).tolist() == [0, 1, 0]
    for _ in range(3):
        run.step()
    assert len(run.rollout.opponents.members) == 2


def test_ippo_one_bank_learns_against_the_scenarios_own_policies(tmp_path):
    path = tmp_path / "one.pt"
    train(day(learners=("BANK_B",)), 0, out=path)
    result = evaluate_checkpoint(path, range(3))
    assert result.facts.bank_ids == ("BANK_B",)
    assert set(result.evaluation.by_bank()) == {"BANK_A", "BANK_B"}


def test_ippo_tensorboard_gets_every_curve(tmp_path):
    train(small(), 0, tensorboard=tmp_path)
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path)).Reload()
    assert {"reward", "cents", "entropy", "steps_per_second"} <= set(events.Tags()["scalars"])
    assert [event.step for event in events.Scalars("reward")] == list(range(64, 321, 64))


def test_ippo_commands_train_and_evaluate(tmp_path, capsys):
    path = tmp_path / "folder" / "policy.pt"
    cli_train(GAME, seed=1, steps=2_048, out=path, algorithm="ippo", quiet=True)
    cli_evaluate(path, 3, as_json=True)
    printed = json.loads(capsys.readouterr().out)
    assert set(printed["pool_shares"]) == {"BANK_A", "BANK_B"}
    assert sum(printed["by_bank"].values()) == pytest.approx(printed["total_cost"]["mean"])
    assert read_facts(path).algorithm == "ippo"


def test_ippo_value_of_what_a_cut_episode_misses_is_added_to_its_last_reward():
    whole, cut = (Ippo(day(max_ticks=most, gamma=0.9), 0) for most in (None, 5))
    for run in (whole, cut):
        run.rollout.collect()
    assert th.equal(cut.rollout.actions, whole.rollout.actions)
    assert th.equal(cut.rollout.rewards[:, :4], whole.rollout.rewards[:, :4])
    rows = cut.policy.new_rows(len(cut.vec.final_observations))
    cut.policy.encode(cut.vec.final_observations, rows)
    assert th.allclose(cut.rollout.rewards[:, 4], whole.rollout.rewards[:, 4] + 0.9 * cut.policy.network(rows)[1])
    assert cut.rollout.dones[:, 4].all()
    assert not whole.rollout.dones.any()


def test_ippo_while_liquidity_is_scarce_only_small_shares_are_chosen():
    run = Ippo(small(num_envs=64, scarce_until=0.5, scarce_levels=(2, 3), pool_head="level"), 0)
    run.rollout.collect()
    levels = run.rollout.actions[0, 0, :, run.policy.pool]
    assert set(levels.tolist()) == {2, 3}
    assert not run.rollout.actions[0, 1, :, run.policy.pool].any(), "the share is chosen once a day"
    run.rollout.progress = 0.5
    run.rollout.collect()
    assert len(set(run.rollout.actions[0, 0, :, run.policy.pool].tolist())) > 10


def test_ippo_weights_that_are_no_longer_finite_end_the_training_and_the_checkpoint_stays(tmp_path):
    path = tmp_path / "policy.pt"
    train(small(), 0, out=path)
    before = path.read_bytes()
    with pytest.raises(SimulationError, match="no longer finite"):
        train(small(learning_rate=1e30), 0, out=path)
    assert path.read_bytes() == before


def test_ippo_training_ends_when_its_time_is_up():
    trained = train(small(total_steps=10**9), 0, max_seconds=0.2)
    assert trained.is_complete
    assert 0 < trained.facts.steps < 10**9


def test_ippo_long_training_is_saved_while_it_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr("simcash_env.learning.ippo.SAVE_SECONDS", -1.0)
    path, saved = tmp_path / "policy.pt", []
    train(small(), 0, out=path, report=lambda *_: saved.append(read_facts(path).steps))
    assert saved == [0, 64, 128, 192, 256]
    assert read_facts(path).steps == 320


def test_ippo_training_against_checkpoints_goes_on_exactly_with_more_of_them_than_copies(tmp_path):
    others = tuple(str(tmp_path / f"{seed}.pt") for seed in range(3))
    for seed, other in enumerate(others):
        train(small(), seed, out=Path(other))
    settings = small(num_envs=2, total_steps=64, trains=("BANK_B",), opponents=others)
    whole = train(settings, 0)
    path = tmp_path / "policy.pt"

    def press(*_):
        raise KeyboardInterrupt

    assert not train(settings, 0, out=path, report=press).is_complete
    assert th.equal(weights(train(settings, 0, resume=path).policy), weights(whole.policy))


@pytest.mark.parametrize(
    ("algorithm", "changes", "told", "untold"),
    [
        ("ippo", {}, ["of FIFO's", "return ", "a tick"], []),
        ("ippo", {"randomize": {"num_members": 2}}, ["return "], ["FIFO"]),
    ],
)
def test_ippo_who_watches_a_training_is_told_its_cost_and_return(
    tmp_path, monkeypatch, algorithm, changes, told, untold
):
    monkeypatch.setattr("simcash_env.cli.training.FIFO_DAYS", 5)
    path = tmp_path / "settings.yaml"
    path.write_text(json.dumps(small(**changes).model_dump(mode="json")))
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=300)
    cli_train(str(path), out=tmp_path / "policy.any", algorithm=algorithm, console=console)
    shown = screen.getvalue()
    assert all(words in shown for words in ["100 %", "a bank and run", "steps/s", "finished after ", *told])
    assert not any(words in shown for words in untold)
    quiet = io.StringIO()
    cli_train(
        str(path), out=tmp_path / "policy.any", algorithm=algorithm, quiet=True,
        console=Console(file=quiet, force_terminal=True),
    )  # fmt: skip
    assert quiet.getvalue() == ""
