"""What the comparisons share: arguments, files, and the line that says how figures were made."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from simcash_env.evaluation.plots import save
from simcash_env.files import write_atomically
from simcash_env.machine import made_by

FOLDER: Final = Path("docs") / "results"
ASSETS: Final = Path("docs") / "assets"

Results = Mapping[str, Any]
Report = Callable[[str], None]


@dataclass(frozen=True)
class Study:
    """A comparison: what its files are called, and how its table and figure follow from the results.

    Attributes:
        name: of its files, without ending.
        module: that runs it.
        markdown: the table, without the line on how it was made.
        draw: the figure.
    """

    name: str
    module: str
    markdown: Callable[[Results], str]
    draw: Callable[[Results], Any]

    @property
    def command(self) -> str:
        """What makes the files again."""
        return f"python -m {self.module}"

    def parser(self, description: str | None) -> argparse.ArgumentParser:
        """Arguments that every comparison has."""
        parser = argparse.ArgumentParser(prog=self.command, description=(description or "").splitlines()[0])
        parser.add_argument("--folder", type=Path, default=FOLDER, help="Folder of the results.")
        parser.add_argument("--assets", type=Path, default=ASSETS, help="Folder of the figure.")
        parser.add_argument("--tables", action="store_true", help="Only rebuild table and figure from the results.")
        return parser

    def finish(self, given: argparse.Namespace, run: Callable[[], Results]) -> Results:
        """Run the study, or read its results; write results, table and figure."""
        raw = given.folder / f"{self.name}.json"
        results = json.loads(raw.read_text(encoding="utf-8")) if given.tables else {**run(), **self.made()}
        given.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(results, indent=1)
        write_atomically(raw, f"{text}\n".encode())
        page = f"{self.markdown(results)}\n\n{made_line(results)}\n"
        write_atomically(given.folder / f"{self.name}.md", page.encode())
        save(self.draw(results), given.assets / f"{self.name}.png")
        return results

    def made(self) -> dict[str, str]:
        """Version, commit, machine and command."""
        return {**made_by(), "command": self.command}


def made_line(results: Results) -> str:
    """The line under a table that says how it was made."""
    return f"Version {results['version']}, commit {results['commit']}, `{results['command']}`; {results['machine']}."


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A Markdown table whose columns are aligned to the right but for the first ``left``."""
    rule = ["---"] * left + ["---:"] * (len(heads) - left)
    lines = [f"| {' | '.join(heads)} |", f"|{'|'.join(rule)}|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def panels(columns: int, rows: int = 1, width: float = 4.2, height: float = 3.6) -> tuple[Any, list[Any]]:
    """A figure that needs no screen, and its panels row by row."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(width * columns, height * rows), layout="constrained")
    FigureCanvasAgg(drawn)
    return drawn, list(drawn.subplots(rows, columns, squeeze=False).flat)
