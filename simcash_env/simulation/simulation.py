"""``Simulation``: one run, tick by tick, without reinforcement learning."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

import numpy as np
from pydantic import ValidationError

from simcash_env.amounts import amount_text
from simcash_env.compile.market import with_interest
from simcash_env.compile.scenario import compile_scenario
from simcash_env.config import PolicyConfig, ScenarioConfig, load_scenario
from simcash_env.config.changes import with_policy
from simcash_env.config.external import HOLD, RELEASE, External, default_policy, external_notice, plain_external
from simcash_env.config.money_bounds import RunBounds
from simcash_env.errors import ActionError, ConfigError, Fault, SimulationError, SnapshotError
from simcash_env.integers import whole_within
from simcash_env.literal import facts_html, facts_text
from simcash_env.schema.codes import COST_COLUMNS, NONE, NUM_COSTS, Phase, RtgsPriority
from simcash_env.schema.limits import HIGHEST_PRIORITY, MAX_CENTS
from simcash_env.simulation.daily import METRICS, DayBook
from simcash_env.simulation.decisions import Actions, Decisions, Order, SendLimit, write_decisions
from simcash_env.simulation.engine import Engine
from simcash_env.simulation.event_log import Events, TreeNames, tx_name
from simcash_env.simulation.inspection import inspect_engine
from simcash_env.simulation.market import Loan, MarketAccount, SimulationMarket
from simcash_env.simulation.market import Order as RestingOrder
from simcash_env.simulation.run_tables import BANK_TICKS, RunTables, run_tables
from simcash_env.simulation.saved_runs import (
    INVALID_HEADER,
    EventsKept,
    SavedRun,
    events_kept,
    read_run_file,
    run_from_bytes,
    run_to_bytes,
    write_run_file,
)
from simcash_env.simulation.snapshot import read_snapshot
from simcash_env.simulation.transactions import (
    Transaction,
    find_ended,
    live_transaction,
    payment_row,
    payments_of_day,
    requested_deadline,
)
from simcash_env.simulation.tree_names import Naming

if TYPE_CHECKING:
    from simcash_env.schema.arrays import I64

CostTable: TypeAlias = dict[str, dict[str, int]]

COST_NAMES: Final = COST_COLUMNS[:NUM_COSTS]
"""Kinds of cost in the order of every cost array; where a scenario has a market, ``interest`` comes behind them."""

UNINTERRUPTED_TICKS: Final = 256
"""Ticks that run in one call where no decision is awaited and no event logged; Ctrl-C takes effect between calls."""


@dataclass(frozen=True)
class TickResult:
    """What one tick did. Counts count payments; costs are cents."""

    tick: int
    day: int
    num_arrivals: int
    num_settlements: int
    num_lsm_releases: int
    queue2_size: int
    costs: CostTable
    total_cost: int
    cycle_work_limit_hit: bool
    events: Events


@dataclass(frozen=True)
class Summary:
    """What a run came to. ``arrived`` and ``settled`` are counts and cents; a split payment settles as its parts.

    ``notices`` are lines that a reader of the figures must know: what external banks do by default.
    """

    scenario: str
    seed: int
    ticks: int
    arrived: int
    arrived_cents: int
    settled: int
    settled_cents: int
    dropped: int
    queued: int
    lsm_released: int
    costs: CostTable
    total_cost: int
    final_balances: dict[str, int]
    digest: str
    notices: tuple[str, ...] = ()


def _given(*parts: Any) -> Decisions:
    """Decisions of which those that are None are none."""
    return Decisions(*({} if part is None else part for part in parts))


def _seed(seed: Any) -> int:
    """The validated seed of a run."""
    number = whole_within(seed, 0)
    if number is None:
        raise ConfigError([Fault(None, None, "seed", repr(seed), "must be a whole number from 0 to 2**63 - 1")])
    return number


class Simulation:
    """A run of a scenario.

    Args:
        config: a scenario, or what ``load_scenario`` reads: a path, an id of the library, a mapping.
        seed: of the random stream; the scenario's own by default.
        events: True keeps the event log; "tick" hands each tick's events out with its result and keeps none; without
            them a run is faster. Payments that have ended are known from the kept log only.
        external: what banks with policy ``external`` do in a tick without actions: ``"release"`` (all their payments),
            ``"hold"``, or a policy, as in ``set_policy``. The summary reports it.

    Raises:
        ConfigError: a scenario or a default policy that cannot be run.
    """

    def __init__(
        self,
        config: ScenarioConfig | str | Path | Mapping[str, Any],
        *,
        seed: int | None = None,
        events: EventsKept = True,
        external: External = RELEASE,
    ) -> None:
        self.config = config if isinstance(config, ScenarioConfig) else load_scenario(config)
        self.seed = self.config.simulation.seed if seed is None else _seed(seed)
        self._events_kept: EventsKept = events_kept(events)
        scenario = compile_scenario(self.config, default_policy(external, self.config))
        self._engine = Engine(scenario, self.seed, events=bool(events))
        self._log: list[I64] = []
        self._tick_log: list[I64] = []
        self._samples: list[I64] = []  # figures of the banks after each tick, with a log from the first one on
        self.bank_ids = self._engine.scenario.bank_ids
        self._naming = Naming(self._engine.scenario)
        self._number = {name: number for number, name in enumerate(self.bank_ids)}
        self._bounds: RunBounds | None = None  # made when a payment comes from outside
        self.market = SimulationMarket(self._engine, self.config, self.bank_number, self._log_now)

    def _facts(self) -> dict[str, object]:
        """What a representation shows."""
        cost = sum(sum(self.costs(bank).values()) for bank in self.bank_ids)
        return {
            "scenario": self.config.name,
            "seed": self.seed,
            "tick": f"{self.current_tick} of {self.num_ticks}",
            "banks": len(self.bank_ids),
            "total cost": amount_text(cost, self.config.currency),
        }

    def __repr__(self) -> str:
        return facts_text(type(self).__name__, self._facts())

    def _repr_html_(self) -> str:
        """Return a table for notebooks."""
        return facts_html(type(self).__name__, self._facts())

    # -- clock --------------------------------------------------------------------------------------------------------

    @property
    def current_tick(self) -> int:
        """The tick that is open or comes next; equal to the number of ticks closed."""
        return int(self._engine.state.tick[0])

    @property
    def current_day(self) -> int:
        """Day of the current tick."""
        return self.current_tick // self.config.simulation.ticks_per_day

    @property
    def num_ticks(self) -> int:
        """Ticks of the whole run."""
        return int(self._engine.scenario.view.num_ticks[0])

    @property
    def is_over(self) -> bool:
        """True if the last tick has been closed."""
        return bool(self._engine.state.phase[0] == Phase.OVER)

    @property
    def is_open(self) -> bool:
        """True if the current tick's events and arrivals have happened and its decisions are awaited."""
        return bool(self._engine.state.phase[0] == Phase.DECIDING)

    # -- running ------------------------------------------------------------------------------------------------------

    def open_tick(self) -> None:
        """Bring the events and arrivals of the current tick, so that queues show what can be decided; at most once."""
        if self.is_over:
            message = f"the run is over: all {self.num_ticks} ticks have been closed"
            raise SimulationError(message)
        if self._engine.state.phase[0] != Phase.DECIDING:
            self._tick_log.append(self._engine.open_tick())

    def tick(
        self,
        actions: Actions | None = None,
        *,
        pool_levels: Mapping[str, int] | None = None,
        collateral: Mapping[str, int] | None = None,
        orders: Mapping[str, Order | None] | None = None,
        sub_limits: Mapping[str, int] | None = None,
        send_limits: Mapping[str, SendLimit] | None = None,
        pool_shares: Mapping[str, float] | None = None,
    ) -> TickResult:
        """Run one tick.

        Args:
            actions: decisions of banks whose policy is ``external``, by bank and payment: ``"release"``, ``"hold"``,
                ``"drop"`` or ``("split", parts)`` in its Queue 1, the first and the last also with the RTGS priority
                that the payment gets (``switches.queue2_priority_mode``): ``("release", rtgs_priority)``,
                ``("split", parts, rtgs_priority)``; ``"withdraw"`` or ``("resubmit", rtgs_priority)``
                takes one of its payments out of Queue 2, back to the end of Queue 1. A mapping, also an empty one,
                decides for all external banks: what it does not name is held, or stays in Queue 2. Without a mapping
                they follow the default (``external``).
            pool_levels: share of the pool on a grid of 0 to 20, of banks that may set it at this tick.
            collateral: cents to post, negative to withdraw; clipped to capacity and to what backs no credit in use.
            orders: the one order that a bank wants to have in the first book of the market, ``(side, rate, amount)``
                as in ``place_order``: what it had there is taken out, what it lends is set aside before payments, and
                the market's step of the tick places it. ``None`` only takes out.
            sub_limits: cents of liquidity that a bank reserves for priority payments, from this tick on.
            send_limits: limit on what a bank sends per day, from this tick on: cents towards all banks together, or a
                mapping from counterparties to cents; ``None`` instead of cents lifts a limit.
            pool_shares: share of the pool from 0 to 1, rounded to a millionth, instead of a level.

        Raises:
            ActionError: an unknown bank, a payment in neither queue, an unknown decision; nothing has changed then.
            SimulationError: the run is over.
        """
        tick = self.current_tick
        chosen = _given(actions, pool_levels, collateral, orders, sub_limits, send_limits, pool_shares)
        log = self._advance(chosen, by_default=actions is None)
        state = self._engine.state
        return TickResult(
            tick=tick,
            day=tick // self.config.simulation.ticks_per_day,
            num_arrivals=int(state.tick_arrived_count[0]),
            num_settlements=int(state.tick_settled_count[0]),
            num_lsm_releases=int(state.tick_lsm_count[0]),
            queue2_size=int(state.queue2_count[0]),
            costs=self._cost_table(state.tick_cost_cents, state.trader_tick_interest_cents),
            total_cost=int(state.tick_cost_cents.sum()),
            cycle_work_limit_hit=bool(state.tick_work_limit_hit[0]),
            events=Events.joined(log, self.bank_ids, self._naming.names),
        )

    def _advance(self, chosen: Decisions, *, by_default: bool) -> list[I64]:
        """Run one tick; returns its log rows, which the log of the run has too if one is kept."""
        self.open_tick()
        write_decisions(self._engine, chosen)
        closed = self._naming.translated(self._engine.close_tick(by_default=by_default))
        log, self._tick_log = [*self._tick_log, closed], []
        if self._events_kept is True:
            self._log += log
            self._samples.append(self.sample(BANK_TICKS))
        return log

    def run(self, num_ticks: int) -> list[TickResult]:
        """Run a number of ticks, at most to the end of the run; external banks follow the default.

        Raises:
            SimulationError: no whole number of ticks.
        """
        if whole_within(num_ticks, 0) is None:
            message = f"num_ticks: must be a whole number of ticks, 0 or more, got {num_ticks!r}"
            raise SimulationError(message)
        return [self.tick() for _ in range(min(num_ticks, self.num_ticks - self.current_tick))]

    def run_to_completion(self) -> Summary:
        """Run every tick that is left; external banks follow the default."""
        nothing = _given(*(None for _ in Decisions._fields))
        if not self.is_over and self._engine.needs_nobody:
            self._run_undecided(nothing)
        while not self.is_over:
            self._advance(nothing, by_default=True)
        return self.summary()

    def _run_undecided(self, nothing: Decisions) -> None:
        """Run to the end in calls of many ticks; nothing is logged, and no bank waits for a decision."""
        self.open_tick()
        write_decisions(self._engine, nothing)
        while not self.is_over:
            self._engine.run_to(self.current_tick + UNINTERRUPTED_TICKS)
        self._tick_log = []

    # -- payments -----------------------------------------------------------------------------------------------------

    def submit_transaction(
        self,
        sender: str,
        receiver: str,
        amount: int,
        deadline: int | None = None,
        priority: int = 5,
        divisible: bool = False,  # noqa: FBT001, FBT002 - as the specification names it
        *,
        rtgs_priority: str = "normal",
        deadline_tick: int | None = None,
        deadline_in: int | None = None,
    ) -> str:
        """Submit a payment: it arrives in the current tick, at the end of its sender's Queue 1.

        At most one deadline is given. Without any, the payment has ``max(5, ticks_per_day // 10)`` ticks from its
        arrival. Every deadline is cut at the end of the run and, under ``deadline_cap_at_eod``, of the day;
        ``transaction(id).deadline_tick`` has the result.

        Args:
            sender: id of the paying bank.
            receiver: id of the receiving bank.
            amount: whole cents, positive.
            deadline: older spelling of ``deadline_tick``.
            priority: 0 to 10.
            divisible: True if it may be split.
            rtgs_priority: ``normal``, ``urgent`` or ``highly_urgent`` in the central queue.
            deadline_tick: absolute tick, after the current one and at most the end of the run.
            deadline_in: ticks from the arrival, at least 1.

        Returns:
            The payment's id.

        Raises:
            SimulationError: a value that breaks one of these rules; nothing has changed then.
        """
        due, wrong = requested_deadline(self.current_tick, self.num_ticks, deadline, deadline_tick, deadline_in)
        problem = self._submission_problem(sender, receiver, amount, wrong, priority, divisible, rtgs_priority)
        if problem:
            raise SimulationError(problem)
        numbers = self._number[sender], self._number[receiver]
        urgency = int(RtgsPriority[rtgs_priority.upper()])
        pay_id, log = self._engine.submit((*numbers, amount, due, priority, int(divisible), urgency))
        self._tick_log.append(log)
        return tx_name(pay_id)

    def _submission_problem(
        self,
        sender: str,
        receiver: str,
        amount: int,
        wrong: str | None,
        priority: int,
        divisible: Any,
        rtgs_priority: str,
    ) -> str | None:
        for name, bank in (("sender", sender), ("receiver", receiver)):
            if not self._is_bank(bank):
                return f"{name}: {self._unknown_bank(bank)}"
        if sender == receiver:
            return f"receiver: must differ from the sender, got {receiver!r}"
        if whole_within(amount, 1, MAX_CENTS) is None:
            return f"amount: must be a whole number of cents from 1 to 10**15, got {amount!r}"
        if self.is_over:
            return "the run is over: no payment can arrive any more"
        if wrong is not None:
            return wrong
        if whole_within(priority, 0, HIGHEST_PRIORITY) is None:
            return f"priority: must be a whole number from 0 to {HIGHEST_PRIORITY}, got {priority!r}"
        if not isinstance(divisible, bool | np.bool_):
            return f"divisible: must be True or False, got {divisible!r}"
        if not isinstance(rtgs_priority, str) or rtgs_priority.upper() not in RtgsPriority.__members__:
            return f"rtgs_priority: must be normal, urgent or highly_urgent, got {rtgs_priority!r}"
        return self._overflow_problem(amount)

    def _overflow_problem(self, amount: int) -> str | None:
        """What one payment more could take out of range: what has arrived counts once more than it needs to."""
        if self._bounds is None:
            self._bounds = RunBounds(self.config)
        state = self._engine.state
        broken = self._bounds.fault(int(state.arrived_cents[0]) + amount, int(state.arrived_count[0]) + 1)
        if broken is None:
            return None
        where = f" (from {'.'.join(map(str, broken.place))})" if broken.place else ""
        return f"amount: with this payment of {amount} cents {broken.rule}{where}"

    def queue1(self, bank: str) -> list[str]:
        """Payments of the bank's own queue, in processing order."""
        return self._names(self._engine.queue1_rows(self.bank_number(bank)))

    def queue2(self) -> list[str]:
        """Payments of the central queue, in order."""
        return self._names(self._engine.queue2_rows())

    def transaction(self, tx: str) -> Transaction:
        """A payment, queued or ended.

        Raises:
            SimulationError: no such payment; or it has ended and the simulation keeps no events.
        """
        row = payment_row(self._engine, tx) if isinstance(tx, str) else None
        if row is not None:
            return live_transaction(self._engine, row)
        given: Any = tx
        if not isinstance(given, str):
            message = f"unknown payment {tx!r}"
            raise SimulationError(message)
        if self._events_kept is not True:
            message = f"{tx}: not queued; payments that have ended are only known with events=True"
            raise SimulationError(message)
        return find_ended(self.events(), tx)

    def transactions_for_day(self, day: int) -> list[Transaction]:
        """Payments that arrived on a day, in order of arrival; needs ``events=True``.

        Raises:
            SimulationError: no day of the run, or a simulation that keeps no events.
        """
        self._require_log("transactions_for_day")
        last = self.config.simulation.num_days - 1
        if whole_within(day, 0, last) is None:
            message = f"day: must be a whole number from 0 to {last}, got {day!r}"
            raise SimulationError(message)
        return payments_of_day(self._engine, self.events(), day, self.config.simulation.ticks_per_day)

    def _names(self, rows: list[int]) -> list[str]:
        return [tx_name(int(self._engine.state.pay_id[row])) for row in rows]

    # -- banks --------------------------------------------------------------------------------------------------------

    def bank_number(self, bank: str) -> int:
        """The bank's place in ``bank_ids``.

        Raises:
            ActionError: no such bank.
        """
        if not self._is_bank(bank):
            raise ActionError(self._unknown_bank(bank))
        return self._number[bank]

    def _is_bank(self, bank: object) -> bool:
        return isinstance(bank, str) and bank in self._number

    def _unknown_bank(self, bank: object) -> str:
        return f"unknown bank {bank!r}; banks are {', '.join(self.bank_ids)}"

    def balance(self, bank: str) -> int:
        """Cents on the settlement account; negative in overdraft."""
        return int(self._engine.state.bank_balance_cents[self.bank_number(bank)])

    def policy(self, bank: str) -> dict[str, Any]:
        """What the bank follows, as in a scenario file."""
        name = self.bank_ids[self.bank_number(bank)]
        found: dict[str, Any] = next(row for row in self.config.banks if row.id == name).policy.model_dump(mode="json")
        return found

    def posted_collateral(self, bank: str) -> int:
        """Cents of collateral posted."""
        return int(self._engine.state.bank_posted_collateral_cents[self.bank_number(bank)])

    def available_liquidity(self, bank: str) -> int:
        """Cents the bank can pay at once: balance plus unused overdraft limit."""
        number = self.bank_number(bank)
        return max(self.balance(bank) + self._engine.overdraft_limit(number), 0)

    def sub_limit(self, bank: str) -> int:
        """Cents of liquidity that the bank reserves for priority payments."""
        limits = self._engine.state.sub_limit_cents
        return int(limits[self.bank_number(bank)]) if len(limits) else 0

    def send_limit(self, bank: str, counterparty: str | None = None) -> int | None:
        """Limit in force on what the bank sends per day, towards all banks or towards one; None without one."""
        view, state, number = self._engine.scenario.view, self._engine.state, self.bank_number(bank)
        limits = state.send_limit_cents if len(state.send_limit_cents) else view.bank_multilateral_limit_cents
        if counterparty is not None:
            limits = state.pair_send_limit_cents if len(state.pair_send_limit_cents) else view.pair_limit_cents
            number = number * len(self.bank_ids) + self.bank_number(counterparty)
        found = int(limits[number]) if len(limits) else NONE
        return None if found == NONE else found

    def costs(self, bank: str) -> dict[str, int]:
        """Cents charged since the run began, by kind."""
        state = self._engine.state
        table = self._cost_table(state.run_cost_cents, state.trader_run_interest_cents)
        return table[self.bank_ids[self.bank_number(bank)]]

    def _cost_table(self, costs: I64, interest: I64) -> CostTable:
        rows = with_interest(costs, interest)
        names = COST_COLUMNS[: rows.shape[1]]
        return {
            bank: dict(zip(names, row, strict=True)) for bank, row in zip(self.bank_ids, rows.tolist(), strict=True)
        }

    @property
    def external(self) -> str | dict[str, Any]:
        """What external banks do in a tick without actions: ``"release"``, ``"hold"``, or a policy as in a file."""
        return plain_external(self._engine.scenario.external)

    @property
    def notices(self) -> tuple[str, ...]:
        """Lines for whoever reads the results: what external banks do by default, where the scenario has any."""
        notice = external_notice(self.config, self._engine.scenario.external)
        return () if notice is None else (notice,)

    def set_policy(self, bank: str, policy: PolicyConfig | Mapping[str, Any] | str) -> None:
        """From its next decision on the bank follows another policy; ``"external"`` hands it to ``tick``'s actions.

        Without actions an external bank follows the default of the simulation (``external``).

        Args:
            bank: id of the bank.
            policy: a policy's configuration, a mapping as in a scenario file, or the name of one without parameters.

        Raises:
            ConfigError: a policy that cannot be run; nothing has changed then.
            ActionError: an unknown bank.
        """
        number = self.bank_number(bank)
        config = with_policy(self.config, bank, policy)
        scenario = compile_scenario(config, self._engine.scenario.external)
        self._engine.change_scenario(scenario, number)
        self._naming.extend(scenario)
        self.config = config

    # -- market -------------------------------------------------------------------------------------------------------

    def _log_now(self, rows: I64) -> None:
        """Add log rows to those of the current tick."""
        self._tick_log.append(rows)

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
        """Place an order and return its id; the same as ``market.place_order``."""
        return self.market.place_order(
            bank, side, rate, amount, book=book, counterparty=counterparty, good_for=good_for
        )

    def cancel_order(self, order: int) -> bool:
        """Cancel a resting order; the same as ``market.cancel_order``."""
        return self.market.cancel_order(order)

    def orders(self, book: str | None = None) -> list[RestingOrder]:
        """Resting orders of a book, or of all; the same as ``market.orders``."""
        return self.market.orders(book)

    def loans(self) -> list[Loan]:
        """Outstanding loans, oldest first; the same as ``market.loans``."""
        return self.market.loans()

    def market_account(self, bank: str) -> MarketAccount:
        """Market account of a bank; the same as ``market.account``."""
        return self.market.account(bank)

    # -- saving -------------------------------------------------------------------------------------------------------

    def snapshot(self, *, log: bool = True) -> bytes:
        """Return the whole run so far as bytes, at any time, also while a tick is open.

        Args:
            log: include the events that are kept; without them the run resumes as one that keeps none.
        """
        engine, kept = self._engine, self._events_kept if log else "tick"
        parts = self._log if log else []
        run = SavedRun(engine.scenario, engine.row, engine.sizes, self.seed, kept, self._naming, parts, self._tick_log)
        return run_to_bytes(run, self.config)

    def restore(self, snapshot: bytes) -> None:
        """Return to the tick at which a snapshot of this scenario was taken.

        Raises:
            SnapshotError: damaged, or of another version or scenario. Nothing changes.
        """
        run = run_from_bytes(snapshot, self.config, self._engine.scenario)
        self._engine.scenario = run.scenario
        self._engine.replace_row(run.row, run.sizes)
        self.seed, self._events_kept, self._naming = run.seed, run.events, run.naming
        self._engine.keep_log(events=bool(run.events))
        self._log, self._tick_log, self._samples = run.log, run.tick_log, []

    def log_events(self, events: EventsKept) -> None:
        """Change the option ``events`` from here on; without ``True``, the events kept so far are discarded.

        Raises:
            ConfigError: ``events`` is neither True, False nor ``"tick"``.
        """
        events = events_kept(events)
        self._events_kept = events
        self._engine.keep_log(events=bool(events))
        if events is not True:
            self._log, self._samples = [], []

    def fork(self) -> Self:
        """Return an independent copy, to compare what follows from different decisions."""
        return copy.deepcopy(self)

    def save(self, path: str | Path) -> None:
        """Write ``snapshot()`` to a file; after a crash the file is the old one or the new one, never a part of it.

        Raises:
            WriteError: the file cannot be written; an existing file is unchanged.
        """
        write_run_file(path, self.snapshot())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return the run that was saved in a file, with its scenario.

        Raises:
            SnapshotError: the file cannot be read, is damaged, or is of another version.
        """
        data = read_run_file(path)
        try:
            header = read_snapshot(data).header
            external = header.get("external", HOLD)
            simulation = cls(ScenarioConfig.model_validate(header["config"]), seed=header["seed"], external=external)
            simulation.restore(data)
        except (SnapshotError, ConfigError, ValidationError, *INVALID_HEADER) as error:
            message = f"{path}: {error}"
            raise SnapshotError(message) from error
        return simulation

    # -- records ------------------------------------------------------------------------------------------------------

    def events(self) -> Events:
        """The whole event log so far; empty without ``events=True``."""
        return Events.joined(self._log, self.bank_ids, self._naming.names)

    def daily_metrics(self, day: int) -> dict[str, dict[str, int]]:
        """Figures of a day by bank, ``daily.METRICS``: balances, payments, costs; of the current day so far.

        Raises:
            SimulationError: a day that has not begun, or a simulation that keeps no events.
        """
        self._require_log("daily_metrics")
        if whole_within(day, 0, (self.current_tick - 1) // self.config.simulation.ticks_per_day) is None:
            message = f"day: must be a day that has started ({self.current_tick} ticks are closed), got {day!r}"
            raise SimulationError(message)
        ticks_per_day, rows = self.config.simulation.ticks_per_day, self.events().rows
        starts = np.searchsorted(rows[:, 0], np.arange(day + 2) * ticks_per_day)
        book = DayBook(self._engine.scenario.view.bank_opening_balance_cents, self._no_cents(), ticks_per_day)
        for earlier in range(day):
            book.add(rows[starts[earlier] : starts[earlier + 1]])
            book.close()
        book.add(rows[starts[day] : starts[day + 1]])
        figures = book.figures().tolist()
        return {bank: dict(zip(METRICS, row, strict=True)) for bank, row in zip(self.bank_ids, figures, strict=True)}

    def tables(self) -> RunTables:
        """The run so far as Arrow tables: payments, banks by tick, hour and day, the system by tick.

        Raises:
            SimulationError: a simulation that keeps no events, or was restored in the middle of its run: its record
                (``Recorder``) has tables too.
        """
        self._require_log("tables")
        if len(self._samples) != self.current_tick:
            message = "tables need every tick of the run; this simulation was restored in between, so record the run"
            raise SimulationError(message)
        shape = (self.current_tick, len(BANK_TICKS), len(self.bank_ids))
        samples, calendar = np.array(self._samples, np.int64).reshape(shape), self.config.simulation
        return run_tables(self.events(), samples, self.bank_ids, calendar.hours, is_timed=calendar.clock is not None)

    def _no_cents(self) -> I64:
        return self._engine.state.bank_balance_cents * 0

    def _require_log(self, what: str) -> None:
        if self._events_kept is not True:
            message = f"{what} needs events=True"
            raise SimulationError(message)

    @property
    def logs_events(self) -> bool:
        """True if every tick's result has its events."""
        return bool(self._events_kept)

    @property
    def log_names(self) -> TreeNames:
        """What the numbers of tree events in ``Events.rows`` stand for."""
        return self._naming.names

    def sample(self, columns: Sequence[str]) -> I64:
        """(columns, banks) figures of the state, such as ``balance_cents`` for ``bank_balance_cents``.

        A balance is all that is on the account, with what backs a bank's asks in the market.

        Raises:
            SimulationError: an unknown column.
        """
        state = self._engine.state
        is_list = isinstance(columns, Sequence) and not isinstance(columns, str)
        if not (is_list and all(isinstance(name, str) and hasattr(state, f"bank_{name}") for name in columns)):
            known = ", ".join(name.removeprefix("bank_") for name in state._fields if name.startswith("bank_"))
            message = f"columns: must be a list of {known}, got {columns!r}"
            raise SimulationError(message)
        figures = np.array([getattr(state, f"bank_{name}") for name in columns], np.int64)
        if len(state.trader_locked_cents) and "balance_cents" in columns:
            figures[list(columns).index("balance_cents")] += state.trader_locked_cents
        return figures

    def inspect(self) -> dict[str, Any]:
        """The whole state as plain Python: clock, banks, queues, live payments, totals."""
        return inspect_engine(self._engine)

    def digest(self) -> str:
        """SHA-256 of the state: equal digests, equal runs from here on."""
        return self._engine.digest()

    def summary(self) -> Summary:
        """Totals of the run so far."""
        state = self._engine.state
        costs = self._cost_table(state.run_cost_cents, state.trader_run_interest_cents)
        return Summary(
            scenario=self.config.name,
            seed=self.seed,
            ticks=self.current_tick,
            arrived=int(state.arrived_count[0]),
            arrived_cents=int(state.arrived_cents[0]),
            settled=int(state.settled_count[0]),
            settled_cents=int(state.settled_cents[0]),
            dropped=int(state.dropped_count[0]),
            queued=int(state.queue2_count[0] + state.bank_queue1_count.sum()),
            lsm_released=int(state.lsm_released_count[0]),
            costs=costs,
            total_cost=int(state.run_cost_cents.sum()),
            final_balances={bank: self.balance(bank) for bank in self.bank_ids},
            digest=self.digest(),
            notices=self.notices,
        )
