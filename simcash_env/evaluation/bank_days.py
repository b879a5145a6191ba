"""What a bank's releases cost at the least in one run, as a function of the liquidity that it allocates.

The bank knows every arrival, and all that it is to receive settles as it arrives. In a run a bank receives no earlier
and knows no more, so the sum over banks is a lower bound on the cost of any run with these allocations. More liquidity
allows every plan that less allows: the cost does not rise with the allocation, so a value at one allocation bounds the
cost at every smaller one. The search over shares in ``share_search`` rests on these two facts.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import Final

import numpy as np

from simcash_env.compile.scenario import CompiledScenario
from simcash_env.config import ScenarioConfig
from simcash_env.evaluation.arrivals import Arrived
from simcash_env.evaluation.bound_validity import AllowedDecisions
from simcash_env.evaluation.clairvoyant_bank import BankPlan
from simcash_env.evaluation.clairvoyant_plan import Plan
from simcash_env.evaluation.milp import Solution
from simcash_env.kernels.money import BPS_SCALE

TOLERANCE: Final = 1e-6
"""Relative accuracy of the solver's objective."""
NODES: Final = 20
GAP: Final = 0.002
"""The solver stops after so many nodes, or at this gap; the bound is what it has proven by then, the same on every
machine."""


class BankDay:
    """Least cost of one bank's releases in one run, given its allocation.

    Args:
        config: the scenario.
        compiled: the same, compiled.
        arrived: payments of the run.
        may: allowed decisions.
        bank: number of the bank.
        granted_days: days whose pool is allocated from outside; later days' pools are part of the plan.
    """

    def __init__(
        self,
        config: ScenarioConfig,
        compiled: CompiledScenario,
        arrived: Arrived,
        may: AllowedDecisions,
        bank: int,
        *,
        granted_days: int = 1,
    ) -> None:
        self._config, self._compiled, self._arrived, self._may = config, compiled, arrived, may
        self._bank, self._granted_days = bank, granted_days
        self._written: tuple[Plan, BankPlan] | None = None
        self._known: list[int] = []  # allocations, ascending
        self._cents: list[float] = []  # a lower bound on the cost at each
        self._is_flat_from: list[int] = []  # least allocation at which a plan of about the same cost is possible
        view = compiled.view
        is_priced = bool(view.overdraft_rate_ppm[0]) or bool(view.collateral_rate_ppm[0])
        has_more = granted_days < (len(self._days()) if view.reallocates_pool_daily[0] else 1)
        self._enough_cents = None if is_priced or has_more or config.events else self._peak_cents()

    def cost(self, allocated_cents: int) -> float:
        """A lower bound in cents on what the bank pays, besides its pool, if it allocates so many cents."""
        if self._enough_cents is not None and allocated_cents >= self._enough_cents:
            return 0.0  # it can pay everything as it arrives
        place = bisect_left(self._known, allocated_cents)
        if place < len(self._known) and allocated_cents >= self._is_flat_from[place]:
            return self._cents[place]
        cents, flat_from = self._solve(allocated_cents)
        if place < len(self._known):
            cents = max(cents, self._cents[place])  # less liquidity costs no less
        self._known.insert(place, allocated_cents)
        self._cents.insert(place, cents)
        self._is_flat_from.insert(place, flat_from)
        return cents

    def _days(self) -> range:
        return range(self._config.simulation.num_days)

    def _peak_cents(self) -> int:
        """Allocation with which nothing ever waits; funds of a tick's receipts may come too late to pay in it."""
        arrived, view, bank = self._arrived, self._compiled.view, self._bank
        ticks = int(view.num_ticks[0])
        sent, received = np.zeros(ticks, np.int64), np.zeros(ticks, np.int64)
        own, other = arrived.sender == bank, arrived.receiver == bank
        np.add.at(sent, arrived.arrival_tick[own], arrived.cents[own])
        np.add.at(received, arrived.arrival_tick[other], arrived.cents[other])
        position = np.cumsum(sent) - (np.cumsum(received) - received)
        funds = int(view.bank_opening_balance_cents[bank]) + int(view.bank_credit_limit_cents[bank])
        return max(int(position.max(initial=0)) - funds, 0)

    def relaxed_cost(self, allocated_cents: int) -> tuple[float, float]:
        """The same if payments may settle in fractions, and its slope per cent allocated; convex in the allocation."""
        if self._enough_cents is not None and allocated_cents >= self._enough_cents:
            return 0.0, 0.0
        plan, own = self._plan()
        found, slopes = plan.programme.solve_relaxed(dict.fromkeys(own.granted, float(allocated_cents)))
        return found - TOLERANCE * max(abs(found), 1.0) + plan.constant_cents, min(sum(slopes.values()), 0.0)

    def _plan(self) -> tuple[Plan, BankPlan]:
        if self._written is None:
            plan = Plan(self._config, self._arrived, self._may, relaxed=False, bank=self._bank, compiled=self._compiled)
            own = BankPlan(plan, self._bank, self._granted_days)
            own.write()
            self._written = plan, own
        return self._written

    def _solve(self, allocated_cents: int) -> tuple[float, int]:
        """Lower bound on the cost, and the least allocation at which the plan found is still possible."""
        plan, own = self._plan()
        fixed = dict.fromkeys(own.granted, float(allocated_cents))
        found = plan.programme.solve(nodes=NODES, gap=GAP, fixed=fixed)
        if math.isinf(found.bound):  # the search ended before it had a plan: the relaxation takes little
            found = plan.programme.solve(relaxed=True, fixed=fixed)
        cents = max(found.bound - TOLERANCE * max(abs(found.bound), 1.0), 0.0) + plan.constant_cents
        return cents, allocated_cents - self._spare(plan, own, found)

    def _spare(self, plan: Plan, own: BankPlan, found: Solution) -> int:
        """Cents that could be taken from the allocation without changing the plan that was found."""
        if not found.values or self._compiled.view.overdraft_rate_ppm[0]:
            return 0
        programme = plan.programme
        activity = np.zeros(len(programme.row_low))
        values = np.array(found.values)
        places = np.array(programme.places)
        np.add.at(activity, places[:, 0], np.array(programme.terms) * values[places[:, 1]])
        slack = activity[own.floors] - np.array(programme.row_low)[own.floors]
        return max(int(slack.min()), 0)


def pool_price_cents(compiled: CompiledScenario, bank: int, days: int) -> float:
    """A lower bound on what the whole pool costs over the run, or over the first days where it is allocated daily.

    A share of it costs at least that share of this figure: each tick's charge is rounded, and so is the allocation, by
    less than a cent in all for each tick.
    """
    view = compiled.view
    ticks = days * int(view.ticks_per_day[0]) if view.reallocates_pool_daily[0] else int(view.num_ticks[0])
    return int(view.bank_pool_cents[bank]) * int(view.liquidity_rate_ppm[0]) / BPS_SCALE * ticks


def charged_cents(compiled: CompiledScenario, allocated_cents: int) -> int:
    """What an allocation that stays for the whole run costs, as the engine charges it: rounded in each tick."""
    view = compiled.view
    a_tick = (allocated_cents * int(view.liquidity_rate_ppm[0]) + BPS_SCALE // 2) // BPS_SCALE
    return a_tick * int(view.num_ticks[0])


def rounding_cents(compiled: CompiledScenario, days: int) -> float:
    """By how much the charges for an allocation may be below the exact price."""
    view = compiled.view
    ticks = days * int(view.ticks_per_day[0]) if view.reallocates_pool_daily[0] else int(view.num_ticks[0])
    return ticks * (0.5 + int(view.liquidity_rate_ppm[0]) / BPS_SCALE)
