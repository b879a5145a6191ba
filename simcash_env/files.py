"""Writing a file so that whoever reads it finds the old content or the new, never half of one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from simcash_env.errors import WriteError


def partial_of(target: Path) -> Path:
    """Where a file is written before it takes its name: beside it, so that the last step is a rename.

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
