"""A mixed-integer programme that is written down variable by variable and row by row, and solved by SciPy's HiGHS."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

INFINITY = float("inf")
NODE_LIMIT = "Solution limit"
"""HiGHS's word for a search that has reached its number of nodes."""
SHORTEST_SECONDS = 1e-6
"""SciPy reads a time limit of 0 as none."""


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

    def solve(
        self,
        *,
        relaxed: bool = False,
        seconds: float | None = None,
        nodes: int | None = None,
        gap: float = 0.0,
        fixed: Mapping[int, float] | None = None,
    ) -> Solution:
        """Solve it.

        Args:
            relaxed: let whole variables be fractions.
            seconds: stop after so long with the bound proven by then.
            nodes: stop after so many nodes of the search with the bound proven by then; unlike a time limit, this
                gives the same result on every run.
            gap: stop when bound and best point are so close, relative to the best point.
            fixed: values of variables by number, instead of their bounds.

        Raises:
            ValueError: no point is feasible, or the solver failed.
        """
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import coo_array

        shape = len(self.row_low), len(self.low)
        at = np.array(self.places, np.int64).reshape(-1, 2)
        matrix = coo_array((self.terms, (at[:, 0], at[:, 1])), shape=shape).tocsr()
        options: dict[str, float] = {"mip_rel_gap": gap} | ({} if seconds is None else {"time_limit": seconds})
        options |= {} if nodes is None else {"node_limit": nodes}
        low, high = np.array(self.low), np.array(self.high)
        for variable, value in (fixed or {}).items():
            low[variable] = high[variable] = value
        whole = np.zeros(shape[1]) if relaxed else np.array(self.is_whole, float)
        with stdout_to_stderr():
            found = milp(
                np.array(self.cost),
                integrality=whole,
                bounds=Bounds(low, high),
                constraints=LinearConstraint(matrix, self.row_low, self.row_high) if shape[0] else (),
                options=options,
            )
        is_stopped = nodes is not None and NODE_LIMIT in found.message  # SciPy has no status of its own for it
        if found.status not in {0, 1} and not is_stopped:
            message = f"the programme was not solved: {found.message}"
            raise ValueError(message)
        is_mixed, has_bound = bool(whole.any()), found.mip_dual_bound is not None
        best = INFINITY if found.x is None else float(found.fun)
        bound = float(found.mip_dual_bound) if is_mixed and has_bound else -INFINITY
        if found.status == 0 and not is_mixed:
            bound = best
        values = () if found.x is None else tuple(found.x.tolist())
        return Solution(min(bound, best), best, is_exact=found.status == 0, values=values)

    def solve_relaxed(self, fixed: Mapping[int, float]) -> tuple[float, dict[int, float]]:
        """Let whole variables be fractions; returns the least cost and its slope in each fixed value.

        The least cost is convex in the fixed values, so that the slopes bound it from below everywhere.

        Args:
            fixed: values of variables by number, instead of their bounds.

        Raises:
            ValueError: no point is feasible, or the solver failed.
        """
        found = self._linear_optimum(fixed, "highs")
        if found.status != 0:
            message = f"the programme was not solved: {found.message}"
            raise ValueError(message)
        slopes = found.lower.marginals + found.upper.marginals
        return float(found.fun), {variable: float(slopes[variable]) for variable in fixed}

    def solve_by_interior_points(self, seconds: float | None = None) -> float | None:
        """Let whole variables be fractions and solve by interior points, faster than simplex on large programmes.

        Args:
            seconds: time limit of the solver.

        Returns:
            The least cost; None where the time limit was reached first.

        Raises:
            ValueError: no point is feasible, or the solver failed.
        """
        limit = {} if seconds is None else {"time_limit": max(seconds, SHORTEST_SECONDS)}
        found = self._linear_optimum({}, "highs-ipm", limit)
        if found.status not in {0, 1}:
            message = f"the programme was not solved: {found.message}"
            raise ValueError(message)
        return float(found.fun) if found.status == 0 else None

    def _linear_optimum(
        self, fixed: Mapping[int, float], method: str, options: Mapping[str, float] | None = None
    ) -> Any:
        """SciPy's result for the programme with fractions."""
        from scipy.optimize import linprog
        from scipy.sparse import coo_array, vstack

        shape = len(self.row_low), len(self.low)
        at = np.array(self.places, np.int64).reshape(-1, 2)
        matrix = coo_array((self.terms, (at[:, 0], at[:, 1])), shape=shape).tocsr()
        row_low, row_high = np.array(self.row_low), np.array(self.row_high)
        is_equal = row_low == row_high
        has_high, has_low = ~is_equal & np.isfinite(row_high), ~is_equal & np.isfinite(row_low)
        bounds = np.column_stack([self.low, self.high])
        for variable, value in fixed.items():
            bounds[variable] = value
        with stdout_to_stderr():
            return linprog(
                self.cost,
                A_ub=vstack([matrix[has_high], -matrix[has_low]]),
                b_ub=np.concatenate([row_high[has_high], -row_low[has_low]]),
                A_eq=matrix[is_equal],
                b_eq=row_low[is_equal],
                bounds=bounds,
                method=method,
                options=dict(options or {}),
            )
