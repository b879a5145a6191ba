"""The line that a process writes when it starts to compile: an empty cache otherwise looks like a hang."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Final

VARIABLE: Final = "SIMCASH_COMPILE_NOTICE"
"""Set to 0, this environment variable leaves the line out."""

TEXT: Final = "compiling, once per version; this takes up to a minute"


def write_to_stderr(text: str) -> None:
    """Write one line to stderr; a process may have none."""
    if sys.stderr is not None:
        sys.stderr.write(f"simcash_env: {text}\n")
        sys.stderr.flush()


_write: Callable[[str], None] = write_to_stderr
_is_due = os.environ.get(VARIABLE) != "0"


def send_to(write: Callable[[str], None]) -> None:
    """Hand the line to another function, for example to a structured log."""
    global _write  # noqa: PLW0603 - one line per process
    _write = write


def silence() -> None:
    """Write nothing in this process."""
    global _is_due  # noqa: PLW0603 - one line per process
    _is_due = False


def announce() -> None:
    """Write the line, at the first call in this process."""
    if _is_due:
        silence()
        _write(TEXT)
