"""One simulation in the service: run, reports, inputs and listeners."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from simcash_env.config import ScenarioConfig
from simcash_env.config.external import HOLD
from simcash_env.errors import RoomError, SimulationError
from simcash_env.service.history import RunHistory, inputs_from, replay_tick, take_inputs
from simcash_env.service.requests import decides
from simcash_env.service.run import Run
from simcash_env.service.seats import Deciders, Seats
from simcash_env.service.store import Change, Kept
from simcash_env.service.stream import Listeners
from simcash_env.service.track import Track
from simcash_env.simulation import TickResult
from simcash_env.simulation.decisions import arguments_of


@dataclass(frozen=True)
class Origin:
    """The request from which a simulation was created."""

    config: ScenarioConfig
    seed: int
    events: bool
    notices: tuple[str, ...] = ()
    external: str | dict[str, Any] = HOLD
    seats: Seats = field(default_factory=Seats)

    def new_run(self, may_grow: Callable[[int], bool] | None = None) -> Run:
        """Return a new run, before its first tick."""
        return Run(self.config, seed=self.seed, events=self.events, external=self.external, may_grow=may_grow)

    def as_row(self) -> dict[str, Any]:
        """Return a JSON-serialisable mapping."""
        return {
            "scenario": self.config.model_dump(mode="json"),
            "seed": self.seed,
            "events": self.events,
            "notices": list(self.notices),
            "external": self.external,
            **({"seats": self.seats.as_row()} if self.seats != Seats() else {}),
        }

    @staticmethod
    def of_row(row: Mapping[str, Any]) -> Origin:
        """Build from the mapping of ``as_row``."""
        config = ScenarioConfig.model_validate(row["scenario"])
        external = row.get("external", HOLD)  # what versions that knew no default kept lacks it: they held
        seats = Seats.of_row(row["seats"]) if "seats" in row else Seats()
        return Origin(config, int(row["seed"]), bool(row["events"]), tuple(row["notices"]), external, seats)


class Recorded(NamedTuple):
    """A recorded run that is to be repeated: its inputs, up to this tick."""

    inputs: list[dict[str, Any]]
    ticks: int


@dataclass(eq=False)
class Held:
    """A simulation of the service. Hold ``lock`` to use ``run``."""

    id: str
    created: str
    origin: Origin
    run: Run
    reports: list[dict[str, Any]] = field(default_factory=list)
    inputs: list[dict[str, Any]] = field(default_factory=list)
    num_calls: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    listeners: Listeners = field(default_factory=Listeners)
    failure: str | None = None
    is_deleted: bool = False
    nbytes: int = 0
    log_bytes: int = 0

    def __post_init__(self) -> None:
        """Set derived attributes."""
        self.history = RunHistory(self.origin.config, self.origin.seed, self.origin.external)
        self.track = Track(self.origin.config, self.origin.seed, self.origin.external)
        self.deciders = Deciders(self.origin.seats, self.origin.config)
        self.log_bytes = sum(part.nbytes for part in self.run.log_parts())
        self.weigh()

    @staticmethod
    def of_kept(kept: Kept, may_grow: Callable[[int], bool] | None = None) -> Held:
        """Restore a saved simulation.

        Raises:
            SnapshotError: of another version, or damaged.
            ValueError: the same.
        """
        origin = Origin.of_row(kept.origin)
        run = origin.new_run()
        run.restore_state(kept.state, list(kept.log))
        run.limit_growth(may_grow)
        if len(kept.reports) != run.current_tick:
            message = f"{len(kept.reports)} reports for {run.current_tick} ticks"
            raise ValueError(message)
        return Held(kept.id, kept.created, origin, run, kept.reports, kept.inputs, kept.num_calls)

    def go_back_to(self, kept: Kept, may_grow: Callable[[int], bool] | None = None) -> None:
        """Discard changes that could not be saved."""
        before = Held.of_kept(kept, may_grow)
        self.run, self.reports, self.inputs = before.run, before.reports, before.inputs
        self.num_calls, self.log_bytes = before.num_calls, before.log_bytes
        self.weigh()

    def weigh(self) -> None:
        """Estimate the bytes of state, log, reports and history."""
        of_reports = 600 * len(self.reports)  # a dict of small numbers with one of costs in it
        self.nbytes = self.run.nbytes + self.log_bytes + of_reports + self.history.nbytes + self.track.nbytes

    def submit(self, payment: dict[str, Any]) -> tuple[str, Change]:
        """Submit a payment."""
        entry = {"tick": self.run.current_tick, "submit": payment}
        name = self.run.submit_transaction(**payment)
        self.inputs.append(entry)
        self.weigh()
        return name, Change([entry], [], [])

    def advance(
        self, count: int, orders: dict[str, Any], *, stopping: threading.Event, room: Callable[[], bool]
    ) -> Change:
        """Run ``count`` ticks, or fewer if the service stops or memory runs out; at least one.

        Raises:
            ActionError: a decision that cannot be carried out; no tick has run.
            RoomError: the first tick wants more room than there is; nothing has changed.
            SimulationError: a tick cannot be run; those before it have.
        """
        first_part, inputs, reports = len(self.run.log_parts()), [], []
        for number in range(count):
            if number and (stopping.is_set() or not room()):
                break
            mark = self.run.mark()
            try:
                given = self.deciders.decided(self.run, orders if number == 0 else {})
                result = self.run.tick(**arguments_of(given))
                self.run.open_for_decisions()
            except RoomError:
                self.run.go_back(mark)
                if number == 0:
                    raise
                break
            except SimulationError:
                self.run.go_back(mark)
                raise
            if decides(given):
                inputs.append({"tick": result.tick, "orders": given})
                self.inputs.append(inputs[-1])
            reports.append(report_of(result))
            self.log_bytes += result.events.rows.nbytes if self.run.has_log else 0
            self.reports.append(reports[-1])
            self.weigh()
        return Change(inputs, reports, self.run.log_parts()[first_part:])

    def follow(self, recorded: Recorded, room: Callable[[], bool]) -> Change:
        """Repeat a recorded run.

        Raises:
            RoomError: it wants more room than there is.
        """
        inputs, first_part = recorded.inputs, len(self.run.log_parts())
        left = inputs_from(inputs, 0)
        while self.run.current_tick < recorded.ticks:
            if not room():
                message = f"the recorded run is repeated up to tick {self.run.current_tick} of {recorded.ticks}"
                raise RoomError(message)
            result = replay_tick(self.run, take_inputs(left, self.run.current_tick))
            self.reports.append(report_of(result))
            self.log_bytes += result.events.rows.nbytes
            self.weigh()
        self.run.open_for_decisions()
        self.inputs.extend(inputs)
        return Change(inputs, list(self.reports), self.run.log_parts()[first_part:])


def report_of(result: TickResult) -> dict[str, Any]:
    """Return the content of ``models.Report``."""
    costs = list(result.costs.values())
    return {
        "tick": result.tick,
        "day": result.day,
        "arrivals": result.num_arrivals,
        "settlements": result.num_settlements,
        "lsm_releases": result.num_lsm_releases,
        "queue2_size": result.queue2_size,
        "total_cost": result.total_cost,
        "costs": {name: sum(row[name] for row in costs) for name in costs[0]},
        "events": len(result.events),
        "cycle_work_limit_hit": result.cycle_work_limit_hit,
    }
