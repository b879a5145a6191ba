"""``python -m tests.fuzz --minutes 120``: round after round of damaged files, each with a seed of its own.

A round is every file of tests, each in a process of its own, since Hypothesis remembers what it drew and a round of
hours would fill the memory. The first failure ends it, with the command that shows it again.
"""

import argparse
import os
import secrets
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

FILES = sorted(Path(__file__).parent.glob("test_*.py"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until the time is over, the last round to its end; 1 where something failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="no round begins after this; 60 unless told")
    parser.add_argument("--examples", type=int, default=4000, help="of each test in a round; 4000 unless told")
    parser.add_argument("files", nargs="*", type=Path, default=FILES, help="all of tests/fuzz unless told")
    options = parser.parse_args(arguments)
    environment = os.environ | {"FUZZ_EXAMPLES": str(options.examples)}
    start, rounds = time.monotonic(), 0
    while not rounds or time.monotonic() - start < 60 * options.minutes:
        seed = secrets.randbits(32)
        for file in options.files:
            command = [sys.executable, "-m", "pytest", "-q", "-s", f"--hypothesis-seed={seed}", str(file)]
            if code := subprocess.run(command, check=False, env=environment).returncode:
                again = f"FUZZ_EXAMPLES={options.examples} {shlex.join(command)}"
                print(f"failed in round {rounds + 1}; again: {again}", flush=True)
                return code
        rounds += 1
        minutes = (time.monotonic() - start) / 60
        print(
            f"round {rounds}, {options.examples} examples a test, seed {seed}: nothing in {minutes:.0f} minutes",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
