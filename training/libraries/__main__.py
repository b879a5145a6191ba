"""``python -m training.libraries NAME [--seconds S] [--seed N] [--write]``; ``--table`` prints the table of rows."""

from __future__ import annotations

import argparse
import importlib
import os
import warnings
from pathlib import Path
from typing import Final

from simcash_env.files import write_atomically
from training.libraries.run import Run, as_markdown, read_rows, write_rows

FOLDER: Final = Path(__file__).resolve().parent
RESULTS: Final = FOLDER.parent.parent / "docs" / "results" / "libraries.json"
NAMES: Final = tuple(
    sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in {"__init__", "__main__", "run"})
)


def main() -> None:
    """Train one library, or print the table."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # more threads slow small networks down
    parser = argparse.ArgumentParser(prog="python -m training.libraries", description="Train with another library.")
    parser.add_argument("name", choices=NAMES, nargs="?", help="the library's file in training/libraries")
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="processor time of the training, about (default: 60)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the training (default: 0)")
    parser.add_argument("--write", action="store_true", help="write the row into docs/results/libraries.json")
    parser.add_argument("--table", action="store_true", help="print the table of all rows as Markdown")
    options = parser.parse_args()
    if options.table:
        print(as_markdown(read_rows(RESULTS)))
        return
    if options.name is None:
        parser.error(f"name a library: {', '.join(NAMES)}")
    warnings.simplefilter("ignore")  # of the libraries, about themselves
    module = importlib.import_module(f"training.libraries.{options.name}")
    variants = getattr(module, "LIBRARIES", {"": getattr(module, "LIBRARY", None)})
    for variant, library in variants.items():
        run = Run(library, options.seconds, options.seed)
        module.train(run, variant) if variant else module.train(run)
        name = f"{options.name}-{variant.lower()}" if variant else options.name
        print(as_markdown({name: run.row}).splitlines()[2], flush=True)
        if options.write:
            rows = read_rows(RESULTS) | {name: run.row}
            write_rows(rows, RESULTS)
            write_atomically(RESULTS.with_suffix(".md"), (as_markdown(rows) + "\n").encode())


if __name__ == "__main__":
    main()
