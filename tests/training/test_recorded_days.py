"""The study of learning on recorded days, on a twentieth of the sample data set and with a short training."""

import json
from dataclasses import replace

import pytest

from simcash_env.data import sample
from simcash_env.evaluation.rollout_policy import RolloutSettings
from training import recorded_days


@pytest.fixture
def small(monkeypatch):
    payments = sample()
    payments = replace(payments, table=payments.table.take(list(range(0, len(payments), 20))))
    monkeypatch.setattr(recorded_days, "sample", lambda: payments)
    for name in ("TUNING_DAYS", "VALIDATION_DAYS", "TEST_DAYS"):
        monkeypatch.setattr(recorded_days, name, 2)
    monkeypatch.setattr(recorded_days, "SCRIPTS", ("balance_first", "priority_first"))
    monkeypatch.setattr(recorded_days, "SEARCH", {"generations": 1, "population": 4, "days": 1})
    few = RolloutSettings(samples=1, banks="jointly", candidates=("orders",), horizon_ticks=1, max_queue_slots=64)
    monkeypatch.setattr(recorded_days, "ROLLOUTS", (few, few.model_copy(update={"horizon_ticks": 2})))
    return payments


def test_recorded_days_parts_of_the_study_share_no_day(small, tmp_path):
    sources = recorded_days.make_sources(small, tmp_path)
    parts = [config.arrivals.recorded.days for config in (sources.train, sources.validation, sources.test)]
    assert parts == ["train", "validation", "test"]
    assert list(sources.test_days) == ["2026-01-15", "2026-01-16"]
    assert sources.generator.arrivals is None


@pytest.fixture
def study(small, tmp_path):
    """Arguments of a short study, and its results."""
    figure = tmp_path / "figure.png"

    def make(*more):
        recorded_days.main([
            "--steps", "30000", "--seeds", "1", "--folder", str(tmp_path), "--figure", str(figure), *more,
        ])  # fmt: skip
        return json.loads((tmp_path / "recorded-days.json").read_text(encoding="utf-8"))

    return make


@pytest.mark.slow
def test_recorded_days_study_writes_table_figure_and_data(study, tmp_path):
    results = study()
    rows = {row["policy"]: row for row in results["rows"]}
    assert list(rows) == list(recorded_days.ROWS)
    page = (tmp_path / "recorded-days.md").read_text(encoding="utf-8")
    for name, row in rows.items():
        assert set(row["by_day"]) == {"2026-01-15", "2026-01-16"}
        assert f"| {name} |" in page
        bounds = rows[recorded_days.BOUND]["by_day"]
        assert all(row["by_day"][day] >= cents > 0 for day, cents in bounds.items())
        if row["total"] is not None:
            assert row["total"]["count"] == 2
            script = rows[recorded_days.SCRIPT]["total"]["mean"]
            assert row["to_script"]["mean"] == pytest.approx(row["total"]["mean"] - script)
    assert set(rows["rank search on generator"]["validation"]) == set(recorded_days.SEARCHED)
    assert len(rows["rollout of the tuned script"]["validation"]) == 2
    assert "ms a decision" in page
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_recorded_days_study_keeps_rows_that_are_made(study, monkeypatch):
    first = study("--row", "FIFO")
    made = []
    fifo = recorded_days.ROWS["FIFO"]
    rows = {**recorded_days.ROWS, "FIFO": lambda study: made.append("FIFO") or fifo(study)}
    monkeypatch.setattr(recorded_days, "ROWS", rows)
    assert study("--row", "FIFO") == first
    assert made == []
    both = study("--row", "FIFO", "--row", recorded_days.SCRIPT, "--again")
    assert made == ["FIFO"]
    assert [row["policy"] for row in both["rows"]] == ["FIFO", recorded_days.SCRIPT]
    assert both["rows"][0] == first["rows"][0]


def test_recorded_days_bound_that_is_not_solved_in_time_says_so(study, tmp_path):
    results = study("--row", "FIFO", "--row", recorded_days.BOUND, "--bound-seconds", "0")
    assert set(results["rows"][1]["by_day"].values()) == {None}
    page = (tmp_path / "recorded-days.md").read_text(encoding="utf-8")
    assert page.count("not solved") == 2
    assert "%" not in page.splitlines()[2]
