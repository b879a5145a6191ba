import numpy as np
import pytest

from simcash_env.config import DeadlinePolicy, FifoPolicy
from simcash_env.config.policies import ExternalPolicy, TreePolicy
from simcash_env.envs.families import Randomize
from simcash_env.envs.vector import make_vec
from simcash_env.errors import ActionError, SimulationError
from simcash_env.evaluation import forks as module
from simcash_env.evaluation.evaluate import evaluate_policy
from simcash_env.evaluation.forks import EVERYBODY, Forks
from simcash_env.registry import load
from simcash_env.schema.codes import Status, Verb
from tests.evaluation.worlds import random_day
from tests.recorded import recorded

LEAF = {"type": "action", "node_id": "go", "action": "Release"}


def with_day_factor(config, spread):
    simulation = config.simulation.model_copy(update={"day_factor_log_std": spread})
    return config.model_copy(update={"simulation": simulation})


def begun(config, copies=3, slots=16, **options):
    vec = make_vec(config, copies, learners="all", max_queue_slots=slots, autoreset="disabled", **options)
    vec.reset(5)
    return vec


def all_released(vec):
    """Heads that release every payment, with a twentieth of the pool."""
    heads = np.zeros(vec.actions.shape, np.int64)
    heads[:, :, : vec.num_slots] = vec.queue1_view()["present"] * vec.slot_choices.release
    if "pool" in vec.head_index:
        heads[:, :, vec.head_index["pool"]] = vec.masks[:, :, vec.head_index["pool"], 1]
    return heads


def costs_of(vec, heads, samples=4, payer=EVERYBODY, policy=None, **options):
    count = len(heads)
    forks = Forks(vec, policy or FifoPolicy())
    return forks.costs(heads, np.arange(count), np.full(count, payer), samples, **options)


def test_forks_cost_what_the_rest_of_a_run_without_randomness_costs():
    config = load("castro-2period-v0")
    vec = begun(config, 1)
    heads = all_released(vec)
    heads[:, :, vec.head_index["pool"]] = [0, 4]
    expected = evaluate_policy(config, FifoPolicy(), [5], [0.0, 0.2]).totals()
    assert expected.tolist() == [2_000]
    np.testing.assert_array_equal(costs_of(vec, heads), np.broadcast_to(expected, (1, 4)))


@pytest.mark.parametrize("horizon", [1, None])
def test_forks_cost_of_the_tick_of_the_candidate_is_that_of_the_step(horizon):
    """With a horizon of one tick, or in the last tick of the day, nothing is left to chance."""
    vec = begun(random_day(ticks=4, days=2))
    for _ in range(3 if horizon is None else 1):
        vec.step(all_released(vec))
    heads = all_released(vec)
    found = costs_of(vec, heads, horizon_ticks=horizon)
    vec.step(heads)
    np.testing.assert_array_equal(found, np.broadcast_to(vec.costs.sum(axis=(1, 2))[:, None], found.shape))
    assert found.all()


def test_forks_end_with_the_day():
    vec = begun(random_day(ticks=4, days=3))
    heads = all_released(vec)
    np.testing.assert_array_equal(costs_of(vec, heads), costs_of(vec, heads, horizon_ticks=4))
    assert (costs_of(vec, heads) != costs_of(vec, heads, horizon_ticks=3)).any()


@pytest.mark.parametrize("name", ["random", "day factor", "recorded"])
def test_forks_know_nothing_of_the_future_of_the_run(name):
    config = {
        "random": random_day,
        "day factor": lambda: with_day_factor(random_day(), 0.4),
        "recorded": lambda: recorded(select="test", scripted=0, recorded={"split": [0.6, 0.0, 0.4]}),
    }[name]()
    vec = begun(config)
    vec.step(all_released(vec))
    heads = all_released(vec)
    before = costs_of(vec, heads, samples=16)
    assert np.ptp(before, axis=1).all()  # futures differ
    for copy in range(3):
        state = vec.state(copy)
        state.rng[0] += 1 + copy
        state.day_rate_factor[0] *= 3.0
        if len(vec.scenario.view.recorded_day):
            state.recorded_place[0] = 1 - state.recorded_place[0]
    np.testing.assert_array_equal(costs_of(vec, heads, samples=16), before)


def test_forks_of_one_copy_share_their_futures():
    vec = begun(random_day(), 1)
    heads = np.repeat(all_released(vec), 3, axis=0)
    forks = Forks(vec, FifoPolicy())
    found = forks.costs(heads, np.zeros(3), np.full(3, EVERYBODY), 8, seed=3)
    assert (found == found[0]).all()
    later = forks.costs(heads[:1], np.zeros(1), np.full(1, EVERYBODY), 4, first_sample=4, seed=3)
    np.testing.assert_array_equal(later, found[:1, 4:])
    assert (forks.costs(heads, np.zeros(3), np.full(3, EVERYBODY), 8, seed=4) != found).any()


@pytest.mark.parametrize("config", [random_day(), load("money-market-v0")], ids=["random", "market"])
def test_forks_costs_of_banks_add_up_to_those_of_the_system(config):
    vec = begun(config, 1)
    heads = all_released(vec)
    own = [costs_of(vec, heads, payer=bank) for bank in vec.learners]
    np.testing.assert_array_equal(sum(own), costs_of(vec, heads))
    assert len({part.tobytes() for part in own}) == len(own)


def test_forks_grow_where_a_future_has_more_payments():
    vec = begun(random_day(ticks=16), 2)
    heads = np.zeros(vec.actions.shape, np.int64)
    hold = DeadlinePolicy(urgency_threshold=0)
    forks = Forks(vec, hold)
    found = forks.costs(heads, np.arange(2), np.full(2, EVERYBODY), 64)
    assert forks._doublings > 0
    roomy = Forks(vec, hold)
    roomy._doublings = 5
    np.testing.assert_array_equal(roomy.costs(heads, np.arange(2), np.full(2, EVERYBODY), 64), found)


def test_forks_day_factor_follows_the_number_of_arrivals():
    """After many arrivals a busy day is likelier, so that holding everything costs more."""
    vec = begun(with_day_factor(random_day(), 0.5), 2)
    for copy, arrived in ((0, 0), (1, 40)):
        vec._states.rows[copy] = vec._states.rows[0]
        vec.state(copy).arrived_count[0] = arrived
    heads = np.zeros(vec.actions.shape, np.int64)
    quiet, busy = costs_of(vec, heads, samples=200).mean(axis=1)
    assert busy > 1.3 * quiet


def test_forks_day_factor_without_random_arrivals_or_on_a_later_day_is_drawn_without_the_count():
    vec = begun(with_day_factor(random_day(days=2), 0.5), 2)
    for _ in range(8):
        vec.step(all_released(vec))
    vec._states.rows[1] = vec._states.rows[0]
    vec.state(1).arrived_count[0] += 50
    heads = np.zeros(vec.actions.shape, np.int64)
    first, second = costs_of(vec, heads, samples=32)
    np.testing.assert_array_equal(first, second)
    banks = tuple(bank.model_copy(update={"arrivals": None}) for bank in random_day().banks)
    vec = begun(with_day_factor(random_day(), 1.0).model_copy(update={"banks": banks}), 1)
    vec.state(0).arrived_count[0] = 3
    assert np.ptp(costs_of(vec, all_released(vec))) == 0


def test_forks_futures_of_recorded_days_are_other_training_days():
    """Two training days: while one is played, all futures are the other one, and so cost the same."""
    config = recorded(select="train", scripted=0, recorded={"split": [0.4, 0.2, 0.4]})
    vec = begun(config, 8)
    found = costs_of(vec, all_released(vec), samples=6)
    assert not np.ptp(found, axis=1).any()
    assert len({tuple(row) for row in found.tolist()}) == 2


def test_forks_recorded_days_need_training_days_that_are_not_played():
    with pytest.raises(ActionError, match="futures are drawn from training days, and the only one is a day that"):
        Forks(begun(recorded(select="train", scripted=0, recorded={"split": [0.2, 0.2, 0.6]})), FifoPolicy())
    with pytest.raises(ActionError, match=r"futures are drawn from training days: .*days: has no days"):
        Forks(begun(recorded(select="test", scripted=0, recorded={"split": [0.0, 0.2, 0.8]})), FifoPolicy())


def test_forks_decisions_are_those_of_the_policy():
    vec = begun(random_day(), 2)
    decisions = Forks(vec, DeadlinePolicy(urgency_threshold=2)).decisions(np.zeros(vec.actions.shape, np.int64))
    view = vec.queue1_view()
    is_due = view["present"].astype(bool) & (view["ticks_to_deadline"] <= 2)
    np.testing.assert_array_equal(decisions, np.where(is_due, Verb.RELEASE, Verb.HOLD))
    assert is_due.any()
    assert (view["present"] > is_due).any()


@pytest.mark.parametrize(
    ("policy", "match"),
    [
        (ExternalPolicy(), "external: the kernel must be able to decide by itself"),
        (
            TreePolicy(
                tree={
                    "policy_id": "posts",
                    "payment_tree": LEAF,
                    "strategic_collateral_tree": {"type": "action", "node_id": "no", "action": "HoldCollateral"},
                }
            ),
            "strategic_collateral_tree: a rollout cannot carry out decisions on collateral",
        ),
        (
            TreePolicy(
                tree={
                    "policy_id": "counts",
                    "payment_tree": LEAF,
                    "bank_tree": {
                        "type": "action",
                        "node_id": "count",
                        "action": "AddState",
                        "parameters": {"key": {"value": "bank_state_n"}, "value": {"value": 1}},
                    },
                }
            ),
            "remembers from tick to tick",
        ),
    ],
    ids=["external", "collateral", "memory"],
)
def test_forks_reject_a_policy_that_learners_cannot_follow(policy, match):
    with pytest.raises(ActionError, match=match):
        Forks(begun(random_day()), policy)


def test_forks_reject_a_family_of_scenarios():
    vec = begun(random_day(), randomize=Randomize(num_members=4))
    with pytest.raises(ActionError, match="need a batch of one scenario"):
        Forks(vec, FifoPolicy())


def test_forks_report_an_overflow(monkeypatch):
    vec = begun(random_day(), 1)
    monkeypatch.setattr(module, "play_forks", lambda words: int(Status.MONEY_OVERFLOW))
    with pytest.raises(SimulationError, match="fork of copy 0: a total left the range"):
        costs_of(vec, all_released(vec))
