"""Run the notebooks of the documentation and keep what they print: ``python -m tools.notebooks [NAME ...]``."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any, Final

import nbformat
from nbclient import NotebookClient

ROOT: Final = Path(__file__).resolve().parent.parent
NOTEBOOKS: Final = tuple(sorted((ROOT / "docs" / "notebooks").glob("*.ipynb")))
TIMEOUT_S: Final = 600
"""Longest time of one cell."""


def run(path: Path) -> Any:
    """The notebook with the outputs of a run in an empty folder, without times and machine names.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell raises.
    """
    notebook = nbformat.read(path, as_version=4)
    searched = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        client = NotebookClient(notebook, timeout=TIMEOUT_S, kernel_name="python3", resources=resources)
        client.execute(env={**os.environ, "PYTHONPATH": searched, "SIMCASH_COMPILE_NOTICE": "0"})
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
        cell.metadata.pop("execution", None)
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return notebook


def main() -> None:
    """Run the notebooks, all or the named ones, and write them back."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="of a notebook, such as quick-start; default: all")
    names = parser.parse_args().names
    known = {path.stem: path for path in NOTEBOOKS}
    if unknown := [name for name in names if name not in known]:
        parser.error(f"no notebook {', '.join(unknown)}; there are {', '.join(known)}")
    for name, path in known.items():
        if not names or name in names:
            print(name, flush=True)
            nbformat.write(run(path), path)


if __name__ == "__main__":
    main()
