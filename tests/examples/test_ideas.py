"""The short examples: one idea each, and each runs."""

import importlib
import inspect

import pytest

from tests.repository.pages import ROOT

FOLDER = ROOT / "examples" / "ideas"
MOST_LINES = 60
BUDGETS = {
    "random_day": {},
    "one_bank": {},
    "many_copies": {"copies": 50},
    "change_a_rule": {"days": 20},
    "tune_a_script": {"days": 5},
    "own_scenario": {},
    "what_if": {},
    "query_a_run": {},
    "how_close": {"days": 20},
    "draw_a_day": {"scenario": "castro-3period-v0"},
}
EXPECTED = {
    "many_copies": lambda found: min(found, key=found.get) == 3,  # 15 % of the pool
    "change_a_rule": lambda found: found.mean > 0,
    "own_scenario": lambda found: found == 2,
    "what_if": lambda found: min(found, key=found.get) == 2 and found[10] == 99_600,
    "query_a_run": lambda found: dict(found)["Arrival"] > 0,
    "how_close": lambda found: 0 < found < 1,
    "draw_a_day": lambda found: found == 4,
    "one_bank": lambda found: found < 0,
}


@pytest.mark.parametrize("name", BUDGETS)
def test_ideas_example_runs_and_prints_what_it_returns(name, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = importlib.import_module(f"examples.ideas.{name}").main(**BUDGETS[name])
    assert capsys.readouterr().out.strip()
    assert found
    assert EXPECTED.get(name, bool)(found)


def test_ideas_there_are_ten_short_ones_and_the_page_names_them():
    found = {path.stem for path in FOLDER.glob("*.py")}
    assert found == set(BUDGETS)
    assert len(found) == 10
    page = (ROOT / "examples" / "README.md").read_text()
    for name in found:
        text = (FOLDER / f"{name}.py").read_text()
        assert len(text.splitlines()) < MOST_LINES, name
        assert f"python examples/ideas/{name}.py" in text
        assert f"[{name}.py](ideas/{name}.py)" in page
        module = importlib.import_module(f"examples.ideas.{name}")
        assert inspect.getdoc(module).splitlines()[0].endswith((".", "?"))
