"""Every row of the table *Where ours is better than the reference* has a test of its own, named by the row.

| row | further tests of the same, elsewhere |
|---|---|
| g12, g13, g17, g22-g25 | the oracle in every figure: ``tests/runs/test_oracle.py``, ``tests/runs/corners.py`` |
| g13 | against the best set of all: ``tests/benchmarks/test_gridlock.py`` |
| g38, g60 | drops at the deadline: ``tests/runs/test_oracle_rules.py`` |
| g43, g44 | staggered splits in their details: ``tests/kernels/test_decisions.py`` |
| g63-g67 | any collateral tree: ``tests/kernels/trees/test_collateral_trees.py`` |
| g76, g80, §12-13 | any run, damaged and foreign files: ``tests/simulation/test_snapshot.py`` |
| §11 | faults of trees: ``tests/config/test_trees.py``; what a tree does: ``tests/kernels/trees`` |
"""

import re
from pathlib import Path

import pytest

ROWS = (
    "g12",
    "g13",
    "g17",
    "g22-g25, g77",
    "g26",
    "g27",
    "g28, g29",
    "g38, g60",
    "g40",
    "g42",
    "g43, g44",
    "g51",
    "g62",
    "g63-g67",
    "g70",
    "g72",
    "g74",
    "g76, g80",
    "g77, g79",
    "§8",
    "§10",
    "§11",
    "§12-13",
)
SPECIFICATION = Path(__file__).resolve().parents[3] / "shared" / "spec" / "TICK.md"
HEADING = "## Where ours is better than the reference, deliberately"


def prefix(row: str) -> str:
    """How the tests of a row begin: ``g22-g25, g77`` is ``test_g22_g25_g77_``."""
    names = row.replace("§12-13", "s12, s13").replace("§", "s")
    return "test_" + "_".join(re.findall(r"[gs]\d+", names)) + "_"


@pytest.mark.parametrize("row", ROWS)
def test_a_row_has_its_test(row: str) -> None:
    texts = [file.read_text("utf-8") for file in Path(__file__).parent.glob("test_*.py")]
    assert any(f"\ndef {prefix(row)}" in text for text in texts), prefix(row)


def test_no_test_names_a_row_that_is_not_there() -> None:
    names = [
        name
        for file in Path(__file__).parent.glob("test_*.py")
        for name in re.findall(r"^def (test_[gs]\d\w*)", file.read_text("utf-8"), re.MULTILINE)
    ]
    known = tuple(map(prefix, ROWS))
    assert [name for name in names if not name.startswith(known)] == []


def test_the_rows_are_those_of_the_specification() -> None:
    if not SPECIFICATION.is_file():
        pytest.skip("the specification is not beside this checkout")
    part = SPECIFICATION.read_text("utf-8").split(HEADING)[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+?) \|", part, re.MULTILINE)
    assert tuple(row.replace("\N{EN DASH}", "-") for row in rows if row not in {"case", "---"}) == ROWS
