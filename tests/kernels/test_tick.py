"""A tick costs no more work for each payment the more payments wait."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernels.operations import SIZES

ROOT = Path(__file__).resolve().parents[2]

LINES_PER_PAYMENT = 400

LINES_OF: dict[str, float] = {"trees that ask for other payments": 800, "scheduled events": 1}
"""Most lines of rules that one more waiting payment, or one more event, may add to a tick, where it is another number.

A rule that scanned the queue for each pair of banks took 600 and more with 760 payments on 20 banks, one that scanned it
for each payment 2,000 to 13,000.
"""


@pytest.mark.slow
def test_tick_growth_lines_per_waiting_payment() -> None:
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    words = [sys.executable, "-m", "tests.kernels.operations"]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    small, large = SIZES
    added = {name: (most - few) / (large - small) for name, (few, most) in json.loads(done.stdout).items()}
    assert {name: lines for name, lines in added.items() if lines > LINES_OF.get(name, LINES_PER_PAYMENT)} == {}
