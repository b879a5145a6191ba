"""Eight numbers scaled at once are the same bits as one after the other."""

import numba
import numpy as np

from simcash_env.kernels._numba.vectors import LANES, plain_scale_lanes, scale_lanes


@numba.njit
def scale(raw, scaled, spread, offset, first):
    """Call it as kernels do."""
    scale_lanes(raw, scaled, spread, offset, first)


def test_scaled_lanes_are_the_bits_of_the_formula():
    random = np.random.default_rng(0)
    raw = random.normal(size=40) * 10.0 ** random.integers(-3, 18, 40)
    raw[[3, 9]] = 0.0, 1e30
    spread = random.integers(0, 2, 40).astype(np.float32)
    offset = (random.random(40) + 0.5).astype(np.float32)
    found, expected = np.full(40, 7, np.float32), np.full(40, 7, np.float32)
    for first in (0, 5, 40 - LANES):
        scale(raw, found, spread, offset, first)
        plain_scale_lanes(raw, expected, spread, offset, first)
    np.testing.assert_array_equal(found.view(np.int32), expected.view(np.int32))
    assert (found == 7).sum() > 0, "nothing else is written"
