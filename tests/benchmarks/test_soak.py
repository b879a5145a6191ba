"""The soak's checks find what they are there to find, and a short soak finds nothing."""

import numpy as np
import pytest

from benchmarks import soak
from benchmarks.soak_scenarios import scenario
from simcash_env.envs.vector import make_vec
from simcash_env.schema.codes import Place, Status
from tests.worlds import legal

NUMBER = 3


def played(steps=9):
    vec = make_vec(scenario(NUMBER), 1, learners="all", autoreset="next_step")
    vec.reset(seed=1)
    for step in range(steps):
        vec.step(legal(vec.masks, step))
    return vec.state(0), sum(bank.opening_balance for bank in scenario(NUMBER).banks)


def test_soak_scenario_of_a_number_is_always_the_same():
    assert scenario(5) == scenario(5) != scenario(6)


def test_short_soak_finds_nothing(monkeypatch):
    monkeypatch.setattr(soak, "COPIES", 2)
    assert [soak.soak(scenario(number), number, 8, 4) for number in range(3)] == [(16, 4)] * 3


def test_soak_sound_books_are_found_sound():
    state, opening = played()
    assert (state.pay_place == Place.QUEUE1).any()
    assert list(soak.broken(state, opening)) == []


@pytest.mark.parametrize(
    ("column", "add", "said"),
    [
        ("bank_balance_cents", 1, "balances less pool"),
        ("bank_deferred_cents", -1, "balances less pool"),
        ("arrived_cents", 1, "cents that arrived"),
        ("queue2_count", 1, "payments in Queue 2"),
        ("queue2_value_cents", 1, "cents in Queue 2"),
        ("bank_queue1_count", 1, "payments in Queue 1"),
        ("bank_queue1_cents", -1, "cents in Queue 1"),
        ("bank_expected_cents", 1, "cents expected"),
        ("free_count", -1, "free rows"),
        ("bank_posted_collateral_cents", -(10**15), "bank_posted_collateral_cents is negative"),
        ("run_cost_cents", -(10**15), "run_cost_cents is negative"),
        ("fault", int(Status.MONEY_OVERFLOW), "fault MONEY_OVERFLOW"),
    ],
)
def test_soak_wrong_figure_is_found(column, add, said):
    state, opening = played()
    getattr(state, column)[0] += add
    assert said in " ".join(soak.broken(state, opening))


def test_soak_lost_payment_is_found():
    state, opening = played()
    at = int(np.flatnonzero(state.pay_place == Place.QUEUE1)[0])
    state.pay_place[at] = Place.FREE
    assert "payments in Queue 1" in " ".join(soak.broken(state, opening))


def test_soak_broken_link_is_found():
    state, opening = played()
    bank = int(np.argmax(state.bank_queue1_count))
    head = int(state.bank_queue1_head[bank])
    state.pay_next[head] = head
    assert "by their links" in " ".join(soak.broken(state, opening))
