"""Access to the copies of a batch: state by name, digests, snapshots."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simcash_env.envs.options import array_of
from simcash_env.errors import ActionError, SnapshotError
from simcash_env.integers import whole_within
from simcash_env.schema.arrays import I64, State
from simcash_env.schema.codes import MARKET_CHOICES
from simcash_env.schema.layout import plain_opener
from simcash_env.simulation.engine import Engine, grow_payments
from simcash_env.simulation.snapshot import Snapshot, new_header, read_snapshot, require_scenario

if TYPE_CHECKING:
    from simcash_env.compile.scenario import CompiledScenario
    from simcash_env.envs.episodes import Episodes

NOTHING = np.zeros(0, np.int64)


COPY_FACTS = ("seed", "member", "terminated", "truncated")
"""Facts about the copy in the header of its snapshot."""


class StateAccess:
    """Part of ``SimCashVec``: state, digests and snapshots of single copies."""

    num_envs: int
    num_banks: int
    num_slots: int
    learners: I64
    scenario: CompiledScenario
    variants: list[CompiledScenario]
    seeds: I64
    members: I64
    terminated: npt.NDArray[np.int8]
    truncated: npt.NDArray[np.int8]
    autoreset: str
    head_index: dict[str, int]
    _episodes: Episodes
    _kernels: Any
    _buffers: Any
    _workers: Any
    _arena: I64
    _scenario_rows: I64
    _state_sizes: I64

    def _place(self, copy: int) -> int:
        """Return the index of a copy.

        Raises:
            ActionError: there is no such copy.
        """
        place = whole_within(copy, 0, self.num_envs - 1)
        if place is None:
            message = f"copy: must be a whole number from 0 to {self.num_envs - 1}, got {copy!r}"
            raise ActionError(message)
        return place

    def columns(self) -> State:
        """Return the state of all copies by name, as views (N, axis) that are valid until the next step."""
        return plain_opener(State)(self._arena, self._state_sizes)

    def state(self, copy: int) -> State:
        """Return the state of a copy by name: views, valid until the next step."""
        return plain_opener(State)(self._arena[self._place(copy)], self._state_sizes)

    def engine(self, copy: int) -> Engine:
        """Return an independent engine with the state of a copy, to inspect or to continue."""
        copy = self._place(copy)
        engine = Engine(self.variants[self.members[copy]], 1, events=False)
        engine.replace_row(self._arena[copy], self._state_sizes)
        return engine

    def digest(self, copy: int) -> str:
        """Return the SHA-256 of a copy's state; a ``Simulation`` at the same point of the same run has the same."""
        return self.engine(copy).digest()

    def queue1_view(self) -> dict[str, I64]:
        """Return the unscaled numbers of Queue 1 and the account, for scripted agents and action objects.

        Returns:
            (N, L, K) ``present``, ``amount``, ``remaining``, ``ticks_to_deadline``, ``priority``, and
            (N, L) ``balance``, ``available_liquidity``, ``effective_liquidity``; money in cents.
        """
        from simcash_env.agents import raw

        shape = (self.num_envs, self.num_banks, self.num_slots)
        slots = np.zeros((len(raw.SLOT_NUMBERS), *shape), np.int64)
        accounts = np.zeros((len(raw.ACCOUNT_NUMBERS), *shape[:2]), np.int64)
        states = self._arena, self._state_sizes
        raw.read_queues(self._scenario_rows, self.scenario.sizes, self.members, *states, self.learners, slots, accounts)
        return dict(zip(raw.SLOT_NUMBERS, slots, strict=True)) | dict(zip(raw.ACCOUNT_NUMBERS, accounts, strict=True))

    def orders_of(self, choices: I64) -> I64:
        """Return (N, L, 3) side, rate in hundredths of a basis point and cents for choices (N, L) of the market head.

        Raises:
            ActionError: the scenario has no market head, or a choice is out of range.
        """
        given = array_of("choices", choices)
        is_choice = given.shape == (self.num_envs, self.num_banks) and given.dtype.kind in "iu"
        if "market" not in self.head_index:
            message = "orders_of: the scenario has no market head"
            raise ActionError(message)
        if not (is_choice and ((given >= 0) & (given < MARKET_CHOICES)).all()):
            rule = f"whole numbers from 0 to {MARKET_CHOICES - 1} of shape {(self.num_envs, self.num_banks)}"
            message = f"choices: must be {rule}, got {choices!r}"
            raise ActionError(message)
        from simcash_env.agents import raw

        orders = np.zeros((self.num_envs, self.num_banks, 3), np.int64)
        states, given = (self._arena, self._state_sizes), np.ascontiguousarray(given, np.int64)
        raw.read_orders(self._scenario_rows, self.scenario.sizes, self.members, *states, self.learners, given, orders)
        return orders

    @property
    def bytes_per_copy(self) -> float:
        """Memory per copy: its state row and its part of the arrays."""
        shared = sum(array.nbytes for array in self._buffers) + self._arena.nbytes
        return float(shared / self.num_envs)

    def snapshot(self, copy: int = 0) -> bytes:
        """Return the state of a copy as versioned bytes with a checksum, including its random stream.

        Raises:
            SnapshotError: no episode has started.
            ActionError: there is no such copy.
        """
        copy = self._place(copy)
        if not self._episodes.has_begun[copy]:
            message = f"snapshot: copy {copy} has no episode yet; call reset first"
            raise SnapshotError(message)
        stands = self.autoreset != "same_step" or bool(self._episodes.was_restored_over[copy])
        header = new_header(
            self.variants[self.members[copy]],
            member=int(self.members[copy]),
            family=self._family_digest(),
            seed=int(self.seeds[copy]),
            terminated=int(self.terminated[copy]) if stands else 0,  # the state is the next episode's already
            truncated=int(self.truncated[copy]) if stands else 0,
        )
        return Snapshot(header, self._arena[copy], self._state_sizes, NOTHING, NOTHING).to_bytes()

    def restore(self, snapshot: bytes, copy: int = 0) -> None:
        """Restore a copy from a snapshot of this batch or of another one of the same scenario.

        Raises:
            SnapshotError: damaged, or of another version or scenario. Nothing changes.
            ActionError: there is no such copy.
        """
        copy, read = self._place(copy), read_snapshot(snapshot)
        if read.header.get("family") != self._family_digest():
            message = "snapshot: it is of another scenario or family, or no environment's"
            raise SnapshotError(message)
        try:
            seed, member, terminated, truncated = (int(read.header[name]) for name in COPY_FACTS)
            if min(seed, member) < 0 or max(terminated, truncated) > 1 or min(terminated, truncated) < 0:
                message = f"snapshot: invalid header: {read.header}"
                raise SnapshotError(message)
            require_scenario(read, self.variants[member])
        except (LookupError, TypeError, ValueError) as error:
            message = f"snapshot: invalid header: {type(error).__name__}: {error}"
            raise SnapshotError(message) from error
        row, sizes = read.row, read.sizes
        while row.size < self._arena.shape[1]:
            row, sizes = grow_payments(row, sizes)
        while row.size > self._arena.shape[1]:
            self._grow()
        self._episodes.begin(np.arange(self.num_envs) == copy)
        if self.autoreset == "same_step" and (terminated or truncated):
            self._episodes.begin_at_end(copy)
        self._arena[copy] = row
        self.seeds[copy], self.members[copy] = seed, member
        self.terminated[copy], self.truncated[copy] = terminated, truncated
        self._show_copy(copy)

    def _show_copy(self, copy: int) -> None:
        """Update observations and masks of a restored copy; its reward and costs are 0."""
        pending = self._buffers.pending
        pending[:] = self._kernels.DONE
        pending[copy] = self._kernels.TO_OBSERVE
        self._workers.run(np.zeros((0, 0), np.int64))
        buffers, rows = self._buffers, self.num_banks
        buffers.rewards[copy * rows : (copy + 1) * rows] = 0.0
        buffers.illegal[copy * rows : (copy + 1) * rows] = 0
        buffers.costs.reshape(self.num_envs, -1)[copy] = 0
        self._begin_objects(np.arange(self.num_envs) == copy)

    def _begin_objects(self, begun: npt.NDArray[np.bool_]) -> None:
        raise NotImplementedError

    def _grow(self) -> None:
        raise NotImplementedError

    def _family_digest(self) -> str:
        return hashlib.sha256(b"".join(variant.content() for variant in self.variants)).hexdigest()
