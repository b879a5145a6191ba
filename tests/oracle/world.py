"""The oracle's state: banks, payments, queues, and the questions the rules ask of them."""

from dataclasses import dataclass, field
from typing import Literal

from simcash_env.config import ScenarioConfig
from simcash_env.config.arrivals import ArrivalBandConfig, ArrivalConfig
from simcash_env.config.banks import BankConfig
from tests.oracle.exact import MILLION, as_fraction, ceil_div, millionths
from tests.oracle.market import Market
from tests.oracle.random_stream import RandomStream
from tests.oracle.recorded import Replay, build_replay

Place = Literal["queue1", "queue2", "split"]
Decision = (
    Literal["release", "hold", "drop", "withdraw"] | tuple[Literal["split"], int] | tuple[Literal["resubmit"], str]
)
COST_KINDS = (
    "overdraft",
    "delay",
    "collateral",
    "liquidity",
    "deadline_penalty",
    "eod_penalty",
    "split_friction",
    "drop_penalty",
)
RTGS_RANK = {"highly_urgent": 0, "urgent": 1, "normal": 2}
MAX_PRIORITY = 10
MIN_PARTS = 2
DEFAULT_PRIORITY = 5


@dataclass
class Payment:
    """One live payment: in a queue, or split with open children."""

    id: str
    sender: str
    receiver: str
    amount: int
    remaining: int
    arrival_tick: int
    deadline_tick: int
    priority: int
    original_priority: int
    place: Place = "queue1"
    rtgs_priority: str = "normal"
    submitted_tick: int | None = None
    divisible: bool = False
    parent: str | None = None
    overdue_since: int | None = None
    release_tick: int | None = None
    open_children: int = 0


@dataclass
class Source:
    """One stream of random payments of a bank, as the events have changed it so far."""

    kind: str
    settings: ArrivalConfig | ArrivalBandConfig
    base_rate: float
    rate: float
    pattern: tuple[float, ...] | None
    weights: dict[str, float]
    deadline_low: int
    deadline_high: int


@dataclass
class Timer:
    """Collateral that is to come back."""

    cents: int
    due_tick: int


@dataclass
class Bank:
    """One bank's account, queue and totals."""

    config: BankConfig
    balance: int
    credit_limit: int
    posted_collateral: int
    pool_fraction: int
    sources: list[Source]
    allocated_pool: int = 0
    queue1: list[Payment] = field(default_factory=list)
    outflow: dict[str, int] = field(default_factory=dict)
    inflow: dict[str, int] = field(default_factory=dict)
    timers: list[Timer] = field(default_factory=list)
    last_post_tick: int | None = None
    has_net_limits: bool = False
    sub_limit: int = 0
    sub_limit_priority: int = 8
    total_limit: int | None = None
    pair_limits: dict[str, int] = field(default_factory=dict)
    costs: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COST_KINDS, 0))
    tick_costs: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COST_KINDS, 0))
    registers: dict[str, float] = field(default_factory=dict)
    committed: dict[str, int] = field(default_factory=dict)  # released in this tick, by receiver
    budget: int | None = None  # of this tick
    budget_each: int = 0
    budget_focus: tuple[str, ...] = ()
    charged: dict[str, int] = field(default_factory=dict)  # of the budget, by receiver

    @property
    def id(self) -> str:
        """The bank's name."""
        return self.config.id

    def overdraft_limit(self) -> int:
        """L: how far below zero the balance may go."""
        share = MILLION - millionths(self.config.collateral_haircut)
        return self.credit_limit + self.posted_collateral * share // MILLION

    def available_liquidity(self) -> int:
        """Money in hand plus unused credit."""
        return max(self.balance, 0) + max(self.overdraft_limit() - max(-self.balance, 0), 0)

    def outflow_total(self) -> int:
        """Gross outflow of the day so far."""
        return sum(self.outflow.values())

    def within_pair_limit(self, receiver: str, amount: int, back: int = 0) -> bool:
        """Whether the day's outflow (less inflow, where limits are net) towards one bank may grow by this much."""
        limit = self.pair_limits.get(receiver)
        grown = self.outflow.get(receiver, 0) + amount
        if self.has_net_limits:
            grown -= self.inflow.get(receiver, 0) + back
        return limit is None or grown <= limit

    def within_total_limit(self, amount: int, received: int = 0) -> bool:
        """Whether the day's outflow (less inflow, where limits are net) may grow by this much."""
        limit = self.total_limit
        grown = self.outflow_total() + amount
        if self.has_net_limits:
            grown -= sum(self.inflow.values()) + received
        return limit is None or grown <= limit

    def within_limits(self, receiver: str, amount: int, back: int = 0) -> bool:
        """Both limits, where ``back`` comes from the receiver at the same time."""
        return self.within_pair_limit(receiver, amount, back) and self.within_total_limit(amount, back)

    def reserved_from(self, payments: list[Payment]) -> int:
        """What it may not use for these payments of its own: the sub-limit, unless all of them have priority."""
        for payment in payments:
            if payment.priority < self.sub_limit_priority and payment.rtgs_priority == "normal":
                return self.sub_limit
        return 0

    def can_fund(self, own: list[Payment], received: int) -> bool:
        """Whether it can pay what these payments take more than it receives, out of what they may use."""
        net = sum(payment.remaining for payment in own) - received
        return net <= 0 or self.available_liquidity() - self.reserved_from(own) >= net

    def capacity(self) -> int:
        """The most collateral the bank may post: fixed by the configuration."""
        configured = self.config.max_collateral_capacity
        return 10 * self.config.credit_limit if configured is None else configured

    def spare_collateral(self) -> int:
        """Posted collateral that no credit in use (nor the safety buffer) rests on."""
        uncovered = max(0, max(-self.balance, 0) + self.config.safety_buffer - self.credit_limit)
        share = MILLION - millionths(self.config.collateral_haircut)
        if share == 0:
            return self.posted_collateral
        return max(0, self.posted_collateral - ceil_div(uncovered * MILLION, share))

    def charge_budget(self, payment: Payment) -> bool:
        """Whether the release budget allows a payment; where it does, it is used up by as much."""
        if self.budget is None:
            return True
        if self.budget_focus and payment.receiver not in self.budget_focus:
            return False
        before = self.charged.get(payment.receiver, 0)
        if sum(self.charged.values()) + payment.remaining > self.budget:
            return False
        if before + payment.remaining > self.budget_each:
            return False
        self.charged[payment.receiver] = before + payment.remaining
        return True

    def pool_share(self) -> int:
        """What the fraction in force allocates of the pool."""
        return (self.config.liquidity_pool or 0) * self.pool_fraction // MILLION

    def charge(self, kind: str, cents: int) -> None:
        """Add a cost; costs never decrease."""
        if cents < 0:
            msg = f"a cost of {cents} cents"
            raise ArithmeticError(msg)
        self.costs[kind] += cents
        self.tick_costs[kind] += cents


@dataclass
class TickReport:
    """What happened in one tick."""

    num_arrivals: int = 0
    num_settlements: int = 0
    num_lsm_releases: int = 0
    arrived: list[Payment] = field(default_factory=list)
    children: list[Payment] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    cycle_work_limit_hit: bool = False


@dataclass
class Counters:
    """Run totals."""

    arrived_count: int = 0
    arrived_value: int = 0
    settled_count: int = 0
    settled_value: int = 0
    dropped_count: int = 0
    dropped_value: int = 0
    lsm_released_count: int = 0
    lsm_released_value: int = 0


@dataclass
class World:
    """Everything that changes, plus the configuration that does not."""

    config: ScenarioConfig
    banks: dict[str, Bank]
    rng: RandomStream
    tick: int = 0
    payments: dict[str, Payment] = field(default_factory=dict)
    queue2: list[Payment] = field(default_factory=list)
    to_submit: list[Payment] = field(default_factory=list)
    deferred: dict[str, int] = field(default_factory=dict)
    created: int = 0
    cycle_attempts: int = 0
    lsm_by_tick: list[int] = field(default_factory=list)
    counters: Counters = field(default_factory=Counters)
    report: TickReport = field(default_factory=TickReport)
    market: Market | None = None
    day_rate_factor: float = 1.0
    replay: Replay | None = None
    releases_by_default: bool = False

    @property
    def ticks_per_day(self) -> int:
        """Length of a day."""
        return self.config.simulation.ticks_per_day

    @property
    def end_tick(self) -> int:
        """The first tick after the run."""
        return self.ticks_per_day * self.config.simulation.num_days

    @property
    def day(self) -> int:
        """The current day."""
        return self.tick // self.ticks_per_day

    @property
    def last_tick_of_day(self) -> int:
        """The last tick of the current day."""
        return (self.day + 1) * self.ticks_per_day - 1

    def is_day_start(self) -> bool:
        """Whether this is the first tick of a day."""
        return self.tick % self.ticks_per_day == 0

    def is_day_end(self) -> bool:
        """Whether this is the last tick of a day."""
        return self.tick == self.last_tick_of_day

    def next_id(self) -> str:
        """Ids are sequential in order of creation."""
        self.created += 1
        return f"tx_{self.created:08d}"

    def queued(self) -> list[Payment]:
        """Every payment in a queue: banks in order, then Queue 2."""
        return [p for bank in self.banks.values() for p in bank.queue1] + self.queue2


def is_legal_split(world: World, payment: Payment, parts: int) -> bool:
    """At least two parts of at least a cent, never of a child, and only of divisible payments where that matters."""
    return (
        MIN_PARTS <= parts <= payment.remaining
        and payment.parent is None
        and (world.config.rules.split_scope == "any" or payment.divisible)
    )


def build_world(config: ScenarioConfig) -> World:
    """The state before the first tick."""
    banks = {
        bank.id: Bank(
            config=bank,
            balance=bank.opening_balance,
            credit_limit=bank.credit_limit,
            posted_collateral=bank.posted_collateral,
            pool_fraction=millionths(bank.liquidity_allocation_fraction),
            sources=_sources(bank),
            has_net_limits=config.switches.limits_basis == "net",
            sub_limit=bank.sub_limit or 0,
            sub_limit_priority=config.switches.sub_limit_priority,
            total_limit=bank.multilateral_limit,
            pair_limits=dict(bank.bilateral_limits),
        )
        for bank in sorted(config.banks, key=lambda bank: bank.id)
    }
    return World(
        config=config,
        banks=banks,
        rng=RandomStream(config.simulation.seed),
        market=_market(config, banks),
        replay=build_replay(config),
    )


def _market(config: ScenarioConfig, banks: dict[str, Bank]) -> Market | None:
    """The intraday market over these banks, where the scenario has one."""
    if config.market is None:
        return None
    limits = {name: bank.credit_limit for name, bank in banks.items()}
    return Market(config.market, banks, limits, config.simulation.ticks_per_day, config.simulation.num_ticks)


def _sources(bank: BankConfig) -> list[Source]:
    """A bank's streams of random payments in drawing order."""
    if bank.arrivals is not None:
        pattern = bank.arrivals.rate_per_tick_of_day
        return [_source("arrivals", bank.arrivals, bank.arrivals.deadline_range, pattern)]
    if bank.arrival_bands is None:
        return []
    bands = bank.arrival_bands
    return [
        _source(kind, band, (band.deadline_offset_min, band.deadline_offset_max), None)
        for kind, band in (("urgent", bands.urgent), ("normal", bands.normal), ("low", bands.low))
        if band is not None
    ]


def _source(
    kind: str, settings: ArrivalConfig | ArrivalBandConfig, window: tuple[int, int], pattern: tuple[float, ...] | None
) -> Source:
    rate = settings.rate_per_tick
    return Source(kind, settings, rate, rate, pattern, dict(settings.counterparty_weights), *window)


def bps_share(amount: int, bps: float) -> int:
    """floor(amount * trunc(bps * 10⁶) / 10¹⁰): a penalty given in basis points."""
    return amount * int(as_fraction(bps) * MILLION) // 10**10
