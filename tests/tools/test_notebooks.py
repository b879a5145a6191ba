"""Every notebook of the documentation runs from its first cell to its last."""

import nbformat
import pytest

from tests.budget import slow_but
from tools.notebooks import NOTEBOOKS, run

FIRST = {path for path in NOTEBOOKS if path.stem == "quick-start"}


@pytest.mark.parametrize("path", slow_but(FIRST, *NOTEBOOKS), ids=lambda path: path.stem)
def test_notebook_runs_and_keeps_its_text(path):
    kept = nbformat.read(path, as_version=4)
    ran = run(path)
    assert [cell.source for cell in ran.cells] == [cell.source for cell in kept.cells]
    printed = [text_outputs(notebook) for notebook in (kept, ran)]
    assert printed[0] == printed[1], "run: python -m tools.notebooks"


def text_outputs(notebook):
    """What each code cell prints; figures and frames are left out, since fonts and widths differ between machines."""
    return [
        "".join(output.text for output in cell.outputs if output.output_type == "stream")
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]
