"""Results as lines: one JSON object for each finished run, in a file that grows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from simcash_env.files import make_folder_of, write_atomically

Case = TypeVar("Case", bound=tuple[Any, ...])


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The lines of finished runs; none where there is no file."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def append_line(path: Path, line: Mapping[str, Any]) -> None:
    """Add a line to the file."""
    stored = path.read_text(encoding="utf-8") if path.is_file() else ""
    write_atomically(path, f"{stored}{json.dumps(line)}\n".encode())


def complete(
    path: Path,
    keys: Sequence[str],
    cases: Iterable[Case],
    measure: Callable[[Case], Mapping[str, Any]],
    cells: Callable[[Mapping[str, Any]], Sequence[str]],
) -> None:
    """Measure the cases that have no line in the file, and add and print the line of each.

    Args:
        path: of the file.
        keys: whose values in a line are those of its case.
        cases: all of them.
        measure: the line of a case.
        cells: what is printed of a line.
    """
    make_folder_of(path)
    done = {tuple(line[key] for key in keys) for line in read_lines(path)}
    for case in cases:
        if case not in done:
            line = measure(case)
            append_line(path, line)
            print(" | ".join(cells(line)), flush=True)


def table(
    lines: Iterable[Mapping[str, Any]],
    keys: Sequence[str],
    heads: Sequence[str],
    cells: Callable[[Mapping[str, Any]], Sequence[str]],
) -> list[str]:
    """The lines as a Markdown table, in the order of their cases; columns after the first are aligned to the right."""
    ordered = sorted(lines, key=lambda line: tuple(line[key] for key in keys))
    rows = [heads, *map(cells, ordered)]
    shown = [f"| {' | '.join(row)} |" for row in rows]
    return [shown[0], "|---|" + "---:|" * (len(heads) - 1), *shown[1:]]
