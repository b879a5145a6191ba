"""The study of queue reordering: liquidity of an order, of the greedy order, and of settling at once."""

import json
from itertools import permutations

import numpy as np
import pytest

from benchmarks.literature import reordering
from benchmarks.literature.reordering import Day, Positions, liquidity, mean_wait_seconds, reordered


def day_of(*payments, seconds=None):
    """Payments as (sender, receiver, cents)."""
    senders, receivers, cents = (np.array(column, np.int64) for column in zip(*payments, strict=True))
    return Day(senders, receivers, cents, np.arange(len(payments), dtype=float) if seconds is None else seconds)


def test_reordering_liquidity_in_order_of_arrival_by_hand():
    """0 pays 10 and is paid 10 later: 10. 1 pays 10 of what it received: nothing."""
    assert liquidity(day_of((0, 1, 10), (1, 0, 10)), 1, "arrival") == 10
    assert liquidity(day_of((0, 1, 10), (1, 0, 4), (0, 1, 5)), 1, "arrival") == 11


def test_reordering_a_batch_that_settles_at_once_needs_net_amounts():
    assert liquidity(day_of((0, 1, 10), (1, 0, 10)), 2, "together") == 0
    assert liquidity(day_of((0, 1, 10), (1, 0, 4), (0, 1, 5)), 3, "together") == 11


def test_reordering_sends_along_the_chain():
    """In order of arrival every bank pays with its own 10; from 0 on, the 10 that are sent first pay for all."""
    chain = day_of((2, 3, 10), (1, 2, 10), (0, 1, 10))
    assert liquidity(chain, 1, "arrival") == 30
    assert liquidity(chain, 3, "reordered") == 10
    assert reordered(chain, np.arange(3), Positions(4)) == [2, 1, 0]


def test_reordering_takes_what_costs_nothing_first():
    """0 has received 5. It pays at once; 1 then pays 2, or must pay with its own money in any order."""
    day = day_of((2, 0, 5), (1, 2, 5), (0, 1, 5))
    positions = Positions(3)
    positions.settle(day, 0)
    assert reordered(day, np.array([1, 2]), positions) == [2, 1]
    assert positions.debit.tolist() == [0, 0, 5]


@pytest.mark.parametrize("seed", range(5))
def test_reordering_is_between_arrival_and_settling_at_once(seed):
    draw = np.random.default_rng(seed)
    senders = draw.integers(0, 4, 60)
    receivers = (senders + draw.integers(1, 4, 60)) % 4
    day = day_of(*zip(senders, receivers, draw.integers(1, 100, 60), strict=True))
    for batch in (6, 60):
        assert liquidity(day, batch, "together") <= liquidity(day, batch, "reordered")
        assert liquidity(day, batch, "reordered") <= liquidity(day, batch, "arrival")
    assert liquidity(day, 1, "reordered") == liquidity(day, 1, "arrival") == liquidity(day, 1, "together")


def test_reordering_of_few_payments_is_near_the_best_order():
    draw = np.random.default_rng(7)
    for _ in range(20):
        senders = draw.integers(0, 3, 5)
        receivers = (senders + draw.integers(1, 3, 5)) % 3
        payments = list(zip(senders.tolist(), receivers.tolist(), draw.integers(1, 50, 5).tolist(), strict=True))
        orders = [liquidity(day_of(*order), 1, "arrival") for order in permutations(payments)]
        found = liquidity(day_of(*payments), 5, "reordered")
        assert min(orders) <= found <= np.quantile(orders, 0.25)


def test_reordering_wait_until_the_batch_is_full():
    """Batches of 2 wait 1 and 0 seconds; the last one is not full and ends with the day."""
    assert mean_wait_seconds(day_of(*[(0, 1, 1)] * 5), 2) == pytest.approx(0.4)


def test_reordering_command_writes_results_table_and_figure(tmp_path, monkeypatch):
    monkeypatch.setattr(reordering, "SCENARIO", "lynx-day-v0")
    monkeypatch.setattr(reordering, "BATCHES", (10, 70))
    reordering.main(["--days", "2", "--folder", str(tmp_path), "--assets", str(tmp_path)])
    results = json.loads((tmp_path / "reordering.json").read_text(encoding="utf-8"))
    for batch in results["batches"]:
        assert all(after <= before for after, before in zip(batch["reordered"], results["arrival"], strict=True))
    page = (tmp_path / "reordering.md").read_text(encoding="utf-8")
    assert "| 240 |" in page
    assert (tmp_path / "reordering.png").read_bytes().startswith(b"\x89PNG")
