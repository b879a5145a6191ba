"""The sample data set that ships with the package: a made-up system of twelve banks, ten generated days."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from simcash_env.data.payments import Payments, read_payments

SAMPLE_FOLDER: Final = Path(__file__).parent / "sample"
"""Folder with ``payments.parquet`` and ``scenario.yaml``, the scenario from which the payments were generated."""


def sample() -> Payments:
    """The payments of the sample data set: about 50,000, of 12 banks and 10 days."""
    return read_payments(SAMPLE_FOLDER / "payments.parquet")
