"""The random stream against the same generator in Python's own integers."""

import math

import numpy as np
import pytest

from tests.kernels import calls
from tests.kernels.worlds import state_of

SEEDS = (1, 2, 42, 2**31, 2**63 - 1, 2**63, 2**64 - 1)
COUNT = 200


class Xorshift:
    """xorshift64* with the shifts 12, 25, 27 and its usual multiplier."""

    def __init__(self, seed):
        self.word = seed

    def bits(self):
        word = self.word
        word ^= word >> 12
        word = (word ^ (word << 25)) % 2**64
        word ^= word >> 27
        self.word = word
        return word * 2685821657736338717 % 2**64

    def uniform(self):
        return (self.bits() >> 11) / 2**53

    def positive(self):
        return max(self.uniform(), 2.0**-53)

    def small_poisson(self, limit):
        count, product = 0, self.uniform()
        while product > limit:
            count += 1
            product *= self.uniform()
        return count


def drawn(call, seed, *arguments, dtype=np.float64, count=COUNT):
    """What a call draws, and the stream's 64 bits afterwards."""
    row, sizes, state = state_of(seed=seed)
    found = np.zeros(count, dtype)
    call(row, sizes, *arguments, found)
    return found.tolist(), int(state.rng[0]) % 2**64


@pytest.mark.parametrize("seed", SEEDS)
def test_rng_words_are_those_of_xorshift64_star(seed):
    twin = Xorshift(seed)
    found, left = drawn(calls.draw_words, seed, dtype=np.uint64)
    assert found == [twin.bits() for _ in range(COUNT)]
    assert left == twin.word


def test_rng_first_word_of_seed_one_is_as_worked_out_by_hand():
    """The shifts leave 2**25 + 1; times 2685821657736338717, modulo 2**64."""
    assert drawn(calls.draw_words, 1, dtype=np.uint64, count=1)[0] == [5180492295206395165]


@pytest.mark.parametrize("seed", SEEDS)
def test_rng_uniform_numbers_are_the_upper_53_bits(seed):
    twin = Xorshift(seed)
    found, left = drawn(calls.draw_floats, seed)
    assert found == [twin.uniform() for _ in range(COUNT)]
    assert left == twin.word
    assert all(0.0 <= number < 1.0 for number in found)


def test_rng_positive_numbers_are_never_nought():
    """A stream of nothing but noughts, which no seed leads to, shows the smallest step."""
    assert drawn(calls.draw_floats, 0, count=2)[0] == [0.0, 0.0]
    assert drawn(calls.draw_positive_floats, 0, count=2)[0] == [2.0**-53] * 2


@pytest.mark.parametrize(("low", "high"), [(0, 0), (0, 1), (-5, 5), (1_000, 100_000), (1, 10**15)])
@pytest.mark.parametrize("seed", SEEDS[:4])
def test_rng_whole_numbers_are_words_modulo_the_range(seed, low, high):
    twin = Xorshift(seed)
    found, left = drawn(calls.draw_integers, seed, low, high, dtype=np.int64)
    assert found == [low + twin.bits() % (high - low + 1) for _ in range(COUNT)]
    assert left == twin.word


def test_rng_both_ends_of_a_range_are_drawn():
    assert set(drawn(calls.draw_integers, 3, -2, 2, dtype=np.int64)[0]) == {-2, -1, 0, 1, 2}


@pytest.mark.parametrize("seed", SEEDS)
def test_rng_normal_numbers_take_two_uniform_ones_each(seed):
    """To the last bits: libraries of mathematics round logarithms and cosines differently."""
    twin = Xorshift(seed)
    found, left = drawn(calls.draw_normals, seed)
    wanted = [
        math.sqrt(-2.0 * math.log(twin.positive())) * math.cos(2.0 * math.pi * twin.uniform()) for _ in range(COUNT)
    ]
    assert found == pytest.approx(wanted, rel=1e-12, abs=1e-15)
    assert left == twin.word


def test_rng_normal_numbers_have_mean_nought_and_spread_one():
    found = np.array(drawn(calls.draw_normals, 5, count=20_000)[0])
    assert abs(found.mean()) < 0.03
    assert abs(found.std() - 1.0) < 0.02


@pytest.mark.parametrize("rate", [0.0, 0.001, 0.5, 3.0, 29.9, 30.0])
@pytest.mark.parametrize("seed", SEEDS[:4])
def test_rng_counts_of_arrivals_multiply_uniform_numbers(seed, rate):
    twin = Xorshift(seed)
    found, left = drawn(calls.draw_poissons, seed, rate, math.exp(-rate), dtype=np.int64)
    assert found == [twin.small_poisson(math.exp(-rate)) for _ in range(COUNT)]
    assert left == twin.word


@pytest.mark.parametrize("rate", [30.5, 60.0, 100.0, 1_000.0])
def test_rng_large_rates_are_drawn_in_parts_of_thirty(rate):
    twin = Xorshift(9)
    found, left = drawn(calls.draw_poissons, 9, rate, math.exp(-rate), dtype=np.int64, count=20)
    for count in found:
        parts = [30.0] * (math.ceil(rate / 30.0) - 1)
        parts.append(rate - sum(parts))
        assert count == sum(twin.small_poisson(math.exp(-part)) for part in parts)
    assert left == twin.word
    assert np.mean(found) == pytest.approx(rate, rel=0.2)
