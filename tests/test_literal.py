"""Names are shown as they are written: by Rich, in plots, in the viewer; and nobody goes round the one owner."""

import ast
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from rich.progress import Progress
from rich.table import Table

from simcash_env.cli import screen
from simcash_env.config import load_scenario
from simcash_env.evaluation.plots import draw_learning_curves, plot_balances
from simcash_env.evaluation.run_columns import record_run
from simcash_env.literal import literal_column, literal_console, literal_plot, literal_report, literal_text
from simcash_env.records.facts import RunFacts
from simcash_env.records.picture import Picture
from simcash_env.records.plots import draw
from simcash_env.records.recorder import Recorder
from simcash_env.simulation import Simulation
from tests.cli.test_commands import called
from tests.market.worlds import BANKS, scheduled
from tests.sources import EVERYTHING, folder_of, modules
from training.plots import draw_shares

ROOT = Path(__file__).parents[1]
MARKED = ("A[/b]", "[it]B", ":bank:", "[b]C[/b]")
DRAWN = ("A$x_$", "_B", "$", "_", "A\\$", "$\\frac$")


def scenario(names, title="bank [/dim] day :x:"):
    return {
        "format": 1,
        "name": title,
        "simulation": {"ticks_per_day": 4, "num_days": 1, "seed": 1},
        "banks": [{"id": name, "opening_balance": 100} for name in names],
    }


def test_literal_console_prints_markup_as_it_is():
    out = io.StringIO()
    console = literal_console(file=out, width=200)
    table = Table(title="t [/dim] :x:", caption="c [/dim] :x:")
    table.add_column("h [/dim] :x:")
    table.add_row("r [/dim] :x:")
    console.print(table)
    console.print("p [/dim] :x:")
    with Progress(literal_column("{task.description}"), console=console) as bar:
        bar.add_task("b [/dim] :x:")
    for name in "tchrpb":
        assert f"{name} [/dim] :x:" in out.getvalue()


def test_literal_status_shows_markup_as_it_is():
    out = io.StringIO()
    console = literal_console(file=out, width=200, force_terminal=True)
    with console.status(literal_text("first [/dim] :x:")) as status:
        literal_report(status.update)("scored [/dim] :x:")
    assert "scored [/dim] :x:" in out.getvalue()


def test_literal_terminal_bar_shows_its_ticks(monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr(screen, "notes", literal_console(file=out, width=80, force_terminal=True))
    with screen.progress(4, quiet=False) as told:
        told(2)
    assert "ticks" in out.getvalue()


@pytest.fixture
def marked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ":x:.json").write_text(json.dumps(scenario(MARKED)))
    return ":x:.json"


def test_literal_commands_show_marked_names(marked, capsys):
    saved = "[it]:x:"
    asked = (
        ("run", marked),
        ("run", marked, "--verbose", "--events", ":x:.parquet", "--db", ":x:.duckdb"),
        ("create", marked, saved),
        ("tick", saved),
        ("state", saved),
        ("state", saved, "--bank", "[it]B"),
        ("run", "--state", saved, "--ticks", "1"),
        ("validate", marked, "--quick"),
        ("replay", ":x:.parquet"),
        ("replay", ":x:.duckdb"),
        ("plot", ":x:.parquet", "--out", ":x:.svg"),
    )
    answers = [called(capsys, *arguments) for arguments in asked]
    assert [code for code, _, _ in answers] == [0] * len(asked)
    told = ["".join(printed) for _, *printed in answers]
    for name in (*MARKED, "bank [/dim] day :x:"):
        assert [number for number in (0, 4, 6) if name not in told[number]] == [], (name, told)
    assert ":x:.parquet: 0 events" not in told[1]
    assert ":x:.duckdb: " in told[1]
    assert told[2].startswith(f"{saved}: bank [/dim] day :x:, seed 1")
    assert told[5].startswith("[it]B: bank [/dim] day :x:")
    assert told[7] == f"{marked}: ok\n"
    assert told[8].startswith(":x:.parquet: equal")
    assert told[10] == ":x:.svg\n"


def test_literal_mistakes_show_marked_names(marked, capsys):
    for arguments, said in (
        (("run", "[/no]"), "got '[/no]'"),
        (("run", marked, "--policy", "[it]B=[/it]"), "--policy [it]B=[/it]: must be one of"),
        (("state", ":x:"), ":x:: cannot be read"),
        (("run", "--state", marked), f"{marked}: snapshot: damaged"),
        (("[/b]",), "'[/b]'"),
    ):
        code, _, error = called(capsys, *arguments)
        assert code == 2
        assert said in error.replace("\n", "")


def test_literal_market_shows_marked_names(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    plain = json.dumps(scheduled(payments=False, ticks=2).model_dump(mode="json") | {"format": 1})
    for bank, name in zip(BANKS, MARKED, strict=False):
        plain = plain.replace(f'"{bank}"', json.dumps(name))
    Path("market.json").write_text(plain)
    code, ran, _ = called(capsys, "market", "run", "market.json", "--save", "one", "--slots", "2")
    assert code in {0, 130}
    _, shown, _ = called(capsys, "market", "show", "one")
    for name in MARKED[: len(BANKS)]:
        assert name in ran
        assert name in shown


def drawing(path):
    """Every text of an SVG, which stands before its outlines as a comment."""
    return re.findall(r"<!-- (.*?) -->", path.read_text(encoding="utf-8"))


def test_literal_run_plot_draws_names_as_they_are(tmp_path):
    simulation = Simulation(scenario(DRAWN, title="$\\alpha$ _day"), events="tick")
    picture = Picture(RunFacts.of(simulation))
    with Recorder(simulation, [picture]) as recorder:
        while not simulation.is_over:
            recorder.tick()
    draw(picture, tmp_path / "run.svg")
    texts = drawing(tmp_path / "run.svg")
    assert "$\\alpha$ _day, seed 1, ticks 0 to 3 (complete)" in texts
    for name in DRAWN:
        assert texts.count(name) == 3, "in the legend, under the bars and in the network"


def test_literal_many_banks_are_named_as_they_are(tmp_path):
    names = [f"_{number}$" for number in range(12)]
    simulation = Simulation(scenario(names), events="tick")
    picture = Picture(RunFacts.of(simulation))
    with Recorder(simulation, [picture]) as recorder:
        recorder.tick()
    draw(picture, tmp_path / "run.svg")
    assert all(drawing(tmp_path / "run.svg").count(name) == 3 for name in names)


def test_literal_benchmark_plots_draw_names_as_they_are(tmp_path):
    curves = {name: [(1, 5.0), (2, 4.0)] for name in ("$_x", "_seed 0")}
    draw_learning_curves(curves, "$a_$", tmp_path / "curves.svg")
    texts = drawing(tmp_path / "curves.svg")
    assert {"$_x", "_seed 0", "$a_$: training"} <= set(texts)
    record = record_run(load_scenario(scenario(DRAWN)), 1)
    plot_balances([record], 1, "$b_$", tmp_path / "balances.svg")
    assert any(text.startswith("$b_$: balance of ") for text in drawing(tmp_path / "balances.svg"))


def test_literal_training_plot_draws_names_as_they_are(tmp_path):
    with literal_plot():
        figure = Figure()
        axis = figure.add_subplot()
        draw_shares(axis, np.array([[0.1, 0.2]]), ["_A", "$x_$"])
        figure.savefig(tmp_path / "shares.svg")
    assert {"_A", "$x_$"} <= set(drawing(tmp_path / "shares.svg"))


SOURCES = {name: path for name, path in modules(*EVERYTHING, "benchmarks").items() if path.name != "literal.py"}
DIRECT = {
    "Console": "literal_console",
    "TextColumn": "literal_column",
    "from_markup": "literal_text",
    "legend": "literal_legend",
    "Panel": "a table",
}


def direct_uses(tree):
    """Calls of what reads markup; a status may be named by a constant."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in DIRECT:
                yield node.lineno, name, DIRECT[name]
            first = node.args[0] if node.args else None
            if name == "status" and not (isinstance(first, ast.Constant) or "literal_text" in ast.dump(node)):
                yield node.lineno, name, "literal_text"
            labels = [keyword.value for keyword in node.keywords if keyword.arg == "label"]
            if any(not isinstance(label, ast.Constant) and "literal_label" not in ast.dump(label) for label in labels):
                yield node.lineno, "label", "literal_label"


def test_literal_markup_is_read_nowhere_else():
    found = [
        f"{source}:{line}: {name}, use {instead}"
        for source, path in SOURCES.items()
        for line, name, instead in direct_uses(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []


def test_literal_figures_are_drawn_without_mathtext():
    for path in SOURCES.values():
        text = path.read_text(encoding="utf-8")
        if "savefig" in text:
            assert "@literal_plot()" in text or "with literal_plot()" in text, path


def test_literal_viewer_makes_text_only():
    scripts = list((folder_of("simcash_env") / "service" / "static").glob("*.js"))
    assert scripts
    for path in scripts:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", text), path
