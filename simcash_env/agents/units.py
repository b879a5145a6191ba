"""Scales that are no scenario's own: what counts as a typical count, tick or price, so that it shows as one half."""

from __future__ import annotations

from typing import Final

from simcash_env.kernels.money import BPS_SCALE, DELAY_SCALE

TYPICAL_COUNT: Final = 8.0
UNIT_RATE: Final = 1e-6
PER_BPS: Final = 1.0 / BPS_SCALE
PER_DELAY: Final = 1.0 / DELAY_SCALE
TENTH_OF_A_CENT_PER_CENT: Final = 0.1
TEN_BPS: Final = 10.0
