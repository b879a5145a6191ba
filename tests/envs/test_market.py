"""The market head, its block of the observation, and interest in the reward: figures worked out by hand."""

import numpy as np
import pytest

from simcash_env import make_vec, simcash_v0
from simcash_env.agents.observation import MARKET as MARKET_ENTRIES
from simcash_env.config import FifoPolicy, load_scenario
from simcash_env.errors import ActionError
from simcash_env.evaluation.evaluate import evaluate_agent, evaluate_policy
from simcash_env.evaluation.run_columns import record_agent
from simcash_env.registry import load
from simcash_env.schema.codes import MARKET_CHOICES
from simcash_env.simulation import Simulation
from tests.worlds import busy, legal

MARKET = tuple(entry.name for entry in MARKET_ENTRIES)
MARKET_PART = {"deposit_rate": 1.0, "lending_rate": 3.0, "interest": "per_tick", "books": [{"maturity": {"ticks": 2}}]}


def pair(*, ticks=10, payment=None, costs=None, **market):
    """Two banks that learn, 8 000 cents each, credit lines of 2 000."""
    names = ("ALFA", "BRAVO")
    return load_scenario(
        {
            "format": 1,
            "name": "pair",
            "simulation": {"ticks_per_day": ticks, "num_days": 1},
            "banks": [{"id": name, "opening_balance": 8_000, "policy": {"type": "external"}} for name in names],
            "events": [] if payment is None else [payment],
            "costs": costs or {},
            "market": {**MARKET_PART, "credit_lines": dict.fromkeys(names, 2_000), **market},
        }
    )


def bid(rate, size):
    """The choice that bids at a rate's level and for a size, both from 0 to 2."""
    return 1 + 3 * rate + size


def ask(rate, size):
    return 10 + 3 * rate + size


def played(config, *steps, **options):
    """A batch of one after these choices of the market head, a pair a step; nothing else is done."""
    vec = make_vec(config, max_queue_slots=2, autoreset="disabled", **options)
    vec.reset(seed=1)
    for choices in steps:
        actions = np.zeros(vec.actions.shape, np.int64)
        actions[0, :, vec.head_index["market"]] = choices
        vec.step(actions)
    return vec


def seen(vec, bank):
    return dict(zip(vec.observation_layout, vec.observations[0, bank].tolist(), strict=True))


def test_market_without_a_market_everything_is_as_it_was():
    vec = make_vec(busy(), max_queue_slots=3)
    assert not set(MARKET) & set(vec.observation_layout)
    assert "market" not in vec.head_index
    assert vec.costs.shape[2] == len(vec.cost_names) == 8
    assert vec.observation_size == 42 + 12 * 3
    state = vec.state(0)
    columns = [name for name in state._fields if name.startswith(("market", "trader", "book", "order_", "loan_"))]
    assert len(columns) > 30
    assert {len(getattr(state, name)) for name in columns} == {0}


def test_market_adds_a_head_a_block_and_a_kind_of_cost():
    vec = make_vec(pair(), max_queue_slots=2)
    assert vec.head_index == {"market": 2}
    assert vec.action_nvec.tolist() == [2, 2, MARKET_CHOICES]
    assert vec.observation_layout[-len(MARKET) :] == MARKET
    assert vec.cost_names[-1] == "interest"
    without = pair().model_dump(mode="json") | {"format": 1, "actions": {"market": False}}
    closed = make_vec(without, max_queue_slots=2)
    assert closed.head_index == {}
    assert closed.observation_layout == vec.observation_layout


def test_market_orders_lie_on_a_grid_of_rates_and_sizes():
    vec = played(pair(), (ask(0, 0), bid(0, 2)))
    # asks 2 000 at 1.5 %; BRAVO bids, at 1.5 %, what with twice the interest of two ticks fits into 2 000: 1 880
    state = vec.state(0)
    assert state.loan_cents[0] == 1_880
    assert state.loan_rate[0] == 15_000
    assert state.loan_repayment_cents[0] == 1_880 + 56  # 56.4
    assert seen(played(pair(), (ask(1, 1), 0), normalize=False), 0) | {
        "market_best_ask": 10_000.0,
        "market_ask_depth": 4_000.0,
        "market_locked": 4_000.0,
        "balance": 4_000.0,
        "market_best_bid": 0.0,
        "market_bid_depth": 0.0,
    } == seen(played(pair(), (ask(1, 1), 0), normalize=False), 0)


def test_market_block_shows_the_book_and_the_own_position():
    vec = played(pair(), (ask(0, 0), bid(0, 2)), normalize=False)
    lender, borrower = ({name: seen(vec, bank)[name] for name in MARKET} for bank in (0, 1))
    both = {"market_is_open": 1.0, "market_best_bid": 0.0, "market_bid_depth": 0.0, "market_best_ask": 5_000.0}
    both |= {"market_ask_depth": 120.0, "market_last_rate": 5_000.0}
    assert lender == both | {
        "market_locked": 120.0, "market_credit_left": 2_000.0, "market_lent": 1_880.0, "market_borrowed": 0.0,
        "market_to_receive_soon": 1_936.0, "market_to_repay_soon": 0.0,
    }  # fmt: skip
    assert borrower == both | {
        "market_locked": 0.0, "market_credit_left": 64.0, "market_lent": 0.0, "market_borrowed": 1_880.0,
        "market_to_receive_soon": 0.0, "market_to_repay_soon": 1_936.0,
    }  # fmt: skip


def test_market_interest_is_a_cost_of_the_borrower_and_a_gain_of_the_lender_in_the_tick_it_falls_due():
    vec = make_vec(pair(), max_queue_slots=2, autoreset="disabled")
    vec.reset(seed=1)
    actions, interest, rewards = np.zeros(vec.actions.shape, np.int64), [], []
    for tick in range(4):
        actions[0, :, 2] = (ask(0, 0), bid(0, 2)) if tick == 0 else (0, 0)
        vec.step(actions)
        interest.append(vec.costs[0, :, -1].tolist())
        rewards.append((vec.rewards[0] * vec.reward_scale).tolist())
    assert interest == [[0, 0], [0, 0], [-56, 56], [0, 0]]
    assert rewards == [[0, 0], [0, 0], [56, -56], [0, 0]]
    assert vec.state(0).bank_balance_cents.tolist() == [8_056, 7_944]


def test_market_choosing_none_takes_the_order_out_and_another_order_replaces_it():
    vec = played(pair(), (ask(1, 2), 0), (0, 0), normalize=False)
    assert (seen(vec, 0)["balance"], seen(vec, 0)["market_ask_depth"]) == (8_000.0, 0.0)
    vec = played(pair(), (ask(1, 2), 0), (ask(2, 0), 0), normalize=False)
    assert (seen(vec, 0)["balance"], seen(vec, 0)["market_best_ask"]) == (6_000.0, 15_000.0)


def test_market_what_is_asked_is_set_aside_before_payments_are_made():
    payment = {"type": "payment", "tick": 0, "from_bank": "ALFA", "to_bank": "BRAVO", "amount": 5_000, "deadline": 8}
    settled = []
    for choice in (ask(2, 1), ask(2, 0), 0):
        vec = make_vec(pair(payment=payment), max_queue_slots=2, autoreset="disabled")
        vec.reset(seed=1)
        actions = np.zeros(vec.actions.shape, np.int64)
        actions[0, 0] = (1, 0, choice)
        vec.step(actions)
        settled.append(int(vec.state(0).settled_cents[0]))
    assert settled == [0, 5_000, 5_000]  # 4 000 set aside, 2 000, nothing


def test_market_mask_closes_with_the_book():
    vec = played(pair(ticks=4), (0, 0))
    assert vec.masks[0, :, 2].sum() == 2 * 19
    vec = played(pair(ticks=4), (0, 0), (0, 0))
    assert vec.masks[0, :, 2, :2].tolist() == [[1, 0], [1, 0]]
    vec = played(pair(ticks=4, credit_lines={}), (0, 0))
    assert vec.masks[0, 0, 2].tolist() == [1] + [0] * 9 + [1] * 9  # nobody may promise anything


def test_market_no_order_is_offered_where_the_band_leaves_no_positive_rate():
    vec = played(pair(deposit_rate=0.0, reference_rate=0.0, band=0.5), (0, 0))
    assert vec.masks[0, :, 2].tolist() == [[1] + [0] * 18] * 2
    assert vec.orders_of(np.array([[ask(1, 1), bid(1, 1)]]))[0, :, 2].tolist() == [0, 0]


def test_market_pool_share_that_may_still_be_given_back_is_not_lent():
    config = busy(pool=12_000, wealth=4_000, market=MARKET_PART, rate=0.0)
    vec = make_vec(config, max_queue_slots=3, autoreset="disabled")
    vec.reset(1)
    actions = np.zeros(vec.actions.shape, np.int64)
    actions[:, 0, vec.head_index["market"]] = ask(2, 2)
    state = vec.state(0)
    assert state.bank_balance_cents[0] == 4_000 + 3_000
    vec.step(actions)
    assert state.order_cents[0] == 4_000
    assert state.bank_balance_cents[0] == 0
    assert not vec.illegal.any()


def test_market_not_to_repay_is_no_free_lunch():
    """What a bank borrows, spends and cannot repay costs it the lending rate, and a penalty at the day's close."""
    payment = {"type": "payment", "tick": 0, "from_bank": "BRAVO", "to_bank": "ALFA", "amount": 9_000, "deadline": 8}
    costs = {"eod_penalty": {"bps": 100.0}}
    vec = make_vec(pair(ticks=6, payment=payment, costs=costs), max_queue_slots=2, autoreset="disabled")
    vec.reset(seed=1)
    interest, penalties = np.zeros(2, np.int64), np.zeros(2, np.int64)
    for tick in range(6):
        actions = np.zeros(vec.actions.shape, np.int64)
        actions[0, :, 2] = (ask(0, 0), bid(0, 2)) if tick == 0 else (0, 0)
        actions[0, 1, 0] = tick == 1
        vec.step(actions)
        interest += vec.costs[0, :, -1]
        penalties += vec.costs[0, :, vec.cost_names.index("eod_penalty")]
    # 1 936 was due in tick 2 and 880 were left; three ticks at 3 % are 174
    assert interest.tolist() == [-56 - 174, 56 + 174]
    assert penalties.tolist() == [0, (1_936 + 174) // 100]
    assert vec.state(0).loan_is_overdue[0] == 1


def test_market_every_copy_of_a_batch_has_its_own_book():
    vec = make_vec(busy(market=MARKET_PART, scripted=0), 5, max_queue_slots=3, autoreset="disabled")
    alone = make_vec(busy(market=MARKET_PART, scripted=0), 1, max_queue_slots=3, autoreset="disabled")
    vec.reset([4, 5, 6, 7, 8])
    alone.reset([6])
    for step in range(vec.num_ticks):
        actions = np.stack([legal(mask, int(seed), step) for mask, seed in zip(vec.masks, vec.seeds, strict=True)])
        alone.step(actions[2:3])
        vec.step(actions)
        assert vec.digest(2) == alone.digest(0)
        assert vec.costs[:, :, -1].sum(axis=1).tolist() == [0] * 5
        assert (np.abs(vec.observations) <= 1.0).all()
    assert len({vec.digest(copy) for copy in range(5)}) == 5


def test_market_run_is_restored_with_its_book_and_loans():
    env = simcash_v0.parallel_env(busy(market=MARKET_PART, scripted=0), max_queue_slots=3, mask="matrix")
    _, infos = env.reset(seed=3)
    for step in range(12):
        if step == 5:
            kept = env.snapshot()
            digest = env.digest()
        actions = {a: legal(infos[a]["action_mask"], step, row) for row, a in enumerate(env.agents)}
        *_, infos = env.step(actions)
    end = env.digest()
    _, infos = env.restore(kept)
    assert env.digest() == digest
    for step in range(5, 12):
        actions = {a: legal(infos[a]["action_mask"], step, row) for row, a in enumerate(env.agents)}
        *_, infos = env.step(actions)
    assert env.digest() == end


class Trades:
    """Releases all, and makes a random legal choice in the market."""

    def act(self, vec):
        actions = np.zeros(vec.actions.shape, np.int64)
        actions[:, :, : vec.num_slots] = vec.masks[:, :, : vec.num_slots, 1]
        head, tick = vec.head_index["market"], int(vec.state(0).tick[0])
        choices = [legal(masks[:, head], int(seed), tick) for masks, seed in zip(vec.masks, vec.seeds, strict=True)]
        actions[:, :, head] = np.stack(choices)
        return actions


def test_market_what_an_agent_orders_is_recorded_as_it_was_played():
    config = load("money-market-v0")
    record, evaluation = record_agent(config, Trades(), 5), evaluate_agent(config, Trades(), [5])
    assert record.costs.tolist() == evaluation.cents[0].tolist()
    assert record.costs.shape == (6, 9)
    assert record.costs[:, -1].any()
    assert record.costs[:, -1].sum() == 0


def test_market_scripted_banks_trade_and_interest_sums_to_nothing():
    config = load("money-market-v0")
    traded = evaluate_policy(config, FifoPolicy(), [1, 2, 3])
    assert traded.cents[:, :, -1].any(axis=1).all()
    assert (traded.cents[:, :, -1].sum(axis=1) == 0).all()
    assert (
        traded.totals() < evaluate_policy(config.model_copy(update={"market": None}), FifoPolicy(), [1, 2, 3]).totals()
    ).all()


@pytest.mark.parametrize(
    ("orders", "problem"),
    [
        ({"ALFA": ("buy", 2.0, 10)}, "orders.ALFA: side must be bid or ask, got 'buy'"),
        ({"ALFA": ("bid", 2.0, 0)}, "orders.ALFA: amount must be a whole number of cents"),
        ({"ALFA": ("bid", -2.0, 10)}, "orders.ALFA: rate must be positive, got -2.0"),
        ({"ALFA": ("bid", 2.00001, 10)}, "orders.ALFA: rate must be a whole number of hundredths of a basis point"),
        ({"CHARLIE": None}, "unknown bank 'CHARLIE'"),
    ],
)
def test_market_wrong_order_is_refused_before_anything_happens(orders, problem):
    simulation = Simulation(pair())
    simulation.open_tick()
    before = simulation.digest()
    with pytest.raises(ActionError, match=problem):
        simulation.tick(orders=orders)
    assert simulation.digest() == before
    with pytest.raises(ActionError, match=r"orders\.ALFA: the scenario has no market"):
        Simulation(pair().model_copy(update={"market": None})).tick(orders={"ALFA": None})


def test_market_threshold_action_orders_from_the_dearest_ask_to_the_dearest_bid():
    vec = make_vec(pair(), action="threshold", autoreset="disabled")
    for number, wanted in ((-1.0, ask(2, 2)), (0.0, 0), (1.0, bid(2, 2)), (1 / 9, bid(0, 0)), (-1 / 9, ask(0, 0))):
        actions = np.zeros((1, 2, 5), np.float32)
        actions[..., 4] = number
        assert vec.decode(actions)[0, 0, 4] == wanted
