"""Count what the layout of the repository promises, so that two commits can be compared.

Run it: ``python -m tools.house``; ``--root DIR`` counts another checkout, ``--list`` shows what was counted.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import grimp
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGE: Final = "simcash_env"
IMPORTABLE: Final = (PACKAGE, "baselines", "training", "tools")
"""Packages in which import cycles are counted, where a checkout has them."""

LIBRARY: Final = (f"{PACKAGE}/", "baselines/", "training/")
OWNERS: Final = re.compile(rf"{PACKAGE}/(config|schema|simulation|service|cli)/")
"""Folders that own the choice encoding, or offer decisions by name and not by number."""

ENCODING: Final = re.compile(r"\bmax_split\b|\ballow_drop\b|\bcan_drop\b|\bchoices?(?:\[\w+\])? (?:[=!]=|[<>]=?) \d")
"""Code that derives the meaning of a choice: from its number, or from the actions that a scenario allows."""


def tracked_files(root: Path) -> list[str]:
    """Return the paths of all Python files that Git tracks, or that a folder outside Git has."""
    done = subprocess.run(
        ["git", "-C", str(root), "ls-files", "*.py"],  # noqa: S607 - Git of the contributor
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return [name for name in done.stdout.splitlines() if (root / name).is_file()]
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.py"))


def lines_that_match(root: Path, names: list[str], pattern: re.Pattern[str]) -> list[str]:
    """Return ``path:line`` for each line of these files that matches the pattern."""
    return [
        f"{name}:{number}"
        for name in names
        for number, line in enumerate((root / name).read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]


def loose_modules(root: Path) -> list[str]:
    """Return the modules at the top of the package, without ``__init__``."""
    return sorted(path.name for path in (root / PACKAGE).glob("*.py") if path.name != "__init__.py")


def wheel_packages(root: Path) -> list[str]:
    """Return the import packages that the wheel installs."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    packages: list[str] = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    return packages


def import_cycles(root: Path) -> list[str]:
    """Return the groups of modules that import each other, imports for type checking and in functions included."""
    packages = [name for name in IMPORTABLE if (root / name / "__init__.py").is_file()]
    loaded = {name: sys.modules.pop(name) for name in packages if name in sys.modules}  # they would be found first
    sys.path.insert(0, str(root))
    try:
        graph = grimp.build_graph(*packages, include_external_packages=False, cache_dir=None)
    finally:
        sys.path.remove(str(root))
        sys.modules.update(loaded)
    modules = sorted(graph.modules)
    number = {module: at for at, module in enumerate(modules)}
    edges = [
        (number[module], number[other])
        for module in modules
        for other in graph.find_modules_directly_imported_by(module)
    ]
    rows, columns = np.array(edges, np.int64).reshape(-1, 2).T
    matrix = csr_array((np.ones(len(edges)), (rows, columns)), shape=(len(modules), len(modules)))
    _, labels = connected_components(matrix, connection="strong")
    groups = (np.flatnonzero(labels == label) for label in np.flatnonzero(np.bincount(labels) > 1))
    return [" ".join(modules[at] for at in group) for group in groups]


def counts(root: Path) -> Iterator[tuple[str, int, list[str]]]:
    """Yield a name, a number and what was counted, for each figure."""
    names = tracked_files(root)
    own = [name for name in names if not name.startswith("tests/")]
    encoding = [name for name in own if name.startswith(LIBRARY) and not OWNERS.match(name)]
    found: list[tuple[str, list[str]]] = [
        (f"loose modules at the top of {PACKAGE}", loose_modules(root)),
        ("top-level packages in the wheel", wheel_packages(root)),
        ("import cycles", import_cycles(root)),
        ("lines that derive the meaning of a choice", lines_that_match(root, encoding, ENCODING)),
        ("noqa outside tests", lines_that_match(root, own, re.compile(r"#\s*noqa"))),
        ("type: ignore outside tests", lines_that_match(root, own, re.compile(r"#\s*type:\s*ignore"))),
    ]
    yield from ((name, len(places), places) for name, places in found)
    yield "lines of Python without tests", sum(_length(root / name) for name in own), []
    yield "lines of Python in tests", sum(_length(root / name) for name in names if name not in set(own)), []


def _length(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def main(arguments: list[str] | None = None) -> None:
    """Print one line for each figure."""
    parser = argparse.ArgumentParser(prog="python -m tools.house", description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT, help="Checkout to count (default: this one).")
    parser.add_argument("--list", action="store_true", help="Show what was counted below each figure.")
    options = parser.parse_args(arguments)
    if not (options.root / PACKAGE).is_dir():
        parser.error(f"--root: {options.root} has no folder {PACKAGE}")
    for name, number, places in counts(options.root.resolve()):
        print(f"{number:7,}  {name}")
        if options.list:
            print(*(f"         {place}" for place in places), sep="\n", end="\n" if places else "")


if __name__ == "__main__":
    main()
