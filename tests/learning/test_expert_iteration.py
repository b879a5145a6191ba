import numpy as np
import pytest
import torch as th

from simcash_env.envs.vector import make_vec
from simcash_env.errors import ConfigError, SnapshotError
from simcash_env.evaluation.evaluate import evaluate_policy
from simcash_env.learning.checkpoint import read_facts, resume_path
from simcash_env.learning.evaluate import evaluate_checkpoint, evaluate_learned
from simcash_env.learning.expert_iteration import ExpertIteration, PolicyActions, train
from simcash_env.learning.labels import rollout_agent
from simcash_env.learning.learner import learner_named
from simcash_env.learning.settings import load_settings
from tests.learning.test_labels import settings_of

ITERATION = 16 * 2 * 3
"""Decisions of an iteration: days, banks and ticks."""


def weights_of(trained):
    return [weights.detach().clone() for weights in trained.policy.network.parameters()]


def test_expert_iteration_labels_the_days_of_iterations_and_keeps_all_labels():
    run = ExpertIteration(settings_of(fit_epochs=2), 3)
    first, second = run.step(), run.step()
    assert (run.steps, run.iterations) == (2 * ITERATION, 2)
    assert [len(part) for part in run.labels] == [48, 48]
    assert first["cents"] == run.labels[0].cents
    assert second["milliseconds_per_decision"] > 0
    assert (run.labels[0].observations[:16] != run.labels[1].observations[:16]).any()


@pytest.mark.slow
def test_expert_iteration_costs_less_than_the_base_of_the_rollouts():
    settings = settings_of(
        expert={"search": {"samples": 8}}, num_envs=150, total_steps=1_800, imitate_rate=5e-3, fit_epochs=60
    )
    trained = train(settings, 0)
    assert trained.is_complete
    learned = evaluate_learned(trained.policy, settings.config(), range(5_000, 6_000))[0]
    base = rollout_agent(settings, settings.config())._base
    assert learned.minus(evaluate_policy(settings.config(), base.policy, range(5_000, 6_000), [0.05, 0.05])).high < 0


def test_expert_iteration_candidates_are_the_likeliest_action_and_samples():
    run = ExpertIteration(settings_of(), 0)
    vec = make_vec(run.config, 2, max_queue_slots=6)
    vec.reset(1)
    found = PolicyActions(run.policy, 3, th.Generator().manual_seed(1)).propose(vec, {}, np.zeros(0), None)
    assert len(found) == 4
    np.testing.assert_array_equal(found[0], run.policy.act(vec.observations, vec.masks))
    assert any((other != found[0]).any() for other in found[1:])


def test_expert_iteration_resumes_exactly(tmp_path):
    settings = settings_of(total_steps=3 * ITERATION, fit_epochs=2)
    reports = []
    whole = train(settings, 1, report=lambda *figures: reports.append(figures))
    assert [steps for steps, _, _ in reports] == [ITERATION, 2 * ITERATION, 3 * ITERATION]
    path = tmp_path / "half.pt"
    train(settings.model_copy(update={"total_steps": ITERATION}), 1, out=path)
    resumed = train(settings, 1, resume=path, out=path)
    assert all((one == other).all() for one, other in zip(weights_of(whole), weights_of(resumed), strict=True))
    assert resumed.facts.curve == whole.facts.curve
    assert read_facts(path).algorithm == "expert_iteration"
    assert evaluate_checkpoint(path, [1, 2]).evaluation.totals().all()
    learner_named("expert_iteration").load(path)


def test_expert_iteration_resumes_only_what_is_its_own(tmp_path):
    settings, path = settings_of(total_steps=ITERATION, fit_epochs=1), tmp_path / "one.pt"
    learner_named("expert_iteration").train(settings, 1, out=path)
    with pytest.raises(SnapshotError, match=r"trained by expert_iteration with seed 1; settings that differ: gamma"):
        train(settings.model_copy(update={"gamma": 0.5}), 1, resume=path)
    with pytest.raises(SnapshotError, match="settings that differ: none"):
        train(settings, 2, resume=path)
    state = th.load(resume_path(path), weights_only=True)
    th.save({**state, "digest": "other"}, resume_path(path))
    with pytest.raises(SnapshotError, match="written at another moment"):
        train(settings, 1, resume=path)
    resume_path(path).unlink()
    with pytest.raises(SnapshotError, match="needed to resume, and cannot be read"):
        train(settings, 1, resume=path)


def test_expert_iteration_stops_by_the_clock(tmp_path):
    trained = train(settings_of(total_steps=10 * ITERATION, fit_epochs=1), 0, max_seconds=0.0, tensorboard=tmp_path)
    assert trained.facts.steps <= ITERATION


def test_expert_iteration_needs_a_rollout_expert():
    with pytest.raises(ConfigError, match=r"expert: must be .type: rollout, base: "):
        train(load_settings("2b-3t-v0"), 0)


def test_expert_iteration_settings_of_the_library_are_valid():
    settings = load_settings("2b-3t-v0-rollout")
    assert rollout_agent(settings, settings.config())
