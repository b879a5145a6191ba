"""The machine that something was measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path

from simcash_env._version import __version__


def machine() -> str:
    """Processor, cores and Python, in the words that tables of figures end with."""
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def made_by() -> dict[str, str]:
    """What makes a result now: version, commit and machine, to be kept with it."""
    return {"version": __version__, "commit": commit(), "machine": machine()}


def origin(made: Mapping[str, str]) -> str:
    """What made a result, in the words that tables end with."""
    return f"Version {made['version']}, commit {made['commit']}; {made['machine']}"


def commit() -> str:
    """Commit of the checkout that the package is in, with a mark if it has changes; ``unknown`` without git."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
