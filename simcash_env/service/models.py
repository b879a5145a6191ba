"""What callers get: the answers of every endpoint. Money in cents, times in ticks."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """Base of every answer."""

    model_config = ConfigDict(extra="forbid")


class FaultRow(Answer):
    """One thing that is wrong with an input."""

    path: str
    rule: str
    value: str | None = None
    line: int | None = None


class Refused(Answer):
    """Why a call was not carried out."""

    error: str
    faults: list[FaultRow]
    request_id: str | None


class Health(Answer):
    """Is the service up?"""

    status: str
    version: str
    simulations: int
    memory_bytes: int


class LibraryScenario(Answer):
    """A scenario that comes with the package."""

    id: str
    description: str
    banks: int
    external_banks: int
    ticks_per_day: int
    num_days: int


class Info(Answer):
    """A simulation in one row."""

    id: str
    name: str
    created: str
    seed: int
    events: bool
    banks: int
    external_banks: list[str]
    tick: int
    num_ticks: int
    ticks_per_day: int
    is_over: bool
    failure: str | None = Field(description="Why it can go no further, where it cannot.")


class Detail(Info):
    """A simulation with its scenario."""

    bank_ids: list[str]
    external: str | dict[str, Any] = Field(description="What external banks do in ticks without actions.")
    notices: list[str]
    scenario: dict[str, Any]


class Unreadable(Answer):
    """A simulation in the database that this version cannot read; it is left as it is."""

    id: str
    reason: str


class Simulations(Answer):
    """All that the service holds."""

    simulations: list[Info]
    unreadable: list[Unreadable]


class Report(Answer):
    """What one tick did: counts of payments, cents."""

    tick: int
    day: int
    arrivals: int
    settlements: int
    lsm_releases: int
    queue2_size: int
    total_cost: int
    costs: dict[str, int]
    events: int
    cycle_work_limit_hit: bool


class Ticked(Answer):
    """What a tick call did; the clock is that after it."""

    id: str
    tick: int
    is_over: bool
    reports: list[Report]


class Transfer(Answer):
    """What every payment has."""

    id: str
    sender: str
    receiver: str
    amount: int
    remaining: int
    arrival_tick: int
    deadline_tick: int
    priority: int


class Payment(Transfer):
    """A payment that waits."""

    is_overdue: bool


class Bank(Answer):
    """A bank's account and queues."""

    id: str
    policy: str
    balance: int
    available_liquidity: int
    credit_limit: int
    posted_collateral: int
    queue1_count: int
    queue1_cents: int
    queue2_count: int
    queue2_cents: int
    costs: dict[str, int]
    total_cost: int


class Waiting(Answer):
    """Payments from one bank to another that wait in either queue."""

    sender: str
    receiver: str
    count: int
    cents: int


class Totals(Answer):
    """The run so far."""

    arrived: int
    arrived_cents: int
    settled: int
    settled_cents: int
    dropped: int
    queued: int
    lsm_released: int
    total_cost: int


class StateResponse(Answer):
    """Everything after so many ticks. Queues show their first payments; the banks' counts are whole."""

    id: str
    tick: int
    day: int
    num_ticks: int
    ticks_per_day: int
    is_over: bool
    banks: list[Bank]
    queue1: dict[str, list[Payment]]
    queue2: list[Payment]
    queue2_count: int
    waiting: list[Waiting]
    totals: Totals
    notices: list[str] = Field(description="What external banks do in ticks without actions, where there are any.")


class AgentResponse(Answer):
    """One bank, with the payments of its queues that are shown, and its policy as in a scenario file."""

    tick: int
    bank: Bank
    policy: dict[str, Any]
    queue1: list[Payment]
    queue2: list[Payment]
    waiting_for: list[Waiting]
    awaited_by: list[Waiting]


class Submitted(Answer):
    """The payment that was handed in."""

    id: str
    tick: int
    deadline_tick: int


class TransactionRow(Transfer):
    """A payment, waiting or ended."""

    status: str
    parent_id: str | None
    rtgs_priority: str
    divisible: bool | None
    overdue_since: int | None
    settled_tick: int | None


class EventRow(Answer):
    """One event; ``position`` is its place in the run's log."""

    position: int
    tick: int
    kind: str
    bank: str | None
    counterparty: str | None
    tx: str | None
    amount: int | None
    details: dict[str, int | str]


class EventPage(Answer):
    """Events in order, of those that match; ``next`` goes into ``after`` for the following page."""

    events: list[EventRow]
    total: int
    matched: int
    next: int | None


class Day(Answer):
    """A day's totals over all banks."""

    day: int
    ticks: int
    arrivals: int
    settlements: int
    lsm_releases: int
    queue2_size: int
    total_cost: int
    costs: dict[str, int]


class MetricsResponse(Answer):
    """Totals, days, and a row a tick from ``from_tick`` on; ``next_tick`` is where the following page begins."""

    totals: Totals
    costs: dict[str, dict[str, int]]
    digest: str
    days: list[Day]
    ticks: list[Report]
    next_tick: int | None
