"""The states of a batch's copies: by name, as queues in cents, as engines, digests and snapshots."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import numpy as np

from simcash_env.compile.scenario import CompiledScenario, initial_state
from simcash_env.envs.buffers import BatchArrays
from simcash_env.envs.options import array_of
from simcash_env.errors import ActionError, RoomError, SnapshotError
from simcash_env.integers import whole_within
from simcash_env.schema.arrays import I64, State
from simcash_env.schema.codes import MARKET_CHOICES
from simcash_env.schema.layout import plain_opener
from simcash_env.simulation.engine import Engine, grow_payments
from simcash_env.simulation.snapshot import Snapshot, new_header, read_snapshot, require_scenario

NOTHING = np.zeros(0, np.int64)

COPY_FACTS = ("seed", "member", "terminated", "truncated")
"""Facts about the copy in the header of its snapshot."""


class CopySnapshot(NamedTuple):
    """What a snapshot restores: a state row with its sizes, and the facts in its header."""

    row: I64
    sizes: I64
    seed: int
    member: int
    terminated: int
    truncated: int


class CopyStates:
    """State rows of the copies of a batch, one each, and the rows from which episodes start.

    Args:
        scenario: compiled scenario of the batch.
        variants: compiled members of its family, or the scenario itself.
        learners: numbers (L,) of the learning banks.
        num_slots: payments of Queue 1 that are shown, K.
        arrays: arrays of the batch, which say what each copy plays.

    Attributes:
        rows: state rows (N, words).
        sizes: sizes of a state row.
        templates: first state of each variant.
        scenario_rows: row of each variant.
    """

    def __init__(
        self,
        scenario: CompiledScenario,
        variants: list[CompiledScenario],
        learners: I64,
        num_slots: int,
        arrays: BatchArrays,
    ) -> None:
        self._scenario, self._variants = scenario, variants
        self._learners, self._arrays = learners, arrays
        self._num_copies = arrays.sizes.copies
        self._slots_shape = (self._num_copies, len(learners), num_slots)
        self.sizes = scenario.state_sizes
        self.templates: I64 = np.stack([initial_state(variant, 1) for variant in variants])
        self._stack_scenarios()
        try:
            self.rows: I64 = np.tile(self.templates[0], (self._num_copies, 1))
        except (MemoryError, ValueError) as error:
            message = f"num_envs: no room for {self._num_copies} copies: {error}"
            raise RoomError(message) from error

    def _stack_scenarios(self) -> None:
        """Put the rows of all variants into one array; they hold addresses that are valid in this process only."""
        self.scenario_rows: I64 = np.stack([variant.row for variant in self._variants])

    def __getstate__(self) -> dict[str, Any]:
        """Return the state to copy or pickle, without the rows of scenarios."""
        return {name: value for name, value in self.__dict__.items() if name != "scenario_rows"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the state and stack the rows of the scenarios again."""
        self.__dict__.update(state)
        self._stack_scenarios()

    def place(self, copy: int) -> int:
        """Return the index of a copy.

        Raises:
            ActionError: there is no such copy.
        """
        place = whole_within(copy, 0, self._num_copies - 1)
        if place is None:
            message = f"copy: must be a whole number from 0 to {self._num_copies - 1}, got {copy!r}"
            raise ActionError(message)
        return place

    def grow(self) -> None:
        """Double the payment rows of every copy."""
        self.templates, _ = grow_payments(self.templates, self.sizes)
        self.rows, self.sizes = grow_payments(self.rows, self.sizes)

    def columns(self) -> State:
        """Return the state of all copies by name, as read-only views (N, axis) that are valid until the next step."""
        rows = self.rows.view()
        rows.flags.writeable = False
        return plain_opener(State)(rows, self.sizes)

    def state(self, copy: int) -> State:
        """Return the state of a copy by name: views, valid until the next step."""
        return plain_opener(State)(self.rows[self.place(copy)], self.sizes)

    def engine(self, copy: int) -> Engine:
        """Return an independent engine with the state of a copy."""
        copy = self.place(copy)
        engine = Engine(self._variants[self._arrays.members[copy]], 1, events=False)
        engine.replace_row(self.rows[copy], self.sizes)
        return engine

    def queue1_view(self) -> dict[str, I64]:
        """Return the numbers of Queue 1 (N, L, K) and of the account (N, L) by name, in cents and ticks."""
        from simcash_env.agents import raw

        slots = np.zeros((len(raw.SLOT_NUMBERS), *self._slots_shape), np.int64)
        accounts = np.zeros((len(raw.ACCOUNT_NUMBERS), *self._slots_shape[:2]), np.int64)
        raw.read_queues(*self._kernel_arguments(), slots, accounts)
        return dict(zip(raw.SLOT_NUMBERS, slots, strict=True)) | dict(zip(raw.ACCOUNT_NUMBERS, accounts, strict=True))

    def orders_of(self, choices: I64) -> I64:
        """Return (N, L, 3) side, rate in hundredths of a basis point and cents for choices (N, L) of the market head.

        Raises:
            ActionError: a choice is out of range.
        """
        from simcash_env.agents import raw

        given, shape = array_of("choices", choices), self._slots_shape[:2]
        is_choice = given.shape == shape and given.dtype.kind in "iu"
        if not (is_choice and ((given >= 0) & (given < MARKET_CHOICES)).all()):
            message = f"choices: must be whole numbers from 0 to {MARKET_CHOICES - 1} of shape {shape}, got {choices!r}"
            raise ActionError(message)
        orders = np.zeros((*shape, 3), np.int64)
        raw.read_orders(*self._kernel_arguments(), np.ascontiguousarray(given, np.int64), orders)
        return orders

    def _kernel_arguments(self) -> tuple[I64, I64, I64, I64, I64, I64]:
        members, learners = self._arrays.members, self._learners
        return self.scenario_rows, self._scenario.sizes, members, self.rows, self.sizes, learners

    @property
    def bytes_per_copy(self) -> float:
        """Memory per copy: its state row and its part of the arrays."""
        return float((sum(array.nbytes for array in self._arrays.buffers) + self.rows.nbytes) / self._num_copies)

    def to_bytes(self, copy: int, *, is_next_episode: bool) -> bytes:
        """Return the state of a copy as versioned bytes with a checksum, including its random stream.

        Args:
            copy: index of the copy.
            is_next_episode: the state is already that of the next episode, which has not ended.
        """
        arrays = self._arrays
        member = int(arrays.members[copy])
        header = new_header(
            self._variants[member],
            member=member,
            family=self._family_digest(),
            seed=int(arrays.seeds[copy]),
            terminated=0 if is_next_episode else int(arrays.terminated[copy]),
            truncated=0 if is_next_episode else int(arrays.truncated[copy]),
        )
        return Snapshot(header, self.rows[copy], self.sizes, NOTHING, NOTHING).to_bytes()

    def from_bytes(self, snapshot: bytes) -> CopySnapshot:
        """Read a snapshot; its row is at least as large as those of the batch.

        Raises:
            SnapshotError: damaged, or of another version or scenario.
        """
        read = read_snapshot(snapshot)
        if read.header.get("family") != self._family_digest():
            message = "snapshot: it is of another scenario or family, or no environment's"
            raise SnapshotError(message)
        try:
            seed, member, terminated, truncated = (int(read.header[name]) for name in COPY_FACTS)
            if min(seed, member) < 0 or max(terminated, truncated) > 1 or min(terminated, truncated) < 0:
                message = f"snapshot: invalid header: {read.header}"
                raise SnapshotError(message)
            require_scenario(read, self._variants[member])
        except (LookupError, TypeError, ValueError) as error:
            message = f"snapshot: invalid header: {type(error).__name__}: {error}"
            raise SnapshotError(message) from error
        row, sizes = read.row, read.sizes
        while row.size < self.rows.shape[1]:
            row, sizes = grow_payments(row, sizes)
        return CopySnapshot(row, sizes, seed, member, terminated, truncated)

    def put(self, copy: int, read: CopySnapshot) -> None:
        """Write what a snapshot restores to a copy; the rows of the batch have its size."""
        arrays = self._arrays
        self.rows[copy] = read.row
        arrays.seeds[copy], arrays.members[copy] = read.seed, read.member
        arrays.terminated[copy], arrays.truncated[copy] = read.terminated, read.truncated

    def _family_digest(self) -> str:
        return hashlib.sha256(b"".join(variant.content() for variant in self._variants)).hexdigest()
