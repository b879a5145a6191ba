"""The two screens: data goes to stdout, everything else to stderr."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn

from simcash_env.cli.fitting import FittingConsole
from simcash_env.errors import SimcashError
from simcash_env.literal import literal_column, literal_console

PAPER_WIDTH: Final = 160
"""Columns of what goes into a file or a pipe, unless ``COLUMNS`` says otherwise: no table is cut to a screen there."""


def data_console() -> Console:
    """Return a console for stdout, as wide as the terminal; a table that does not fit is printed as records."""
    console = literal_console(FittingConsole)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PAPER_WIDTH
    return console


data = data_console()
notes = literal_console(stderr=True)


def note(text: str, *, style: str = "") -> None:
    """Print one line to stderr without markup, highlighting or wrapping."""
    notes.print(text, style=style, soft_wrap=True)


def tick_bar() -> Progress:
    """Return a progress bar on stderr that disappears at the end."""
    columns = literal_column("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    return Progress(*columns, console=notes, transient=True)


@contextmanager
def progress(total: int, *, quiet: bool) -> Iterator[Callable[[int], None] | None]:
    """Show a progress bar of ticks on a terminal."""
    if quiet or not notes.is_terminal:
        yield None
        return
    with tick_bar() as bar:
        task = bar.add_task("ticks", total=total)
        yield lambda ticks: bar.update(task, completed=ticks)


@contextmanager
def needs_extra(name: str, *libraries: str) -> Iterator[None]:
    """Guard imports of packages that an optional extra installs.

    Args:
        name: of the extra.
        libraries: that are imported only later in the command; they are checked now.

    Raises:
        SimcashError: the extra is not installed.
    """
    try:
        for library in libraries:
            importlib.import_module(library)
        yield
    except ModuleNotFoundError as missing:
        message = f"this command needs {missing.name}: pip install 'simcash-env[{name}]'"
        raise SimcashError(message) from missing
