import numpy as np
import pytest
import torch as th

from simcash_env.envs.vector import make_vec
from simcash_env.errors import ConfigError, SimulationError
from simcash_env.evaluation.evaluate import evaluate_policy
from simcash_env.learning import labels as module
from simcash_env.learning.evaluate import evaluate_learned
from simcash_env.learning.ippo import Ippo
from simcash_env.learning.labels import LabelFit, Labels, days_of, label_days, labels_of_expert, rollout_agent
from simcash_env.learning.policy import BatchShape, Policy
from simcash_env.learning.pool_cap import with_largest_share
from simcash_env.learning.rollout import ReturnNormalizer
from simcash_env.learning.settings import TrainingSettings, load_settings

DAY = "2b-3t-v0"
BASE = {"type": "liquidity_reserve", "target_buffer": 0, "urgency_threshold": 0}


def settings_of(folder=None, expert=None, **changes):
    expert = {"type": "rollout", "base": BASE, "shares": [0.05], "days": 40, "search": {"samples": 4}, **(expert or {})}
    expert |= {} if folder is None else {"cache": str(folder)}
    few = {"num_envs": 16, "steps_per_rollout": 3, "hidden": (16,), "num_minibatches": 2, "max_queue_slots": 6}
    return TrainingSettings(**{"scenario": DAY, "largest_share": 0.1, "expert": expert, **few, **changes})


def config_of(settings):
    return with_largest_share(settings.config(), settings.largest_share)


def test_labels_are_the_decisions_of_the_rollout_policy_on_the_days():
    settings = settings_of()
    config = config_of(settings)
    found = label_days(settings, config, days_of(0, 0, 5), rollout_agent(settings, config))
    assert found.observations.shape[:2] == found.actions.shape[:2] == (3 * 5, 2)
    vec = make_vec(config, 5, max_queue_slots=6, autoreset="disabled")
    vec.reset([1, 2, 3, 4, 5])
    agent, costs = rollout_agent(settings, config), 0
    for tick in range(3):
        actions = agent.act(vec)
        np.testing.assert_array_equal(found.actions[5 * tick : 5 * tick + 5], actions)
        np.testing.assert_array_equal(found.observations[5 * tick : 5 * tick + 5], vec.observations)
        np.testing.assert_array_equal(found.masks[5 * tick : 5 * tick + 5], vec.masks)
        vec.step(actions)
        costs += vec.costs.sum()
    assert found.cents == costs / 10
    np.testing.assert_allclose(found.returns[10:], vec.rewards, rtol=1e-6)
    plain = evaluate_policy(settings.config(), agent._base.policy, range(1, 6), [0.05, 0.05])
    assert costs < plain.totals().sum()


def test_labels_of_states_that_other_actions_visit():
    settings = settings_of()
    config = config_of(settings)
    agent = rollout_agent(settings, config)
    held = label_days(settings, config, days_of(0, 0, 4), agent, lambda vec: np.zeros(vec.actions.shape, np.int64))
    own = label_days(settings, config, days_of(0, 0, 4), agent)
    np.testing.assert_array_equal(held.actions[:4], own.actions[:4])
    assert held.cents > own.cents


def test_labels_in_chunks_are_the_same(monkeypatch):
    settings = settings_of()
    config = config_of(settings)
    whole = label_days(settings, config, days_of(1, 0, 5), rollout_agent(settings, config))
    monkeypatch.setattr(module, "COPIES", 2)
    parts = label_days(settings, config, days_of(1, 0, 5), rollout_agent(settings, config))
    assert parts.cents == pytest.approx(whole.cents)
    np.testing.assert_array_equal(np.sort(parts.returns.sum(axis=1)), np.sort(whole.returns.sum(axis=1)))


def test_labels_are_kept_and_read_again(tmp_path, monkeypatch):
    settings = settings_of(tmp_path / "labels", {"days": 3})
    first = labels_of_expert(settings, 0, config_of(settings))
    (file,) = (tmp_path / "labels").iterdir()
    monkeypatch.setattr(module, "label_days", None)
    again = labels_of_expert(settings, 0, config_of(settings))
    np.testing.assert_array_equal(again.actions, first.actions)
    assert (again.cents, len(again)) == (first.cents, 9)
    monkeypatch.undo()
    file.write_bytes(b"damaged")
    np.testing.assert_array_equal(labels_of_expert(settings, 0, config_of(settings)).returns, first.returns)
    labels_of_expert(settings, 1, config_of(settings))
    labels_of_expert(settings.model_copy(update={"gamma": 0.9}), 0, config_of(settings))
    assert len(list((tmp_path / "labels").iterdir())) == 3


def test_labels_are_imitated_before_ppo(tmp_path):
    run = Ippo(settings_of(tmp_path, {"days": 4}, imitate_steps=150, imitate_rate=2e-3), 0)
    before = [weights.clone() for weights in run.policy.network.parameters()]
    imitated = [run.step(), run.step()]
    assert [figures["learning_rate"] for figures in imitated] == [2e-3, 2e-3]
    assert imitated[1]["pg_loss"] < imitated[0]["pg_loss"]
    assert any((old != new).any() for old, new in zip(before, run.policy.network.parameters(), strict=True))
    assert (run.steps, run.rollout.is_imitating) == (2 * 16 * 3 * 2, False)
    assert "reward" in run.step()  # PPO goes on from there


@pytest.mark.slow
def test_labels_imitation_of_a_rollout_brings_the_cost_below_its_base(tmp_path):
    settings = settings_of(
        tmp_path, {"days": 400, "search": {"samples": 8}}, imitate_steps=40_000, imitate_rate=3e-3, num_envs=128
    )
    run = Ippo(settings, 0)
    while run.rollout.is_imitating:
        run.step()
    learned = evaluate_learned(run.policy, settings.config(), range(5_000, 6_000))[0]
    plain = evaluate_policy(
        settings.config(), rollout_agent(settings, run.vec.config)._base.policy, range(5_000, 6_000), [0.05, 0.05]
    )
    assert learned.minus(plain).high < 0


def test_labels_fit_own_policies_of_banks():
    settings = settings_of(policies="own", num_minibatches=1, hidden=(32,))
    config = config_of(settings)
    labels = label_days(settings, config, days_of(0, 0, 40), rollout_agent(settings, config))
    generator = th.Generator().manual_seed(0)
    policy = Policy(settings, BatchShape.of(make_vec(config, 1, max_queue_slots=6)), generator)
    fit = LabelFit(policy, labels, ReturnNormalizer())
    optimizer = th.optim.Adam(policy.network.parameters(), lr=1e-2)
    losses = [fit.update(optimizer, generator, fit.num_states)["pg_loss"] for _ in range(30)]
    assert losses[-1] < 0.8 * losses[0]


def test_labels_fit_that_diverges_is_an_error():
    settings = settings_of()
    config = config_of(settings)
    labels = label_days(settings, config, days_of(0, 0, 2), rollout_agent(settings, config))
    policy = Policy(settings, BatchShape.of(make_vec(config, 1, max_queue_slots=6)), th.Generator().manual_seed(0))
    fit = LabelFit(policy, labels, ReturnNormalizer())
    with pytest.raises(SimulationError, match="weights are no longer finite"):
        fit.update(th.optim.SGD(policy.network.parameters(), lr=float("inf")), th.Generator().manual_seed(0), 6)


def test_labels_joined_weigh_costs_by_states():
    def part(count, cents):
        zeros = np.zeros((count, 1, 1))
        return Labels(zeros, zeros, zeros, zeros[..., 0], cents)

    joined = Labels.joined([part(1, 10.0), part(3, 30.0)])
    assert (len(joined), joined.cents) == (4, 25.0)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"expert": None}, "expert: must be {type: rollout, base: ...}"),
        ({"action": "budget"}, "action: must be queue"),
        ({"randomize": {"num_members": 2}}, "randomize: must be left out"),
    ],
)
def test_labels_need_a_rollout_expert_and_decisions_on_payments(changes, match):
    settings = settings_of().model_copy(update=changes)
    with pytest.raises(ConfigError, match=match):
        rollout_agent(settings, config_of(settings))


def test_labels_shares_are_one_or_one_a_bank():
    settings = settings_of(expert={"shares": [0.1, 0.1, 0.1]})
    with pytest.raises(ConfigError, match=r"expert.shares: must be one share, or one for each of 2 banks"):
        rollout_agent(settings, config_of(settings))
    assert rollout_agent(settings_of(expert={"shares": []}), config_of(settings))._base.shares is None


def test_labels_settings_name_the_key_of_a_rollout_expert_that_is_wrong(tmp_path):
    path = tmp_path / "settings.yaml"
    path.write_text(
        f"scenario: {DAY}\nexpert: {{type: rollout, base: {BASE}, search: {{sample: 3}}}}\n".replace("'", "")
    )
    with pytest.raises(ConfigError, match=r"expert.search.sample: unknown key"):
        load_settings(path)
    path.write_text(f"scenario: {DAY}\nexpert: {{policy: {{type: fifo}}, share: [0.1]}}\n")
    with pytest.raises(ConfigError, match=r"expert.share: unknown key"):
        load_settings(path)
