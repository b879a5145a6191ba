"""Record a run and ask it a question in SQL: how many events of each kind are there?

pip install '.[records]'; python examples/ideas/query_a_run.py
"""

import tempfile
from pathlib import Path

import duckdb

from simcash_env import Simulation
from simcash_env.records.facts import RunFacts
from simcash_env.records.parquet import ParquetSink
from simcash_env.records.recorder import Recorder


def main(seed: int = 42) -> list[tuple[str, int]]:
    """Return the number of events of each kind."""
    simulation = Simulation("lynx-day-v0", seed=seed, events="tick")
    facts = RunFacts.of(simulation)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.parquet"
        with Recorder(simulation, [ParquetSink(path, facts)]) as recorder:
            while not simulation.is_over:
                recorder.tick()
        question = "SELECT kind, count(*) FROM read_parquet(?) GROUP BY kind ORDER BY 2 DESC, 1"
        with duckdb.connect() as database:
            rows = database.execute(question, [str(path)]).fetchall()
    for kind, count in rows:
        print(f"{count:6,} {kind}")
    return rows


if __name__ == "__main__":
    main()
