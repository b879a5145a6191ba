"""The comparison with published figures runs, and its table has a row for every figure."""

import numpy as np
import pytest

from benchmarks.published_scenarios import Row, figure, main, table


@pytest.mark.slow
def test_published_scenarios_are_compared_and_written(tmp_path, capsys):
    main(["--seeds", "1", "--scenario", "lynx-2019-v0", "--out", str(tmp_path / "published.md")])
    printed = capsys.readouterr().out
    assert "| `lynx-2019-v0` | CAD 10 bn, offsetting only: delay, minutes | 10 |" in printed
    written = (tmp_path / "published.md").read_text("utf-8")
    assert written.startswith(printed.strip())
    assert "1 test days (seeds from 2,000,000)" in written


def test_published_table_leaves_out_what_is_not_published():
    rows = [Row("a", "x", 10.0, 9.0, 0.5), Row("a", "y", np.nan, 1_234.0, 0.0, "not published")]
    assert table(rows).splitlines()[2:] == [
        "| `a` | x | 10 | 9 | 0.5 | 0.90 |  |",
        "| `a` | y |  | 1,234 |  |  | not published |",
    ]
    assert figure(0.1234) == "0.123"
