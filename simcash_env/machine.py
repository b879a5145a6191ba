"""The machine that something was measured on."""

from __future__ import annotations

import os
import platform


def machine() -> str:
    """Processor, cores and Python, in the words that tables of figures end with."""
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
