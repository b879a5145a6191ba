"""The benchmarks run, and each speed is told beside its yardstick's. Never how long anything took."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
RATIO = re.compile(r"\d+\.\d\d")


def told_by(command: str) -> str:
    """What ``python -m benchmarks.COMMAND`` prints."""
    words = [sys.executable, "-m", *f"benchmarks.{command}".split()]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_every_speed_stands_beside_the_yardstick() -> None:
    rows = [line.strip("|").split("|") for line in told_by("speed --rounds 1 --warm --markdown").splitlines()]
    ratios = {cells[0].strip(): cells[3].strip() for cells in rows[2:] if len(cells) == 4}
    speeds = [cells[0].strip() for cells in rows[2:] if len(cells) == 4 and cells[2].strip().endswith("a second")]
    assert len(speeds) == 5
    assert all(RATIO.fullmatch(ratios[name]) for name in speeds)


@pytest.mark.slow
def test_the_route_to_a_learner_stands_beside_one_that_does_nothing() -> None:
    figures = json.loads(told_by("sb3_route --rounds 1 --json"))
    assert figures["ratio"] == figures["sb3_simcash_rows_per_s"] / figures["sb3_idle_rows_per_s"] > 0


@pytest.mark.slow
def test_what_a_payment_costs_is_told_at_every_size() -> None:
    rows = json.loads(told_by("scale --ticks 3 --tree configs/policies/small_first.json --json"))
    assert [(row["banks"], row["policy"]) for row in rows] == [
        (banks, policy) for banks in (10, 50, 200) for policy in ("fifo", "small_first")
    ]
    assert all(row["payments"] > 0 and row["us_a_payment"] > 0 for row in rows)
