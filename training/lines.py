"""Results as lines: one JSON object for each finished run, in a file that grows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from simcash_env.files import write_atomically

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


def unfinished(path: Path, keys: Sequence[str], cases: Iterable[Case]) -> list[Case]:
    """Cases without a line in the file whose values of these keys are theirs."""
    done = {tuple(line[key] for key in keys) for line in read_lines(path)}
    return [case for case in cases if case not in done]
