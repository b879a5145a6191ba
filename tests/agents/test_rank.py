"""What a rank action releases, worked out by hand from the queue, and that nothing but the action decides it."""

import numpy as np
import pytest

from simcash_env import make_vec
from simcash_env.agents.rank import ratio_ppm
from simcash_env.config import load_scenario
from simcash_env.envs.actions import RankAction
from simcash_env.errors import ActionError
from simcash_env.schema.rank import NUM_COMPONENTS, RANK, within_ticks
from tests.worlds import busy

HOLDS = {"submit_closing": 0.0, "balance_share": 0.0}
"""Submit nothing, and spend nothing."""
INT_RATIO = getattr(ratio_ppm, "py_func", ratio_ppm)


def queue(payments, *, balance=1_000, credit=500, ticks=4, pool=None, banks=("B", "C"), incoming=(), **parts):
    """Bank A, which learns, with these payments (amount, deadline, priority, receiver) in Queue 1 at tick 0."""
    events = [
        {"type": "payment", "tick": 0, "from_bank": "A", "to_bank": to, "amount": cents, "deadline": due, "priority": p}
        for cents, due, p, to in payments
    ]
    events += [
        {"type": "payment", "tick": 0, "from_bank": sender, "to_bank": "A", "amount": cents, "deadline": 4}
        for sender, cents in incoming
    ]
    own = {} if pool is None else {"liquidity_pool": pool, "liquidity_allocation_fraction": 0.25}
    return load_scenario(
        {
            "format": 1,
            "name": "queue",
            "simulation": {"ticks_per_day": ticks, "num_days": 1},
            "banks": [
                {"id": "A", "opening_balance": balance, "credit_limit": credit, "policy": {"type": "external"}, **own},
                *({"id": name, "policy": {"type": "fifo"}} for name in banks),
            ],
            "events": events,
            "lsm": {"algorithms": []},
            **parts,
        }
    )


def held(config, copies=1, at_tick=0, **values):
    """Amounts that A holds after one decision with these values, everything else held at the default of nothing."""
    vec = make_vec(config, copies, action="rank", autoreset="disabled")
    vec.reset(seed=1)
    for _ in range(at_tick):
        vec.step(vec.action.encode(vec, HOLDS))
    vec.step(vec.action.encode(vec, HOLDS | values))
    view = vec.queue1_view()
    return view["remaining"][0, 0][view["present"][0, 0] == 1].tolist()


THREE = [(300, 4, 5, "B"), (200, 2, 9, "C"), (900, 1, 1, "B")]


def test_rank_default_releases_everything():
    vec = make_vec(queue(THREE), action="rank", autoreset="disabled")
    vec.reset(seed=1)
    vec.step(vec.action.encode(vec, {}))
    assert not vec.queue1_view()["present"].any()
    assert vec.illegal.tolist() == [[0]]


def test_rank_budget_passes_over_what_does_not_fit():
    assert held(queue(THREE)) == [300, 200, 900]
    assert held(queue(THREE), balance_share=1.0) == [900]
    assert held(queue(THREE), balance_share=1.2) == [900]
    assert held(queue(THREE), balance_share=1.4) == []
    assert held(queue(THREE), balance_share=0.4, credit_share=0.2) == [900]  # 400 + 100 of the overdraft limit
    assert held(queue(THREE, balance=-200), balance_share=2.0) == [300, 200, 900]
    assert held(queue(THREE, balance=-200), credit_share=1.0) == [200, 900]


@pytest.mark.parametrize(
    ("weights", "left"),
    [
        ({"weight_urgency": 1.0}, [300, 200]),
        ({"weight_urgency": -1.0}, [900]),
        ({"weight_size": 1.0}, [300, 200]),
        ({"weight_size": -1.0}, [900]),
        ({"weight_liquidity": 1.0}, [300, 200]),
        ({"weight_priority": 1.0}, [900]),
        ({"weight_age": 1.0, "weight_overdue": 1.0}, [900]),  # all have the same age: ties in queue order
        ({"weight_size": 0.2, "weight_priority": 1.0}, [900]),
    ],
)
def test_rank_order_decides_what_fits_first(weights, left):
    assert held(queue(THREE), balance_share=1.0, **weights) == left


def test_rank_ties_keep_the_order_of_the_queue():
    same = [(400, 3, 5, "B"), (400, 3, 5, "B"), (400, 3, 5, "B")]
    vec = make_vec(queue(same), action="rank", autoreset="disabled")
    vec.reset(seed=1)
    vec.step(vec.action.encode(vec, HOLDS | {"balance_share": 0.8, "weight_urgency": 0.3, "weight_size": -0.7}))
    engine = vec.engine(0)
    assert [int(engine.state.pay_id[row]) for row in engine.queue1_rows(0)] == [3]


def test_rank_overdue_and_age_weigh_what_has_waited():
    config = queue([(300, 1, 5, "B"), (301, 4, 5, "B")], events=[
        {"type": "payment", "tick": tick, "from_bank": "A", "to_bank": "B", "amount": cents, "deadline": due}
        for tick, cents, due in ((2, 301, 4), (0, 300, 1))
    ], switches={"queue1_ordering": "priority_deadline"})  # fmt: skip
    for name in ("weight_overdue", "weight_age"):
        assert held(config, at_tick=3, balance_share=0.4, **{name: 1.0}) == [301]
    assert held(config, at_tick=3, balance_share=0.4, weight_age=-1.0) == [300]


def test_rank_net_position_weighs_receivers_who_have_received():
    config = queue([(100, 4, 5, "B"), (100, 4, 5, "C"), (101, 4, 5, "B"), (102, 4, 5, "C")])
    vec = make_vec(config, action="rank", autoreset="disabled")
    vec.reset(seed=1)
    vec.step(vec.action.encode(vec, HOLDS | {"balance_share": 0.1}))  # the first payment, to B
    vec.step(vec.action.encode(vec, HOLDS | {"balance_share": 0.25, "weight_net": -1.0}))
    view = vec.queue1_view()
    assert view["remaining"][0, 0, :1].tolist() == [101], "both payments to C went first"


def test_rank_offset_weighs_and_submits_what_the_receiver_waits_to_pay():
    config = queue([(100, 4, 5, "B"), (100, 4, 5, "C")], balance=0, credit=0, incoming=[("C", 60)])
    vec = make_vec(config, action="rank", autoreset="disabled")
    vec.reset(seed=1)
    vec.step(vec.action.encode(vec, HOLDS))
    assert vec.state(0).queue2_count[0] == 1
    for share, left in ((0.374, 1), (0.375, 2), (1.0, 2)):  # 60 of 160
        twin = make_vec(config, action="rank", autoreset="disabled")
        twin.restore(vec.snapshot())
        twin.step(twin.action.encode(twin, HOLDS | {"submit_offset": share}))
        assert twin.queue1_view()["present"].sum() == left
    twin.restore(vec.snapshot())
    twin.step(twin.action.encode(twin, HOLDS | {"weight_offset": 1.0, "submit_score": 0.3}))
    assert twin.queue1_view()["present"].sum() == 1


@pytest.mark.parametrize(
    ("values", "left"),
    [
        ({"submit_urgent": within_ticks(1)}, [300, 200]),
        ({"submit_urgent": within_ticks(2)}, [300]),
        ({"submit_urgent": within_ticks(np.inf)}, []),
        ({"submit_priority": 0.5}, [300, 900]),
        ({"submit_priority": 0.4}, [900]),
        ({"submit_small": 0.15}, [300, 900]),  # 225 of 1,500
        ({"submit_small": 0.2}, [900]),  # 300 of 1,500, then 200 of 1,200
        ({"submit_small": 0.2, "unfunded_share": 0.0}, [900]),
        ({"submit_closing": within_ticks(3)}, []),
        ({"submit_closing": within_ticks(2)}, [300, 200, 900]),
        ({"weight_priority": 1.0, "submit_score": 0.4}, [900]),
        ({"weight_priority": 0.5, "submit_score": 0.8}, [300, 900]),
        ({"weight_priority": 1.0, "submit_score": -1.0}, []),
        ({"submit_score": -1.0}, [300, 200, 900]),  # without weights nothing has a score
    ],
)
def test_rank_submits_payments_beyond_the_budget(values, left):
    assert held(queue(THREE), **values) == left


def test_rank_submitted_payment_counts_against_the_budget_by_its_share():
    late = within_ticks(1)
    order = [(900, 1, 1, "B"), (300, 4, 5, "B")]
    assert held(queue(order), balance_share=0.8, submit_urgent=late) == [300]
    assert held(queue(order), balance_share=0.8, submit_urgent=late, unfunded_share=0.5) == []
    assert held(queue(order), balance_share=0.8, submit_urgent=late, unfunded_share=0.6) == [300]


def test_rank_splits_what_does_not_fit_while_anything_is_left():
    offers = {"actions": {"max_split": 4}, "rules": {"set": "standard", "split_scope": "any"}}
    config = queue([(800, 4, 5, "B"), (700, 4, 5, "B")], balance=500, credit=0, **offers)
    vec = make_vec(config, action="rank", autoreset="disabled")
    vec.reset(seed=1)
    vec.step(vec.action.encode(vec, HOLDS | {"balance_share": 1.0, "split_parts": 1.0}))
    state = vec.state(0)
    assert vec.queue1_view()["remaining"][0, 0].sum() == 0, "both are split: 400 and, of the 100 left, nothing"
    assert state.queue2_value_cents[0] == 1_100
    assert held(config, balance_share=1.0, split_parts=0.0) == [800, 700]
    assert held(
        queue([(800, 4, 5, "B")], balance=500, actions={"max_split": 4}), balance_share=1.0, split_parts=1.0
    ) == [800], "it is not divisible"


def test_rank_pool_share_is_chosen_in_millionths_and_spent_in_the_same_tick():
    config = queue([(400, 4, 5, "B"), (234, 4, 5, "B")], balance=0, credit=0, pool=1_000)
    vec = make_vec(config, action="rank", autoreset="disabled")
    vec.reset(seed=1)
    vec.step(vec.action.encode(vec, HOLDS | {"balance_share": 1.0, "pool": 0.634_567}))
    assert vec.columns().bank_pool_allocated_cents[0, 0] == 634
    assert vec.columns().bank_pool_fraction_ppm[0, 0] == 634_567
    assert not vec.queue1_view()["present"].any()
    vec.step(vec.action.encode(vec, {"pool": 0.9}))
    assert vec.columns().bank_pool_allocated_cents[0, 0] == 634
    assert vec.illegal.tolist() == [[0]], "a share that cannot be set now is ignored"


def test_rank_default_keeps_the_pool_share_of_the_scenario():
    vec = make_vec(queue(THREE, pool=1_000), action="rank")
    vec.reset(seed=1)
    vec.step(vec.action.encode(vec, {}))
    assert vec.columns().bank_pool_allocated_cents[0, 0] == 250


def test_rank_default_chooses_nothing_in_optional_heads():
    vec = make_vec(busy(collateral=True, revoke=True, sub_limit=True, send_limit="multilateral"), action="rank")
    heads = vec.action.decode(vec, vec.action.encode(vec, {}))
    others = [at for name, at in vec.head_index.items() if name != "pool"]
    assert len(others) == 5
    assert not heads[..., others].any()


def test_rank_values_by_bank_and_by_copy_are_written_where_they_belong():
    vec = make_vec(busy(scripted=0), 2, action="rank")
    given = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])
    found = vec.action.encode(vec, {"submit_small": given, "balance_share": [0.0, 1.0, 2.0], "pool": given})
    assert np.allclose(found[:, :, RANK.submit_small], 2 * given - 1)
    assert found[:, :, RANK.balance_share].tolist() == [[-1.0, 0.0, 1.0]] * 2
    assert np.allclose(found[:, :, vec.head_index["pool"]], 2 * given - 1)


def test_rank_values_that_are_none_are_refused():
    vec = make_vec(busy(pool=None), action="rank")
    with pytest.raises(ActionError, match=r"rank\.pool: unknown component"):
        vec.action.encode(vec, {"pool": 0.5})
    with pytest.raises(ActionError, match=r"rank\.pool: must be from 0 to 1, got 1\.5"):
        vec.action.encode(make_vec(busy(), action="rank"), {"pool": 1.5})


@pytest.mark.parametrize("wrong", [np.nan, 1.01, -np.inf])
def test_rank_number_outside_the_box_is_refused_and_changes_nothing(wrong):
    vec = make_vec(busy(), 2, action="rank")
    vec.reset(seed=1)
    before, actions = vec.digest(1), vec.action.encode(vec, {})
    actions[1, 1, 3] = wrong
    with pytest.raises(ActionError, match="actions: every number of a rank action is from -1 to 1"):
        vec.step(actions)
    assert vec.digest(1) == before


def test_rank_empty_queue_and_no_slots_are_played():
    vec = make_vec(queue([]), action="rank", max_queue_slots=0)
    vec.reset(seed=1)
    vec.step(np.zeros((1, 1, NUM_COMPONENTS), np.float32))
    assert vec.illegal.tolist() == [[0]]


def test_rank_size_is_the_same_for_one_bank_and_a_thousand():
    names = [f"B{number:04d}" for number in range(1_000)]
    arrivals = {"rate_per_tick": 2.0, "amount": {"type": "uniform", "min": 100, "max": 900}, "deadline_range": [1, 4]}
    rows = [
        {"id": name, "opening_balance": 500, "policy": {"type": "external"}, "arrivals": arrivals} for name in names
    ]
    config = load_scenario(
        {"format": 1, "name": "many", "simulation": {"ticks_per_day": 2, "num_days": 1}, "banks": rows}
    )
    for learners in (names[:1], names):
        vec = make_vec(config, action="rank", learners=learners, max_queue_slots=0)
        vec.reset(seed=1)
        assert vec.single_action_space.shape == (NUM_COMPONENTS,)
        vec.step(vec.action.encode(vec, HOLDS | {"balance_share": 1.0, "weight_size": -1.0}))
        assert vec.state(0).day_settled_cents[0] > 0


def drawn(vec, seeds, step):
    """Actions that depend on a copy's seed and the step alone."""
    shape = vec.actions.shape[1:]
    return np.stack([np.random.default_rng((int(seed), step)).uniform(-1, 1, shape) for seed in seeds])


def digests(config, seeds, **options):
    """Digests of all copies after every step with drawn actions."""
    vec = make_vec(config, len(seeds), action="rank", autoreset="disabled", **options)
    vec.reset(list(seeds))
    found = []
    for step in range(vec.num_ticks):
        vec.step(drawn(vec, seeds, step))
        found.append([vec.digest(copy) for copy in range(len(seeds))])
    return np.array(found)


EVERYTHING = {"collateral": True, "revoke": True, "sub_limit": True, "send_limit": "bilateral"}


def test_rank_run_does_not_depend_on_batch_threads_or_rows(monkeypatch):
    config = busy(rate=5.0, max_split=9, **EVERYTHING)
    seeds = (1, 2, 3)
    found = digests(config, seeds)
    assert np.array_equal(found, digests(config, seeds, num_threads=3))
    assert np.array_equal(found[:, 1:2], digests(config, seeds[1:2]))
    monkeypatch.setattr("simcash_env.compile.scenario.FIRST_ROWS_PER_BANK", 1)
    assert np.array_equal(found, digests(config, seeds))


def test_threshold_run_does_not_depend_on_rows(monkeypatch):
    """Liquidity was read again, with the collateral of the same action posted, after a call for room in mid-tick."""
    split = {"type": "mock_splitting", "num_splits": 9}
    config = busy(rate=5.0, collateral=True)
    banks = tuple(bank.model_copy(update={"policy": split} if bank.id == "CHARLIE" else {}) for bank in config.banks)
    config = type(config).model_validate({**config.model_dump(), "banks": [bank.model_dump() for bank in banks]})

    def play():
        vec = make_vec(config, 1, action="threshold", autoreset="disabled")
        vec.reset([5])
        for step in range(vec.num_ticks):
            vec.step(drawn(vec, [5], step))
        return vec.digest(0)

    roomy = play()
    monkeypatch.setattr("simcash_env.compile.scenario.FIRST_ROWS_PER_BANK", 1)
    assert play() == roomy


@pytest.mark.parametrize(
    ("part", "whole"), [(0, 1), (1, 3), (2**43 - 2, 2**43 - 1), (10**13, 3 * 10**13 + 1), (2**53 - 2, 2**53 - 1)]
)
def test_rank_ratio_is_exact_below_2_to_the_53(part, whole):
    assert INT_RATIO(part, whole) == part * 10**6 // whole


def test_rank_ratio_of_larger_numbers_loses_ten_bits():
    assert INT_RATIO(10**18, 3 * 10**18) == 333_333
    assert INT_RATIO(2**62 - 1, 2**62 - 1) == 10**6


def test_rank_action_is_its_own_kind():
    assert RankAction.language == "rank"
    assert RankAction.pool == "share"
