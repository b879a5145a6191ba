"""``python -m tests.conformance PATH…``: replay recorded cases and report the first difference of each."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.conformance.engines import OracleEngine, simulation_engine
from tests.conformance.runner import run_case


def case_files(path: Path) -> list[Path]:
    """The case files at a path: itself, or every JSON file under a folder."""
    return sorted(path.rglob("*.json")) if path.is_dir() else [path]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases; 0 only when there are some and all are equal."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path, help="case files, or folders that hold them")
    parser.add_argument("--oracle", action="store_true", help="run the plain-Python oracle instead of the engine")
    options = parser.parse_args(arguments)
    factory = OracleEngine if options.oracle else simulation_engine
    is_ok = True
    for path in options.paths:
        files = case_files(path)
        if not files:
            print(f"ERROR {path}: no case found")  # noqa: T201 - the report
            is_ok = False
        for file in files:
            outcome = run_case(file, factory)
            print(outcome.line(), flush=True)  # noqa: T201 - the report
            is_ok &= outcome.is_ok
    return 0 if is_ok else 1


if __name__ == "__main__":
    sys.exit(main())
