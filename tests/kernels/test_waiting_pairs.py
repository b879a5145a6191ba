"""Pairs of banks with payments in Queue 2, found in the matrix of sums or in the queue."""

import random

import numpy as np
import pytest

from benchmarks.scale import scenario
from simcash_env.simulation import Simulation
from tests.kernels.calls import list_pairs_both_ways


@pytest.mark.parametrize("num_payments", [0, 1, 5, 40, 300])
@pytest.mark.parametrize("num_banks", [2, 3, 12])
def test_waiting_pairs_matrix_and_queue_agree_and_ascend(num_banks: int, num_payments: int) -> None:
    content = scenario(num_banks, 10, {"type": "fifo"}).model_dump(mode="json", exclude_none=True)
    for bank in content["banks"]:
        bank.update(opening_balance=0, arrivals=None)
    content["lsm"] = {"algorithms": []}
    simulation = Simulation(content, events=False)
    draw, wanted = random.Random(num_banks * num_payments), set()
    for _ in range(num_payments):
        sender, receiver = draw.sample(range(num_banks), 2)
        simulation.submit_transaction(simulation.bank_ids[sender], simulation.bank_ids[receiver], draw.randint(1, 9))
        wanted.add(sender * num_banks + receiver)
    simulation.tick()
    engine, found = simulation._engine, np.zeros((2, num_banks**2), np.int64)
    arrays = engine.row, engine.sizes, engine._work_row, engine._work_sizes
    counts = list_pairs_both_ways(num_banks, *arrays, found)
    assert counts == (len(wanted), len(wanted))
    assert found[0, : len(wanted)].tolist() == found[1, : len(wanted)].tolist() == sorted(wanted)
