"""Exact arithmetic on money against Python's own integers."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcash_env.config import load_scenario
from simcash_env.envs.vector import make_vec
from simcash_env.errors import SimulationError
from simcash_env.kernels.money import BPS_SCALE, DELAY_SCALE, SAFE_PRODUCT
from simcash_env.schema.codes import Status
from simcash_env.schema.limits import MAX_TOTAL_CENTS
from simcash_env.simulation import Simulation
from tests.kernels import calls
from tests.kernels.worlds import state_of
from tests.worlds import overflowing

MAX_CENTS = 10**15
MAX_RATE = 10**10
patient = settings(deadline=None)  # the first call may compile
scales = st.sampled_from((BPS_SCALE, DELAY_SCALE))


@patient
@given(amount=st.integers(0, MAX_CENTS), rate=st.integers(0, MAX_RATE), scale=scales, rounds=st.booleans())
def test_money_share_of_an_amount_is_exact_whatever_its_size(amount, rate, scale, rounds):
    half = scale // 2 if rounds else 0
    assert calls.multiply_divide(amount, rate, half, scale) == (amount * rate + half) // scale


@patient
@given(
    amount=st.integers(0, 10**17),
    factor=st.integers(0, 10**17),
    scale=st.integers(10**6, 4 * 10**14),
    rounds=st.booleans(),
)
def test_money_interest_is_exact_whatever_principal_rate_and_time(amount, factor, scale, rounds):
    half = scale // 2 if rounds else 0
    exact = (amount * factor + half) // scale
    if exact < 2**62:
        assert calls.wide_multiply_divide(amount, factor, half, scale) == exact


@patient
@given(rate=st.integers(1, MAX_RATE), offset=st.integers(-3, 3), scale=scales, rounds=st.booleans())
def test_money_narrow_and_the_wide_way_agree_where_one_takes_over_from_the_other(rate, offset, scale, rounds):
    amount = min(max(int(SAFE_PRODUCT) // rate + offset, 0), MAX_TOTAL_CENTS)
    half = scale // 2 if rounds else 0
    assert calls.multiply_divide(amount, rate, half, scale) == (amount * rate + half) // scale


@pytest.mark.parametrize("scale", [BPS_SCALE, DELAY_SCALE])
@pytest.mark.parametrize("size", [1, 10**7])
def test_money_halves_are_rounded_up_and_anything_less_down(scale, size):
    whole = size * scale
    for excess, wanted in ((scale // 2 - 1, size), (scale // 2, size + 1), (scale // 2 + 1, size + 1)):
        assert calls.multiply_divide(whole + excess, 1, scale // 2, scale) == wanted
        assert calls.multiply_divide(whole + excess, 1, 0, scale) == size


@patient
@given(st.floats(-1e15, 1e15))
def test_money_nearest_whole_number_is_found(value):
    """Within the float's own precision: adding a half may round up to the next number by itself."""
    found = calls.round_half_away(value)
    assert abs(Fraction(found) - Fraction(value)) <= Fraction(1, 2) + Fraction(math.ulp(value))
    assert calls.round_half_away(-value) == -found


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(0.0, 0), (-0.0, 0), (0.4, 0), (0.5, 1), (1.5, 2), (2.5, 3), (-0.5, -1), (-2.5, -3), (-2.4, -2), (1e15, 10**15)],
)
def test_money_halves_go_away_from_nought(value, wanted):
    assert calls.round_half_away(value) == wanted


@pytest.mark.parametrize("excess", [0, 1])
def test_money_total_beyond_the_range_of_money_is_a_fault_and_one_within_is_none(excess):
    row, sizes, state = state_of()
    state.arrived_cents[0] = MAX_TOTAL_CENTS - 100
    calls.enqueue1(row, sizes, np.array([0, 1, 100 + excess, 4, 5, 0], np.int64))
    assert int(state.arrived_cents[0]) == MAX_TOTAL_CENTS + excess
    assert int(state.fault[0]) == (Status.MONEY_OVERFLOW if excess else Status.OK)


def flood():
    """Payments of the largest amount, more of them than the totals can hold."""
    arrivals = {
        "rate_per_tick": 2_000.0,
        "amount": {"type": "uniform", "min": MAX_CENTS, "max": MAX_CENTS},
        "deadline_range": [1, 1],
    }
    rows = {
        "format": 1,
        "name": "flood",
        "simulation": {"ticks_per_day": 3, "num_days": 1},
        "banks": [{"id": "ALFA", "arrivals": arrivals}, {"id": "BRAVO", "policy": {"type": "external"}}],
        "lsm": {"algorithms": []},
    }
    return load_scenario(rows)


@pytest.mark.usefixtures("unbounded")
def test_money_run_whose_totals_leave_the_range_stops_with_a_message():
    with pytest.raises(SimulationError, match=r"tick \d: a total left the range of int64 cents"):
        Simulation(flood(), events=False).run_to_completion()
    vec = make_vec(flood(), 2)
    with pytest.raises(SimulationError, match=r"copy \d: a total left the range of int64 cents"):
        vec.reset(1)
        for _ in range(3):
            vec.step(np.zeros(vec.actions.shape, np.int64))


@pytest.mark.usefixtures("unbounded")
def test_money_transfers_may_not_leave_the_range_of_money():
    give = {
        "type": "direct_transfer",
        "tick": 0,
        "every": 1,
        "from_bank": "ALFA",
        "to_bank": "BRAVO",
        "amount": MAX_CENTS,
    }
    rows = {
        "format": 1,
        "name": "generous",
        "simulation": {"ticks_per_day": 8, "num_days": 1},
        "banks": [{"id": "ALFA"}, {"id": "BRAVO"}],
        "events": [give] * 1_000,
    }
    simulation = Simulation(load_scenario(rows), events=False)
    simulation.run(4)
    assert simulation.balance("BRAVO") == MAX_TOTAL_CENTS == 4_000 * MAX_CENTS
    with pytest.raises(SimulationError, match="tick 4: a total left the range of int64 cents"):
        simulation.tick()
    with pytest.raises(SimulationError, match="tick 4: a total left the range of int64 cents"):
        Simulation(load_scenario(rows), events=False).run_to_completion()


@pytest.mark.usefixtures("unbounded")
def test_money_copy_whose_totals_leave_the_range_in_mid_run_is_named():
    vec = make_vec(overflowing(), 2, learners=["ALFA"])
    vec.reset(1)
    actions = np.zeros(vec.actions.shape, np.int64)
    vec.step(actions)
    with pytest.raises(SimulationError, match="copy 0: a total left the range of int64 cents"):
        vec.step(actions)
