"""A run's arrays and the two calls that move them: open a tick, close it. Grows where the kernels ask for room."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from simcash_env.compile.scenario import STATE_LAYOUT, CompiledScenario, chain_free_rows, initial_state, initial_work
from simcash_env.errors import RoomError, SimulationError
from simcash_env.schema.arrays import I64, LOG_WORDS, Scenario, State, Work
from simcash_env.schema.codes import NONE, PPM, Phase, Place, Status
from simcash_env.schema.layout import PackedCall, plain_opener

FIRST_LOG_ROWS: Final = 256

NOTHING: Final = np.zeros(0, np.int64)

Rows: TypeAlias = tuple[I64, I64, I64, I64, I64, I64]
"""What every entry into the kernels takes: scenario, state and work, each with its sizes."""

DECISIONS: Final = (
    "pay_decision",
    "pay_new_priority",
    "bank_pool_share_ppm",
    "bank_collateral_ask_cents",
    "sub_limit_ask_cents",
    "send_limit_ask_cents",
    "pair_send_limit_ask_cents",
    "has_revocations",
    "has_orders",
    "trader_order_side",
    "trader_order_rate",
    "trader_order_cents",
)
"""Columns of ``Work`` through which decisions come in."""

UNHASHED: Final = frozenset(
    {"pay_next", "pay_prev", "free_head", "free_count", "phase", "queue2_head", "queue2_tail"}
    | {"bank_queue1_head", "bank_queue1_tail", "bank_timer_head", "pay_parent"}
    | {"cursor_event", "cursor_source", "cursor_left", "cursor_recorded"}
)
"""Columns that say where rows lie, not what is true; the digest sees queues as ids in order instead."""


SCENARIO_COLUMN: Final = {"source_base_rate": "source_rate"}
"""Columns of a scenario with the values of columns of the axis ``live_source``, where the names differ."""


def grow_payments(rows: I64, sizes: I64) -> tuple[I64, I64]:
    """A copy of state rows (..., words) with twice the payment rows, the new ones at the head of the free list."""
    lengths = STATE_LAYOUT.lengths(sizes)
    old = lengths["pay"]
    new_sizes = STATE_LAYOUT.sizes({**lengths, "pay": 2 * old})
    grown = np.zeros((*rows.shape[:-1], STATE_LAYOUT.width(new_sizes)), np.int64)
    grown[..., : rows.shape[-1]] = rows  # payments are the last axis
    chain_free_rows(plain_opener(State)(grown, new_sizes), old)
    return grown, new_sizes


class Engine:
    """One copy of a scenario, to be opened and closed tick by tick.

    Attributes:
        may_grow: called with the required bytes before the arrays grow; it may refuse. Default: no limit.
    """

    may_grow: Callable[[int], bool] | None = None

    def __init__(self, scenario: CompiledScenario, seed: int, *, events: bool) -> None:
        self.scenario = scenario
        self._load_kernels()
        self.sizes = scenario.state_sizes
        self.row = initial_state(scenario, seed)
        self._log_rows = FIRST_LOG_ROWS if events else 0
        self._attach()

    def _load_kernels(self) -> None:
        from simcash_env.kernels import runs, submission
        from simcash_env.kernels.market import entry as market_entry

        self._runs, self._submit = runs, submission.submit_row
        self._place, self._cancel = market_entry.place_rows, market_entry.cancel_rows

    def _attach(self) -> None:
        self.state = plain_opener(State)(self.row, self.sizes)
        self._work_row, self._work_sizes = initial_work(self.scenario, self.sizes, self._log_rows)
        self.work = plain_opener(Work)(self._work_row, self._work_sizes)
        rows, scenario, arguments = self._rows(), self.scenario, self._runs.RunCall
        call = arguments(*rows, *[NOTHING] * (len(arguments._fields) - len(rows)))
        self._call = self._default_call = PackedCall(call)
        if scenario.default_row is not scenario.row:
            self._default_call = PackedCall(call._replace(scenario_row=scenario.default_row))

    def __getstate__(self) -> dict[str, Any]:
        """What a copy or a pickle needs: scenario and row; the views of the row are created again."""
        return {"scenario": self.scenario, "row": self.row, "sizes": self.sizes, "_log_rows": self._log_rows}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over the row and create its views again."""
        self.__dict__.update(state)
        self._load_kernels()
        self._attach()

    def keep_log(self, *, events: bool) -> None:
        """Log events from here on, or do not."""
        self._log_rows = max(self._log_rows, FIRST_LOG_ROWS) if events else 0
        self._attach()

    def replace_row(self, row: I64, sizes: I64) -> None:
        """Go on from another state of the same scenario."""
        self.row, self.sizes = row.copy(), sizes.copy()
        self._attach()

    def change_scenario(self, scenario: CompiledScenario, bank: int) -> None:
        """Go on under a scenario in which this bank decides otherwise; its trees have forgotten what they knew."""
        old, before = self.state, int(self.scenario.view.num_registers[0])
        registers = STATE_LAYOUT.lengths(scenario.state_sizes)["register"]
        sizes = STATE_LAYOUT.sizes({**STATE_LAYOUT.lengths(self.sizes), "register": registers})
        row = np.zeros(STATE_LAYOUT.width(sizes), np.int64)
        state = plain_opener(State)(row, sizes)
        for name in STATE_LAYOUT.columns:
            if name != "register_value":
                getattr(state, name)[:] = getattr(old, name)
        after = int(scenario.view.num_registers[0])
        for other, names in enumerate(scenario.registers):
            for register in range(len(names) if other != bank else 0):
                state.register_value[other * after + register] = old.register_value[other * before + register]
        state.bank_budget_node[:] = NONE  # its nodes have other numbers now; banks set their budgets in every tick
        self.scenario, self.row, self.sizes = scenario, row, sizes
        self._attach()

    def grow(self) -> None:
        """Make room for more payments; decisions already written stay with their rows.

        Raises:
            RoomError: the arrays may not grow; in the middle of a half tick, the state is that of its middle.
        """
        self._ask_for(2 * self.row.nbytes)  # as much again, here and in the working arrays
        decisions = self._decisions()
        self.row, self.sizes = grow_payments(self.row, self.sizes)
        self._attach()
        self._decide(decisions)

    def _ask_for(self, num_bytes: int) -> None:
        if self.may_grow is not None and not self.may_grow(num_bytes):
            message = f"tick {self.state.tick[0]}: no room for {num_bytes:,} bytes more"
            raise RoomError(message)

    def _decisions(self) -> dict[str, I64]:
        return {name: getattr(self.work, name).copy() for name in DECISIONS}

    def _decide(self, decisions: dict[str, I64]) -> None:
        """Write decisions into working arrays that may have more payment rows, or fewer than some that were added."""
        for name, values in decisions.items():
            column = getattr(self.work, name)
            kept = min(len(values), len(column))
            column[:kept] = values[:kept]

    def open_tick(self) -> I64:
        """Events and arrivals of the next tick; returns its log rows."""
        return self._run(self._advance_to(2 * int(self.state.tick[0]) + 1))

    def close_tick(self, *, by_default: bool = False) -> I64:
        """Carry out the decisions in ``work`` and finish the tick; returns its log rows.

        Args:
            by_default: external banks follow their default policy, where the scenario was compiled with one.
        """
        until = 2 * int(self.state.tick[0]) + 2
        return self._run(self._advance_to(until, by_default=by_default))

    @property
    def needs_nobody(self) -> bool:
        """True if every bank decides by a program, or follows the default, and no event is logged."""
        if self._log_rows:
            return False
        default = plain_opener(Scenario)(self.scenario.default_row, self.scenario.sizes)
        return bool((default.bank_payment_root != NONE).all())

    def run_to(self, tick: int) -> None:
        """Run to the start of a tick, with the decisions in ``work`` in each tick; where ``needs_nobody`` is true."""
        self._run(self._advance_to(2 * tick, by_default=True))

    def _advance_to(self, half_tick: int, *, by_default: bool = False) -> Callable[[], int]:
        def advance() -> int:
            call = self._default_call if by_default else self._call
            status: int = self._runs.run_ticks(call.address, half_tick)
            return status

        return advance

    def submit(self, payment: tuple[int, ...]) -> tuple[int, I64]:
        """Hand a payment in (``kernels/submission.py`` names the numbers); returns its id and its log rows."""
        while True:
            self.work.log_count[0] = 0
            pay_id = self._submit(*self._rows(), np.array(payment, np.int64))
            if pay_id != NONE:
                return pay_id, self._logged()
            self.grow()

    def place_orders(self, orders: I64) -> I64:
        """Place orders in the market (``kernels/market/entry.py`` names the words); returns their log rows."""

        def place() -> int:
            status: int = self._place(*self._rows(), orders)
            return status

        return self._run(place)

    def cancel_orders(self, orders: I64) -> I64:
        """Cancel orders by id, each of which becomes whether it rested; returns their log rows."""
        requested = orders.copy()

        def cancel() -> int:
            orders[:] = requested  # the call may run again, where the log was too short
            status: int = self._cancel(*self._rows(), orders)
            return status

        return self._run(cancel)

    def _logged(self) -> I64:
        return self.work.log[: int(self.work.log_count[0]) * LOG_WORDS].reshape(-1, LOG_WORDS).copy()

    def _rows(self) -> Rows:
        return self.scenario.row, self.scenario.sizes, self.row, self.sizes, self._work_row, self._work_sizes

    def _run(self, call: Callable[[], int]) -> I64:
        """Call until what is asked for is done; where the log was too short, run it again from where it began."""
        before = (self.row.copy(), self.sizes, self._decisions()) if self._log_rows else None
        self.work.log_count[0] = 0
        while True:
            status = call()
            if status == Status.NEEDS_ROOM:
                logged, count = self.work.log.copy(), int(self.work.log_count[0])
                self.grow()
                self.work.log[:] = logged
                self.work.log_count[0] = count
            elif status == Status.MONEY_OVERFLOW:
                is_closed = self.state.phase[0] in {Phase.CLOSED, Phase.OVER}
                tick = int(self.state.tick[0]) - is_closed
                message = f"tick {tick}: a total left the range of int64 cents (4e18); lower the amounts"
                raise SimulationError(message)
            elif before is not None and self.work.log_count[0] > self._log_rows:
                self._ask_for(2 * int(self.work.log_count[0]) * LOG_WORDS * self.row.itemsize)
                self._log_rows = 2 * int(self.work.log_count[0])
                self.row, self.sizes = before[0].copy(), before[1]
                self._attach()
                self._decide(before[2])
            else:
                return self._logged()

    def column(self, name: str) -> npt.NDArray[Any]:
        """A column of the state in whole words, with the values that hold where the scenario does not need it."""
        values, axis = getattr(self.state, name), STATE_LAYOUT.columns[name].axis
        if len(values) == 0 and axis == "live_source":
            values = getattr(self.scenario.view, SCENARIO_COLUMN.get(name, name))
        return np.asarray(values, np.float64 if STATE_LAYOUT.columns[name].is_float else np.int64)

    def overdraft_limit(self, bank: int) -> int:
        """Overdraft that the bank may use, in cents."""
        kept = PPM - int(self.scenario.view.bank_haircut_ppm[bank])
        backed = int(self.state.bank_posted_collateral_cents[bank]) * kept // PPM
        return int(self.state.bank_credit_limit_cents[bank]) + backed

    def queue1_rows(self, bank: int) -> list[int]:
        """Payment rows of a bank's Queue 1 in order."""
        return chain(self.state, int(self.state.bank_queue1_head[bank]))

    def queue2_rows(self) -> list[int]:
        """Payment rows of the central queue in order."""
        return chain(self.state, int(self.state.queue2_head[0]))

    def live_rows(self) -> list[int]:
        """Payments' rows by ascending id: queued ones and parents of splits under way."""
        rows = np.flatnonzero((self.state.pay_place != Place.FREE) & (self.state.pay_place != Place.TIMER))
        return [int(row) for row in rows[np.argsort(self.state.pay_id[rows], kind="stable")]]

    def rows_by_id(self) -> dict[int, int]:
        """The row of every payment in ``live_rows``, by the payment's number."""
        rows = self.live_rows()
        return dict(zip(self.state.pay_id[rows].tolist(), rows, strict=True))

    def digest(self) -> str:
        """SHA-256 of what is true of the state, whatever its room: equal digests, equal runs from here on."""
        state, digest = self.state, hashlib.sha256()
        live = self.live_rows()
        for name, column in STATE_LAYOUT.columns.items():
            if name in UNHASHED or (name == "recorded_place" and self.scenario.recorded is None):
                continue
            values = self.column(name)
            digest.update((values[live] if column.axis == "pay" else values).tobytes())
        queues = [self.queue2_rows(), *(chain(state, head) for head in state.bank_queue1_head.tolist())]
        for rows in queues:
            digest.update(np.array([len(rows), *state.pay_id[rows]], np.int64).tobytes())
        for head in state.bank_timer_head.tolist():
            rows = chain(state, head)
            timers = [*state.pay_remaining_cents[rows], *state.pay_release_tick[rows]]
            digest.update(np.array([len(rows), *timers], np.int64).tobytes())
        parents = [state.pay_id[parent] if parent >= 0 else parent for parent in state.pay_parent[live]]
        digest.update(np.array(parents, np.int64).tobytes())
        return digest.hexdigest()


def chain(state: State, row: int) -> list[int]:
    """Follow ``pay_next`` from a row to the end of its queue."""
    rows, following = [], state.pay_next.view(np.ndarray)
    while row >= 0:
        rows.append(row)
        row = int(following[row])
    return rows
