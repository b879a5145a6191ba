"""The first commands of a new user, with an empty cache. Never how long anything took."""

import json

import pytest

from benchmarks import cold_start
from simcash_env.kernels._numba import jit


@pytest.mark.slow
@pytest.mark.skipif(jit.PLAIN, reason="nothing is compiled")
def test_cold_start_compiles_less_with_the_cache_of_the_first_time(tmp_path):
    name = "parallel_env().reset()"
    first, again = cold_start.start(name, tmp_path), cold_start.start(name, tmp_path)
    assert first.functions > 0
    assert again.functions == 0
    assert min(first.processor_seconds, again.processor_seconds) > 0


def test_cold_start_command_reports_what_it_compiled(tmp_path, monkeypatch):
    report = tmp_path / "functions.txt"
    monkeypatch.setenv(cold_start.REPORT, str(report))
    monkeypatch.setitem(cold_start.COMMANDS, "help", ("simcash", "--help"))
    cold_start.play("help")
    assert report.read_text(encoding="ascii") == "0"
    monkeypatch.setitem(cold_start.COMMANDS, "unknown", ("simcash", "no-such-command"))
    with pytest.raises(SystemExit):
        cold_start.play("unknown")


def test_cold_start_table_and_json_have_a_row_for_each_command(monkeypatch, capsys):
    def start(name, _):
        return cold_start.Start(name, 2.0, 1.5, 10)

    monkeypatch.setattr(cold_start, "start", start)
    monkeypatch.setattr("sys.argv", ["cold_start", "--json"])
    cold_start.main()
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["command"] for row in rows] == [*cold_start.COMMANDS, "all", "all, once more"]
    assert rows[-1]["functions"] == 30
    monkeypatch.setattr("sys.argv", ["cold_start"])
    cold_start.main()
    assert "| simcash run | 2.0 | 1.5 | 10 |" in capsys.readouterr().out.splitlines()
