import numpy as np

from simcash_env.config import DeadlinePolicy, FifoPolicy
from simcash_env.config.policies import ExternalPolicy, LiquiditySplittingPolicy
from simcash_env.envs.vector import make_vec
from simcash_env.evaluation.candidates import Changes, Orders, PolicyDecisions, PoolLevels, Scripts, funded
from simcash_env.registry import load
from tests.evaluation.worlds import random_day

RELEASE = 1


def begun(config=None, copies=2, slots=12):
    vec = make_vec(config or random_day(), copies, learners="all", max_queue_slots=slots, autoreset="disabled")
    vec.reset(5)
    return vec, vec.queue1_view(), np.zeros(vec.actions.shape, np.int64)


def view_of(cents, ticks, liquidity):
    """The queue of one bank."""
    return {
        "remaining": np.array([[cents]]),
        "present": np.array([[[1 if amount else 0 for amount in cents]]]),
        "ticks_to_deadline": np.array([[ticks]]),
        "available_liquidity": np.array([[liquidity]]),
    }


def test_candidates_funded_in_order_of_a_key():
    view = view_of([50, 40, 60, 0], [3, 1, 2, 0], 100)
    slots = np.arange(4)[None, None]
    assert funded(view, slots).tolist() == [[[True, True, False, False]]]
    assert funded(view, view["ticks_to_deadline"]).tolist() == [[[False, True, True, False]]]
    assert funded(view, -view["remaining"]).tolist() == [[[False, True, True, False]]]
    assert funded(view, view["remaining"]).tolist() == [[[True, True, False, False]]]


def test_candidates_orders_release_all_none_and_what_the_pool_that_is_chosen_funds():
    vec, view, chosen = begun()
    pool = vec.head_index["pool"]
    poor = Orders().propose(vec, view, chosen, None)
    chosen[:, :, pool] = 20
    rich = Orders().propose(vec, view, chosen, None)
    assert len(poor) == len(rich) == 6
    np.testing.assert_array_equal(rich[0][:, :, :12], view["present"] * RELEASE)
    assert not rich[1][:, :, :12].any()
    assert all((actions[:, :, pool] == 20).all() for actions in rich)
    np.testing.assert_array_equal(rich[2], rich[0])  # the whole pool funds everything
    assert (poor[2][:, :, :12].sum(axis=2) < view["present"].sum(axis=2)).any()


def test_candidates_orders_without_a_pool():
    vec, view, chosen = begun(load("two-banks-v0"))
    assert len(Orders().propose(vec, view, chosen, None)) == 6


def test_candidates_changes_treat_the_largest_payments_otherwise():
    vec, _, chosen = begun(copies=1)
    for _ in range(3):
        vec.step(chosen)
    view = vec.queue1_view()
    chosen[0, 1, 0] = RELEASE
    cents = view["remaining"][0] * view["present"][0]
    found = Changes(3).propose(vec, view, chosen, None)
    assert len(found) == 3
    largest = np.argsort(-cents, axis=None)[:3]
    for actions, at in zip(found, largest, strict=True):
        bank, slot = divmod(int(at), 12)
        assert np.argwhere(actions != chosen).tolist() == [[0, bank, slot]]
        assert actions[0, bank, slot] == RELEASE - chosen[0, bank, slot]


def test_candidates_changes_of_one_bank_stop_where_its_queue_ends():
    vec, view, chosen = begun(copies=2)
    found = Changes(100).propose(vec, view, chosen, 1)
    assert len(found) == view["present"][:, 1].sum(axis=1).max()
    assert all(not actions[:, 0].any() for actions in found)


def test_candidates_pool_levels_of_one_bank_are_all_and_of_banks_together_are_shifts():
    vec, view, chosen = begun()
    pool = vec.head_index["pool"]
    chosen[:, :, pool] = [3, 19]
    single = PoolLevels().propose(vec, view, chosen, 0)
    assert [actions[0, 0, pool] for actions in single] == list(range(21))
    joint = {tuple(actions[0, :, pool]) for actions in PoolLevels().propose(vec, view, chosen, None)}
    assert {(2, 18), (4, 20), (5, 19), (3, 17), (20, 20), (0, 0)} <= joint


def test_candidates_pool_levels_are_none_where_they_may_not_be_chosen():
    vec, view, chosen = begun(load("two-banks-v0"))
    assert PoolLevels().propose(vec, view, chosen, None) == []
    vec, view, chosen = begun()
    vec.step(chosen)
    assert PoolLevels().propose(vec, view, chosen, None) == []


def test_candidates_scripts_leave_out_what_cannot_decide_here():
    config = random_day()
    config = config.model_copy(update={"actions": config.actions.model_copy(update={"allow_drop": False})})
    vec, view, chosen = begun(config)
    chosen[:, :, vec.head_index["pool"]] = 1
    splits = LiquiditySplittingPolicy(max_splits=4, min_split_amount=1)
    scripts = Scripts([FifoPolicy(), ExternalPolicy(), splits, DeadlinePolicy(urgency_threshold=1)])
    for _ in range(2):
        found = scripts.propose(vec, view, chosen, None)
        assert len(found) in {2, 3}  # payments that the balance covers are not split
        np.testing.assert_array_equal(found[0], PolicyDecisions(vec, FifoPolicy()).act(vec, view, chosen))
        assert (found[-1][:, :, vec.head_index["pool"]] == 1).all()


def test_candidates_scripts_follow_the_batch():
    scripts = Scripts([FifoPolicy()])
    for copies in (2, 3):
        vec, view, chosen = begun(copies=copies)
        (found,) = scripts.propose(vec, view, chosen, None)
        np.testing.assert_array_equal(found[:, :, :12], view["present"] * RELEASE)
