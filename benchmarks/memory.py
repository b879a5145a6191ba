"""Memory of a batch: bytes a copy, the process with 4,096 copies, and whether it grows while they play.

Run it: python -m benchmarks.memory [--steps 10_000_000]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from simcash_env import make_vec, registry

SCENARIO, COPIES = "ten-banks-v0", 4_096
MEBIBYTE = 2**20


def resident() -> float:
    """MiB that the process holds now (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    line = next(row for row in status if row.startswith("VmRSS"))
    return int(line.split()[1]) / 1_024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--steps", type=int, default=10_000_000, help="steps of single copies")
    steps = parser.parse_args().steps
    for name in registry.scenario_ids():
        vec = make_vec(name, 64)
        vec.reset(seed=1)
        for _ in range(50):
            vec.step(np.zeros(vec.actions.shape, np.int64))
        banks = f"{len(vec.scenario.bank_ids):4} banks, {vec.num_banks:4} learn"
        print(f"{name:24} {banks}: {vec.bytes_per_copy:12,.0f} bytes a copy")
    before = resident()
    vec = make_vec(SCENARIO, COPIES)
    vec.reset(seed=1)
    actions = np.ones(vec.actions.shape, np.int64)
    for _ in range(20):
        vec.step(actions)
    settled, arrays = resident(), vec.bytes_per_copy * COPIES / MEBIBYTE
    print(f"{COPIES:,} copies of {SCENARIO}: {settled - before:.0f} MiB, of it {arrays:.0f} in arrays")
    for _ in range(steps // COPIES):
        vec.step(actions)
    grown, room = resident() - settled, vec.bytes_per_copy * COPIES / MEBIBYTE - arrays
    print(f"after {steps:,} steps of copies: {grown:+.1f} MiB, of it {room:+.1f} in arrays (room for longer queues)")


if __name__ == "__main__":
    main()
