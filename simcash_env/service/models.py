"""Response models of the endpoints. Money in cents, times in ticks."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """Base of every response."""

    model_config = ConfigDict(extra="forbid")


class FaultRow(Answer):
    """One fault of an input."""

    path: str
    rule: str
    value: str | None = None
    line: int | None = None


class Refused(Answer):
    """The body of every error response."""

    error: str
    faults: list[FaultRow]
    request_id: str | None


class Health(Answer):
    """Status and size of the service."""

    status: str
    version: str
    simulations: int
    memory_bytes: int


class LibraryScenario(Answer):
    """A scenario that comes with the package."""

    id: str
    description: str
    question: str
    banks: int
    external_banks: int
    ticks_per_day: int
    num_days: int


class Info(Answer):
    """A simulation, as in the list."""

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
    failure: str | None = Field(description="Why the run cannot continue; null if it can.")


class Detail(Info):
    """A simulation with its scenario."""

    bank_ids: list[str]
    external: str | dict[str, Any] = Field(description="Default policy of external banks in ticks without actions.")
    notices: list[str]
    scenario: dict[str, Any]


class Unreadable(Answer):
    """A simulation in the database that this version cannot read; it is left unchanged."""

    id: str
    reason: str


class Simulations(Answer):
    """All simulations of the service."""

    simulations: list[Info]
    unreadable: list[Unreadable]


class Report(Answer):
    """Result of one tick: counts of payments, and cents."""

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
    """Result of a tick call; `tick` and `is_over` are those after it."""

    id: str
    tick: int
    is_over: bool
    reports: list[Report]


class Transfer(Answer):
    """Fields of every payment."""

    id: str
    sender: str
    receiver: str
    amount: int
    remaining: int
    arrival_tick: int
    deadline_tick: int
    priority: int


class Payment(Transfer):
    """A queued payment."""

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
    """Payments from one bank to another in the internal queue and the central queue."""

    sender: str
    receiver: str
    count: int
    cents: int


class Totals(Answer):
    """Totals of the run up to the current tick."""

    arrived: int
    arrived_cents: int
    settled: int
    settled_cents: int
    dropped: int
    queued: int
    lsm_released: int
    total_cost: int


class StateResponse(Answer):
    """The state after `tick` ticks. Queues list their first payments; counts include all."""

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
    notices: list[str] = Field(
        description="Default policy of external banks in ticks without actions, if there are any."
    )


class AgentResponse(Answer):
    """One bank, with the first payments of its queues, and its policy as in a scenario file."""

    tick: int
    bank: Bank
    policy: dict[str, Any]
    queue1: list[Payment]
    queue2: list[Payment]
    waiting_for: list[Waiting]
    awaited_by: list[Waiting]


class Submitted(Answer):
    """The submitted payment."""

    id: str
    tick: int
    deadline_tick: int


class TransactionRow(Transfer):
    """A payment in any status."""

    status: str
    parent_id: str | None
    rtgs_priority: str
    divisible: bool | None
    overdue_since: int | None
    settled_tick: int | None


class EventRow(Answer):
    """One event; `position` is its place in the event log."""

    position: int
    tick: int
    kind: str
    bank: str | None
    counterparty: str | None
    tx: str | None
    amount: int | None
    details: dict[str, int | str]


class EventPage(Answer):
    """A page of the matching events; pass `next` as `after` to get the next page."""

    events: list[EventRow]
    total: int
    matched: int
    next: int | None


class Day(Answer):
    """Totals of a day over all banks."""

    day: int
    ticks: int
    arrivals: int
    settlements: int
    lsm_releases: int
    queue2_size: int
    total_cost: int
    costs: dict[str, int]


class MetricsResponse(Answer):
    """Totals, days, and one row for each tick from `from_tick` on; the next page starts at `next_tick`."""

    totals: Totals
    costs: dict[str, dict[str, int]]
    digest: str
    days: list[Day]
    ticks: list[Report]
    next_tick: int | None


class EnvironmentInfo(Answer):
    """An environment: its scenario, the banks that the agent decides for, and where the episode stands."""

    id: str
    scenario: str
    description: str
    banks: list[str]
    num_ticks: int
    episode_id: str | None = Field(description="Null before the first reset.")
    step_count: int
    seed: int | None = Field(description="Seed of the episode, if the last reset gave one.")
    done: bool


class QueuedPayment(Answer):
    """A payment in the internal queue, and the choices that are legal for it now."""

    id: str
    receiver: str
    amount_cents: int
    remaining_cents: int
    deadline_tick: int
    ticks_to_deadline: int
    priority: int
    legal: list[str]


class HeadChoices(Answer):
    """What a bank may choose beyond its payments."""

    meaning: str
    legal: list[int]


class BankObservation(Answer):
    """What one bank sees, as named values and as text."""

    bank: str
    tick: int
    reward: float
    account_cents: dict[str, int]
    payments: list[QueuedPayment]
    num_not_shown: int
    heads: dict[str, HeadChoices]
    last_costs_cents: dict[str, int]
    values: dict[str, float] = Field(description="The observation of learned policies by name, from -1 to 1.")
    text: str


class NamedObservation(Answer):
    """What the deciding banks see."""

    banks: dict[str, BankObservation]


class StepResult(Answer):
    """Result of a reset or a step."""

    observation: NamedObservation
    reward: float | None = Field(description="Sum of the banks' rewards; null after a reset.")
    done: bool
    metadata: dict[str, str | int]


class EnvironmentSchema(Answer):
    """JSON Schemas of an action, an observation and the state."""

    action: dict[str, Any]
    observation: dict[str, Any]
    state: dict[str, Any]


class Environments(Answer):
    """All environments of the service."""

    environments: list[EnvironmentInfo]
