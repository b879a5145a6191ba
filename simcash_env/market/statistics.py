"""What has come of a schedule: slots by state, orders, trades, and how much of the budgets is in use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from simcash_env.config.market import RATE_UNIT
from simcash_env.market.budgets import Ledger
from simcash_env.market.slots import Slot, SlotState


@dataclass(frozen=True)
class Statistics:
    """Counts; volume in cents; ``vwap`` in per cent, None without a trade; utilisation in per cent."""

    slots: int
    completed: int
    failed: int
    skipped: int
    open: int
    attempts: int
    orders_created: int
    matches: int
    volume: int
    vwap: float | None
    utilisation: dict[str, Any]
    depletions: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def vwap_percent(matches: Sequence[tuple[int, int]]) -> float | None:
    """Volume-weighted mean rate of trades (cents, hundredths of a basis point)."""
    volume = sum(cents for cents, _ in matches)
    return float(Fraction(sum(cents * rate for cents, rate in matches), volume * RATE_UNIT)) if volume else None


def statistics_of(
    slots: Sequence[Slot], orders_created: int, matches: Sequence[tuple[int, int]], ledger: Ledger
) -> Statistics:
    """Count everything."""
    states = [slot.state for slot in slots]
    over = {state: states.count(state) for state in (SlotState.COMPLETED, SlotState.FAILED, SlotState.SKIPPED)}
    return Statistics(
        slots=len(slots),
        completed=over[SlotState.COMPLETED],
        failed=over[SlotState.FAILED],
        skipped=over[SlotState.SKIPPED],
        open=len(slots) - sum(over.values()),
        attempts=sum(slot.attempts for slot in slots),
        orders_created=orders_created,
        matches=len(matches),
        volume=sum(cents for cents, _ in matches),
        vwap=vwap_percent(matches),
        utilisation=ledger.summary(),
        depletions=[f"{one.account}/{one.asset} at step {one.step}" for one in ledger.depletions],
    )
