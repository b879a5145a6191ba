"""A mixed-integer programme that is written down variable by variable and row by row, and solved by SciPy's HiGHS."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

INFINITY = float("inf")


@contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """HiGHS now and then writes a remark straight to stdout, where data goes."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


@dataclass(frozen=True)
class Solution:
    """What a solver found.

    Attributes:
        bound: no feasible point costs less; with a relaxation also none of the problem that was relaxed. Minus
            infinity where time ran out before anything was proven.
        best: cost of the best point found, infinite where none was found in time.
        is_exact: True if the best point is proven to be the best of all.
        values: of the variables at that point; empty where none was found.
    """

    bound: float
    best: float
    is_exact: bool
    values: tuple[float, ...]


@dataclass
class Programme:
    """Minimise the costs of variables between their bounds, under rows ``low <= sum of terms <= high``."""

    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    is_whole: list[bool] = field(default_factory=list)
    row_low: list[float] = field(default_factory=list)
    row_high: list[float] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)
    terms: list[float] = field(default_factory=list)

    def variable(self, low: float = 0.0, high: float = INFINITY, cost: float = 0.0, *, is_whole: bool = False) -> int:
        """A new variable; returns its number."""
        self.low.append(low)
        self.high.append(high)
        self.cost.append(cost)
        self.is_whole.append(is_whole)
        return len(self.low) - 1

    def row(self, terms: Mapping[int, float], low: float = -INFINITY, high: float = INFINITY) -> None:
        """A new row over variables by number."""
        row = len(self.row_low)
        self.row_low.append(low)
        self.row_high.append(high)
        for variable, factor in terms.items():
            self.places.append((row, variable))
            self.terms.append(factor)

    def solve(self, *, relaxed: bool = False, seconds: float | None = None, gap: float = 0.0) -> Solution:
        """Solve it.

        Args:
            relaxed: let whole variables be fractions.
            seconds: stop after so long with the bound proven by then.
            gap: stop when bound and best point are so close, relative to the best point.

        Raises:
            ValueError: no point is feasible, or the solver failed.
        """
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import coo_array

        shape = len(self.row_low), len(self.low)
        at = np.array(self.places, np.int64).reshape(-1, 2)
        matrix = coo_array((self.terms, (at[:, 0], at[:, 1])), shape=shape).tocsr()
        options = {"mip_rel_gap": gap} | ({} if seconds is None else {"time_limit": seconds})
        whole = np.zeros(shape[1]) if relaxed else np.array(self.is_whole, float)
        with stdout_to_stderr():
            found = milp(
                np.array(self.cost),
                integrality=whole,
                bounds=Bounds(np.array(self.low), np.array(self.high)),
                constraints=LinearConstraint(matrix, self.row_low, self.row_high) if shape[0] else (),
                options=options,
            )
        if found.status not in {0, 1}:
            message = f"the programme was not solved: {found.message}"
            raise ValueError(message)
        is_mixed, has_bound = bool(whole.any()), found.mip_dual_bound is not None
        best = INFINITY if found.x is None else float(found.fun)
        bound = float(found.mip_dual_bound) if is_mixed and has_bound else -INFINITY
        if found.status == 0 and not is_mixed:
            bound = best
        values = () if found.x is None else tuple(found.x.tolist())
        return Solution(min(bound, best), best, is_exact=found.status == 0, values=values)
