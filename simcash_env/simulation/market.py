"""The intraday market of a ``Simulation``: orders from outside, the book, loans, each bank's account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simcash_env.config.market import RATE_UNIT, rate_units
from simcash_env.errors import OrderError, SimulationError
from simcash_env.integers import whole, whole_within
from simcash_env.schema.codes import NONE, OrderRefusal, Side
from simcash_env.simulation.decisions import order_problem

if TYPE_CHECKING:
    from simcash_env.config import MarketConfig, ScenarioConfig
    from simcash_env.schema.arrays import I64, Scenario, State
    from simcash_env.simulation.engine import Engine


@dataclass(frozen=True)
class Order:
    """A resting order. ``rate`` is per cent, ``amount`` the cents not traded yet, ``locked`` what backs them."""

    id: int
    bank: str
    book: str
    side: str
    rate: float
    amount: int
    locked: int
    counterparty: str | None
    until_tick: int


@dataclass(frozen=True)
class Loan:
    """A loan that stands: principal, contracted repayment and what repays it now, in cents; ``rate`` in per cent."""

    id: int
    book: str
    lender: str
    borrower: str
    amount: int
    rate: float
    tick: int
    due_tick: int
    repayment: int
    is_overdue: bool


@dataclass(frozen=True)
class MarketAccount:
    """What a bank has in the market, in cents; interest is since the run began."""

    locked: int
    credit_line: int
    credit_locked: int
    owed: int
    lent: int
    borrowed: int
    interest_paid: int
    interest_received: int

    @property
    def credit_left(self) -> int:
        """Room in the credit line."""
        return self.credit_line - self.credit_locked - self.owed


class SimulationMarket:
    """Orders, loans and accounts of the market of a ``Simulation``.

    Args:
        engine: engine of the run.
        config: scenario of the run.
        bank_number: place of a bank id; raises ``ActionError`` for an unknown bank.
        log: takes the log rows of every order that is placed or cancelled.
    """

    def __init__(
        self,
        engine: Engine,
        config: ScenarioConfig,
        bank_number: Callable[[str], int],
        log: Callable[[I64], None],
    ) -> None:
        self._engine, self._bank_number, self._log = engine, bank_number, log
        self._name, self._config, self._ticks_per_day = config.name, config.market, config.simulation.ticks_per_day
        self._bank_ids = engine.scenario.bank_ids

    def place_order(
        self,
        bank: str,
        side: str,
        rate: float,
        amount: int,
        *,
        book: str | None = None,
        counterparty: str | None = None,
        good_for: str = "day",
    ) -> int:
        """Place an order: it trades at once with what rests; what is left rests to the end of the tick or of the day.

        Args:
            bank: id of the bank.
            side: ``bid`` borrows, ``ask`` lends.
            rate: per cent, at most four decimals.
            amount: whole cents, positive.
            book: id of the book, the first by default.
            counterparty: the one bank to trade with; any by default.
            good_for: ``tick`` or ``day``.

        Returns:
            The order's id, whether it rests or not.

        Raises:
            OrderError: it is refused; the message names the order, the rule or bound, and the value.
            SimulationError: the scenario has no market, or the run is over.
        """
        market = self._required()
        name = f"order {side} {amount} @ {rate} by {bank}"
        problem = self._order_problem(market, side, rate, amount, book, good_for)
        if problem:
            message = f"{name}: {problem}"
            raise OrderError(message)
        state, ticks_per_day = self._engine.state, self._ticks_per_day
        tick = int(state.tick[0])
        if tick >= int(self._engine.scenario.view.num_ticks[0]):
            message = f"{name}: the run is over"
            raise SimulationError(message)
        until = tick if good_for == "tick" else (tick // ticks_per_day + 1) * ticks_per_day - 1
        only = NONE if counterparty is None else self._bank_number(counterparty)
        books = [one.id for one in market.books]
        number = self._bank_number(bank), 0 if book is None else books.index(book)
        units = rate_units(rate)
        order = np.array([*number, int(Side[side.upper()]), units, amount, only, until, 0], np.int64)
        self._log(self._engine.place_orders(order))
        outcome = int(order[-1])
        if outcome < 0:
            message = f"{name}: {self._refusal(OrderRefusal(-outcome), number[0])}, got {_value(outcome, rate, amount)}"
            raise OrderError(message)
        return outcome

    def _required(self) -> MarketConfig:
        if self._config is None:
            message = f"{self._name}: the scenario has no market"
            raise SimulationError(message)
        return self._config

    def _order_problem(
        self, market: MarketConfig, side: str, rate: float, amount: int, book: str | None, good_for: str
    ) -> str | None:
        problem = order_problem(side, rate, amount)
        if problem is not None:
            return problem
        if book is not None and not (isinstance(book, str) and book in [one.id for one in market.books]):
            return f"book must be one of {', '.join(one.id for one in market.books)}, got {book!r}"
        if not isinstance(good_for, str) or good_for not in {"tick", "day"}:
            return f"good_for must be tick or day, got {good_for!r}"
        return None

    def _refusal(self, refusal: OrderRefusal, bank: int) -> str:
        """The rule that an order breaks, with its bound."""
        view, state = self._engine.scenario.view, self._engine.state
        match refusal:
            case OrderRefusal.CLOSED:
                return "the book is closed: the loan would be due at once or after the end of the run"
            case OrderRefusal.NO_RESERVES:
                return f"must not lend more than the balance, {max(int(state.bank_balance_cents[bank]), 0)} cents"
            case OrderRefusal.NO_CREDIT_LINE:
                left = self._account_of(bank).credit_left
                return f"what it may have to repay must fit into what is left of the credit line, {left} cents"
            case OrderRefusal.NO_ROOM:
                return "every row for orders or loans is in use; raise market.max_orders or market.max_loans"
            case _:
                return _rate_rule(refusal, view)

    def cancel_order(self, order: int) -> bool:
        """Cancel a resting order; False where none rests under this id.

        Raises:
            OrderError: the id is no whole number.
            SimulationError: the scenario has no market.
        """
        self._required()
        if whole(order) is None:
            message = f"order: must be the id of an order, a whole number, got {order!r}"
            raise OrderError(message)
        if whole_within(order, 1) is None:
            return False
        requested = np.array([order], np.int64)
        self._log(self._engine.cancel_orders(requested))
        return bool(requested[0])

    def orders(self, book: str | None = None) -> list[Order]:
        """Resting orders of a book (all by default): bids best first, then asks best first.

        Raises:
            SimulationError: the scenario has no market, or no such book.
        """
        state, names = self._engine.state, [one.id for one in self._required().books]
        if book is not None and not (isinstance(book, str) and book in names):
            message = f"book: must be one of {', '.join(names)}, got {book!r}"
            raise SimulationError(message)
        found = []
        for number, name in enumerate(names):
            if book is None or book == name:
                for head in (state.book_bid_head[number], state.book_ask_head[number]):
                    found += [self._order(state, row, name) for row in _chain(int(head), state.order_next)]
        return found

    def _order(self, state: State, row: int, book: str) -> Order:
        only = int(state.order_only[row])
        return Order(
            int(state.order_id[row]),
            self._bank_ids[int(state.order_bank[row])],
            book,
            Side(int(state.order_side[row])).name.lower(),
            int(state.order_rate[row]) / RATE_UNIT,
            int(state.order_cents[row]),
            int(state.order_locked_cents[row]),
            None if only == NONE else self._bank_ids[only],
            int(state.order_until_tick[row]),
        )

    def loans(self) -> list[Loan]:
        """Loans that stand, oldest first."""
        state, books = self._engine.state, self._required().books
        return [
            Loan(
                int(state.loan_id[row]),
                books[int(state.loan_book[row])].id,
                self._bank_ids[int(state.loan_lender[row])],
                self._bank_ids[int(state.loan_borrower[row])],
                int(state.loan_cents[row]),
                int(state.loan_rate[row]) / RATE_UNIT,
                int(state.loan_tick[row]),
                int(state.loan_due_tick[row]),
                int(state.loan_repayment_cents[row]),
                bool(state.loan_is_overdue[row]),
            )
            for row in _chain(int(state.market_loan_head[0]), state.loan_next)
        ]

    def account(self, bank: str) -> MarketAccount:
        """What the bank has in the market."""
        self._required()
        return self._account_of(self._bank_number(bank))

    def _account_of(self, number: int) -> MarketAccount:
        state, view = self._engine.state, self._engine.scenario.view
        return MarketAccount(
            int(state.trader_locked_cents[number]),
            int(view.trader_credit_line_cents[number]),
            int(state.trader_credit_locked_cents[number]),
            int(state.trader_owed_cents[number]),
            int(state.trader_lent_cents[number]),
            int(state.trader_borrowed_cents[number]),
            int(state.trader_interest_paid_cents[number]),
            int(state.trader_interest_received_cents[number]),
        )


def _rate_rule(refusal: OrderRefusal, view: Scenario) -> str:
    deposit, lending = view.market_deposit_rate[0] / RATE_UNIT, view.market_lending_rate[0] / RATE_UNIT
    low, high = view.market_band_low_rate[0] / RATE_UNIT, view.market_band_high_rate[0] / RATE_UNIT
    return {
        OrderRefusal.NOT_POSITIVE: "rate must be positive",
        OrderRefusal.BELOW_DEPOSIT_RATE: f"rate must be at least the deposit rate, {deposit:.4f}",
        OrderRefusal.ABOVE_LENDING_RATE: f"rate must be at most the lending rate, {lending:.4f}",
        OrderRefusal.BELOW_BAND: f"rate must be at least the band's lower bound, {low:.4f}",
        OrderRefusal.ABOVE_BAND: f"rate must be at most the band's upper bound, {high:.4f}",
    }[refusal]


def _value(outcome: int, rate: float, amount: int) -> str:
    is_money = -outcome in {OrderRefusal.NO_RESERVES, OrderRefusal.NO_CREDIT_LINE}
    return f"{amount} cents" if is_money else f"{rate}"


def _chain(row: int, links: I64) -> list[int]:
    rows = []
    while row >= 0:
        rows.append(row)
        row = int(links[row])
    return rows
