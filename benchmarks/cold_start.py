"""First commands with an empty cache of compiled kernels: ``python -m benchmarks.cold_start [--json | --markdown]``.

Each command runs in a process of its own, one after the other, with a cache that all of them share. Processor seconds
depend less on what else the machine does than seconds. The last row repeats them with the cache that they left.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import runpy
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from simcash_env import __version__
from simcash_env.machine import machine

COMMANDS: Final[dict[str, tuple[str, ...]]] = {
    "simcash run": ("simcash", "run", "castro-12period-v0"),
    "parallel_env().reset()": (),
    "simcash benchmark": ("simcash", "benchmark", "castro-12period-v0", "--seeds", "10"),
}
"""What a new user does first; without arguments, an environment is made and reset."""
REPORT: Final = "SIMCASH_COLD_START_REPORT"
"""Environment variable: the file in which the process of a command writes how many functions it compiled."""


@dataclass(frozen=True)
class Start:
    """One command.

    Attributes:
        command: name.
        seconds: from start to end.
        processor_seconds: user and system time of the process.
        functions: compiled by Numba, of all kinds.
    """

    command: str
    seconds: float
    processor_seconds: float
    functions: int


def play(name: str) -> None:
    """Do in this process what a command does, then write how many functions were compiled."""
    from numba.core import event

    compiled = event.RecordingListener()
    with event.install_listener("numba:compile", compiled):
        arguments = COMMANDS[name]
        if arguments:
            sys.argv = list(arguments)
            try:
                runpy.run_module("simcash_env.cli", run_name="__main__")
            except SystemExit as ended:
                if ended.code:
                    raise
        else:
            from simcash_env import simcash_v0

            simcash_v0.parallel_env().reset(seed=1)
    functions = sum(each.is_start for _, each in compiled.buffer)
    Path(os.environ[REPORT]).write_text(str(functions), encoding="ascii")


def start(name: str, cache: Path) -> Start:
    """Run a command in a process of its own, with this cache."""
    report = cache / "functions.txt"
    environment: Any = {**os.environ, "SIMCASH_CACHE_DIR": str(cache), REPORT: str(report)}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.cold_start", "--play", name]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Start(name, seconds, used, int(report.read_text(encoding="ascii")))


def measure() -> list[Start]:
    """All commands with an empty cache, then all of them again."""
    with tempfile.TemporaryDirectory() as folder:
        cold, again = ([start(name, Path(folder)) for name in COMMANDS] for _ in range(2))
        return [*cold, total("all", cold), total("all, once more", again)]


def total(name: str, starts: Sequence[Start]) -> Start:
    """The sum of several commands."""
    seconds, used = sum(each.seconds for each in starts), sum(each.processor_seconds for each in starts)
    return Start(name, seconds, used, sum(each.functions for each in starts))


def as_markdown(starts: Sequence[Start]) -> str:
    """The table."""
    rows = [
        f"| {each.command} | {each.seconds:.1f} | {each.processor_seconds:.1f} | {each.functions} |" for each in starts
    ]
    last = f"Version {__version__} on {machine()}: `python -m benchmarks.cold_start --markdown`."
    return "\n".join(["| command | s | processor s | functions compiled |", "|---|---:|---:|---:|", *rows, "", last])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cold_start", description=__doc__.split("\n\n")[0])
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--markdown", action="store_true", help="a table (the default)")
    parser.add_argument("--play", choices=COMMANDS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.play:
        play(options.play)
        return
    starts = measure()
    if options.json:
        print(json.dumps({"version": __version__, "machine": machine(), "rows": [asdict(each) for each in starts]}))
    else:
        print(as_markdown(starts))


if __name__ == "__main__":
    main()
