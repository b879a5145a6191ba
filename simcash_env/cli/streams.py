"""The standard streams: open, and able to print any text."""

from __future__ import annotations

import os
import sys
from typing import Final, TextIO

STREAMS: Final = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))
"""In the order of their numbers, with the mode in which each is opened."""


def prepare_streams() -> None:
    """Replace closed streams by the null device, and escape characters that the encoding lacks.

    A number that a closed stream leaves free would be taken by the next file that is opened, and what a library
    prints would be written into that file.
    """
    for number, (name, mode) in enumerate(STREAMS):
        _occupy(number)
        stream: TextIO | None = getattr(sys, name)
        if stream is None or stream.closed:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        if getattr(stream, "errors", None) == "strict" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _occupy(number: int) -> None:
    """Open the null device under this file descriptor if it is closed."""
    try:
        os.fstat(number)
    except OSError:
        null = os.open(os.devnull, os.O_RDWR)
        if null != number:
            os.dup2(null, number)
            os.close(null)
