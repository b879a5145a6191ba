"""Searches that weigh expensive days: one line a search, none repeated, mean and tail relative to the start."""

import json

import pytest

from training import tails


def test_tails_appends_a_line_a_search_and_repeats_none(tmp_path, monkeypatch, capsys):
    settings_with = tails.settings_with

    def small(scenario, weight):
        settings = settings_with(scenario, weight)
        few = {"generations": 1, "population": 4, "days": 8}
        return settings.model_copy(update={"search": settings.search.model_copy(update=few)})

    monkeypatch.setattr(tails, "settings_with", small)
    out = tmp_path / "tails.jsonl"
    words = ["2b-3t-v0", "--days", "50", "--out", str(out), "--weights"]
    tails.main([*words, "0.5"])
    (line,) = map(json.loads, out.read_text().splitlines())
    assert line["minus_start"][0] == pytest.approx(line["mean"] - line["start"])
    assert line["start"] <= line["start_tails"][0] <= line["start_tails"][1]
    assert (line["settings"]["risk_weight"], line["settings"]["risk_level"]) == (0.5, 0.95)
    tails.main([*words, "0.5", "2"])
    lines = out.read_text().splitlines()
    assert (json.loads(lines[0]), json.loads(lines[1])["weight"], len(lines)) == (line, 2.0, 2)
    assert capsys.readouterr().out.count("`2b-3t-v0`") == 2
    page = out.with_suffix(".md")
    text = page.read_text()
    assert text.count("| `2b-3t-v0` |") == 2
    page.unlink()
    tails.main(["--tables", "--out", str(out)])
    assert page.read_text() == text
