"""The two screens: data goes to stdout, everything else to stderr."""

from __future__ import annotations

from rich.console import Console

data = Console()
notes = Console(stderr=True)
