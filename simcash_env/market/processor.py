"""Runs slots in order against the book: retries with backoff, a policy for when they are exhausted, saved states.

A slot that finds its order resting is in progress until somebody trades with it; the second of a pair must trade at
once. A slot is completed once its whole amount has traded, so that a completed schedule leaves no order behind.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from simcash_env.config import MarketConfig, RetryConfig, ScenarioConfig, ScheduleConfig
from simcash_env.config.external import RELEASE, External
from simcash_env.config.market import rate_units
from simcash_env.errors import MarketError, OrderError, SimulationError
from simcash_env.market.budgets import Ledger
from simcash_env.market.follow import follow, open_ledger
from simcash_env.market.slots import Slot, SlotState, schedule_slots
from simcash_env.market.statistics import Statistics, statistics_of
from simcash_env.simulation import Simulation
from simcash_env.simulation.market import Loan

Delay = Literal["ms", "ticks"]
Answer = Literal["retry", "skip", "continue", "quit"]
MS_PER_SECOND: Final = 1000


class Asks(Protocol):
    """Asks a person what to do with a slot that has used up its retries."""

    def __call__(self, slot: Slot) -> Answer:
        """One of the answers."""


def ask_without_terminal(slot: Slot) -> Answer:
    """Where there is no terminal.

    Raises:
        MarketError: always.
    """
    message = f"slot {slot.number}: on_exhausted: ask needs a terminal, and none is connected"
    raise MarketError(message)


def no_counterparty_found(slot: Slot) -> str:
    """What is wrong with a slot that has not traded all of its amount."""
    return f"{slot.left} of {slot.amount} cents found no counterparty"


def scheduled_market(config: ScenarioConfig) -> tuple[MarketConfig, ScheduleConfig]:
    """The scenario's market and the schedule of its slots.

    Raises:
        MarketError: the scenario has no market, or its market no schedule.
    """
    if config.market is None or config.market.schedule is None:
        what = "no market" if config.market is None else "a market without a schedule"
        message = f"{config.name}: needs market.schedule, has {what}"
        raise MarketError(message)
    return config.market, config.market.schedule


@dataclass
class MarketRun:
    """A schedule on its way through a simulation; between two slots it can be saved and resumed.

    Attributes:
        delay: unit of the delay before a retry: ticks of the simulation, or milliseconds of the wall clock.
        slots_per_tick: close a tick after this number of slots; 0 closes none until all slots are done.
        cursor: number of the slot that comes next.
        is_stopped: True if the exhaustion policy, or the person, stopped the run.
        is_done: True if all slots and ticks are over.
    """

    simulation: Simulation
    slots: list[Slot]
    ledger: Ledger
    delay: Delay = "ticks"
    slots_per_tick: int = 0
    cursor: int = 0
    is_stopped: bool = False
    is_done: bool = False
    orders_created: int = 0
    last_loan: int = 0
    matches: list[tuple[int, int]] = field(default_factory=list)
    """Cents and rate (hundredths of a basis point) of every trade."""
    new_loans: list[Loan] = field(default_factory=list)
    """Not in the ledger yet; empty between two slots."""
    ask: Asks = ask_without_terminal
    sleep: Callable[[float], None] = time.sleep

    @staticmethod
    def start(
        config: ScenarioConfig, *, seed: int | None = None, external: External = RELEASE, **options: Any
    ) -> MarketRun:
        """A run before its first slot; ``external`` is what external banks do, as ``Simulation`` takes it.

        Raises:
            MarketError: the scenario has no market, or its market no schedule.
        """
        market, schedule = scheduled_market(config)
        simulation = Simulation(config, seed=seed, external=external)
        slots = schedule_slots(market, schedule, simulation.bank_ids)
        return MarketRun(simulation, slots, open_ledger(simulation), **options)

    @property
    def retry(self) -> RetryConfig:
        """What the scenario says about failed attempts."""
        return scheduled_market(self.simulation.config)[1].retry

    @property
    def good_for(self) -> str:
        """How long a resting order lives."""
        return scheduled_market(self.simulation.config)[1].good_for

    # -- running ------------------------------------------------------------------------------------------------------

    def step(self) -> bool:
        """Process one slot, or end the run where none is left; False once there is nothing more to do."""
        if self.is_done or self.is_stopped:
            return False
        if self.cursor < len(self.slots):
            slot = self.slots[self.cursor]
            self._process(slot)
            self.cursor += 1
            if self.slots_per_tick and self.cursor % self.slots_per_tick == 0:
                self._tick()
            self._follow(f"slot {slot.number}")
        else:
            self._end()
        return not (self.is_done or self.is_stopped)

    def run(self, after_slot: Callable[[MarketRun], None] | None = None) -> Statistics:
        """Run to the end, or until a policy stops it; ``after_slot`` is called where the run may be saved."""
        more = True
        while more:
            more = self.step()
            if after_slot is not None:
                after_slot(self)
        return self.statistics()

    def resume(self) -> None:
        """Let a run that was stopped go on with the slot behind the one that stopped it."""
        self.is_stopped = False

    def _process(self, slot: Slot) -> None:
        slot.move_to(SlotState.IN_PROGRESS)
        rounds = 1
        while not self._attempt(slot):
            if slot.attempts < rounds * (1 + self.retry.max_retries):
                self._wait((slot.attempts - 1) % (1 + self.retry.max_retries))
                continue
            answer = self.ask(slot) if self.retry.on_exhausted == "ask" else self.retry.on_exhausted
            is_another_round = answer == "retry" and (self.retry.on_exhausted == "ask" or rounds == 1)
            if is_another_round:
                rounds += 1
                continue
            self._abandon(slot, SlotState.SKIPPED if answer == "skip" else SlotState.FAILED)
            self.is_stopped = answer == "quit"
            return

    def _attempt(self, slot: Slot) -> bool:
        """Place the slot's order; returns True if the slot is done."""
        slot.attempts += 1
        partner = self.slots[slot.partner]
        is_first = partner.state is SlotState.PENDING
        try:
            if is_first:
                self._place(slot, partner.account if slot.strategy == "specific" else None, self.good_for)
            else:
                self._renew(partner)
                self._match(slot, partner)
        except (OrderError, SimulationError) as refusal:
            slot.problem = str(refusal)
            return False
        if slot.left and not is_first:
            slot.problem = no_counterparty_found(slot)
            return False
        slot.problem = ""
        return True

    def _match(self, slot: Slot, partner: Slot) -> None:
        """Trade with what rests: with anybody, with one account, or with one account after the other."""
        if slot.strategy == "sequential":
            for account in self.simulation.bank_ids:
                if account != slot.account and slot.left:
                    self._place(slot, account, "tick")
                    self._withdraw(slot)
        else:
            self._place(slot, partner.account if slot.strategy == "specific" else None, "tick")
            self._withdraw(slot)

    def _renew(self, slot: Slot) -> None:
        """Place what is left of an order that has expired again."""
        resting = {order.id for order in self.simulation.orders()}
        if slot.state is SlotState.IN_PROGRESS and slot.left and slot.order not in resting:
            other = self.slots[slot.partner].account
            self._place(slot, other if slot.strategy == "specific" else None, self.good_for)

    def _place(self, slot: Slot, counterparty: str | None, good_for: str) -> None:
        before = {order.id: order.amount for order in self.simulation.orders()}
        slot.order = self.simulation.place_order(
            slot.account,
            slot.side,
            slot.rate,
            slot.left,
            book=slot.market,
            counterparty=counterparty,
            good_for=good_for,
        )
        self.orders_created += 1
        after = {order.id: order.amount for order in self.simulation.orders()}
        placed = slot.left
        self._note_loans()
        for other in self.slots:  # whose order was hit
            if other is not slot and other.order in before and other.state is SlotState.IN_PROGRESS:
                other.filled += before[other.order] - after.get(other.order, 0)
                self._complete(other)
        slot.filled += placed - after.get(slot.order, 0)
        self._complete(slot)

    def _complete(self, slot: Slot) -> None:
        if slot.left == 0:
            slot.move_to(SlotState.COMPLETED)

    def _withdraw(self, slot: Slot) -> None:
        """Take out what is left of a slot's order."""
        if slot.left and slot.order:
            self.simulation.cancel_order(slot.order)

    def _abandon(self, slot: Slot, state: SlotState) -> None:
        """Leave a slot, and its partner where that waits for it; nothing of theirs stays in the book."""
        partner = self.slots[slot.partner]
        for one in (slot, partner):
            if one.state is SlotState.IN_PROGRESS:
                self._withdraw(one)
                one.move_to(state)
                one.problem = one.problem or f"slot {slot.number}, its partner, did not trade"

    # -- time ---------------------------------------------------------------------------------------------------------

    def _wait(self, failures: int) -> None:
        """Exponential backoff: the base delay, doubled with every failure."""
        delay = self.retry.base_delay * 2**failures
        if self.delay == "ms":
            self.sleep(delay / MS_PER_SECOND)
            return
        for _ in range(delay):
            self._tick()

    def _tick(self) -> None:
        """Let the simulation run a tick; resting orders may trade or expire in it."""
        if self.simulation.is_over:
            return
        before = {order.id: order.amount for order in self.simulation.orders()}
        events = self.simulation.tick().events
        after = {order.id: order.amount for order in self.simulation.orders()}
        lost = {
            int(event.details["order"]): event.amount or 0
            for event in events
            if event.kind in {"MarketOrderExpired", "MarketOrderCancelled"}
        }
        self._note_loans()
        for slot in self.slots:
            if slot.state is SlotState.IN_PROGRESS and slot.order in before:
                slot.filled += before[slot.order] - after.get(slot.order, lost.get(slot.order, 0))
                self._complete(slot)

    def _end(self) -> None:
        """All slots have had their turn: what still rests of them is taken out, and the run goes on to its end."""
        for slot in self.slots:
            if slot.state is SlotState.IN_PROGRESS:
                slot.problem = no_counterparty_found(slot)
                self._abandon(slot, SlotState.FAILED)
        while not self.simulation.is_over:
            self._tick()
        self._follow("end")
        self.is_done = True

    # -- accounts -----------------------------------------------------------------------------------------------------

    def _note_loans(self) -> None:
        """Loans made since the last look: none is made and repaid within a tick."""
        for loan in self.simulation.loans():
            if loan.id > self.last_loan:
                self.matches.append((loan.amount, rate_units(loan.rate)))
                self.new_loans.append(loan)
                self.last_loan = loan.id

    def _follow(self, label: str) -> None:
        """Bring the ledger to where the engine stands."""
        follow(self.ledger, self.simulation, self.new_loans, label)
        self.new_loans.clear()

    def statistics(self) -> Statistics:
        """What has come of the slots so far."""
        return statistics_of(self.slots, self.orders_created, self.matches, self.ledger)
