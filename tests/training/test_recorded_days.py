"""The study of learning on recorded days, on a tenth of the sample data set and with a short training."""

import json
from dataclasses import replace

import pytest

from simcash_env.data import sample
from training import recorded_days


@pytest.fixture
def small(monkeypatch):
    payments = sample()
    payments = replace(payments, table=payments.table.take(list(range(0, len(payments), 10))))
    monkeypatch.setattr(recorded_days, "sample", lambda: payments)
    for name in ("TUNING_DAYS", "VALIDATION_DAYS", "TEST_DAYS"):
        monkeypatch.setattr(recorded_days, name, 2)
    monkeypatch.setattr(recorded_days, "SCRIPTS", ("balance_first", "priority_first"))
    return payments


def test_recorded_days_parts_of_the_study_share_no_day(small, tmp_path):
    sources = recorded_days.make_sources(small, tmp_path)
    parts = [config.arrivals.recorded.days for config in (sources.train, sources.validation, sources.test)]
    assert parts == ["train", "validation", "test"]
    assert list(sources.test_days) == ["2026-01-15", "2026-01-16"]
    assert sources.generator.arrivals is None


def test_recorded_days_study_writes_table_figure_and_data(small, tmp_path):
    figure = tmp_path / "figure.png"
    recorded_days.main(["--steps", "30000", "--seeds", "1", "--folder", str(tmp_path), "--figure", str(figure)])
    results = json.loads((tmp_path / "recorded-days.json").read_text(encoding="utf-8"))
    names = [row["policy"] for row in results["rows"]]
    assert [name.split(":")[0] for name in names] == [
        "FIFO",
        "tuned",
        "learned on recorded days",
        "learned on generator",
    ]
    for row in results["rows"]:
        assert row["total"]["count"] == 2
        assert row["to_script"]["mean"] == pytest.approx(row["total"]["mean"] - results["rows"][1]["total"]["mean"])
        assert set(row["by_day"]) == {"2026-01-15", "2026-01-16"}
    page = (tmp_path / "recorded-days.md").read_text(encoding="utf-8")
    assert all(name in page for name in names)
    assert figure.read_bytes().startswith(b"\x89PNG")
