"""Budgets: what every account has of every asset, and what of it is locked or spent; never a cent from nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from simcash_env.errors import MarketError

RESERVES: Final = "reserves"
"""Cents on the settlement account: asks lock them, fills spend them."""

CREDIT: Final = "credit"
"""Cents that the account may promise to repay: bids lock them, loans spend them."""


@dataclass
class Budget:
    """Of one account and asset, in cents; none is ever negative.

    ``available + locked + spent`` changes by ``deposit`` and ``withdraw`` only.
    """

    available: int = 0
    locked: int = 0
    spent: int = 0

    @property
    def total(self) -> int:
        """All that was deposited and not withdrawn."""
        return self.available + self.locked + self.spent

    @property
    def utilisation_percent(self) -> float:
        """Locked and spent, of all; 0 where there is nothing."""
        return 100 * (self.locked + self.spent) / self.total if self.total else 0.0


@dataclass(frozen=True)
class Depletion:
    """An account that came to have nothing available of an asset; ``step`` counts snapshots."""

    step: int
    account: str
    asset: str


@dataclass(frozen=True)
class BudgetSnapshot:
    """All budgets at one moment: (available, locked, spent) by account and asset."""

    step: int
    label: str
    budgets: dict[tuple[str, str], tuple[int, int, int]]


@dataclass
class Ledger:
    """Budgets by account and asset, what they were, and who ran out of what."""

    budgets: dict[tuple[str, str], Budget] = field(default_factory=dict)
    history: list[BudgetSnapshot] = field(default_factory=list)
    depletions: list[Depletion] = field(default_factory=list)

    def budget(self, account: str, asset: str) -> Budget:
        """One budget; to be read.

        Raises:
            MarketError: nothing was ever deposited there.
        """
        try:
            return self.budgets[account, asset]
        except KeyError:
            message = f"budget {account}/{asset}: unknown budget"
            raise MarketError(message) from None

    def deposit(self, account: str, asset: str, cents: int) -> None:
        """From outside to what is available."""
        self._check_move("deposit", account, asset, cents)
        self.budgets.setdefault((account, asset), Budget()).available += cents

    def withdraw(self, account: str, asset: str, cents: int) -> None:
        """From what is available to outside."""
        budget = self._take("withdraw", account, asset, cents, "available")
        budget.available -= cents
        self._note_depletion(account, asset, cents)

    def lock(self, account: str, asset: str, cents: int) -> None:
        """From available to locked."""
        budget = self._take("lock", account, asset, cents, "available")
        budget.available -= cents
        budget.locked += cents
        self._note_depletion(account, asset, cents)

    def unlock(self, account: str, asset: str, cents: int) -> None:
        """From locked to available."""
        budget = self._take("unlock", account, asset, cents, "locked")
        budget.locked -= cents
        budget.available += cents

    def spend(self, account: str, asset: str, cents: int) -> None:
        """From locked to spent."""
        budget = self._take("spend", account, asset, cents, "locked")
        budget.locked -= cents
        budget.spent += cents

    def _take(self, verb: str, account: str, asset: str, cents: int, source: str) -> Budget:
        self._check_move(verb, account, asset, cents)
        budget = self.budget(account, asset)
        have = getattr(budget, source)
        if cents > have:
            message = f"{verb} {account}/{asset}: at most {have} cents are {source}, got {cents}"
            raise MarketError(message)
        return budget

    def _check_move(self, verb: str, account: str, asset: str, cents: int) -> None:
        if type(cents) is not int or cents < 0:
            message = f"{verb} {account}/{asset}: must be a whole number of cents, at least 0, got {cents!r}"
            raise MarketError(message)

    def _note_depletion(self, account: str, asset: str, cents: int) -> None:
        if cents and not self.budgets[account, asset].available:
            self.depletions.append(Depletion(len(self.history), account, asset))

    def snapshot(self, label: str) -> BudgetSnapshot:
        """Add what all budgets are now to the history."""
        now = {key: (one.available, one.locked, one.spent) for key, one in sorted(self.budgets.items())}
        self.history.append(BudgetSnapshot(len(self.history), label, now))
        return self.history[-1]

    def summary(self) -> dict[str, Any]:
        """Utilisation in per cent: of each account and asset, and of each asset in total."""
        totals = {asset: Budget() for _, asset in sorted(self.budgets)}
        accounts: dict[str, dict[str, float]] = {}
        for (account, asset), one in sorted(self.budgets.items()):
            accounts.setdefault(account, {})[asset] = one.utilisation_percent
            whole = totals[asset]
            whole.available += one.available
            whole.locked += one.locked
            whole.spent += one.spent
        return {"accounts": accounts, "total": {asset: whole.utilisation_percent for asset, whole in totals.items()}}

    # -- as plain Python ----------------------------------------------------------------------------------------------

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "budgets": [[*key, one.available, one.locked, one.spent] for key, one in sorted(self.budgets.items())],
            "history": [[one.label, [[*key, *cents] for key, cents in one.budgets.items()]] for one in self.history],
            "depletions": [[one.step, one.account, one.asset] for one in self.depletions],
        }

    @staticmethod
    def from_dict(plain: dict[str, Any]) -> Ledger:
        """The ledger that ``as_dict`` wrote."""
        return Ledger(
            {(account, asset): Budget(*cents) for account, asset, *cents in plain["budgets"]},
            [BudgetSnapshot(step, label, dict(_read(rows))) for step, (label, rows) in enumerate(plain["history"])],
            [Depletion(*row) for row in plain["depletions"]],
        )


def _read(rows: list[Any]) -> Iterator[tuple[tuple[str, str], tuple[int, int, int]]]:
    for account, asset, available, locked, spent in rows:
        yield (account, asset), (available, locked, spent)
