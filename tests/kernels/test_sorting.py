"""The sort against Python's own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels import calls


def check(order, key):
    """Sort the whole list, and again all but its last items, which stay where they are."""
    for count in {len(order), len(order) // 2}:
        found = np.array(order, np.int64)
        calls.sort_by_key(found, np.array(key, np.int64), np.zeros(len(order), np.int64), count)
        wanted = sorted(order[:count], key=key.__getitem__)  # stable, as ours is to be
        assert found.tolist() == wanted + order[count:]


@settings(deadline=None)  # the first call may compile
@given(
    st.lists(st.integers(-3, 3), max_size=200).flatmap(
        lambda key: st.tuples(st.permutations(range(len(key))), st.just(key))
    )
)
def test_sorting_equal_keys_keep_their_order(case):
    order, key = case
    check(list(order), key)


@pytest.mark.parametrize("count", [0, 1, 2, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 127, 129, 1_000])
@pytest.mark.parametrize("shape", ["random", "sorted", "reversed", "equal", "extreme"])
def test_sorting_runs_of_any_length_are_merged(count, shape):
    draws = np.random.default_rng(count)
    key = {
        "random": draws.integers(0, max(count, 1), count),
        "sorted": np.arange(count),
        "reversed": np.arange(count)[::-1],
        "equal": np.zeros(count, np.int64),
        "extreme": draws.choice([-(2**63), 0, 2**63 - 1], count),
    }[shape]
    check(draws.permutation(count).tolist(), key.tolist())
