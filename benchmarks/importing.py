"""Time and memory of an import: ``python -m benchmarks.importing [--rows N] [--json]``.

Measures, each in a process of its own: import of a CSV file (to the payments table, and with all files written), and
reading a payments table of 321,358 payments from Parquet. Memory is the peak of the process, libraries included.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv

from simcash_env.data.payments import Calendar, make_payments, write_payments
from simcash_env.machine import machine

ROWS: Final = 1_000_000
DAY_OF_LARGE_SYSTEM: Final = 321_358
"""Payments of a day of the largest published system that the package has been run with."""

NUM_BANKS: Final = 300
NUM_DAYS: Final = 20
OPEN_US, CLOSE_US, TICKS = 7 * 3_600_000_000, 18 * 3_600_000_000, 132

IMPORT: Final = """
import sys, time, resource, json
from simcash_env.data import import_payments
begun, cpu = time.perf_counter(), time.process_time()
imported = import_payments(sys.argv[1], currency="EUR")
read, read_cpu = time.perf_counter() - begun, time.process_time() - cpu
imported.write(sys.argv[2])
total, total_cpu = time.perf_counter() - begun, time.process_time() - cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps([len(imported.payments), read, read_cpu, total, total_cpu, peak]))
"""

READ: Final = """
import sys, time, resource, json
from simcash_env.data.payments import read_payments
begun, cpu = time.perf_counter(), time.process_time()
payments = read_payments(sys.argv[1])
seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps([len(payments), seconds, cpu, seconds, cpu, peak]))
"""


def random_columns(rows: int) -> dict[str, Any]:
    """Random payments of ``NUM_BANKS`` banks on ``NUM_DAYS`` days, as columns of a payments table."""
    random = np.random.default_rng(1)
    ids = pa.array([f"BANK{number:04}XXX" for number in range(NUM_BANKS)])
    sender = random.integers(0, NUM_BANKS, rows)
    receiver = (sender + random.integers(1, NUM_BANKS, rows)) % NUM_BANKS
    day = np.sort(random.integers(0, NUM_DAYS, rows)) + 20_500
    return {
        "day": pa.array(day.astype(np.int32)).cast(pa.date32()),
        "submitted": pa.array(random.integers(OPEN_US, CLOSE_US, rows)).cast(pa.time64("us")),
        "sender": ids.take(pa.array(sender)),
        "receiver": ids.take(pa.array(receiver)),
        "amount_cents": pa.array(random.integers(1, 10**9, rows)),
        "priority": pa.array(random.integers(0, 11, rows).astype(np.int8)),
    }


def write_csv(rows: int, path: Path) -> None:
    """A CSV file with amounts in currency units."""
    columns = random_columns(rows)
    units, cents = (pa.array(part).cast(pa.string()) for part in np.divmod(columns.pop("amount_cents"), 100))
    columns["amount"] = pc.binary_join_element_wise(units, pc.utf8_lpad(cents, 2, "0"), ".")
    pc_csv.write_csv(pa.table(columns), path)


def measured(program: str, *arguments: Path) -> dict[str, float]:
    """Run a program in a process of its own; seconds, processor seconds and peak bytes."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows, read, read_cpu, total, total_cpu, peak = json.loads(done.stdout)
    return {
        "payments": rows,
        "seconds": read,
        "cpu_seconds": read_cpu,
        "seconds_with_files": total,
        "cpu_seconds_with_files": total_cpu,
        "peak_bytes": peak,
    }


def measure(rows: int, rows_of_table: int) -> dict[str, dict[str, float]]:
    """The two measurements."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_csv(rows, folder / "payments.csv")
        imported = measured(IMPORT, folder / "payments.csv", folder / "out")
        payments = make_payments(random_columns(rows_of_table), Calendar(OPEN_US, CLOSE_US, TICKS))
        write_payments(payments, folder / "payments.parquet")
        return {"import_csv": imported, "read_parquet": measured(READ, folder / "payments.parquet")}


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.importing", description="Time and memory of an import.")
    parser.add_argument("--rows", type=int, default=ROWS, help="payments of the CSV file")
    parser.add_argument("--table-rows", type=int, default=DAY_OF_LARGE_SYSTEM, help="payments of the Parquet file")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args(arguments)
    found = measure(given.rows, given.table_rows)
    if given.json:
        print(json.dumps(found))
        return
    print(machine())
    for what, row in found.items():
        print(
            f"{what}: {row['payments']:,.0f} payments, "
            f"{row['seconds']:.2f} s ({row['cpu_seconds']:.2f} s of processor), "
            f"with files {row['seconds_with_files']:.2f} s ({row['cpu_seconds_with_files']:.2f} s of processor), "
            f"peak {row['peak_bytes'] / 2**20:,.0f} MiB"
        )


if __name__ == "__main__":
    main()
