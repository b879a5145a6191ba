"""Action slots: scheduled operations of the accounts, the states they go through, and the schedule of all of them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import Any, Final

from simcash_env.config import MarketConfig, ScheduleConfig
from simcash_env.config.market import RATE_UNIT, rate_units
from simcash_env.errors import MarketError


class SlotState(StrEnum):
    """Where a slot stands."""

    PENDING = "pending"
    IN_PROGRESS = "in progress"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"


TRANSITIONS: Final = {
    (SlotState.PENDING, SlotState.IN_PROGRESS),
    (SlotState.IN_PROGRESS, SlotState.COMPLETED),
    (SlotState.IN_PROGRESS, SlotState.FAILED),
    (SlotState.IN_PROGRESS, SlotState.SKIPPED),
}
"""No other is possible."""


@dataclass
class Slot:
    """One operation; ``rate`` in per cent, ``amount`` in cents.

    Attributes:
        partner: number of the slot that it is to trade with.
        attempts: how often its order was placed, or tried to be.
        order: the engine's number of its last order, 0 before.
        filled: cents traded.
        problem: why its last attempt failed.
    """

    number: int
    account: str
    market: str
    side: str
    amount: int
    rate: float
    strategy: str
    partner: int
    state: SlotState = SlotState.PENDING
    attempts: int = 0
    order: int = 0
    filled: int = 0
    problem: str = ""

    @property
    def left(self) -> int:
        """Cents not traded yet."""
        return self.amount - self.filled

    def move_to(self, state: SlotState) -> None:
        """Go to another state.

        Raises:
            MarketError: there is no such transition.
        """
        if (self.state, state) not in TRANSITIONS:
            message = f"slot {self.number}: cannot go from {self.state} to {state}"
            raise MarketError(message)
        self.state = state

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {**self.__dict__, "state": str(self.state)}

    @staticmethod
    def from_dict(plain: dict[str, Any]) -> Slot:
        """The slot that ``as_dict`` wrote."""
        return Slot(**{**plain, "state": SlotState(plain["state"])})


def schedule_slots(market: MarketConfig, schedule: ScheduleConfig, accounts: Sequence[str]) -> list[Slot]:
    """Slots for all accounts from the schedule's seed: pairs of an ask and a bid that cross, one behind the other.

    ``round_robin``: every account makes ``trades_per_account`` trades in each market, the markets in turn.
    ``same_market``: all in the first market. ``sequential``: each pair goes on to the next market. An account's sides
    alternate. Where accounts times trades are odd, the first account trades once more, so that nobody is left over.
    """
    draw = random.Random(schedule.seed)
    reference = market.reference_units()
    rates = {
        side: int(reference + rate_units(offset)) / RATE_UNIT
        for side, offset in (("bid", schedule.bid_offset), ("ask", schedule.ask_offset))
    }
    slots: list[Slot] = []
    for name, pair in _pairs(schedule, [book.id for book in market.books], accounts):
        width = schedule.amount_max - schedule.amount_min + 1
        amount = schedule.amount_min + min(int(draw.random() * width), width - 1)
        first = len(slots)
        for place, (account, side) in enumerate(pair):
            partner = first + 1 - place
            slots.append(Slot(first + place, account, name, side, amount, rates[side], schedule.strategy, partner))
    return slots


Pair = list[tuple[str, str]]


def _pairs(schedule: ScheduleConfig, markets: Sequence[str], accounts: Sequence[str]) -> Iterator[tuple[str, Pair]]:
    """Markets and pairs of (account, side) in order."""
    rows = list(_sequence(sorted(accounts), schedule.trades_per_account))
    if schedule.distribution == "same_market":
        yield from ((markets[0], pair) for pair in rows)
    elif schedule.distribution == "sequential":
        yield from ((markets[place % len(markets)], pair) for place, pair in enumerate(rows))
    else:
        for turn in zip_longest(*([(name, pair) for pair in rows] for name in markets)):
            yield from turn


def _sequence(accounts: Sequence[str], trades: int) -> Iterator[Pair]:
    """The accounts in turn, two at a time, each on one side and on the other the next time."""
    count = len(accounts)
    positions = count * trades + count * trades % 2
    swaps = 1 - count % 2  # with an even number of accounts each keeps its place in its pair
    for first in range(0, positions, 2):
        pair = []
        for position in (first, first + 1):
            parity = (position + swaps * (position // count)) % 2
            pair.append((accounts[position % count], "bid" if parity else "ask"))
        yield pair
