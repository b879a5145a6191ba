"""The format of records, and in which pieces they are written; known without any library of files."""

from __future__ import annotations

from typing import Final

from simcash_env.simulation.run_tables import BANK_TICKS

__all__ = ["BANK_TICKS", "CHUNK_ROWS", "FORMAT"]

FORMAT: Final = 1
"""Of records; raised whenever a column changes its name or meaning."""

CHUNK_ROWS: Final = 1 << 17
"""Events that are written, and read, at a time."""
