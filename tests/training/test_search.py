"""The command that searches on every scenario writes a line for each finished run, and goes on where it stopped."""

import json

from simcash_env.learning.settings import SearchSettings, load_settings
from simcash_env.registry import scenario_ids
from training import search


def test_search_writes_a_line_for_each_run_and_repeats_none(tmp_path, monkeypatch, capsys):
    own = SearchSettings(generations=1, population=4, days=4)
    monkeypatch.setattr(search, "load_settings", lambda name: load_settings(name).model_copy(update={"search": own}))
    arguments = ["castro-2period-v0", "castro-12period-v0", "--days", "3", "--test", "2", "--out", str(tmp_path)]
    search.main([*arguments, "--seeds", "1"])
    search.main([*arguments, "--seeds", "2"])
    lines = [json.loads(line) for line in (tmp_path / "runs.jsonl").read_text().splitlines()]
    assert [(line["scenario"], line["seed"]) for line in lines] == [
        ("castro-2period-v0", 0), ("castro-12period-v0", 0), ("castro-2period-v0", 1), ("castro-12period-v0", 1),
    ]  # fmt: skip
    played = {line["scenario"]: (line["validation"]["days"], line["test"]["days"]) for line in lines}
    assert played == {"castro-2period-v0": (1, 1), "castro-12period-v0": (3, 2)}
    assert {"weight_urgency", "pool", "pool.by_arrivals"} <= set(lines[0]["constants"][0])
    assert (tmp_path / "castro-12period-v0-seed1.npy").is_file()
    assert capsys.readouterr().out.count("validation days, start") == 4


def test_search_names_every_scenario_of_the_library():
    assert set(search.SCENARIOS) == set(scenario_ids())
