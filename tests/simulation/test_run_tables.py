"""Tables of a run: their sums are the run's, in every format and from every source."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
import pytest

from simcash_env.errors import RecordError, SimulationError
from simcash_env.records.database import DatabaseSink
from simcash_env.records.facts import RunFacts
from simcash_env.records.parquet import ParquetSink
from simcash_env.records.reading import open_record
from simcash_env.records.recorder import Recorder
from simcash_env.registry import load
from simcash_env.simulation import Simulation
from simcash_env.simulation.run_tables import PAYMENT_COSTS, TABLE_NAMES

PERIODS = TABLE_NAMES[1:]
SPLITTING = {"type": "liquidity_splitting", "max_splits": 4, "min_split_amount": 1_000}


def played(scenario: str, seed: int = 2, **changes: object) -> Simulation:
    simulation = Simulation(load(scenario, changes=changes), seed=seed)
    simulation.run_to_completion()
    return simulation


def total(table: pa.Table, column: str) -> int:
    return int(pc.sum(table[column]).as_py() or 0)


@pytest.mark.parametrize("scenario", ["lynx-day-v0", "castro-12period-v0", "crisis-v0", "money-market-v0"])
def test_tables_sums_equal_the_costs_and_totals_of_the_run(scenario: str) -> None:
    simulation = played(scenario)
    tables, summary = simulation.tables(), simulation.summary()
    for name in PERIODS:
        for kind in next(iter(summary.costs.values())):
            assert total(tables[name], f"{kind}_cost_cents") == sum(row[kind] for row in summary.costs.values())
        assert total(tables[name], "settled_cents") == total(tables[name], "received_cents") == summary.settled_cents
        assert total(tables[name], "settled_count") == summary.settled
    assert total(tables.payments, "settled_cents") == summary.settled_cents
    by_mechanism = [name for name in tables.system_by_tick.column_names if name.startswith("settled_")][2:]
    assert sum(total(tables.system_by_tick, name) for name in by_mechanism) == summary.settled_cents
    for kind in PAYMENT_COSTS if scenario != "money-market-v0" else ():
        column = f"{kind.name.lower()}_cents"
        assert total(tables.payments, column) == sum(row[kind.name.lower()] for row in summary.costs.values())


def test_tables_by_day_equal_daily_metrics() -> None:
    simulation = played("ten-banks-v0")
    days = simulation.tables().banks_by_day.to_pylist()
    for row in days[:40]:
        metrics = simulation.daily_metrics(row["day"])[row["bank"]]
        assert {name: row[name] for name in metrics if name in row} == {
            name: value for name, value in metrics.items() if name in row
        }
    assert days[-1]["closing_balance_cents"] == simulation.balance(days[-1]["bank"])


def test_tables_count_parts_of_a_split_to_their_payment() -> None:
    everyone = {
        "banks.*.policy": SPLITTING,
        "banks.*.opening_balance": 50_000,
        "banks.*.credit_limit": 0,
        "rules.split_scope": "any",
    }
    simulation = played("ten-banks-v0", **everyone)
    payments = simulation.tables().payments
    assert "PolicySplit" in simulation.events().counts()
    assert len(payments) == simulation.summary().arrived
    settled = payments.filter(pc.is_valid(payments["settlement_tick"]))
    assert settled["settled_cents"].to_pylist() == settled["amount_cents"].to_pylist()
    assert min(settled["delay_ticks"].to_pylist()) >= 0


def test_tables_have_times_of_day_with_opening_hours() -> None:
    hours = {"simulation.open": "07:00", "simulation.close": "19:00"}
    tables = played("lynx-day-v0", **hours).tables()
    times = {str(time) for time in tables.system_by_tick["time"].to_pylist()}
    assert {"07:00:00", "07:30:00", "18:30:00"} <= times
    assert set(tables.banks_by_hour["hour"].to_pylist()) == set(range(7, 19))
    assert played("lynx-day-v0").tables().system_by_tick["time"].null_count == 24


def test_tables_are_a_mapping_and_convert_to_pandas_without_copies() -> None:
    tables = played("castro-2period-v0").tables()
    assert tuple(tables) == TABLE_NAMES
    assert len(tables) == 5
    with pytest.raises(KeyError):
        tables["nothing"]
    frames = tables.to_pandas()
    assert frames["banks_by_day"]["total_cost_cents"].sum() == total(tables.banks_by_day, "total_cost_cents")
    assert isinstance(frames["payments"]["amount_cents"].array._pa_array, pa.ChunkedArray)


def test_tables_written_in_every_format_read_back_equal(tmp_path: Path) -> None:
    tables = played("castro-12period-v0").tables()
    for file_format in ("csv", "parquet", "arrow"):
        paths = tables.write(tmp_path / file_format, file_format)
        assert [path.name for path in paths] == [f"{name}.{file_format}" for name in TABLE_NAMES]
    assert pa.parquet.read_table(tmp_path / "parquet" / "banks_by_tick.parquet").equals(tables.banks_by_tick)
    with pa.memory_map(str(tmp_path / "arrow" / "payments.arrow")) as file:
        assert pa.ipc.open_file(file).read_all().equals(tables.payments)
    csv = pa.csv.read_csv(tmp_path / "csv" / "payments.csv")
    assert csv["amount_cents"].to_pylist() == tables.payments["amount_cents"].to_pylist()
    with pytest.raises(SimulationError, match="format: must be one of csv, parquet, arrow, got 'xlsx'"):
        tables.write(tmp_path, "xlsx")  # type: ignore[arg-type]


def test_tables_of_a_record_equal_those_of_the_simulation(tmp_path: Path) -> None:
    simulation = Simulation("castro-12period-v0", seed=4)
    facts = RunFacts.of(simulation)
    sinks = [ParquetSink(tmp_path / "run.parquet", facts), DatabaseSink(tmp_path / "runs.duckdb", facts)]
    with Recorder(simulation, sinks) as recorder:
        while not simulation.is_over:
            recorder.tick()
    for name in ("run.parquet", "runs.duckdb"):
        record = open_record(tmp_path / name)
        tables = record.tables()
        record.close()
        for table, expected in zip(tables.values(), simulation.tables().values(), strict=True):
            assert table.equals(expected)


def test_tables_of_a_record_that_starts_later_are_refused(tmp_path: Path) -> None:
    simulation = Simulation("castro-2period-v0", seed=4)
    simulation.tick()
    with Recorder(simulation, [ParquetSink(tmp_path / "run.parquet", RunFacts.of(simulation))]) as recorder:
        recorder.tick()
    record = open_record(tmp_path / "run.parquet")
    with pytest.raises(RecordError, match="begins at tick 1; tables need a record from the first tick on"):
        record.tables()
    record.close()


def test_tables_need_every_tick_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SimulationError, match="tables needs events=True"):
        Simulation("castro-2period-v0", events=False).tables()
    simulation = Simulation("castro-2period-v0")
    assert len(simulation.tables().banks_by_hour) == 0
    simulation.tick()
    restored = Simulation("castro-2period-v0")
    restored.restore(simulation.snapshot())
    with pytest.raises(SimulationError, match="tables need every tick of the run"):
        restored.tables()
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(SimulationError, match=r"tables need pyarrow: pip install 'simcash-env\[records\]'"):
        simulation.tables()
