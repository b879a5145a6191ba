"""The intraday market in plain Python: one list of orders, one of loans, fractions for interest."""

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Protocol

from simcash_env.config import MarketConfig
from simcash_env.config.market import TermMaturity
from tests.oracle.exact import as_fraction, round_half_away

UNITS_PER_CENT = 10_000
YEAR = 360


class Account(Protocol):
    """What the market asks of a bank."""

    balance: int

    def available_liquidity(self) -> int:
        """Cents it can pay at once."""


@dataclass
class Order:
    """A resting order."""

    id: int
    bank: str
    book: str
    side: str
    rate: int
    cents: int
    only: str | None
    until: int
    locked: int = 0


@dataclass
class Loan:
    """A loan that stands."""

    id: int
    book: str
    lender: str
    borrower: str
    cents: int
    rate: int
    tick: int
    due: int
    repayment: int
    is_overdue: bool = False


@dataclass
class Market:
    """Orders in order of arrival, loans in order of trades."""

    config: MarketConfig
    banks: dict[str, Any]
    credit_limits: dict[str, int]
    ticks_per_day: int
    num_ticks: int
    tick: int = 0
    orders: list[Order] = field(default_factory=list)
    loans: list[Loan] = field(default_factory=list)
    trades: list[tuple[int, str, str, int, int]] = field(default_factory=list)
    num_orders: int = 0
    num_loans: int = 0
    paid: dict[str, int] = field(default_factory=dict)
    received: dict[str, int] = field(default_factory=dict)
    accrued: dict[str, int] = field(default_factory=dict)
    accrued_now: dict[str, int] = field(default_factory=dict)
    failed: list[tuple[str, int]] = field(default_factory=list)
    aside: dict[str, tuple[str, int, int] | None] = field(default_factory=dict)

    # -- questions --

    def due(self, book: str) -> int | None:
        """When a loan made now is repaid, if it can be made."""
        maturity = next(one.maturity for one in self.config.books if one.id == book)
        first_of_next_day = self.tick - self.tick % self.ticks_per_day + self.ticks_per_day
        if isinstance(maturity, TermMaturity):
            due = self.tick + maturity.ticks
        else:
            due = first_of_next_day - (1 if maturity == "intraday" else 0)
        return due if self.tick < due < self.num_ticks else None

    def exact_interest(self, cents: int, rate: int, ticks: int) -> Fraction:
        """Principal x rate x time, not rounded."""
        year = 1 if self.config.interest == "per_tick" else self.ticks_per_day * YEAR
        return Fraction(cents * rate * ticks, 10**6 * year)

    def interest(self, cents: int, rate: int, ticks: int) -> int:
        """Rounded to the cent."""
        return round_half_away(self.exact_interest(cents, rate, ticks))

    def needed(self, order: Order) -> int:
        """What an order has to lock."""
        if order.side == "ask":
            return order.cents
        due = self.due(order.book)
        ticks = 0 if due is None else due - self.tick
        return order.cents + math.floor(2 * self.exact_interest(order.cents, order.rate, ticks))

    def locked(self, bank: str, side: str) -> int:
        """Reserves behind a bank's asks, or credit line behind its bids."""
        return sum(order.locked for order in self.orders if (order.bank, order.side) == (bank, side))

    def owed(self, bank: str) -> int:
        """Contracted repayments."""
        return sum(loan.repayment for loan in self.loans if loan.borrower == bank)

    def credit_left(self, bank: str) -> int:
        """Room in the credit line."""
        line = self.config.credit_lines.get(bank, self.credit_limits[bank])
        return line - self.locked(bank, "bid") - self.owed(bank)

    def lent(self, lender: str, borrower: str) -> int:
        """Principal that stands between two banks."""
        return sum(loan.cents for loan in self.loans if (loan.lender, loan.borrower) == (lender, borrower))

    def refusal(self, order: Order, aside: int) -> str | None:
        """Why an order is refused; what was set aside for an ask before payments is lent whatever was paid since."""
        units = {
            name: as_fraction(getattr(self.config, name)) * UNITS_PER_CENT for name in ("deposit_rate", "lending_rate")
        }
        if self.due(order.book) is None:
            return "CLOSED"
        if order.rate <= 0:
            return "NOT_POSITIVE"
        if self.config.discipline == "regulated":
            if order.rate < units["deposit_rate"]:
                return "BELOW_DEPOSIT_RATE"
            if order.rate > units["lending_rate"]:
                return "ABOVE_LENDING_RATE"
            reference = self.config.reference_rate
            middle = sum(units.values()) / 2 if reference is None else as_fraction(reference) * UNITS_PER_CENT
            if self.config.band is not None:
                band = as_fraction(self.config.band)
                if order.rate < middle * (1 - band):
                    return "BELOW_BAND"
                if order.rate > middle * (1 + band):
                    return "ABOVE_BAND"
        rows = len(self.banks)
        if len(self.orders) >= self.config.order_rows(rows) or len(self.loans) >= self.config.loan_rows(rows):
            return "NO_ROOM"
        if order.side == "bid":
            return None if self.needed(order) <= self.credit_left(order.bank) else "NO_CREDIT_LINE"
        return None if order.cents <= max(self.banks[order.bank].balance, aside) else "NO_RESERVES"

    def best(self, side: str) -> float:
        """The best rate in the first book, in per cent; 0 where there is none."""
        rates = [one.rate for one in self.orders if (one.side, one.book) == (side, self.config.books[0].id)]
        return (max(rates) if side == "bid" else min(rates)) / UNITS_PER_CENT if rates else 0

    # -- what happens --

    def place(
        self, bank: str, side: str, rate: int, cents: int, book: str, only: str | None, until: int, aside: int = 0
    ) -> int | str:
        """Place an order; its id, or why it is refused."""
        order = Order(0, bank, book, side, rate, cents, only, until)
        refusal = self.refusal(order, aside)
        if refusal is not None:
            return refusal
        self.num_orders += 1
        order.id = self.num_orders
        order.locked = self.needed(order)
        if side == "ask":
            self.banks[bank].balance -= cents
        self.orders.append(order)
        sign = 1 if side == "bid" else -1
        against = [one for one in self.orders if one.book == book and one.side != side]
        for resting in sorted(against, key=lambda one: (sign * one.rate, one.id)):
            if sign * (order.rate - resting.rate) < 0 or order.cents == 0:
                break
            bid, ask = (order, resting) if side == "bid" else (resting, order)
            if not self.may_trade(bid, ask):
                continue
            if len(self.loans) >= self.config.loan_rows(len(self.banks)):
                self.withdraw(order)
                break
            self.trade(bid, ask, resting.rate)
        self.orders = [one for one in self.orders if one.cents]
        return order.id

    def may_trade(self, bid: Order, ask: Order) -> bool:
        """Two banks that want each other, within the lender's limit."""
        chosen = bid.only in {None, ask.bank} and ask.only in {None, bid.bank}
        limit = self.config.counterparty_limits.get(ask.bank, {}).get(bid.bank)
        cents = min(bid.cents, ask.cents)
        within = limit is None or self.lent(ask.bank, bid.bank) + cents <= limit
        return bid.bank != ask.bank and chosen and within

    def trade(self, bid: Order, ask: Order, rate: int) -> None:
        """Cash moves, a loan is made."""
        cents = min(bid.cents, ask.cents)
        due = self.due(bid.book)
        assert due is not None
        bid.cents -= cents
        ask.cents -= cents
        bid.locked, ask.locked = self.needed(bid), ask.cents
        self.banks[bid.bank].balance += cents
        self.num_loans += 1
        repayment = cents + self.interest(cents, rate, due - self.tick)
        self.loans.append(Loan(self.num_loans, bid.book, ask.bank, bid.bank, cents, rate, self.tick, due, repayment))
        self.trades.append((self.num_loans, ask.bank, bid.bank, cents, rate))

    def withdraw(self, order: Order) -> None:
        """An order leaves the book."""
        if order.side == "ask":
            self.banks[order.bank].balance += order.cents
        self.orders.remove(order)

    def cancel(self, number: int) -> bool:
        """Cancel by id."""
        found = [order for order in self.orders if order.id == number]
        for order in found:
            self.withdraw(order)
        return bool(found)

    def set_aside(self, bank: str, order: tuple[str, int, int] | None) -> None:
        """What a learner wants to have in the first book: nothing else of it rests, and what it lends is set aside."""
        for resting in list(self.orders):
            if resting.bank == bank:
                self.withdraw(resting)
        if order is not None and order[0] == "ask":
            side, rate, cents = order
            cents = max(min(cents, self.banks[bank].balance), 0)
            self.banks[bank].balance -= cents
            order = side, rate, cents
        self.aside[bank] = order

    def place_aside(self, bank: str) -> None:
        """The market's step has come."""
        order = self.aside.pop(bank)
        if order is None:
            return
        side, rate, cents = order
        aside = cents if side == "ask" else 0
        self.banks[bank].balance += aside
        if cents > 0:
            last = self.tick - self.tick % self.ticks_per_day + self.ticks_per_day - 1
            self.place(bank, side, rate, cents, self.config.books[0].id, None, last, aside)

    def run(self, waiting: dict[str, int]) -> None:
        """The market's step of a tick; ``waiting`` are each bank's own queued payments."""
        self.failed, self.accrued_now = [], {}
        for loan in list(self.loans):
            self.collect(loan)
        for bank in sorted(self.banks):
            if bank in self.aside:
                self.place_aside(bank)
            elif bank in self.config.traders:
                self.trade_corridor(bank, waiting.get(bank, 0))
        for order in list(self.orders):
            if order.until <= self.tick:
                self.withdraw(order)

    def collect(self, loan: Loan) -> None:
        """A loan that is due is repaid where that can be funded."""
        if self.tick < loan.due:
            return
        lending, late = int(as_fraction(self.config.lending_rate) * UNITS_PER_CENT), self.tick - loan.due
        owed = loan.repayment + self.interest(loan.repayment, lending, late)
        before = loan.cents if late == 0 else loan.repayment + self.interest(loan.repayment, lending, late - 1)
        for bank, cents in ((loan.borrower, owed - before), (loan.lender, before - owed)):
            for total in (self.accrued, self.accrued_now):
                total[bank] = total.get(bank, 0) + cents
        if self.banks[loan.borrower].available_liquidity() < owed:
            loan.is_overdue = True
            self.failed.append((loan.borrower, owed))
            return
        self.banks[loan.borrower].balance -= owed
        self.banks[loan.lender].balance += owed
        self.paid[loan.borrower] = self.paid.get(loan.borrower, 0) + owed - loan.cents
        self.received[loan.lender] = self.received.get(loan.lender, 0) + owed - loan.cents
        self.loans.remove(loan)

    def trade_corridor(self, bank: str, waiting: int) -> None:
        """One order for what the bank has too much or lacks."""
        trader = self.config.traders[bank]
        book = trader.book or self.config.books[0].id
        for order in list(self.orders):
            if (order.bank, order.book) == (bank, book):
                self.withdraw(order)
        surplus = self.banks[bank].balance - trader.buffer - waiting
        due = self.due(book)
        if due is None or surplus == 0:
            return
        low, high = (
            as_fraction(rate) * UNITS_PER_CENT for rate in (self.config.deposit_rate, self.config.lending_rate)
        )
        share = math.erfc(surplus / trader.sigma / math.sqrt(2)) / 2
        rate = max(math.floor(float(low) + float(high - low) * share + 0.5), 1)
        band = self.config.band_units()
        if self.config.discipline == "regulated" and band is not None:
            rate = min(max(rate, band[0]), band[1])
        cents, side = surplus, "ask"
        if surplus < 0:
            room = max(self.credit_left(bank), 0)
            reserve = math.floor(2 * self.exact_interest(room, rate, due - self.tick))
            cents, side = min(-surplus, room - reserve), "bid"
        if cents > 0:
            until = self.tick - self.tick % self.ticks_per_day + self.ticks_per_day - 1
            self.place(bank, side, rate, cents, book, None, until)
