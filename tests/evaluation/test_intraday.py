"""Metrics after each tick: worked out by hand, and equal to the metrics of the run after its last tick."""

import numpy as np
import pytest

from simcash_env.config import load_scenario
from simcash_env.config.external import follow_default
from simcash_env.config.policies import FifoPolicy
from simcash_env.evaluation.intraday import Flows, intraday
from simcash_env.evaluation.metrics import ideal_flows, metrics_of, net_flows
from simcash_env.evaluation.run_columns import record_run


def by_tick(record, moves):
    sums = np.zeros(record.num_ticks, np.int64)
    np.add.at(sums, moves.tick, moves.cents)
    return sums


def flows_of(record):
    arrived = np.zeros(record.num_ticks, np.int64)
    np.add.at(arrived, record.payments.arrival_tick, record.payments.cents)
    shape = (record.num_ticks, len(record.bank_ids))
    net, ideal = net_flows(record).reshape(shape), ideal_flows(record).reshape(shape)
    return Flows(arrived, by_tick(record, record.settled), by_tick(record, record.dropped), net, ideal)


@pytest.mark.parametrize("name", ["castro-12period-v0", "crisis-v0", "money-market-v0"])
def test_intraday_last_tick_equals_the_metrics_of_the_run(name):
    config = follow_default(load_scenario(name), FifoPolicy())
    record = record_run(config, seed=3)
    found, metrics = intraday(flows_of(record), record.ticks_per_day), metrics_of(record)
    ends = slice(record.ticks_per_day - 1, None, record.ticks_per_day)
    assert found.delay_indicator[-1] == pytest.approx(metrics.delay_indicator, rel=1e-12)  # sums in another order
    assert found.liquidity_used[ends].mean() == metrics.liquidity_used
    assert found.liquidity_lower[ends].mean() == metrics.liquidity_lower
    assert found.liquidity_upper[ends].mean() == metrics.liquidity_upper
    assert (found.paid <= found.due).all()


def test_intraday_day_begins_with_what_waited_and_counts_its_own_flows():
    one, two = np.array([[-60, 60], [0, 0]]), np.array([[40, -40], [-10, 10]])
    flows = Flows(
        arrived=np.array([100, 0, 50, 0]),
        settled=np.array([60, 0, 40, 10]),
        dropped=np.array([0, 10, 0, 0]),
        net=np.concatenate([one, two]),
        ideal_net=np.array([[-100, 100], [0, 0], [50, -50], [0, 0]]),
    )
    found = intraday(flows, ticks_per_day=2)
    assert found.due.tolist() == [100, 100, 80, 80]  # 30 waited when the second day began
    assert found.paid.tolist() == [60, 60, 40, 50]
    assert found.position.tolist() == [[-60, 60], [-60, 60], [40, -40], [30, -30]]
    assert found.liquidity_used.tolist() == [60, 60, 40, 40]
    assert found.liquidity_upper.tolist() == [100, 100, 50, 50]
    assert found.liquidity_lower.tolist() == [100, 100, 50, 50]
    assert found.delay_indicator.tolist() == [0.4, 0.4, 80 / 180, 80 / 180]  # 40 of 100 waited, then 40 of 80


def test_intraday_without_payments_has_no_delay_indicator():
    nothing = np.zeros(3, np.int64)
    found = intraday(Flows(nothing, nothing, nothing, np.zeros((3, 2), np.int64), np.zeros((3, 2), np.int64)), 3)
    assert np.isnan(found.delay_indicator).all()
    assert found.liquidity_used.tolist() == [0, 0, 0]
