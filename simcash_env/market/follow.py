"""Keeps a ledger in step with the engine: every move of its books becomes a move between budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simcash_env.market.budgets import CREDIT, RESERVES, Ledger

if TYPE_CHECKING:
    from simcash_env.simulation import Simulation
    from simcash_env.simulation.market import Loan


def open_ledger(simulation: Simulation) -> Ledger:
    """Deposit what every bank has and may promise now."""
    ledger = Ledger()
    for bank in simulation.bank_ids:
        ledger.deposit(bank, RESERVES, max(simulation.balance(bank), 0))
        ledger.deposit(bank, CREDIT, max(simulation.market_account(bank).credit_left, 0))
    ledger.snapshot("start")
    return ledger


def follow(ledger: Ledger, simulation: Simulation, new_loans: list[Loan], label: str) -> None:
    """Bring every budget to where the engine stands: asks and bids lock, loans spend, what is left over is unlocked.

    What payments, pools and repayments have brought or taken is deposited or withdrawn.

    Args:
        ledger: as it stood before.
        simulation: as it stands now.
        new_loans: what was traded in between.
        label: of the snapshot.
    """
    for bank in simulation.bank_ids:
        account = simulation.market_account(bank)
        lent = sum(loan.amount for loan in new_loans if loan.lender == bank)
        owed = sum(loan.repayment for loan in new_loans if loan.borrower == bank)
        _move(ledger, bank, RESERVES, max(simulation.balance(bank), 0), account.locked, lent)
        _move(ledger, bank, CREDIT, max(account.credit_left, 0), account.credit_locked, owed)
    ledger.snapshot(label)


def _move(ledger: Ledger, account: str, asset: str, available: int, locked: int, spent: int) -> None:
    """To these figures, with so much newly spent."""
    budget = ledger.budget(account, asset)
    change = available + locked + spent - budget.available - budget.locked
    if change > 0:
        ledger.deposit(account, asset, change)
    more = locked + spent - budget.locked
    if more > 0:
        ledger.lock(account, asset, more)
    ledger.spend(account, asset, spent)
    if more < 0:
        ledger.unlock(account, asset, -more)
    if change < 0:
        ledger.withdraw(account, asset, -change)
