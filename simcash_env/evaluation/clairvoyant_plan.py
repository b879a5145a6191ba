"""The programme of the clairvoyant bound: when each payment settles, and what its delay costs."""

from __future__ import annotations

from typing import Final, NamedTuple

from simcash_env.compile.scenario import CompiledScenario, compile_scenario
from simcash_env.config import ScenarioConfig
from simcash_env.errors import ConfigError, Fault
from simcash_env.evaluation.arrivals import Arrived
from simcash_env.evaluation.bound_validity import AllowedDecisions
from simcash_env.evaluation.milp import Programme
from simcash_env.kernels.money import BPS_SCALE
from simcash_env.schema.codes import NONE
from simcash_env.schema.limits import NORMAL_FROM, URGENT_FROM

MOST_VARIABLES: Final = 400_000
ROUNDING: Final = 0.5
"""Each charge of a bank and tick is rounded to the cent once: it may be this much under the exact figure."""

COVERED_EVENTS: Final = frozenset(
    {
        "payment",
        "direct_transfer",
        "credit_limit_change",
        "global_arrival_rate_change",
        "arrival_rate_change",
        "counterparty_weight_change",
        "deadline_window_change",
    }
)


class DecisionTime(NamedTuple):
    """A moment at which payments settle: a tick, or the last settlement after a day's last tick."""

    tick: int
    is_close: bool


class Plan:
    """The mixed-integer programme of one run: payments, and what they cost; ``BankPlan`` adds each bank's part.

    Args:
        config: the scenario.
        arrived: payments of the run.
        may: allowed decisions.
        relaxed: may payments settle in fractions?
        bank: plan for this bank alone; the payments that it receives settle as they arrive, and waiting is free where
            Queue 2 is free of charge. None for all banks.
        compiled: the same scenario compiled, where it has been compiled before.
    """

    def __init__(
        self,
        config: ScenarioConfig,
        arrived: Arrived,
        may: AllowedDecisions,
        *,
        relaxed: bool,
        bank: int | None = None,
        compiled: CompiledScenario | None = None,
    ) -> None:
        self.config, self.arrived, self.may, self.relaxed = config, arrived, may, relaxed
        self.bank = bank
        self.compiled: CompiledScenario = compile_scenario(config) if compiled is None else compiled
        self.view = self.compiled.view
        self.programme = Programme()
        self.constant_cents = 0.0
        self.num_ticks = int(self.view.num_ticks[0])
        self.per_day = int(self.view.ticks_per_day[0])
        self.slots = [
            DecisionTime(tick, is_close)
            for tick in range(self.num_ticks)
            for is_close in ((False, True) if self._has_close(tick) else (False,))
        ]
        self._refuse_what_is_not_covered()
        num_banks, num_slots = len(arrived.bank_ids), len(self.slots)
        self.flow: list[list[dict[int, float]]] = [[{} for _ in range(num_slots)] for _ in range(num_banks)]
        self.paid: list[list[dict[int, float]]] = [[{} for _ in range(num_slots)] for _ in range(num_banks)]
        self.fixed_flow = [[0.0] * num_slots for _ in range(num_banks)]
        self.got: list[list[dict[int, float]]] = [[{} for _ in range(num_slots)] for _ in range(num_banks)]
        self.delay: list[list[dict[int, float]]] = [[{} for _ in range(self.num_ticks)] for _ in range(num_banks)]
        self.waits: list[tuple[int, int, int]] = []
        self.is_paid_in_parts = [self._may_split(pay) for pay in range(len(arrived.cents))]
        for pay in range(len(arrived.cents)):
            if bank is None or arrived.sender[pay] == bank:
                self._plan_payment(pay)
            elif arrived.receiver[pay] == bank:
                self._receive_at_once(pay)

    # -- what is covered ----------------------------------------------------------------------------------------------

    def _has_close(self, tick: int) -> bool:
        return bool(self.view.settles_at_day_end[0]) and (tick + 1) % self.per_day == 0

    def _refuse_what_is_not_covered(self) -> None:
        faults = [
            Fault(None, None, f"events.{number}", event.type, "the clairvoyant bound does not cover this event")
            for number, event in enumerate(self.config.events)
            if event.type not in COVERED_EVENTS
        ]
        if self.config.market is not None:
            rule = "the clairvoyant bound does not cover a market, in which banks borrow what the plan cannot"
            faults.append(Fault(None, None, "market", self.config.name, rule))
        own = slice(None) if self.bank is None else self.arrived.sender == self.bank
        size = sum(self.num_ticks - int(tick) for tick in self.arrived.arrival_tick[own])
        size *= 2 if self._depends_on_queue() else 1
        if size > MOST_VARIABLES:
            rule = f"the clairvoyant bound takes runs of at most {MOST_VARIABLES:,} payment-ticks"
            faults.append(Fault(None, None, "simulation", f"{size:,} payment-ticks", rule))
        if faults:
            raise ConfigError(faults)

    def _depends_on_queue(self) -> bool:
        """True if waiting is free in Queue 2 only and payments are whole, so that the plan knows where they wait."""
        is_told = not self.relaxed and self.bank is None
        return not self.view.is_delay_charged_in_queue2[0] and self.view.delay_rate_ppm[0] > 0 and is_told

    def _may_split(self, pay: int) -> bool:
        return self.may.max_parts > 1 and bool(self.view.splits_any[0] or self.arrived.is_divisible[pay])

    # -- one payment --------------------------------------------------------------------------------------------------

    def _plan_payment(self, pay: int) -> None:
        """Variables of how much is unsettled after each slot; what is settled in between flows."""
        programme, arrived, view = self.programme, self.arrived, self.view
        cents, deadline = int(arrived.cents[pay]), int(arrived.deadline_tick[pay])
        sender, receiver = int(arrived.sender[pay]), int(arrived.receiver[pay])
        is_whole = not self.is_paid_in_parts[pay]
        missed, closed, dropped, dropped_late = self._penalties(pay)
        before: int | None = None
        for number, slot in enumerate(self.slots):
            if slot.tick < arrived.arrival_tick[pay]:
                continue
            is_last = number + 1 == len(self.slots) or self.slots[number + 1].tick > slot.tick
            cost = missed if slot.tick == deadline + 1 and not slot.is_close else 0.0
            is_day_over = is_last and (slot.tick + 1) % self.per_day == 0
            if is_day_over and (view.is_eod_penalty_for_all[0] or deadline < slot.tick):
                cost += closed
            expires = bool(view.drops_expired[0]) and slot.tick == deadline + 1 and not slot.is_close
            left = programme.variable(high=0.0 if expires else 1.0, cost=cost, is_whole=is_whole)
            gone = {left: -1.0} | ({} if before is None else {before: 1.0})
            if not slot.is_close and (expires or self._may_drop(slot.tick, deadline)):
                cost = dropped if slot.tick <= deadline + 1 else dropped_late
                gone[programme.variable(high=1.0, cost=cost, is_whole=is_whole)] = -1.0
            at_first = 1.0 if before is None else 0.0
            programme.row(gone, low=-at_first)
            self._let_flow(number, sender, receiver, cents, gone, at_first)
            if not slot.is_close:
                self._let_wait(pay, slot.tick, left)
            before = left

    def _receive_at_once(self, pay: int) -> None:
        """The receiver has the payment in its tick of arrival, whatever the sender does."""
        tick, receiver = self.arrived.arrival_tick[pay], int(self.arrived.receiver[pay])
        (slot,) = (number for number, slot in enumerate(self.slots) if slot.tick == tick and not slot.is_close)
        self.fixed_flow[receiver][slot] += float(self.arrived.cents[pay])

    def _may_drop(self, tick: int, deadline: int) -> bool:
        return self.may.drops == "any_time" or (self.may.drops == "at_deadline" and tick >= deadline)

    def _let_flow(
        self, slot: int, sender: int, receiver: int, cents: int, gone: dict[int, float], at_first: float
    ) -> None:
        """What is no longer unsettled, and not dropped, has moved from sender to receiver."""
        for variable, factor in gone.items():
            self.flow[sender][slot][variable] = self.flow[sender][slot].get(variable, 0.0) - cents * factor
            self.flow[receiver][slot][variable] = self.flow[receiver][slot].get(variable, 0.0) + cents * factor
            self.paid[sender][slot][variable] = cents * factor
            self.got[receiver][slot][variable] = cents * factor
        if at_first:
            self.fixed_flow[sender][slot] -= cents
            self.fixed_flow[receiver][slot] += cents
            self.paid[sender][slot][NONE] = self.paid[sender][slot].get(NONE, 0.0) + cents
            self.got[receiver][slot][NONE] = self.got[receiver][slot].get(NONE, 0.0) + cents

    def _let_wait(self, pay: int, tick: int, left: int) -> None:
        """Waiting costs at the end of a tick: everywhere, or in Queue 1, or nowhere."""
        if self.view.delay_rate_ppm[0] == 0:
            return
        bank = int(self.arrived.sender[pay])
        weight = self._delay_weight(pay, tick) * int(self.arrived.cents[pay])
        if self.view.is_delay_charged_in_queue2[0]:
            self.delay[bank][tick][left] = weight
        elif self._depends_on_queue():
            in_queue1 = self.programme.variable(high=1.0)
            blocked = self.programme.variable(high=1.0, is_whole=True)
            self.programme.row({in_queue1: 1.0, left: -1.0, blocked: 1.0}, low=0.0)
            self.delay[bank][tick][in_queue1] = weight
            self.waits.append((pay, tick, blocked))

    def _delay_weight(self, pay: int, tick: int) -> int:
        """Thousandths; the smallest of the priority bands that the payment may come to be in."""
        view, priority = self.view, int(self.arrived.priority[pay])
        bands = [
            view.low_multiplier_thousandths,
            view.normal_multiplier_thousandths,
            view.urgent_multiplier_thousandths,
        ]
        own = (priority >= NORMAL_FROM) + (priority >= URGENT_FROM)
        if self.may.priorities:
            possible = bands
        else:
            possible = bands[own:] if view.escalation_start_ticks[0] != NONE else [bands[own]]
        overdue = int(view.overdue_multiplier_thousandths[0]) if tick > self.arrived.deadline_tick[pay] else 1000
        return overdue * min(int(band[0]) for band in possible) // 1000

    def _penalties(self, pay: int) -> tuple[float, float, float, float]:
        """Cents of the whole payment for a missed deadline, for being unsettled at a close, for a drop, a late drop.

        Late is after the deadline has been missed at the end of a tick: by default a drop then escapes only the close.

        Of parts each penalty in basis points is floored by itself; a share of the payment has at most twice that share
        of the parts.
        """
        view, cents = self.view, int(self.arrived.cents[pay])
        lost = 2 * self.may.max_parts if self.is_paid_in_parts[pay] else 0

        def penalty(fixed: int, rate: int) -> float:
            return float(fixed) if fixed != NONE else float(max(cents * rate // BPS_SCALE - lost, 0))

        missed = penalty(int(view.deadline_penalty_cents[0]), int(view.deadline_penalty_ppm[0]))
        closed = penalty(int(view.eod_penalty_cents[0]), int(view.eod_penalty_ppm[0]))
        fixed, rate = int(view.drop_penalty_cents[0]), int(view.drop_penalty_ppm[0])
        if fixed == rate == NONE:
            return missed, closed, missed + closed, closed
        dropped = penalty(fixed, rate)
        return missed, closed, dropped, dropped

    # -- costs --------------------------------------------------------------------------------------------------------

    def charge(self, terms: dict[int, float], unit: float, fixed: float, *, is_exact: bool) -> None:
        """A cost of ``unit`` times the sum of terms plus ``fixed``, at least 0; rounded where it is not exact."""
        slack = 0.0 if is_exact else ROUNDING
        cost = self.programme.variable(cost=1.0)
        row = {variable: -unit * factor for variable, factor in terms.items()}
        self.programme.row(row | {cost: 1.0}, low=unit * fixed - slack)
