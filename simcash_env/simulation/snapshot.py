"""A run as bytes: the whole state, versioned and checked, so that it resumes exactly or is refused."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from simcash_env._version import __version__
from simcash_env.compile.scenario import STATE_LAYOUT, CompiledScenario
from simcash_env.errors import SnapshotError
from simcash_env.schema.arrays import I64

MARK: Final = b"simcash_env snapshot\n"
FORMAT: Final = 1
MOST_WORDS: Final = 10**12
GROWS: Final = "pay"
"""The one axis whose length is no matter of the scenario."""
ARRAYS: Final = ("row", "sizes", "log", "open_log")


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What a snapshot holds.

    Attributes:
        header: format, package version, digests of the scenario and of the state's layout, and what the writer added.
        row: the state, one row of 64-bit words.
        sizes: where each axis of the row begins, and its length.
        log: (words,) the event log so far; empty where none is kept.
        open_log: (words,) events of the tick that is open.
    """

    header: dict[str, Any]
    row: I64
    sizes: I64
    log: I64
    open_log: I64

    def to_bytes(self) -> bytes:
        """A mark, the SHA-256 of what follows, and a NumPy archive (``.npz``)."""
        header = np.frombuffer(json.dumps(self.header).encode(), np.uint8)
        buffer = io.BytesIO()
        np.savez_compressed(buffer, header=header, **{name: getattr(self, name) for name in ARRAYS})
        body = buffer.getvalue()
        return MARK + hashlib.sha256(body).digest() + body


def new_header(scenario: CompiledScenario, **more: Any) -> dict[str, Any]:
    """What a snapshot of this scenario says of itself."""
    return {
        "format": FORMAT,
        "version": __version__,
        "scenario": scenario_digest(scenario),
        "layout": layout_digest(),
        **more,
    }


def scenario_digest(scenario: CompiledScenario) -> str:
    """SHA-256 of everything that the kernels read of a scenario, and of the banks' names."""
    digest = hashlib.sha256(json.dumps(scenario.bank_ids).encode())
    digest.update(scenario.sizes.tobytes())
    digest.update(scenario.content())
    return digest.hexdigest()


def layout_digest() -> str:
    """SHA-256 of the state's columns: a version with other ones cannot read a row."""
    return hashlib.sha256(repr(STATE_LAYOUT).encode()).hexdigest()


def read_snapshot(data: bytes) -> Snapshot:
    """Open a snapshot.

    Raises:
        SnapshotError: it is damaged, no snapshot at all, or of a version with another state.
    """
    start = len(MARK) + hashlib.sha256().digest_size
    given: Any = data
    if not isinstance(given, (bytes, bytearray)):
        message = f"snapshot: must be bytes, got {type(data).__name__}"
        raise SnapshotError(message)
    if not data.startswith(MARK) or data[len(MARK) : start] != hashlib.sha256(data[start:]).digest():
        message = "snapshot: damaged, or not a snapshot"
        raise SnapshotError(message)
    try:
        snapshot = _unpacked(data[start:])
    except UNPACKING as error:  # the checksum holds: somebody else has signed it
        message = f"snapshot: content is not a run: {type(error).__name__}: {error}"
        raise SnapshotError(message) from error
    _require_shape(snapshot)
    return snapshot


UNPACKING: Final = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError),  # no archive, or a damaged one
    *(RuntimeError, NotImplementedError),  # an encrypted one, or packed in a way that zipfile does not know
    *(ValueError, LookupError, TypeError, AttributeError),  # it holds something else
)


def _unpacked(body: bytes) -> Snapshot:
    with np.load(io.BytesIO(body), allow_pickle=False) as archive:
        header = json.loads(archive["header"].tobytes())
        if header["format"] != FORMAT or header["layout"] != layout_digest() or "scenario" not in header:
            writer = header["version"]
            message = f"snapshot: written by version {writer}, whose state differs from that of version {__version__}"
            raise SnapshotError(message)
        arrays = {name: np.ascontiguousarray(archive[name], np.int64) for name in ARRAYS}
    return Snapshot(header, **arrays)


def _require_shape(snapshot: Snapshot) -> None:
    sizes = snapshot.sizes
    fits = sizes.shape == (2 * len(STATE_LAYOUT.axes),) and bool((sizes >= 0).all() and (sizes < MOST_WORDS).all())
    fits = fits and np.array_equal(sizes, STATE_LAYOUT.sizes(STATE_LAYOUT.lengths(sizes)))
    if not fits or snapshot.row.shape != (STATE_LAYOUT.width(sizes),):
        message = f"snapshot: its row of {snapshot.row.shape} words does not fit its sizes"
        raise SnapshotError(message)


def require_scenario(snapshot: Snapshot, scenario: CompiledScenario) -> None:
    """Refuse a snapshot of another scenario.

    Raises:
        SnapshotError: the digests differ, or its state has not as many banks, pairs or registers as the scenario.
    """
    if snapshot.header["scenario"] != scenario_digest(scenario):
        message = "snapshot: it is of another scenario, or of one that was changed since"
        raise SnapshotError(message)
    theirs, ours = (STATE_LAYOUT.lengths(sizes) for sizes in (snapshot.sizes, scenario.state_sizes))
    if {**theirs, GROWS: 0} != {**ours, GROWS: 0} or theirs[GROWS] == 0:
        message = "snapshot: its row has not the parts of this scenario"
        raise SnapshotError(message)
