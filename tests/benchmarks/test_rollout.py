"""The table of rollout policies: written row by row, and others kept."""

import json

from benchmarks import rollout


def test_rollout_table_is_written_and_other_scenarios_keep_their_rows(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(rollout, "VARIED", "castro-2period-v0")
    monkeypatch.setattr(rollout, "VARIANTS", ({"candidates": ["pool"], "confidence": 0.5},))
    few = ("--days", "2", "--tuning-days", "2", "--samples", "2", "--folder", str(tmp_path))
    rollout.main(["castro-2period-v0", "--variants", "--bases", "tuned", "fifo", *few])
    rollout.main(["two-banks-v0", "--bases", "tuned", *few])
    results = json.loads((tmp_path / "rollout.json").read_text(encoding="utf-8"))
    assert list(map(rollout.key, results["rows"])) == [
        ("two-banks-v0", "tuned"), ("castro-2period-v0", "tuned"), ("castro-2period-v0", "fifo"),
    ]  # fmt: skip
    assert results["rows"][1]["difference"]["mean"] == 0 > results["rows"][2]["difference"]["mean"]
    text = (tmp_path / "rollout.md").read_text(encoding="utf-8")
    assert "| `castro-2period-v0` | tuned:" in text
    assert "2 samples, in turn; candidates pool; confidence 0.5" in text
    assert "`castro-2period-v0`" in capsys.readouterr().out
