"""The two screens: data goes to stdout, everything else to stderr."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import Progress

from simcash_env.errors import SimcashError

PAPER_WIDTH: Final = 160
"""Columns of what goes into a file or a pipe, unless ``COLUMNS`` says otherwise: no table is cut to a screen there."""


def data_console() -> Console:
    """Of stdout: as wide as the terminal, or as paper."""
    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PAPER_WIDTH
    return console


data = data_console()
notes = Console(stderr=True)


def note(text: str, *, style: str = "") -> None:
    """One line to stderr as it is: no markup, nothing highlighted, nothing folded."""
    notes.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def progress(total: int, *, quiet: bool) -> Iterator[Callable[[int], None] | None]:
    """A bar of ticks, where somebody is watching."""
    if quiet or not notes.is_terminal:
        yield None
        return
    with Progress(console=notes, transient=True) as bar:
        task = bar.add_task("ticks", total=total)
        yield lambda ticks: bar.update(task, completed=ticks)


@contextmanager
def needs_extra(name: str, *libraries: str) -> Iterator[None]:
    """Import inside this block what an optional extra installs.

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
