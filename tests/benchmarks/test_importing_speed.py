"""The benchmark of the import runs. Never how long anything took."""

import json

import pytest

from benchmarks import importing


@pytest.mark.slow
def test_importing_benchmark_measures_both(capsys):
    importing.main(["--rows", "500", "--table-rows", "300", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["import_csv"]["payments"] == 500
    assert found["read_parquet"]["payments"] == 300
    assert all(row["peak_bytes"] > 0 for row in found.values())


@pytest.mark.slow
def test_importing_benchmark_prints_a_line_each(capsys):
    importing.main(["--rows", "200", "--table-rows", "100"])
    assert [line.partition(",")[0] for line in capsys.readouterr().out.splitlines()[1:]] == [
        "import_csv: 200 payments",
        "read_parquet: 100 payments",
    ]
