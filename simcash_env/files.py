"""Writing a file so that whoever reads it finds the old content or the new, never half of one."""

from __future__ import annotations

import os
from pathlib import Path

from simcash_env.errors import WriteError


def partial_of(target: Path) -> Path:
    """Where a file is written before it takes its name: beside it, so that the last step is a rename."""
    return target.with_name(f".{target.name}.{os.getpid()}.part")


def write_atomically(target: Path, data: bytes) -> None:
    """Write a file whole; on the disk before it takes its name.

    Raises:
        WriteError: it cannot be written; what was there is as it was.
    """
    partial = partial_of(target)
    try:
        with partial.open("wb") as file:
            file.write(data)
        take_name(partial, target)
    except OSError as error:
        raise WriteError.of(target, error) from error
    finally:
        partial.unlink(missing_ok=True)


def take_name(partial: Path, target: Path) -> None:
    """See that a written file is on the disk, then let it take its name."""
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    partial.replace(target)
