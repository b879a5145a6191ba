"""Search for the decision tree files that a scenario refers to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simcash_env.config.library import policy_folder


def find_policy_files(scenario: dict[str, Any], folder: Path | None, policy_path: Path | None) -> None:
    """Replace the file of each tree policy by the path found; files that are not found stay unchanged."""
    banks = scenario.get("banks")
    for bank in banks if isinstance(banks, list) else ():
        policy = bank.get("policy") if isinstance(bank, dict) else None
        if isinstance(policy, dict) and policy.get("type") == "tree" and isinstance(policy.get("file"), str):
            found = next((path for path in _places(policy["file"], folder, policy_path) if _is_file(path)), None)
            if found is not None:
                policy["file"] = str(found)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, or one that no file can have
        return False


def _places(file: str, folder: Path | None, policy_path: Path | None) -> Iterator[Path]:
    """Yield candidate paths: the search path, the scenario's folder, the current folder, the library."""
    if policy_path is not None:
        yield policy_path / file
        yield policy_path / Path(file).name
    if folder is not None:
        yield folder / file
    yield Path(file)
    yield policy_folder() / file
