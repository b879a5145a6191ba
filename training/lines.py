"""Results as lines: one JSON object for each finished run, in a file that grows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simcash_env.files import write_atomically


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The lines of finished runs; none where there is no file."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def append_line(path: Path, line: Mapping[str, Any]) -> None:
    """Add a line to the file."""
    stored = path.read_text(encoding="utf-8") if path.is_file() else ""
    write_atomically(path, f"{stored}{json.dumps(line)}\n".encode())
