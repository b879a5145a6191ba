"""Files: where those shipped with the package are, and how files are written.

A file is replaced so that a reader finds the old content or the new one, and it can be held by one process. The locks
are advisory: the system releases them when a process ends, however it ends.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from simcash_env.errors import SimulationError, WriteError

if sys.platform != "win32":  # pragma: no branch - that system has no such locks
    import fcntl

_PACKAGE: Final = Path(__file__).resolve().parent
_CONFIGS: Final = (_PACKAGE / "_configs", _PACKAGE.parent / "configs")
"""Folders of shipped files in an installed wheel and in a checkout."""


def shipped_folder(kind: str) -> Path:
    """The folder of shipped files of a kind: ``scenarios``, ``policies``, ``training`` or ``trained``."""
    for configs in _CONFIGS:
        if configs.is_dir():
            return configs / kind
    return _CONFIGS[0] / kind


def partial_of(target: Path) -> Path:
    """Where a file is written before it takes its name: in the same folder, so that the last step is a rename.

    Raises:
        WriteError: no file can have this name.
    """
    try:
        named = os.fsencode(target)
    except UnicodeEncodeError as error:
        raise WriteError.of(target, error) from error
    if b"\x00" in named:
        message = f"{target}: cannot be written: null character in its name"
        raise WriteError(message)
    return target.with_name(f".{target.name}.{os.getpid()}.part")


def write_atomically(target: Path, data: bytes) -> None:
    """Write a file whole; on the disk before it takes its name.

    Raises:
        WriteError: it cannot be written; what was there is as it was.
    """
    with replacing(target) as partial:
        try:
            partial.write_bytes(data)
        except ValueError as error:  # a null character in its name
            raise WriteError.of(target, error) from error


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Where to write what takes the target's name when all has gone well: for libraries that write to a path.

    Raises:
        WriteError: it cannot be written; what was there is as it was.
    """
    try:
        partial = partial_of(target)
    except ValueError as error:  # the path of a folder
        raise WriteError.of(target, error) from error
    try:
        yield partial
        take_name(partial, target)
    except OSError as error:
        raise WriteError.of(target, error) from error
    finally:
        remove(partial)


def remove(partial: Path) -> None:
    """Remove what was begun; the reason why it could not be ended is the one to tell."""
    with suppress(OSError, ValueError):
        partial.unlink(missing_ok=True)


def make_folder_of(target: Path) -> None:
    """Make the folder that a file is to be written to, where it is missing.

    Raises:
        WriteError: it cannot be made; it names the file.
    """
    partial_of(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError.of(target, error) from error


def take_name(partial: Path, target: Path) -> None:
    """See that a written file is on the disk, then let it take its name."""
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    partial.replace(target)


def lock_of(target: Path) -> Path:
    """The file whose lock stands for the target's: the target itself gets another inode whenever it is replaced."""
    return target.with_name(f".{target.name}.lock")


@contextmanager
def held_alone(target: Path) -> Iterator[None]:
    """Hold a file that is read, changed and replaced, so that no other process changes it in between.

    A file that is not there is not held: whoever reads it reports that.

    Raises:
        SimulationError: another process holds it.
        WriteError: the folder cannot be written to.
    """
    if sys.platform == "win32" or not is_there(target):
        yield
        return
    path = lock_of(target)
    descriptor = _locked(path, target)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()  # while it is locked: whoever waits for it finds that its name has gone
        os.close(descriptor)


def is_there(target: Path) -> bool:
    """True if a file of this name exists; False for a name that no file can have."""
    try:
        return target.exists()
    except (OSError, ValueError):
        return False


def _locked(path: Path, target: Path) -> int:
    """A descriptor of the lock file, locked, while the file has its name."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise WriteError.of(target, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.stat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        except BlockingIOError as error:
            os.close(descriptor)
            message = f"{target}: another process is running it; try again once that has ended"
            raise SimulationError(message) from error
        except FileNotFoundError:  # its last holder removed it between the two calls
            pass
        except OSError as error:
            os.close(descriptor)
            raise WriteError.of(target, error) from error
        os.close(descriptor)


def is_open_elsewhere(path: Path, *, read_only: bool) -> bool:
    """True if another process has a conflicting lock on this file, of the kind that databases take."""
    if sys.platform == "win32":  # pragma: no cover - that system has no such locks
        return False
    try:
        with path.open("rb" if read_only else "rb+") as file:
            fcntl.lockf(file, (fcntl.LOCK_SH if read_only else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError) as error:  # POSIX lets a system choose between the two
        return error.filename is None  # the lock's error names no file, that of opening does
    except OSError:
        return False
    return False
