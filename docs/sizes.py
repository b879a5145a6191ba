"""How large the package is: ``python -m docs.sizes [--at COMMIT]``. What passes a limit has a reason, or is split.

Lines are lines of the file. Functions are counted from ``def`` to their last line, without their docstring. An import
path is a chain of modules of the package, each of which imports the next at its head.
"""

from __future__ import annotations

import argparse
import ast
import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGES: Final = ("simcash_env", "baselines", "training")
MOST_LINES: Final = 300
MOST_LINES_OF_A_FUNCTION: Final = 60

REASONS: Final[dict[str, str]] = {
    "simcash_env/schema/arrays.py": "the data dictionary: a line a column, each with its shape and unit",
    "simcash_env/simulation.py": "the public methods of one class, most of them a line or two",
    "simcash_env/envs/vector.py": "the public methods of one class; what it is made of lies in eight other files",
    "simcash_env/kernels/market/orders.py": "the order book: an order is judged, locked, matched, rested and withdrawn",
    "simcash_env/learning/ippo.py": "one algorithm in one file, to be read from top to bottom, in the manner of CleanRL",
    "simcash_env/schema/codes.py": "the codes that Python and kernels share: enumerations only",
}
"""Of every file over the limit: why it is one file."""

FUNCTION_REASONS: Final[dict[str, str]] = {}
"""Of every function over the limit: why it is one function."""


class Function(NamedTuple):
    """A function by its file and name, and its lines."""

    name: str
    lines: int


def files(root: Path = ROOT) -> dict[str, int]:
    """Lines of every module."""
    found = sorted(path for package in PACKAGES for path in (root / package).rglob("*.py"))
    return {path.relative_to(root).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in found}


def functions(root: Path = ROOT) -> list[Function]:
    """All functions, methods too, longest first."""
    found = []
    for name in files(root):
        for node in ast.walk(ast.parse((root / name).read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                docstring = node.body[0] if ast.get_docstring(node, clean=False) is not None else None
                hidden = 0 if docstring is None else (docstring.end_lineno or 0) - docstring.lineno + 1
                lines = (node.end_lineno or node.lineno) - node.lineno + 1 - hidden
                found.append(Function(f"{name}:{node.name}", lines))
    return sorted(found, key=lambda function: -function.lines)


def imports(root: Path = ROOT) -> dict[str, set[str]]:
    """Of every module, those of the package that it imports at its head."""
    names = {name.removesuffix(".py").replace("/", ".").removesuffix(".__init__"): name for name in files(root)}
    found: dict[str, set[str]] = {}
    for module, file in names.items():
        tree = ast.parse((root / file).read_text(encoding="utf-8"))
        found[module] = {imported for imported in imported_at_head(tree) if imported in names and imported != module}
    return found


def imported_at_head(tree: ast.Module) -> Iterator[str]:
    """Names of modules, and of what may be one; what stands under ``if TYPE_CHECKING`` is no import."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            children = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (*children, node.module)


def deepest_path(root: Path = ROOT) -> list[str]:
    """The longest chain of imports."""
    known = imports(root)

    longest: dict[str, list[str]] = {}

    def path_from(module: str) -> list[str]:
        if module not in longest:
            longest[module] = [module]  # what leads back here ends here
            longest[module] = [module, *max((path_from(name) for name in sorted(known[module])), key=len, default=[])]
        return longest[module]

    return max((path_from(module) for module in known), key=len)


def over_limit(root: Path = ROOT) -> tuple[dict[str, int], dict[str, int]]:
    """Files and functions over their limits, largest first."""
    large = {
        name: lines for name, lines in sorted(files(root).items(), key=lambda item: -item[1]) if lines > MOST_LINES
    }
    long = {function.name: function.lines for function in functions(root) if function.lines > MOST_LINES_OF_A_FUNCTION}
    return large, long


def page(root: Path = ROOT) -> str:
    """What the page on sizes says."""
    lines, longest, (large, long) = files(root), functions(root)[0], over_limit(root)
    chain = deepest_path(root)
    biggest = max(lines, key=lambda name: lines[name])
    said = [
        f"{len(lines)} modules, {sum(lines.values()):,} lines.",
        "",
        "| | | |",
        "|---|---|---:|",
        f"| longest file | `{biggest}` | {lines[biggest]} lines |",
        f"| longest function | `{longest.name}` | {longest.lines} lines |",
        f"| deepest import path | `{chain[0]}` … `{chain[-1]}` | {len(chain)} modules |",
        "",
        f"Files over {MOST_LINES} lines, and why each is one file:",
        "",
        "| file | lines | reason |",
        "|---|---:|---|",
        *[f"| `{name}` | {count} | {REASONS.get(name, 'none: to be split')} |" for name, count in large.items()],
    ]
    said += ["", f"Functions over {MOST_LINES_OF_A_FUNCTION} lines: {len(long)}.", ""]
    said += [f"- `{name}`, {count}: {FUNCTION_REASONS.get(name, 'to be split')}" for name, count in long.items()]
    return "\n".join([*said, "", "The deepest path: " + " → ".join(f"`{module}`" for module in chain) + "."])


def main() -> None:
    """Print the page, of this checkout or of a commit."""
    parser = argparse.ArgumentParser(prog="python -m docs.sizes", description="Print how large the package is.")
    parser.add_argument("--at", metavar="COMMIT", help="how large it was there")
    commit = parser.parse_args().at
    if commit is None:
        print(page())
        return
    archive = ("git", "archive", "--format=tar", commit, "--", *PACKAGES)
    packed = subprocess.run(archive, cwd=ROOT, check=True, capture_output=True).stdout  # noqa: S603 - our own history
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        tar.extractall(folder, filter="data")
        print(page(Path(folder)))


if __name__ == "__main__":
    main()
