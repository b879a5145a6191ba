"""Markdown out of rows and docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from typing import Any


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def summary(documented: Any) -> str:
    """The first paragraph of a docstring, as Markdown."""
    text = (inspect.getdoc(documented) or "").split("\n\n")[0]
    return re.sub(r"\s+", " ", text).replace("``", "`")
