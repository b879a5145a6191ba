"""Tables on narrow terminals: records, one line for each column, where numbers would be cut or folded."""

from __future__ import annotations

from typing import Any, Final

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

WIDEST_TEXT: Final = 24
"""Columns of the screen that a text gets at least, if it is that long: it may be folded, a number may not."""


INDENT: Final = "  "


class FittingConsole(Console):
    """A console that prints tables which are too wide for it as records."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print; options as of ``Console.print``."""
        super().print(*(fitted(one, self) if isinstance(one, Table) else one for one in objects), **options)


def fitted(table: Table, console: Console) -> RenderableType:
    """Return the table if the console has room for its numbers, otherwise its rows as records."""
    least = [least_width(column) for column in table.columns]
    room = console.width - frame_width(table) - sum(least)
    if room < 0:
        return records(table, console.width)
    if console.measure(table).maximum > console.width:  # left to itself, Rich would fold numbers too
        for column, width in zip(table.columns, least, strict=True):
            given = min(room, widest_line(column) - width) if is_text(column) else 0
            column.width = width + given
            room -= given
    return table


def frame_width(table: Table) -> int:
    """Return the width of borders and padding."""
    border = len(table.columns) + 1 if table.box else 0
    return border + len(table.columns) * (table.padding[1] + table.padding[3])


def is_text(column: Column) -> bool:
    """Whether the cells of a column may be folded."""
    return column.justify != "right" and not column.no_wrap


def widest_line(column: Column) -> int:
    """Return the width of the widest line of a column."""
    lines = [line for cell in [column.header, *column.cells] for line in str(cell).splitlines()]
    return max(map(cell_len, lines), default=0)


def least_width(column: Column) -> int:
    """Return the width at which no number and no word of the heading is folded; a text gets ``WIDEST_TEXT`` at most."""
    lines = [line for cell in column.cells for line in str(cell).splitlines()]
    widest = max(map(cell_len, lines), default=0)
    heading = max(map(cell_len, str(column.header).split()), default=0)
    return max(heading, min(widest, WIDEST_TEXT) if is_text(column) else widest)


def records(table: Table, width: int) -> Group:
    """Return title, rows and caption of a table; a row is its first cell, and below it the other cells that have text.

    Args:
        table: the table.
        width: of the screen; a heading stands above its value if both do not fit next to each other.
    """
    first, *others = table.columns
    heads = [" ".join(str(column.header).split()) for column in others]
    indent = max(map(cell_len, heads), default=0) + 2 * len(INDENT)
    has_room = indent + max((least_width(column) for column in others), default=0) <= width
    parts: list[RenderableType] = [Text(str(table.title))] if table.title else []
    for key, *values in zip(*(column.cells for column in table.columns), strict=True):
        parts.append(Text(f"{first.header} {key}".strip(), style="bold"))
        for head, value in zip(heads, map(str, values), strict=True):
            if has_room and value:
                grid = Table.grid()
                grid.add_column(width=indent)
                grid.add_column(overflow="fold")
                grid.add_row(Text(f"{INDENT}{head}"), Text(value))
                parts.append(grid)
            elif value:
                parts += [Text(f"{INDENT}{head}"), Padding(Text(value), (0, 0, 0, 2 * len(INDENT)))]
    if table.caption:
        parts.append(Text(str(table.caption), style="italic"))
    return Group(*parts)
