"""The day of a simulation in figures by tick: what the viewer's charts show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simcash_env.config import ScenarioConfig
from simcash_env.config.external import External
from simcash_env.config.market import RATE_UNIT
from simcash_env.evaluation.intraday import Flows, intraday
from simcash_env.schema.arrays import I64
from simcash_env.schema.codes import COST_COLUMNS, EventKind
from simcash_env.service.figures import available_liquidity, overdraft_limits
from simcash_env.service.history import Input, inputs_from, replay_tick, take_inputs
from simcash_env.service.run import Run
from simcash_env.simulation import TickResult
from simcash_env.simulation.daily import DROPPED, SETTLEMENTS
from simcash_env.simulation.event_log import Events
from simcash_env.simulation.payment_columns import MECHANISMS, settled_moves

SYSTEM: Final = ("arrived", "dropped", *(f"settled_{name}" for name in MECHANISMS))
"""Cents of all banks in a tick."""
BANKS: Final = ("net", "ideal_net", "balance", "available", "limit", "queue1", "queue2", "cost")
"""Cents of a bank: net flows and cost of the tick; the others after it. ``limit`` is the overdraft limit."""
FIRST_ROOM: Final = 256


class Track:
    """Figures by tick, from a repetition of the run; it is extended when somebody looks at it.

    Args:
        config: scenario of the run.
        seed: seed of the run.
        external: default policy of its external banks.
    """

    def __init__(self, config: ScenarioConfig, seed: int, external: External) -> None:
        self._origin = config, seed, external
        self._begin()

    def _begin(self) -> None:
        config, _, _ = self._origin
        self._run: Run | None = None
        self.num_ticks = 0
        self._ticks_per_day = config.simulation.ticks_per_day
        self._bank_ids = tuple(sorted(bank.id for bank in config.banks))
        kinds = COST_COLUMNS if config.market is not None else COST_COLUMNS[:-1]
        self.cost_kinds = kinds
        self._system = np.zeros((FIRST_ROOM, len(SYSTEM)), np.int64)
        self._costs = np.zeros((FIRST_ROOM, len(kinds)), np.int64)
        self._banks = np.zeros((FIRST_ROOM, len(BANKS), len(self._bank_ids)), np.int64)
        self._trades: list[dict[str, Any]] = []

    @property
    def nbytes(self) -> int:
        """Return the memory use in bytes."""
        run = 0 if self._run is None else self._run.nbytes
        return int(self._system.nbytes + self._costs.nbytes + self._banks.nbytes + 200 * len(self._trades) + run)

    def extend_to(self, tick: int, inputs: Sequence[Input]) -> None:
        """Take in the ticks up to this one; begin again if the run went back."""
        if tick < self.num_ticks:
            self._begin()
        if tick == self.num_ticks:
            return
        if self._run is None:
            config, seed, external = self._origin
            self._run = Run(config, seed=seed, events="tick", external=external)
        left = inputs_from(inputs, self.num_ticks)
        while self.num_ticks < tick:
            self._add(replay_tick(self._run, take_inputs(left, self.num_ticks)), self._run)

    def _add(self, result: TickResult, run: Run) -> None:
        at = self.num_ticks
        if at == len(self._system):
            self._system, self._costs, self._banks = (
                np.concatenate([array, np.zeros_like(array)]) for array in (self._system, self._costs, self._banks)
            )
        events, banks = result.events, self._banks[at]
        kinds, cents = events.column("kind"), events.column("cents")
        arrivals = kinds == EventKind.ARRIVAL
        self._system[at, 0] = cents[arrivals].sum()
        self._system[at, 1] = cents[np.isin(kinds, DROPPED)].sum()
        moves = settled_moves(events, np.arange(int(events.column("pay_id").max(initial=0)) + 1))
        np.add.at(self._system[at, 2:], moves.mechanism, moves.cents)
        _move(banks[BANKS.index("ideal_net")], events, arrivals)
        _move(banks[BANKS.index("net")], events, np.isin(kinds, SETTLEMENTS))
        by_bank = np.array([list(row.values()) for row in result.costs.values()], np.int64)
        self._costs[at] = by_bank.sum(axis=0)
        state = run.engine.state
        for name, column in (
            ("balance", run.sample(("balance_cents",))[0]),
            ("available", available_liquidity(run.engine)),
            ("limit", overdraft_limits(run.engine)),
            ("queue1", state.bank_queue1_cents),
            ("queue2", state.bank_queue2_cents),
            ("cost", by_bank.sum(axis=1)),
        ):
            banks[BANKS.index(name)] = column
        self._note_trades(events.of_kind(EventKind.MARKET_TRADE), at)
        self.num_ticks = at + 1

    def _note_trades(self, trades: Events, tick: int) -> None:
        columns = (trades.column(name).tolist() for name in ("bank", "counterparty", "cents", "value_1", "value_2"))
        for lender, borrower, cents, loan, rate in zip(*columns, strict=True):
            names = {"lender": self._bank_ids[lender], "borrower": self._bank_ids[borrower]}
            self._trades.append({"tick": tick, "loan": loan, **names, "cents": cents, "rate": rate / RATE_UNIT})

    def content(self, from_tick: int, banks: Sequence[str]) -> dict[str, Any]:
        """Return the figures from a tick on, as columns: of the system and of these banks; money in cents."""
        count = self.num_ticks
        first = min(from_tick, count)
        rows, own = self._system[:count], self._banks[:count]
        settled = rows[:, 2:].sum(axis=1)
        net, ideal = own[:, BANKS.index("net")], own[:, BANKS.index("ideal_net")]
        day = intraday(Flows(rows[:, 0], settled, rows[:, 1], net, ideal), self._ticks_per_day)
        system = {
            "arrived": rows[:, 0],
            "settled": settled,
            "dropped": rows[:, 1],
            "queue1": own[:, BANKS.index("queue1")].sum(axis=1),
            "queue2": own[:, BANKS.index("queue2")].sum(axis=1),
            "due": day.due,
            "paid": day.paid,
            "liquidity_used": day.liquidity_used,
            "liquidity_lower": day.liquidity_lower,
            "liquidity_upper": day.liquidity_upper,
            "cost": self._costs[:count].sum(axis=1),
        }
        delay = [None if np.isnan(share) else round(share, 6) for share in day.delay_indicator[first:].tolist()]
        numbers = {bank: self._bank_ids.index(bank) for bank in banks}
        columns = {**{name: own[:, BANKS.index(name)] for name in BANKS[2:]}, "position": day.position}
        return {
            "from_tick": first,
            "num_ticks": count,
            "system": {name: column[first:].tolist() for name, column in system.items()} | {"delay_indicator": delay},
            "settled_by": {name: rows[first:, 2 + at].tolist() for at, name in enumerate(MECHANISMS)},
            "costs": {name: self._costs[first:count, at].tolist() for at, name in enumerate(self.cost_kinds)},
            "banks": {
                bank: {name: column[first:, number].tolist() for name, column in columns.items()}
                for bank, number in numbers.items()
            },
            "trades": [trade for trade in self._trades if trade["tick"] >= first],
        }

    def positions(self, tick: int) -> list[int]:
        """Return every bank's net position of the day after ``tick`` ticks."""
        if tick == 0:
            return [0] * len(self._bank_ids)
        first = (tick - 1) // self._ticks_per_day * self._ticks_per_day
        found: list[int] = self._banks[first:tick, BANKS.index("net")].sum(axis=0).tolist()
        return found


def _move(row: I64, events: Events, chosen: npt.NDArray[np.bool_]) -> None:
    """Add what receivers get and senders pay."""
    cents = events.column("cents")[chosen]
    np.add.at(row, events.column("bank")[chosen], -cents)
    np.add.at(row, events.column("counterparty")[chosen], cents)
