"""Text as it is written, on terminals and in plots: names of banks, scenarios and files are never taken for markup.

Rich reads ``[it]`` and ``:bank:`` in plain strings, matplotlib reads ``$x$`` and leaves labels that begin with an
underscore out of legends. Consoles, text columns, statuses, plots and legends are made here; a test looks for others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TextColumn
    from rich.text import Text

JOINER: Final = "\N{WORD JOINER}"
"""Begins a label until its legend is drawn, so that no label begins with an underscore."""


def literal_console(kind: type[Console] | None = None, **options: Any) -> Console:
    """A Rich console that prints strings unchanged, in tables, titles and captions too.

    Args:
        kind: class of the console (default: ``Console``).
        options: as of ``Console``.
    """
    from rich.console import Console

    return (kind or Console)(markup=False, emoji=False, highlight=False, **options)


def facts_html(title: str, rows: Mapping[str, object]) -> str:
    """A table of facts for notebooks, for ``_repr_html_``; names and values are escaped."""
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in rows.items())
    return f"<table><caption>{escape(title)}</caption>{cells}</table>"


def facts_text(title: str, rows: Mapping[str, object]) -> str:
    """The same facts on one line, for ``__repr__``: ``<Simulation scenario: two-banks-v0; seed: 1>``."""
    return f"<{title} {'; '.join(f'{name}: {value}' for name, value in rows.items())}>"


def literal_text(text: str) -> Text:
    """Text for what reads markup whatever the console says: a status, a spinner."""
    from rich.text import Text

    return Text(text)


def literal_column(template: str) -> TextColumn:
    """A column of a progress bar, filled as ``str.format`` fills the template with ``task``."""
    from rich.progress import TextColumn

    return TextColumn(template, markup=False)


def literal_report(update: Callable[[Any], None]) -> Callable[[str], None]:
    """Report lines to something that reads markup."""
    return lambda line: update(literal_text(line))


@contextmanager
def literal_plot() -> Iterator[None]:
    """Draw a figure, from the first text to the file, without mathtext and TeX; also a decorator of what draws."""
    import matplotlib as mpl

    with mpl.rc_context({"text.parse_math": False, "text.usetex": False}):
        yield


def literal_label(name: str) -> str:
    """The label of something drawn, for ``literal_legend``."""
    return JOINER + name


def literal_legend(axis: Any, **options: Any) -> None:
    """A legend of everything that has a label; options as of matplotlib's ``legend``."""
    for text in axis.legend(**options).get_texts():
        text.set_text(text.get_text().removeprefix(JOINER))
