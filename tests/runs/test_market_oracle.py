"""The market's kernels against the same market in plain Python: the same orders, the same book, trades and money."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.errors import OrderError
from simcash_env.schema.codes import OrderRefusal
from simcash_env.simulation import Simulation
from tests.budget import examples
from tests.oracle.market import UNITS_PER_CENT, Market
from tests.oracle.world import build_world

NUM_SEQUENCES = examples(30, 60, 10_000)
sequences = settings(
    max_examples=NUM_SEQUENCES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
BANKS = ("ALFA", "BRAVO", "CHARLIE", "DELTA")
TICKS, DAYS = 4, 2


@st.composite
def markets(draw: st.DrawFn) -> ScenarioConfig:
    """Few banks, few rates, little money, so that orders meet."""
    big = draw(st.sampled_from([1, 1, 1, 10**12]))
    limits = st.dictionaries(st.sampled_from(BANKS), st.integers(0, 80), max_size=3)
    counterparty_limits = draw(st.dictionaries(st.sampled_from(BANKS), limits, max_size=2))
    trader = st.fixed_dictionaries({"buffer": st.integers(0, 100).map(lambda x: x * big), "sigma": st.just(50 * big)})
    market = {
        "discipline": draw(st.sampled_from(["regulated", "unregulated"])),
        "deposit_rate": 3.25,
        "lending_rate": 3.65,
        "reference_rate": draw(st.sampled_from([None, 3.25, 3.3333])),
        "band": draw(st.sampled_from([None, 0.03, 0.013])),
        "interest": draw(st.sampled_from(["act_360", "per_tick"])),
        "books": draw(
            st.lists(
                st.sampled_from(
                    [
                        {"id": "day", "maturity": "intraday"},
                        {"id": "night", "maturity": "overnight"},
                        {"id": "term", "maturity": {"ticks": 2}},
                    ]
                ),
                min_size=1,
                max_size=2,
                unique_by=lambda book: book["id"],
            )
        ),
        "credit_lines": draw(st.dictionaries(st.sampled_from(BANKS), st.integers(0, 200).map(lambda x: x * big))),
        "counterparty_limits": {
            bank: {other: cents * big for other, cents in row.items() if other != bank}
            for bank, row in counterparty_limits.items()
        },
        "traders": draw(st.dictionaries(st.sampled_from(BANKS), trader, max_size=2)),
        "max_orders": draw(st.sampled_from([None, 3])),
        "max_loans": draw(st.sampled_from([None, 3])),
    }
    banks = [
        {"id": name, "opening_balance": big * draw(st.integers(0, 150)), "credit_limit": big * draw(st.integers(0, 60))}
        for name in BANKS
    ]
    return load_scenario(
        {
            "format": 1,
            "name": "market",
            "simulation": {"ticks_per_day": TICKS, "num_days": DAYS},
            "banks": banks,
            "market": market,
        }
    )


@st.composite
def orders(draw: st.DrawFn, config: ScenarioConfig) -> dict[str, object]:
    """An order: mostly inside the corridor, sometimes outside."""
    assert config.market is not None
    big = 10**12 if any(bank.opening_balance > 1_000 for bank in config.banks) else 1
    bank, only = draw(st.sampled_from(BANKS)), draw(st.sampled_from([None, None, None, *BANKS]))
    rates = [*range(32_900, 34_600, 300), 32_500, 36_500, 32_499, 36_501, 33_333, 0, -5]
    return {
        "bank": bank,
        "side": draw(st.sampled_from(["bid", "ask"])),
        "rate": draw(st.sampled_from(rates)),
        "amount": draw(st.integers(1, 60)) * big + draw(st.integers(0, 1)),
        "book": draw(st.sampled_from([book.id for book in config.market.books])),
        "counterparty": None if only == bank else only,
        "good_for": draw(st.sampled_from(["tick", "day"])),
    }


def twin_of(config: ScenarioConfig) -> Market:
    """The oracle's market over the oracle's banks."""
    assert config.market is not None
    limits = {bank.id: bank.credit_limit for bank in config.banks}
    return Market(config.market, build_world(config).banks, limits, TICKS, TICKS * DAYS)


def place_in_both(simulation: Simulation, twin: Market, order: dict[str, object]) -> None:
    """Both accept it under one id, or both refuse it for one reason and leave the book as it was."""
    last = (twin.tick // TICKS + 1) * TICKS - 1
    until = twin.tick if order["good_for"] == "tick" else last
    keys = ("bank", "side", "rate", "amount", "book", "counterparty")
    wanted = twin.place(*(order[key] for key in keys), until)
    before = simulation.orders()
    try:
        found: int | str = simulation.place_order(**{**order, "rate": order["rate"] / UNITS_PER_CENT})
    except OrderError:
        events = simulation._tick_log[-1]
        found = simulation_refusal(events)
        assert simulation.orders() == before
    assert found == wanted


def simulation_refusal(rows) -> str:
    """The reason in the last event."""
    return OrderRefusal(int(rows[-1][6])).name


def compare(simulation: Simulation, twin: Market) -> None:
    """Books in order of priority, loans, budgets and balances."""
    names = [book.id for book in twin.config.books]
    found = [
        (o.id, o.bank, o.book, o.side, round(o.rate * UNITS_PER_CENT), o.amount, o.locked, o.counterparty, o.until_tick)
        for o in simulation.orders()
    ]
    by_priority = sorted(
        twin.orders,
        key=lambda o: (names.index(o.book), o.side != "bid", -o.rate if o.side == "bid" else o.rate, o.id),
    )
    assert found == [(o.id, o.bank, o.book, o.side, o.rate, o.cents, o.locked, o.only, o.until) for o in by_priority]
    loans = [
        (
            n.id,
            n.book,
            n.lender,
            n.borrower,
            n.amount,
            round(n.rate * UNITS_PER_CENT),
            n.tick,
            n.due_tick,
            n.repayment,
            n.is_overdue,
        )
        for n in simulation.loans()
    ]
    assert loans == [
        (n.id, n.book, n.lender, n.borrower, n.cents, n.rate, n.tick, n.due, n.repayment, n.is_overdue)
        for n in twin.loans
    ]
    for bank in BANKS:
        account = simulation.market_account(bank)
        assert simulation.balance(bank) == twin.banks[bank].balance
        assert account.locked == twin.locked(bank, "ask")
        assert account.credit_locked == twin.locked(bank, "bid")
        assert account.owed == twin.owed(bank)
        assert account.lent == sum(loan.cents for loan in twin.loans if loan.lender == bank)
        assert account.borrowed == sum(loan.cents for loan in twin.loans if loan.borrower == bank)
        assert account.interest_paid == twin.paid.get(bank, 0)
        assert account.interest_received == twin.received.get(bank, 0)


def check_invariants(simulation: Simulation, config: ScenarioConfig) -> None:
    """Money is conserved, budgets are never negative, and no two orders rest that would have traded."""
    accounts = {bank: simulation.market_account(bank) for bank in BANKS}
    total = sum(simulation.balance(bank) + accounts[bank].locked for bank in BANKS)
    assert total == sum(bank.opening_balance for bank in config.banks)
    for bank, account in accounts.items():
        assert min(account.locked, account.credit_locked, account.owed, account.credit_left) >= 0
        assert account.credit_left + account.credit_locked + account.owed == account.credit_line
        limit = next(one.credit_limit for one in config.banks if one.id == bank)
        assert simulation.balance(bank) >= -limit
    assert sum(a.interest_paid for a in accounts.values()) == sum(a.interest_received for a in accounts.values())
    market = config.market
    assert market is not None
    for order in simulation.orders():
        units = round(order.rate * UNITS_PER_CENT)
        if market.discipline == "regulated":
            low, high = market.band_units() or (0, 10**9)
            assert max(low, 32_500) <= units <= min(high, 36_500)
    if not market.counterparty_limits:
        resting = simulation.orders()
        for bid in (order for order in resting if order.side == "bid"):
            for ask in (order for order in resting if order.side == "ask" and order.book == bid.book):
                strangers = bid.counterparty not in {None, ask.bank} or ask.counterparty not in {None, bid.bank}
                assert bid.rate < ask.rate or bid.bank == ask.bank or strangers


@sequences
@given(config=markets(), data=st.data())
def test_market_and_oracle_agree_after_every_order(config: ScenarioConfig, data: st.DataObject) -> None:
    """Random sequences of orders, cancels and ticks: same book, same trades, same money."""
    simulation, twin = Simulation(config), twin_of(config)
    while not simulation.is_over:
        for _ in range(data.draw(st.integers(0, 5))):
            if twin.orders and data.draw(st.integers(0, 4)) == 0:
                number = data.draw(st.integers(1, twin.num_orders))
                assert simulation.cancel_order(number) == twin.cancel(number)
            else:
                place_in_both(simulation, twin, data.draw(orders(config)))
            compare(simulation, twin)
            check_invariants(simulation, config)
        simulation.tick()
        twin.run({})
        twin.tick += 1
        compare(simulation, twin)
        check_invariants(simulation, config)
    trades = [
        (event.details["loan"], event.bank, event.counterparty, event.amount, event.details["rate"])
        for event in simulation.events()
        if event.kind == "MarketTrade"
    ]
    assert trades == twin.trades
