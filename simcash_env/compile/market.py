"""The intraday market of a scenario as columns, and its state before the first tick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from simcash_env.config.market import TermMaturity, rate_units
from simcash_env.schema.codes import NONE, NUM_COSTS, Maturity, TraderKind

if TYPE_CHECKING:
    from simcash_env.config import BankConfig, MarketConfig, ScenarioConfig
    from simcash_env.schema.arrays import I64, Scenario, State


def market_axes(config: ScenarioConfig) -> dict[str, int]:
    """Lengths of the market's axes; all 0 where there is none, so that it takes no room and no time."""
    market, banks = config.market, len(config.banks)
    if market is None:
        return dict.fromkeys(("market", "book", "trader", "exposure", "order", "loan"), 0)
    return {
        "market": 1,
        "book": len(market.books),
        "trader": banks,
        "exposure": banks**2 if any(market.counterparty_limits.values()) else 0,
        "order": market.order_rows(banks),
        "loan": market.loan_rows(banks),
    }


def compile_market(view: Scenario, config: ScenarioConfig, banks: Sequence[BankConfig], number: dict[str, int]) -> None:
    """Fill the market's columns; nothing where there is none."""
    market = config.market
    if market is None:
        return
    band = market.band_units() or (NONE, NONE)
    view.market_is_regulated[0] = market.discipline == "regulated"
    view.market_offers_orders[0] = config.actions.market
    view.market_has_traders[0] = bool(market.traders)
    view.market_deposit_rate[0] = rate_units(market.deposit_rate)
    view.market_lending_rate[0] = rate_units(market.lending_rate)
    view.market_band_low_rate[0], view.market_band_high_rate[0] = band
    view.market_interest_scale[0] = market.interest_scale(config.simulation.ticks_per_day)
    for row, book in enumerate(market.books):
        is_term = isinstance(book.maturity, TermMaturity)
        view.book_maturity[row] = Maturity.TICKS if is_term else Maturity[str(book.maturity).upper()]
        view.book_maturity_ticks[row] = book.maturity.ticks if isinstance(book.maturity, TermMaturity) else 0
    view.trader_credit_line_cents[:] = [market.credit_lines.get(bank.id, bank.credit_limit) for bank in banks]
    _write_traders(view, market, number)
    if len(view.exposure_limit_cents):
        view.exposure_limit_cents[:] = NONE
        for lender, limits in market.counterparty_limits.items():
            for borrower, cents in limits.items():
                view.exposure_limit_cents[number[lender] * len(banks) + number[borrower]] = cents


def _write_traders(view: Scenario, market: MarketConfig, number: dict[str, int]) -> None:
    books = [book.id for book in market.books]
    for bank, trader in market.traders.items():
        row = number[bank]
        view.trader_kind[row] = TraderKind[trader.type.upper()]
        view.trader_book[row] = 0 if trader.book is None else books.index(trader.book)
        view.trader_buffer_cents[row] = trader.buffer
        view.trader_sigma_cents[row] = trader.sigma


def with_interest(costs: I64, interest: I64) -> I64:
    """(banks, kinds) of a flat cost column, with interest behind them where there is a market."""
    table: I64 = costs.reshape(-1, NUM_COSTS)
    return np.column_stack([table, interest]) if len(interest) else table


def start_market(state: State) -> None:
    """No orders, no loans: all rows are free."""
    for column in (state.market_next_order, state.market_next_loan):
        column[...] = 1
    for column in (state.market_loan_head, state.market_loan_tail, state.book_bid_head, state.book_ask_head):
        column[...] = NONE
    state.book_last_rate[...] = NONE
    state.trader_pending_rate[...] = NONE
    for links in (state.order_next, state.loan_next):
        _chain(links)


def _chain(links: I64) -> None:
    if links.shape[-1]:
        links[...] = np.arange(1, links.shape[-1] + 1)
        links[..., -1] = NONE
