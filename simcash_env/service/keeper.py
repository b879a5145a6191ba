"""All simulations of a service: create, find, run (one call at a time each), save and delete."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import threading
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, TypeVar

from simcash_env.errors import ActionError, RoomError, SimulationError, SnapshotError, printable
from simcash_env.service import models, views
from simcash_env.service.creation import read_request
from simcash_env.service.held import Held, Origin, Recorded
from simcash_env.service.logs import log
from simcash_env.service.refusals import Refusal, refuse_value, unknown
from simcash_env.service.requests import NewSimulation, decides
from simcash_env.service.run import Run
from simcash_env.service.settings import MIB, Settings
from simcash_env.service.store import Change, Store
from simcash_env.service.stream import GOING_AWAY, GONE
from simcash_env.threads import Threads

T = TypeVar("T")
WARM_UP: Final = "castro-2period-v0"


class Keeper:
    """The simulations of a service. Call coroutines on the event loop, other methods in a thread."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.held: dict[str, Held] = {}
        self.unreadable: dict[str, str] = {}
        self.stopping = threading.Event()
        self.num_ticks = 0
        self._num_being_made = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._threads = Threads(settings.num_threads, "simulation")
        self._uploads: tempfile.TemporaryDirectory[str] | None = None
        self._store = None if settings.db is None else Store(settings.db)

    # -- beginning and end --------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Load the simulations of the database; unreadable ones stay there unchanged."""
        store = self._store
        if store is None:
            return
        for name in store.names():
            try:
                self.held[name] = Held.of_kept(store.load(name), self.has_room)
            except Exception as error:  # noqa: BLE001 - whatever is damaged in one of them, the others are served
                self.unreadable[name] = reason = printable(f"{error}" or type(error).__name__)
                log("error", "a simulation cannot be read and is left unchanged", simulation=name, reason=reason)
        log("info", "simulations restored", count=len(self.held), unreadable=len(self.unreadable))

    def uploads(self) -> Path:
        """Return a folder for uploaded files, which is removed when the service stops."""
        if self._uploads is None:
            self._uploads = tempfile.TemporaryDirectory(prefix="simcash-")
        return Path(self._uploads.name)

    def warm_up(self) -> None:
        """Load the kernels before the first call."""
        from simcash_env.config import load_scenario

        Run(load_scenario(WARM_UP), seed=0, events=True).tick()

    async def close(self) -> None:
        """Wait for running calls, then close everything."""
        self.stopping.set()
        self.end_streams()
        while self._tasks:
            await asyncio.wait(self._tasks)
        self._threads.close()
        if self._uploads is not None:
            self._uploads.cleanup()
        if self._store is not None:
            self._store.close()

    def end_streams(self) -> None:
        """Close all streams because the service stops."""
        for held in self.held.values():
            held.listeners.end(GOING_AWAY, "the service is stopping")

    # -- calls --------------------------------------------------------------------------------------------------------

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run in the pool to completion, even if the client disconnects."""

        async def to_its_end() -> T:
            return await asyncio.get_running_loop().run_in_executor(self._threads.pool, work)

        return await self._shielded(to_its_end())

    async def exclusively(self, held: Held, work: Callable[[], T]) -> T:
        """Run in the pool to completion with exclusive access to this simulation."""

        async def alone() -> T:
            async with held.lock:
                if held.is_deleted:
                    raise unknown("simulation", held.id)
                return await asyncio.get_running_loop().run_in_executor(self._threads.pool, work)

        return await self._shielded(alone())

    async def _shielded(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return await asyncio.shield(task)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waits for it gets it; where nobody does any more, it is not an error of ours

    def find(self, name: str) -> Held:
        """Return a simulation by its id.

        Raises:
            Refusal: there is none, or it cannot be read.
        """
        if name in self.unreadable:
            message = f"simulation {name!r} cannot be read and is left unchanged: {self.unreadable[name]}"
            raise Refusal(HTTPStatus.CONFLICT, message)
        if name not in self.held:
            raise unknown("simulation", name)
        return self.held[name]

    # -- what is done with simulations --------------------------------------------------------------------------------

    async def create(self, request: NewSimulation) -> Held:
        """Create a simulation.

        Raises:
            ConfigError: the request is faulty.
            Refusal: there are too many simulations, or there is no room.
        """
        return await self.add(lambda: (read_request(request, self.settings), None))

    async def add(self, read: Callable[[], tuple[Origin, Recorded | None]]) -> Held:
        """Add a simulation that ``read`` describes, repeated up to its last tick if it was recorded.

        Raises:
            SimcashError: what ``read`` raises.
            Refusal: there are too many simulations, or there is no room.
        """
        if len(self.held) + self._num_being_made >= self.settings.max_simulations:
            message = f"the service holds {self.settings.max_simulations} simulations, its limit (--max-simulations)"
            raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, message)
        self.require_room()
        self._num_being_made += 1
        try:
            held = await self.in_thread(lambda: self._make(*read()))
        finally:
            self._num_being_made -= 1
        log("info", "simulation created", simulation=held.id, scenario=held.origin.config.name)
        return held

    def _make(self, origin: Origin, recorded: Recorded | None) -> Held:
        try:
            run = origin.new_run(self.has_room)
        except RoomError as error:
            raise self._no_room(error) from error
        created = datetime.now(UTC).isoformat(timespec="microseconds")
        held = Held(secrets.token_hex(6), created, origin, run)
        if self.num_bytes() + held.nbytes > self.settings.max_memory_bytes:
            raise self._no_room()
        models.Detail(**views.detail(held)).model_dump_json()  # what cannot be shown is not kept
        before, change = run.state_bytes(), None
        if recorded is not None:
            change = self._repeat(held, recorded)
        if self._store is not None:
            self._store.add(held.id, created, origin.as_row(), before)
            if change is not None:
                self._store.append(held.id, 0, change, run.state_bytes())
                held.num_calls = 1
        self.held[held.id] = held
        return held

    def _repeat(self, held: Held, recorded: Recorded) -> Change:
        """Repeat a recorded run; it becomes visible when it is complete."""
        others = self.num_bytes()
        try:
            return held.follow(recorded, lambda: others + held.nbytes <= self.settings.max_memory_bytes)
        except RoomError as error:
            raise self._no_room(error) from error

    async def delete(self, name: str) -> None:
        """Delete a simulation, after its current call has finished.

        Raises:
            Refusal: there is none.
        """
        if name in self.unreadable:
            store = self._store
            await self.in_thread(lambda: store.delete(name) if store is not None else None)
            self.unreadable.pop(name, None)
            return
        held = self.find(name)
        await self.exclusively(held, lambda: self._forget(held))
        self.held.pop(name, None)
        held.listeners.end(GONE, "the simulation was deleted")
        log("info", "simulation deleted", simulation=name)

    def _forget(self, held: Held) -> None:
        if self._store is not None:
            self._store.delete(held.id)
        held.is_deleted = True

    def tick(self, held: Held, count: int, orders: dict[str, Any]) -> list[dict[str, Any]]:
        """Run ``count`` ticks and save them; returns their reports.

        Raises:
            Refusal: past the end, too many at once, no room, or the service is stopping.
            ActionError: a decision that cannot be carried out.
        """
        self._require_tickable(held, count, orders)
        try:
            change = held.advance(count, orders, stopping=self.stopping, room=self.has_room)
        except ActionError:
            raise
        except RoomError as error:
            raise self._no_room(error) from error
        except Exception as error:
            self._go_back(held, error)
            raise
        self._keep(held, change)
        self.num_ticks += len(change.reports)
        if len(change.reports) < count:
            done = f"{len(change.reports)} of {count} ticks have run, the simulation is at tick {held.run.current_tick}"
            if self.stopping.is_set():
                message = f"the service is stopping: {done}"
                raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, message)
            message = f"{self._no_room()}; {done}"
            raise Refusal(HTTPStatus.INSUFFICIENT_STORAGE, message)
        return change.reports

    def submit(self, held: Held, payment: dict[str, Any]) -> tuple[str, int]:
        """Submit a payment and save it; returns its id and the tick.

        Raises:
            Refusal: a value that breaks a rule, or the run is over.
        """
        self._require_running(held)
        self.require_room()
        if held.run.is_over:
            raise Refusal(HTTPStatus.CONFLICT, "the run is over: no payment can arrive any more")
        try:
            name, change = held.submit(payment)
        except RoomError as error:
            raise self._no_room(error) from error
        except SimulationError as error:
            path, _, rule = str(error).partition(": ")
            raise refuse_value(path, rule, None) from error
        self._keep(held, change)
        return name, held.run.current_tick

    # -- rules --------------------------------------------------------------------------------------------------------

    def _require_running(self, held: Held) -> None:
        if self.stopping.is_set():
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "the service is stopping")
        if held.failure is not None:
            raise Refusal(HTTPStatus.CONFLICT, held.failure)

    def _require_tickable(self, held: Held, count: int, orders: dict[str, Any]) -> None:
        self._require_running(held)
        if count > self.settings.max_ticks:
            raise refuse_value("query.count", f"must be at most {self.settings.max_ticks} (--max-ticks)", count)
        left = held.run.num_ticks - held.run.current_tick
        if count > left:
            message = f"the run is over: all {held.run.num_ticks} ticks have been closed"
            if left:
                message = f"{left} of {held.run.num_ticks} ticks are left, {count} were requested; none has run"
            raise Refusal(HTTPStatus.CONFLICT, message)
        if count > 1 and decides(orders):
            raise refuse_value("query.count", "must be 1 where decisions are given, they are for one tick", count)
        self.require_room()

    def num_bytes(self) -> int:
        """Return the estimated bytes of all simulations."""
        return sum(held.nbytes for held in tuple(self.held.values()))

    def has_room(self, more_bytes: int = 1) -> bool:
        """Whether simulations may grow by ``more_bytes`` bytes."""
        return self.num_bytes() + more_bytes <= self.settings.max_memory_bytes

    def require_room(self) -> None:
        """Reject the call if the memory limit is reached.

        Raises:
            Refusal: the limit is reached.
        """
        if not self.has_room():
            raise self._no_room()

    def _no_room(self, error: RoomError | None = None) -> Refusal:
        limit = self.settings.max_memory_bytes // MIB
        message = f"the simulations hold {self.num_bytes() // MIB} of {limit} MiB (--max-memory): delete some"
        if error is not None:
            message = f"{message}; {error}; nothing has changed"
        return Refusal(HTTPStatus.INSUFFICIENT_STORAGE, message)

    # -- keeping ------------------------------------------------------------------------------------------------------

    def _keep(self, held: Held, change: Change) -> None:
        """Save the changes of a call; undo the call if that fails."""
        if self._store is None:
            return
        try:
            self._store.append(held.id, held.num_calls, change, held.run.state_bytes())
        except SimulationError as error:
            self._go_back(held, error)
            raise Refusal(HTTPStatus.INSUFFICIENT_STORAGE, f"{error}; nothing has changed") from error
        held.num_calls += 1

    def _go_back(self, held: Held, error: Exception) -> None:
        """Return to the last saved state; without a database the run cannot continue."""
        log("error", "a call failed and is undone", simulation=held.id, error=f"{type(error).__name__}: {error}")
        if self._store is None:
            held.failure = f"the run cannot go on: {error}"
            return
        try:
            held.go_back_to(self._store.load(held.id), self.has_room)
        except (SnapshotError, ValueError) as unread:
            held.failure = f"the run cannot go on: {error}; what was kept cannot be read: {unread}"
