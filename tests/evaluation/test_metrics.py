"""The figures of runs, worked out by hand, and the Basel Committee's worked example to the digit."""

import json

import numpy as np
import pytest

from simcash_env.config import DeadlinePolicy, FifoPolicy, load_scenario
from simcash_env.config.policies import LiquiditySplittingPolicy, TreePolicy
from simcash_env.evaluation.bcbs248 import position, throughput
from simcash_env.evaluation.evaluate import with_common_policy
from simcash_env.evaluation.metrics import delay_indicator, gini, metrics_of, peak_debits, spells
from simcash_env.evaluation.run_columns import MECHANISMS, record_agent, record_run
from simcash_env.evaluation.scripted import HoldAll, RandomLegal, agent_for
from simcash_env.registry import load
from simcash_env.simulation import Simulation
from tests.evaluation.worlds import random_day

RECEIVED = [(9.0, 223), (10.0, 95), (12.0, 400), (12 + 35 / 60, 22), (14 + 5 / 60, 5), (15.5, 102)]
MADE = [
    (9.5, 19), (10.25, 223), (10.75, 99), (11.0, 108), (14.0, 10), (14 + 20 / 60, 45), (15.0, 379), (17.0, 11),
]  # fmt: skip


def test_metrics_worked_example_of_the_basel_committee_comes_out() -> None:
    found = position(RECEIVED, MADE)
    assert (found.sent, found.received) == (894, 847)
    assert (found.largest_usage, found.usage_at) == (138, 15.0)
    assert found.largest_positive == 299
    by_hour = throughput(MADE, range(10, 18))
    assert [round(100 * share, 2) for share in by_hour] == [2.13, 50.22, 50.22, 50.22, 51.34, 98.77, 98.77, 100.0]


def small_day(policy="fifo", **changes):
    """A owes 100 (tick 0) and 40 (tick 1), B owes 60 (tick 2); four ticks, A has 30 and credit for 100."""
    return load_scenario(
        {
            "format": 1,
            "name": "small-day",
            "rules": {"set": "standard", "end_of_day_settlement": False},
            "simulation": {"ticks_per_day": 4, "num_days": 1},
            "banks": [
                {"id": "A", "opening_balance": 30, "credit_limit": 100, "policy": {"type": policy}},
                {"id": "B", "opening_balance": 0, "policy": {"type": "fifo"}},
            ],
            "events": [
                {"type": "payment", "tick": 0, "from_bank": "A", "to_bank": "B", "amount": 100, "deadline": 1},
                {"type": "payment", "tick": 1, "from_bank": "A", "to_bank": "B", "amount": 40, "deadline": 1},
                {"type": "payment", "tick": 2, "from_bank": "B", "to_bank": "A", "amount": 60, "deadline": 2},
            ],
            "lsm": {"algorithms": []},
            "costs": {"deadline_penalty": 7, "eod_penalty": 0, "overdraft_bps_per_tick": 0.0},
        }
        | changes
    )


def test_metrics_payment_in_parts_of_which_some_wait_to_the_end_is_one_payment() -> None:
    numbers = {"num_splits": 3, "stagger_first_now": 1, "stagger_gap_ticks": 9}
    stagger = {
        "node_id": "a",
        "action": "StaggerSplit",
        "parameters": {key: {"value": n} for key, n in numbers.items()},
    }
    tree = {"version": "1.0", "policy_id": "stagger", "payment_tree": stagger}
    config = small_day(rules={"set": "simcash", "end_of_day_settlement": False})
    record = record_run(with_common_policy(config, TreePolicy(tree=tree)), 0)
    assert record.payments.cents.tolist() == [100, 40, 60]
    assert record.settled.payment.tolist() == [0, 1, 2]
    assert record.settled.cents.tolist() == [33, 13, 20]


def test_metrics_figures_of_a_day_worked_out_by_hand() -> None:
    record = record_run(small_day(), 0)
    found = metrics_of(record)
    # tick 0: A pays 100 (30 + 70 credit); tick 1: 40 waits, A has 30; tick 2: B pays 60, then 40 follows in the same tick
    assert record.balances.tolist() == [[-70, 100], [-70, 100], [-50, 80], [-50, 80]]
    assert found.settled_share_value == found.settled_share_count == 1.0
    assert found.value_by_mechanism == dict.fromkeys(MECHANISMS, 0) | {"gross": 160, "queue2": 40}
    # waits: 40 cents for one tick; at most 100 x 3 + 40 x 2 + 60 x 1 = 440
    assert found.delay_indicator == pytest.approx(40 / 440)
    assert found.value_weighted_delay == pytest.approx(40 / 200)
    assert (found.deadline_misses, found.deadline_misses_value) == (0, 0)
    # noon is the end of tick 1 of 4: 100 of 200; 14:30 that of 2.8 ticks, so still of tick 1
    assert (found.throughput_1200, found.throughput_1430) == (0.5, 0.5)
    # net debits of A after each tick: 100, 100, 80; B none. At once: 100, 140, 80; net of the day 140 - 60
    assert found.peak_net_debit_by_bank == {"A": 100.0, "B": 0.0}
    assert (found.liquidity_used, found.liquidity_upper, found.liquidity_lower) == (100, 140, 80)
    assert found.liquidity_position == pytest.approx(20 / 60)
    assert found.turnover == 2.0
    # A gives all liquidity and sends 140 of 200
    assert found.provision_by_bank == {"A": pytest.approx(200 / 140), "B": 0.0}
    assert found.gini == pytest.approx(0.5)
    # in tick 1 the 40 waits and nothing settles, nor could it
    assert (found.stalled_ticks, found.gridlocks, found.deadlocks) == (1, 0, 1)
    own = found.monitoring["A"]
    assert own.start_liquidity == (130,)
    assert (own.sent, own.received, own.largest_usages, own.mean_usage) == (140, 60, (100,), 100)
    assert (own.timed_count, own.timed_value, own.timed_missed_count) == (2, 140, 0)
    assert own.hourly_throughput == pytest.approx([0, 0] + [100 / 140] * 6 + [1.0] * 4)
    json.dumps(found.as_dict())


def test_metrics_two_payments_that_wait_for_each_other_are_a_gridlock_and_late() -> None:
    events = [
        {"type": "payment", "tick": 0, "from_bank": one, "to_bank": other, "amount": 50, "deadline": 1}
        for one, other in (("A", "B"), ("B", "A"))
    ]
    banks = [{"id": bank, "policy": {"type": "fifo"}} for bank in "AB"]
    found = metrics_of(record_run(small_day(events=events, banks=banks), 0))
    assert (found.gridlocks, found.deadlocks, found.stalled_ticks) == (1, 0, 4)
    assert (found.deadline_misses, found.deadline_misses_value) == (2, 100)
    assert found.delay_indicator == 1.0
    assert found.settled_share_value == 0.0
    assert (found.throughput_1200, found.throughput_1430, found.unsettled_value) == (0.0, 0.0, 100)
    assert found.monitoring["A"].unsettled == found.monitoring["B"].unsettled == 50
    assert found.turnover is found.gini is found.value_weighted_delay is None
    assert found.monitoring["A"].timed_missed_value == 50


def test_metrics_throughput_is_of_what_is_due_not_of_what_settles() -> None:
    """A day that settled 45 % of its value reached 100 % by noon: the denominator was what had settled."""
    events = [
        {"type": "payment", "tick": 0, "from_bank": "A", "to_bank": "B", "amount": cents, "deadline": 1}
        for cents in (45, 55)
    ]
    banks = [{"id": bank, "opening_balance": 45, "policy": {"type": "fifo"}} for bank in "AB"]
    found = metrics_of(record_run(small_day(events=events, banks=banks), 0))
    assert (found.throughput_1200, found.throughput_1430) == (0.45, 0.45)
    assert (found.settled_share_value, found.unsettled_value) == (0.45, 55)
    # BCBS 248 C(i) is of what the bank made: 45 of 45; what it never made stands beside it
    assert (found.monitoring["A"].sent, found.monitoring["A"].unsettled) == (45, 55)
    assert found.monitoring["A"].hourly_throughput[-1] == 1.0


def test_metrics_throughput_counts_what_is_carried_into_a_day_as_due_again() -> None:
    """Day 0: 40 of 100 settle; day 1: 60 wait from its start, 20 arrive and settle at once: shares 0.4 and 0.25."""
    events = [
        {"type": "payment", "tick": tick, "from_bank": "A", "to_bank": "B", "amount": cents, "deadline": 8 - tick}
        for tick, cents in ((0, 40), (0, 60), (4, 20))
    ]
    banks = [{"id": bank, "opening_balance": 60, "policy": {"type": "fifo"}} for bank in "AB"]
    events.append({"type": "direct_transfer", "tick": 0, "from_bank": "A", "to_bank": "B", "amount": 20})
    events.append({"type": "direct_transfer", "tick": 4, "from_bank": "B", "to_bank": "A", "amount": 20})
    days = {"simulation": {"ticks_per_day": 4, "num_days": 2}}
    found = metrics_of(record_run(small_day(events=events, banks=banks, **days), 0))
    assert found.throughput_1200 == found.throughput_1430 == pytest.approx((0.4 + 20 / 80) / 2)
    assert found.unsettled_value == 60


def test_metrics_all_at_once_is_no_delay_and_all_at_the_end_is_the_whole() -> None:
    plenty = [{"id": bank, "opening_balance": 1_000, "policy": {"type": "fifo"}} for bank in "AB"]
    assert delay_indicator(record_run(small_day(banks=plenty), 0)) == 0.0
    last = {"type": "deadline", "urgency_threshold": 0}
    events = [
        {"type": "payment", "tick": tick, "from_bank": "A", "to_bank": "B", "amount": 50, "deadline": 3 - tick}
        for tick in range(3)
    ]
    late = [{"id": bank, "opening_balance": 1_000, "policy": last} for bank in "AB"]
    assert delay_indicator(record_run(small_day(banks=late, events=events), 0)) == 1.0


@pytest.mark.parametrize("scenario", ["lynx-day-v0", "target2-day-v0", "crisis-v0"])
def test_metrics_what_the_columns_say_is_what_the_simulation_says(scenario: str) -> None:
    config = with_common_policy(load(scenario), FifoPolicy())
    record, summary = record_run(config, 3), Simulation(config, seed=3).run_to_completion()
    assert record.costs.sum() == summary.total_cost
    assert record.settled.cents.sum() == summary.settled_cents
    assert len(record.payments.ids) == summary.arrived
    assert dict(zip(record.bank_ids, record.balances[-1].tolist(), strict=True)) == summary.final_balances
    found = metrics_of(record)
    assert sum(found.value_by_mechanism.values()) == summary.settled_cents
    assert 0 <= found.delay_indicator <= 1
    assert found.liquidity_used >= 0
    assert sum(row.sent for row in found.monitoring.values()) == summary.settled_cents


def test_metrics_what_settles_by_entry_offsets_cycles_and_prefixes_is_told_apart() -> None:
    row = with_common_policy(load("target2-day-v0"), FifoPolicy()).model_dump()
    row["banks"] = [
        bank | {"opening_balance": bank["opening_balance"] // 6, "credit_limit": 0, "posted_collateral": 0}
        for bank in row["banks"]
    ]
    config = load_scenario(row)
    record = record_run(config, 3)
    found = metrics_of(record).value_by_mechanism
    assert all(found[name] > 0 for name in ("entry_disposition", "bilateral", "cycles", "prefix")), found
    summary = Simulation(config, seed=3).run_to_completion()
    assert sum(found.values()) == summary.settled_cents
    assert (record.settled.mechanism >= 2).sum() == summary.lsm_released


def test_metrics_parts_count_to_the_payment_that_was_split() -> None:
    config = random_day(rules="simcash", pool=10_000, banks=3)
    record = record_run(with_common_policy(config, LiquiditySplittingPolicy(max_splits=4, min_split_amount=1)), 4)
    assert len(record.settled.cents) > len(np.unique(record.settled.payment))
    settled = np.zeros(len(record.payments.ids), np.int64)
    np.add.at(settled, record.settled.payment, record.settled.cents)
    assert (settled <= record.payments.cents).all()
    assert metrics_of(record).settled_share_value <= 1


@pytest.mark.parametrize("rules", ["standard", "simcash"])
@pytest.mark.parametrize("policy", [FifoPolicy(), DeadlinePolicy(urgency_threshold=1)], ids=["fifo", "deadline"])
def test_metrics_agent_is_recorded_as_its_policy_in_the_kernel(rules: str, policy) -> None:
    config = random_day(rules=rules, fraction=0.25, days=2, switches={"daily_liquidity_reallocation": True})
    inside = metrics_of(record_run(with_common_policy(config, policy), 5)).as_dict()
    outside = metrics_of(record_agent(config, agent_for(policy, levels=5), 5, max_queue_slots=64)).as_dict()
    assert inside == outside


def test_metrics_agents_that_only_the_environment_knows_can_be_recorded() -> None:
    config = random_day()
    assert metrics_of(record_agent(config, HoldAll(0), 1)).settled_share_value == 0
    assert metrics_of(record_agent(config, RandomLegal(1), 1)).total_cost > 0


def test_metrics_gini_peaks_and_spells() -> None:
    assert gini(np.array([1.0, 1.0, 1.0])) == pytest.approx(0)
    assert gini(np.array([0.0, 0.0, 1.0])) == pytest.approx(2 / 3)
    flows = np.array([[[-5, 5], [3, -3], [-4, 4]]])
    assert peak_debits(flows).tolist() == [[6, 0]]
    assert spells(np.array([True, True, False, True])).tolist() == [0, 3]


def test_metrics_market_volume_and_price_are_those_of_its_trades() -> None:
    record = record_agent(load("money-market-v0"), RandomLegal(), 3)
    found = metrics_of(record)
    cents, rates = record.trades.T
    assert len(cents) > 10
    assert found.market_volume == cents.sum()
    assert found.market_vwap == pytest.approx((cents * rates).sum() / cents.sum() / 10_000)
    without = metrics_of(record_run(small_day(), 0))
    assert (without.market_volume, without.market_vwap) == (0, None)
