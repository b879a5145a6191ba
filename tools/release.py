"""Prepare a release: ``python -m tools.release VERSION`` writes the version wherever a file names it.

The owner of the version is ``simcash_env/_version.py``. ``CITATION.cff``, ``.zenodo.json`` and the citation in the
README repeat it, as their readers need it. With ``--date`` the changes under *Unreleased* become those of the version.
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tools.release_metadata import version_in

ROOT: Final = Path(__file__).resolve().parent.parent
PLACES: Final = {
    "simcash_env/_version.py": re.compile(r'(?<=^__version__ = ")[^"]+(?=")', re.MULTILINE),
    "CITATION.cff": re.compile(r"(?<=^version: )\S+", re.MULTILINE),
    ".zenodo.json": re.compile(r'(?<="version": ")[^"]+(?=")'),
    "README.md": re.compile(r"(?<=  version = \{)[^}]+(?=\})"),
}
"""By file, where it names the version."""
NUMBER: Final = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")
UNRELEASED: Final = "## [Unreleased]\n"


def versions(root: Path = ROOT) -> dict[str, str]:
    """The version that each file names.

    Raises:
        ValueError: a file names none, or several.
    """
    found = {}
    for name, place in PLACES.items():
        named = place.findall((root / name).read_text(encoding="utf-8"))
        if len(named) != 1:
            message = f"{name}: names {len(named)} versions instead of one"
            raise ValueError(message)
        found[name] = str(named[0])
    return found


def write_version(version: str, root: Path = ROOT) -> None:
    """Write the version to all files."""
    versions(root)
    for name, place in PLACES.items():
        path = root / name
        path.write_text(place.sub(version, path.read_text(encoding="utf-8")), encoding="utf-8")


def date_changes(version: str, day: dt.date, root: Path = ROOT) -> None:
    """Make the changes under *Unreleased* those of the version, and date the citation.

    Raises:
        ValueError: the changelog has no such section.
    """
    path = root / "CHANGELOG.md"
    text = path.read_text(encoding="utf-8")
    if UNRELEASED not in text:
        message = f"{path}: has no section {UNRELEASED.strip()}"
        raise ValueError(message)
    path.write_text(text.replace(UNRELEASED, f"{UNRELEASED}\n## [{version}] - {day}\n", 1), encoding="utf-8")
    citation = root / "CITATION.cff"
    lines = [
        line for line in citation.read_text(encoding="utf-8").splitlines() if not line.startswith("date-released:")
    ]
    at = next(number for number, line in enumerate(lines) if line.startswith("version:"))
    lines.insert(at + 1, f"date-released: {day}")
    citation.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the version, or check that all files name the same."""
    parser = argparse.ArgumentParser(prog="python -m tools.release", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("version", nargs="?", help="such as 0.2.0; default: check that all files name the same")
    parser.add_argument("--date", type=dt.date.fromisoformat, help="day of the release: also dates the changelog")
    given: Any = parser.parse_args(arguments)
    if given.version is None:
        found = versions()
        for name, version in found.items():
            print(f"{version:12}{name}")
        if set(found.values()) != {version_in(ROOT)}:
            parser.exit(1, "files name different versions: python -m tools.release VERSION\n")
        return
    if not NUMBER.fullmatch(given.version):
        parser.error(f"version: must be as 0.2.0 or 0.2.0rc1, got {given.version!r}")
    write_version(given.version)
    if given.date is not None:
        date_changes(given.version, given.date)


if __name__ == "__main__":
    main()
