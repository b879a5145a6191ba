"""Results with a row for each scenario, in one JSON file: named scenarios are measured, others keep their rows."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from simcash_env import __version__
from simcash_env.files import write_atomically
from simcash_env.machine import origin

FOLDER: Final = Path("docs") / "results"


def command_line(
    command: str, purpose: str, scenarios: Sequence[str], days: int, arguments: Sequence[str] | None
) -> argparse.Namespace:
    """The arguments ``scenarios``, ``days``, ``folder`` and ``tables`` of a command.

    Args:
        command: its name.
        purpose: what it does.
        scenarios: that it can measure; all by default.
        days: number of days by default.
        arguments: given.
    """
    parser = argparse.ArgumentParser(prog=command, description=purpose)
    parser.add_argument("scenarios", nargs="*", default=list(scenarios), help="ids of the library (default: all)")
    parser.add_argument("--days", type=int, default=days, help="number of days that are planned")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="folder of the results")
    parser.add_argument("--tables", action="store_true", help="only rebuild the table from the results")
    given = parser.parse_args(arguments)
    if unknown := [name for name in given.scenarios if name not in scenarios]:
        parser.error(f"{unknown[0]}: must be one of {', '.join(scenarios)}")
    return given


def remake(
    command: str,
    stem: str,
    order: Sequence[str],
    given: argparse.Namespace,
    measure: Callable[[str, int], Mapping[str, Any]],
    markdown: Callable[[Sequence[Mapping[str, Any]]], str],
) -> None:
    """Measure the named scenarios, and write results after each, then the table.

    Args:
        command: its name.
        stem: of the two files.
        order: scenarios in the order of their rows.
        given: from ``command_line``.
        measure: the row of a scenario, from this number of days.
        markdown: the table of rows.
    """
    raw = given.folder / f"{stem}.json"
    rows = json.loads(raw.read_text(encoding="utf-8"))["rows"] if raw.is_file() else []
    given.folder.mkdir(parents=True, exist_ok=True)
    for name in [] if given.tables else given.scenarios:
        found = {row["scenario"]: row for row in rows} | {name: measure(name, given.days)}
        rows = [found[known] for known in order if known in found]
        results = {"version": __version__, "command": command, "rows": rows}
        write_atomically(raw, (json.dumps(results, indent=1) + "\n").encode())
        print(f"{name}: {given.days:,} days", flush=True)
    write_atomically(given.folder / f"{stem}.md", markdown(rows).encode())


def page(
    command: str,
    heads: Sequence[str],
    body: Sequence[Sequence[str]],
    notes: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
) -> str:
    """A table in Markdown, numbers to the right, with notes and what made the rows.

    Args:
        command: its name.
        heads: of the columns.
        body: cells of each line; a column whose cells are all code has names and stands to the left.
        notes: lines below the table.
        rows: results that the table shows.
    """
    lines = [f"| {' | '.join(heads)} |"]
    is_name = [all(cells[place].startswith("`") for cells in body) for place in range(len(heads))]
    lines.append("|" + "".join("---|" if name else "---:|" for name in is_name))
    lines += [f"| {' | '.join(cells)} |" for cells in body]
    origins = dict.fromkeys(origin(row["made_by"]) for row in rows)
    return "\n".join([*lines, "", *notes, f"`{command}`; {'; '.join(origins)}.", ""])
