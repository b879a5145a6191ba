"""What the Hypothesis strategies share: telling values, and the frame that one scenario's parts agree on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]
Row = dict[str, Any]

BANK_NAMES = ("A", "B", "C", "D", "E", "BANK_10", "BANK_2", "bank_b")
SMALL_CENTS = (0, 1, 5, 99, 100, 101, 250, 500)
AMOUNTS = (1, 2, 7, 99, 100, 101, 200, 250, 300, 1_000)
SCALES = (1, 1, 1, 10**7)
RATES = (0.0, 0.3, 1.0, 2.5)
WEIGHTS = (0.0, 0.1, 0.5, 1.0, 3.0)
MULTIPLIERS = (0.0, 0.4, 0.5, 1.0, 1.5, 3.0)
MAX_ROWS = 5


def some(values: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    """One of a few telling values."""
    return st.sampled_from(values)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The value or nothing."""
    return st.none() | strategy


def cents(scale: int, values: tuple[int, ...] = SMALL_CENTS) -> st.SearchStrategy[int]:
    """A small sum of money, at the scenario's scale."""
    return st.sampled_from(values).map(lambda value: value * scale)


@dataclass(frozen=True)
class Frame:
    """What the parts of one scenario must agree on."""

    banks: tuple[str, ...]
    ticks_per_day: int
    num_days: int
    scale: int
    is_gridlock: bool = False
    has_busy_trees: bool = False
    is_standard: bool = False

    @property
    def num_ticks(self) -> int:
        """Length of the run."""
        return self.ticks_per_day * self.num_days

    def others(self, bank: str) -> tuple[str, ...]:
        """All banks but one."""
        return tuple(name for name in self.banks if name != bank)
