"""One bank's part of the clairvoyant bound: its pool, collateral, balance, credit, and what they cost."""

from __future__ import annotations

import numpy as np

from simcash_env.compile.scenario import CompiledScenario
from simcash_env.config import ScenarioConfig
from simcash_env.evaluation.clairvoyant_plan import Plan
from simcash_env.evaluation.milp import INFINITY
from simcash_env.kernels.money import BPS_SCALE, DELAY_SCALE
from simcash_env.schema.codes import NONE, PPM
from simcash_env.schema.limits import POOL_LEVELS

LEVEL_PPM = PPM // (POOL_LEVELS - 1)


class BankPlan:
    """Writes a bank's variables and rows into the programme of a run.

    Args:
        plan: of the run.
        bank: number of the bank.
        granted_days: days whose pool is not priced here: its allocation is set when the programme is solved.

    Attributes:
        granted: variables of the pools that are not priced.
        floors: rows that more liquidity loosens, cent for cent.
        end_balance: variable of the balance after each tick, without the settlement at the end of the day.
    """

    def __init__(self, plan: Plan, bank: int, granted_days: int = 0) -> None:
        self.plan, self.bank, self.view, self.programme = plan, bank, plan.view, plan.programme
        self.granted_days = granted_days
        self.granted: list[int] = []
        self.floors: list[int] = []
        self.end_balance: dict[int, int] = {}
        (self.config,) = (row for row in plan.config.banks if row.id == plan.arrived.bank_ids[bank])
        self.num_days = plan.num_ticks // plan.per_day

    def write(self) -> None:
        """Everything of this bank."""
        num_pools = self.num_days if self.view.reallocates_pool_daily[0] else 1
        self.pools = [self._pool(is_granted=day < self.granted_days) for day in range(num_pools)]
        self.credit, self.collateral = self._credit(), self._collateral()
        self._write_delays()
        self._write_balances()

    # -- means --------------------------------------------------------------------------------------------------------

    def _pool(self, *, is_granted: bool) -> dict[int, float]:
        """Cents allocated, as terms; paid for in every tick that they stay allocated, unless they are granted."""
        pool, rate = int(self.view.bank_pool_cents[self.bank]), int(self.view.liquidity_rate_ppm[0])
        ticks = self.plan.per_day if self.view.reallocates_pool_daily[0] else self.plan.num_ticks
        if pool == 0:
            return {}
        if is_granted:
            self.granted.append(self.programme.variable(high=float(pool)))
            return {self.granted[-1]: 1.0}
        if self.plan.may.pool == "any" or not self.view.bank_is_learning[self.bank]:
            allocated = self.programme.variable(high=float(pool))
            cost = self.programme.variable(cost=float(ticks))
            self.programme.row({cost: 1.0, allocated: -rate / BPS_SCALE}, low=-0.5)
            return {allocated: 1.0}
        levels = {}
        shares = {level * LEVEL_PPM for level in range(POOL_LEVELS)} | {self.config.pool_fraction_ppm()}
        for share in sorted(shares):
            cents = pool * share // PPM
            price = (cents * rate + BPS_SCALE // 2) // BPS_SCALE * ticks
            levels[self.programme.variable(high=1.0, cost=float(price), is_whole=True)] = float(cents)
        self.programme.row(dict.fromkeys(levels, 1.0), low=1.0, high=1.0)
        return levels

    def _credit(self) -> list[float]:
        """Unsecured credit in each tick, at its highest so far: what was drawn under it need not be paid back."""
        limit = int(self.view.bank_credit_limit_cents[self.bank])
        highest, limits = limit, []
        changes = [event for event in self.plan.config.events if event.type == "credit_limit_change"]
        for tick in range(self.plan.num_ticks):
            for event in changes:
                if event.bank == self.config.id and is_due(event, tick):
                    limit = max(limit + event.delta, 0)
            highest = max(highest, limit)
            limits.append(float(highest))
        return limits

    def _collateral(self) -> dict[int, float]:
        """Overdraft that collateral allows, as terms; what is posted costs a little in every tick."""
        posted, rate = int(self.view.bank_posted_collateral_cents[self.bank]), int(self.view.collateral_rate_ppm[0])
        kept = PPM - int(self.view.bank_haircut_ppm[self.bank])
        if self.plan.may.collateral:
            # the least posted at any time pays in every tick; the most ever posted is what can be drawn on
            capacity = max(int(self.view.bank_collateral_capacity_cents[self.bank]), posted)
            return {self.programme.variable(high=float(capacity)): kept / PPM}
        self.plan.constant_cents += (posted * rate + BPS_SCALE // 2) // BPS_SCALE * self.plan.num_ticks
        return {self.programme.variable(low=float(posted), high=float(posted)): kept / PPM}

    # -- waiting ------------------------------------------------------------------------------------------------------

    def _write_delays(self) -> None:
        """One charge a tick, rounded once; exact where every payment's own is whole."""
        rate, plan = int(self.view.delay_rate_ppm[0]), self.plan
        for terms in plan.delay[self.bank]:
            if not terms:
                continue
            is_exact = all(int(weight) * rate % DELAY_SCALE == 0 for weight in terms.values())
            is_exact = is_exact and not any(self._own_parts())
            plan.charge(terms, rate / DELAY_SCALE, 0.0, is_exact=is_exact)

    def _own_parts(self) -> list[bool]:
        own = np.flatnonzero(self.plan.arrived.sender == self.bank)
        return [self.plan.is_paid_in_parts[pay] for pay in own]

    # -- money --------------------------------------------------------------------------------------------------------

    def _write_balances(self) -> None:
        """The balance after each slot: funded by credit, collateral and what was forced on the bank."""
        plan, programme = self.plan, self.programme
        overdraft_rate = int(self.view.overdraft_rate_ppm[0]) / BPS_SCALE
        before: int | None = None
        forced_out = 0.0
        ends: dict[int, int] = {}
        for number, slot in enumerate(plan.slots):
            fixed = plan.fixed_flow[self.bank][number]
            opening = float(self.view.bank_opening_balance_cents[self.bank]) if before is None else 0.0
            forced = 0.0 if slot.is_close else self._forced(slot.tick)
            forced_out += -min(forced, 0.0) if not slot.is_close else 0.0
            pools = self._pool_change(slot.tick, is_close=slot.is_close)
            balance = programme.variable(low=-INFINITY)
            terms = {balance: 1.0} | ({} if before is None else {before: -1.0})
            for change in (plan.flow[self.bank][number], pools):
                for variable, factor in change.items():
                    terms[variable] = terms.get(variable, 0.0) - factor
            programme.row(terms, low=fixed + opening + forced, high=fixed + opening + forced)
            floor = -self.credit[slot.tick] - forced_out - self._returned(slot.tick)
            programme.row({balance: 1.0} | dict(self.collateral), low=floor)
            self.floors.append(len(programme.row_low) - 1)
            if pays_from_what_it_had(plan.config, plan.compiled):
                self._write_funding(before, number, opening + max(forced, 0.0), pools, floor)
            if overdraft_rate > 0 and not slot.is_close:
                plan.charge({balance: -1.0}, overdraft_rate, 0.0, is_exact=False)
            ends[slot.tick] = balance if not slot.is_close else ends[slot.tick]
            before = balance
        self.end_balance = ends
        self._write_waits(ends)

    def _forced(self, tick: int) -> float:
        """Cents that direct transfers bring in a tick, less those that they take."""
        change = 0.0
        for event in self.plan.config.events:
            if event.type == "direct_transfer" and is_due(event, tick):
                change += event.amount * ((event.to_bank == self.config.id) - (event.from_bank == self.config.id))
        return change

    def _pool_change(self, tick: int, *, is_close: bool) -> dict[int, float]:
        """The pool comes at the first tick of the run, or of each day, when that of the day before goes back."""
        if is_close or tick % self.plan.per_day:
            return {}
        day = tick // self.plan.per_day
        if day and len(self.pools) == 1:
            return {}
        change = dict(self.pools[day])
        for variable, factor in self.pools[day - 1].items() if day else ():
            change[variable] = change.get(variable, 0.0) - factor
        return change

    def _returned(self, tick: int) -> float:
        """Cents that the return of a pool may have left a bank short of."""
        is_later = tick >= self.plan.per_day and len(self.pools) > 1
        return float(self.view.bank_pool_cents[self.bank]) * (tick // self.plan.per_day) if is_later else 0.0

    def _write_funding(
        self, before: int | None, slot: int, given: float, pools: dict[int, float], floor: float
    ) -> None:
        paid = dict(self.plan.paid[self.bank][slot])
        fixed = paid.pop(NONE, 0.0)
        terms = {variable: -factor for variable, factor in paid.items()} | dict(self.collateral)
        if before is not None:
            terms[before] = 1.0
        for variable, factor in pools.items():
            terms[variable] = terms.get(variable, 0.0) + factor
        self.programme.row(terms, low=floor + fixed - given)
        self.floors.append(len(self.programme.row_low) - 1)

    def _write_waits(self, ends: dict[int, int]) -> None:
        """A payment waits in Queue 2 only where its bank could not pay it: it had less before it received this tick's.

        Limits and sub-limits may keep a payment in Queue 2 as well; a bank that has any, or may set any, is let off.
        """
        if self._may_be_limited():
            return
        arrived = self.plan.arrived
        tick_slot: dict[int, int] = {}
        for number, slot in enumerate(self.plan.slots):
            tick_slot.setdefault(slot.tick, number)
        most = self._most_liquidity()
        for pay, tick, blocked in self.plan.waits:
            if arrived.sender[pay] != self.bank:
                continue
            received = dict(self.plan.got[self.bank][tick_slot[tick]])
            fixed = received.pop(NONE, 0.0)
            terms = {ends[tick]: 1.0, blocked: most}
            for variable, factor in received.items():
                terms[variable] = terms.get(variable, 0.0) - factor
            high = float(arrived.cents[pay]) - 1.0 - self._least_credit(tick) + fixed + most
            self.programme.row(terms, high=high)

    def _may_be_limited(self) -> bool:
        """May a limit or a sub-limit keep a payment of the bank in Queue 2 although it is funded?"""
        has_limits = bool(self.config.bilateral_limits) or self.config.multilateral_limit is not None
        offered = self.plan.config.actions
        may_set = offered.sub_limit or offered.send_limit != "none"
        return has_limits or self.config.sub_limit is not None or may_set

    def _least_credit(self, tick: int) -> float:
        """Credit that the bank has at the least in a tick."""
        limit = least = int(self.view.bank_credit_limit_cents[self.bank])
        for event in self.plan.config.events:
            if event.type == "credit_limit_change" and event.bank == self.config.id and event.tick <= tick:
                times = 1 if event.every is None else (tick - event.tick) // event.every + 1
                limit = max(limit + min(event.delta, 0) * times, 0)
        least = min(least, limit)
        posted = 0 if self.plan.may.collateral else int(self.view.bank_posted_collateral_cents[self.bank])
        return float(least + posted * (PPM - int(self.view.bank_haircut_ppm[self.bank])) // PPM)

    def _most_liquidity(self) -> float:
        """More cents than the bank can ever have at its disposal."""
        arrived = self.plan.arrived
        received = float(arrived.cents[arrived.receiver == self.bank].sum())
        given = sum(max(self._forced(tick), 0.0) for tick in range(self.plan.num_ticks))
        pool = float(self.view.bank_pool_cents[self.bank])
        opening = max(float(self.view.bank_opening_balance_cents[self.bank]), 0.0)
        return received + given + pool + opening + max(self.credit) + self._least_credit(0) + 1.0


def pays_from_what_it_had(config: ScenarioConfig, compiled: CompiledScenario) -> bool:
    """Under deferred crediting without offsets, what comes in in a tick cannot be paid with in that tick."""
    has_offsets = config.lsm.algorithms or config.switches.entry_disposition_offsetting
    return bool(compiled.view.defers_credits[0]) and not has_offsets


def is_due(event: object, tick: int) -> bool:
    """True if a scenario event happens in a tick."""
    first, every = int(event.tick), event.every  # type: ignore[attr-defined]
    return tick == first or (every is not None and tick > first and (tick - first) % every == 0)
