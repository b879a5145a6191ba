"""The benchmarks run, and each speed is reported next to CartPole's. Never how long anything took."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import growth, peers, scale, targets

ROOT = Path(__file__).resolve().parents[2]
RATIO = re.compile(r"\d+\.\d\d")


def told_by(command: str) -> str:
    """What ``python -m benchmarks.COMMAND`` prints."""
    words = [sys.executable, "-m", *f"benchmarks.{command}".split()]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_every_speed_is_reported_relative_to_cartpole() -> None:
    rows = [line.strip("|").split("|") for line in told_by("speed --rounds 1 --warm --markdown").splitlines()]
    ratios = {cells[0].strip(): cells[3].strip() for cells in rows[2:] if len(cells) == 4}
    speeds = [cells[0].strip() for cells in rows[2:] if len(cells) == 4 and cells[2].strip().endswith("a second")]
    assert len(speeds) == 5
    assert all(RATIO.fullmatch(ratios[name]) for name in speeds)


@pytest.mark.slow
def test_speed_route_to_a_learner_stands_beside_one_that_does_nothing() -> None:
    figures = json.loads(told_by("sb3_route --rounds 1 --json"))
    assert figures["ratio"] == figures["sb3_simcash_rows_per_s"] / figures["sb3_idle_rows_per_s"] > 0


@pytest.mark.slow
def test_speed_what_a_payment_costs_is_told_at_every_size() -> None:
    found = json.loads(told_by("scale --waiting 4 50 --ticks 3 --tree configs/policies/small_first.json --json"))
    assert [(row["banks"], row["policy"]) for row in found["banks"]] == [
        (banks, policy) for banks in (10, 50, 200) for policy in ("fifo", "small_first")
    ]
    assert all(row["payments"] > 0 and row["us_a_payment"] > 0 for row in found["banks"])
    assert [(row["case"], row["waiting"]) for row in found["waiting"]] == [
        (case.name, size) for case in scale.CASES for size in (4, 50)
    ]


@pytest.mark.slow
def test_speed_growth_has_tables_and_a_figure_of_every_series(tmp_path: Path) -> None:
    told_by(f"growth --quick --folder {tmp_path} --assets {tmp_path}")
    points = json.loads((tmp_path / "growth.json").read_text(encoding="utf-8"))["points"]
    assert {name: tuple(map(int, found)) for name, found in points.items()} == {
        name: series.quick_sizes for name, series in growth.SERIES.items()
    }
    assert all(ns > 0 for found in points.values() for ns in found.values())
    assert (tmp_path / "growth.md").read_text(encoding="utf-8").count("ns a") == len(growth.SERIES)
    assert (tmp_path / "growth.png").stat().st_size > 0


@pytest.mark.slow
def test_speed_targets_are_all_measured() -> None:
    rows = [targets.Row(**row) for row in json.loads(told_by("targets --quick --json"))["rows"]]
    assert len(rows) == 16
    assert all(row.measured > 0 for row in rows)
    assert [line.split("|")[5].strip() for line in targets.as_markdown(rows).splitlines()[2:18]] == [
        "yes" if row.is_met else "no" for row in rows
    ]


def test_speed_target_is_met_from_its_own_side() -> None:
    assert [targets.at_least("", "", 2.0, measured).is_met for measured in (1.9, 2.0, 2.1)] == [False, True, True]
    assert [targets.at_most("", "", 2.0, measured).is_met for measured in (1.9, 2.0, 2.1)] == [True, True, False]


def test_speed_peers_settle_the_same_payments() -> None:
    pytest.importorskip("PSSimPy", reason="make bench-faces installs PSSimPy")
    assert all(rate > 0 for rate in peers.simulators(72, 1).values())


@pytest.mark.parametrize("case", scale.CASES, ids=lambda case: case.name)
def test_speed_growth_case_settles_all_or_nothing(case: scale.Case) -> None:
    """So that the table shows what its rows are called, at every size."""
    row = scale.one_tick(case, 3 * case.num_banks * (case.num_banks - 1))
    assert row["queued"] == row["waiting"] * (1 + case.offsets_at_entry)
    assert row["settled"] == (row["queued"] if case.settles else 0)


def test_speed_growth_table_has_a_row_a_case_and_the_ratio_of_the_sizes() -> None:
    rows = [{"case": case.name, "ms": ms} for case in scale.CASES for ms in (0.5, 1_000.0)]
    head, rule, *lines = scale.waiting_table(rows, (1_000, 100_000)).splitlines()
    assert head == "| one tick, ms; payments waiting: | 1,000 | 100,000 | cost at 100,000 / cost at 1,000 |"
    assert rule == "|---|---:|---:|---:|"
    assert lines == [f"| {case.name} | 0.50 | 1,000.00 | 2,000 |" for case in scale.CASES]
