"""Every scenario file of a folder of SimCash's, run to its end: totals a file.

Run it: python -m benchmarks.published FOLDER   (with scenarios/*.yaml, and policies/*.json next to them)
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from simcash_env import Simulation, load_scenario

COLUMNS = ("ticks", "banks", "arrived", "settled", "queued", "by LSM", "cost in cents", "seconds")


def main() -> None:
    """Run them all and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    files = sorted((folder / "scenarios").glob("*.yaml"))
    if not files:
        sys.exit(f"{folder / 'scenarios'}: no *.yaml here")
    width = max(len(path.stem) for path in files)
    print(" " * width, *(f"{column:>14}" for column in COLUMNS))
    for path in files:
        config = load_scenario(path, policy_path=folder / "policies", notice=lambda _: None)
        began = time.perf_counter()
        run = Simulation(config, events=False).run_to_completion()
        took = time.perf_counter() - began
        counts = (run.ticks, len(config.banks), run.arrived, run.settled, run.queued, run.lsm_released, run.total_cost)
        print(f"{path.stem:{width}}", *(f"{count:14,}" for count in counts), f"{took:14.2f}")


if __name__ == "__main__":
    main()
