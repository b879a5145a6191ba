"""What a record keeps of banks, and in which pieces it is written; known without any library of files."""

from __future__ import annotations

from typing import Final

FORMAT: Final = 1
"""Of records; raised whenever a column changes its name or meaning."""

CHUNK_ROWS: Final = 1 << 17
"""Events that are written, and read, at a time."""

BANK_TICKS: Final = (
    "balance_cents",
    "posted_collateral_cents",
    "pool_allocated_cents",
    "queue1_count",
    "queue1_cents",
    "queue2_count",
    "queue2_cents",
)
"""What is kept of every bank at the end of every tick: columns ``bank_*`` of the state."""
