"""Problems of an import: every row that breaks a rule, found column by column and reported by file, row and column."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from simcash_env.config.report import shown
from simcash_env.errors import DataError, Fault
from simcash_env.files import write_atomically
from simcash_env.schema.arrays import I64

SHOWN_PER_RULE: Final = 10
"""Rows that an error message names for each rule and column; the rest is counted."""


@dataclass(frozen=True)
class Places:
    """Where the rows of a source table come from.

    Attributes:
        files: names of the files, in order.
        starts: (files,) first row of each file in the table.
        rows: (rows,) number of each row in its file, as people count it.
        cell: name of the cell of a row and a column, such as ``C7``; None where files have no cells.
    """

    files: tuple[str, ...]
    starts: I64
    rows: I64
    cell: Callable[[str, int], str] | None = None

    @classmethod
    def of_file(cls, file: str, rows: I64, cell: Callable[[str, int], str] | None = None) -> Places:
        """The rows of one file."""
        return cls((file,), np.zeros(1, np.int64), rows, cell)

    @classmethod
    def joined(cls, parts: Iterable[Places]) -> Places:
        """The rows of several sources, one after the other."""
        parts = tuple(parts)
        sizes = [len(part.rows) for part in parts]
        offsets = np.concatenate([[0], np.cumsum(sizes)]).tolist()
        starts = [part.starts + offset for part, offset in zip(parts, offsets, strict=False)]
        files = tuple(file for part in parts for file in part.files)
        return cls(files, np.concatenate(starts), np.concatenate([part.rows for part in parts]), parts[0].cell)

    def fault(self, place: int, column: str, value: Any, rule: str) -> Fault:
        """The fault of a row."""
        file = self.files[int(np.searchsorted(self.starts, place, side="right")) - 1]
        row = int(self.rows[place])
        label = column if self.cell is None else f"{column} ({self.cell(column, row)})"
        return Fault(file, row, label, shown(value), rule)


@dataclass(frozen=True)
class Group:
    """Rows of the source that break one rule in one column."""

    column: str
    rule: str
    places: I64
    values: Any  # Arrow array of the column as it was read


@dataclass
class Problems:
    """The problems found so far.

    Attributes:
        places: of the rows; set when the source has been read.
        faults: problems of the files as such.
        groups: problems of rows.
    """

    places: Places = field(default_factory=lambda: Places.of_file("", np.empty(0, np.int64)))
    faults: list[Fault] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)

    def __len__(self) -> int:
        """Number of problems."""
        return len(self.faults) + sum(len(group.places) for group in self.groups)

    def add(self, column: str, rule: str, places: I64, values: Any) -> None:
        """Add the rows at these places of the source, if there are any."""
        if len(places):
            self.groups.append(Group(column, rule, places, values))

    def of(self, group: Group, at_most: int | None = None) -> Iterator[Fault]:
        """Yield the faults of a group."""
        for place in group.places[:at_most].tolist():
            value = group.values[place].as_py()
            yield self.places.fault(place, group.column, value, group.rule)

    def all(self) -> Iterator[Fault]:
        """Yield every fault: of files first, then by rule."""
        yield from self.faults
        for group in self.groups:
            yield from self.of(group)

    def first(self) -> Iterator[Fault]:
        """Yield the first faults of every rule in the order of the rows, and how many more break it."""
        yield from self.faults
        found = [fault for group in self.groups for fault in self.of(group, SHOWN_PER_RULE)]
        order = {file: place for place, file in enumerate(self.places.files)}
        yield from sorted(found, key=lambda fault: (order.get(fault.file or "", 0), fault.line or 0))
        for group in self.groups:
            more = len(group.places) - SHOWN_PER_RULE
            if more > 0:
                yield Fault(None, None, group.column, None, f"{more:,} more rows: {group.rule}")

    def raise_any(self) -> None:
        """Raise if there are problems.

        Raises:
            RowsError: names the first rows of every rule and counts the others.
        """
        if len(self):
            raise RowsError(self.first(), self)


class RowsError(DataError):
    """Rows that cannot be imported.

    Attributes:
        problems: all of them; the message names the first of each rule.
    """

    def __init__(self, faults: Iterable[Fault], problems: Problems | None = None) -> None:
        super().__init__(faults)
        self.problems = problems

    def all(self) -> Iterator[Fault]:
        """Yield every fault."""
        return iter(self.faults) if self.problems is None else self.problems.all()


def write_problems(faults: Iterable[Fault], path: Path) -> int:
    """Write faults as a CSV table of file, row, column, value and rule; returns their number.

    Raises:
        WriteError: the file cannot be written.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("file", "row", "column", "value", "rule"))
    count = 0
    for fault in faults:
        table.writerow((fault.file, fault.line, fault.path, fault.value, fault.rule))
        count += 1
    write_atomically(path, text.getvalue().encode())
    return count
