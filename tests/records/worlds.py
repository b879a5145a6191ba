"""Runs to record: played with decisions, payments and policies from outside."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from simcash_env.errors import ActionError
from simcash_env.records.database import DatabaseSink
from simcash_env.records.facts import RunFacts
from simcash_env.records.parquet import FACTS, ParquetSink
from simcash_env.records.reading import open_record
from simcash_env.records.recorder import Recorder
from simcash_env.simulation import Simulation
from tests.worlds import busy

TREE: dict[str, Any] = {
    "policy_id": "urgent first",
    "parameters": {"urgency": 2},
    "payment_tree": {
        "type": "condition",
        "node_id": "urgent",
        "condition": {"op": "<=", "left": {"field": "ticks_to_deadline"}, "right": {"param": "urgency"}},
        "on_true": {"type": "action", "node_id": "go", "action": "Release"},
        "on_false": {"type": "action", "node_id": "wait", "action": "Hold"},
    },
    "bank_tree": {
        "type": "action",
        "node_id": "count",
        "action": "AddState",
        "parameters": {"key": {"value": "bank_state_seen"}, "value": {"value": 1.0}, "reason": {"value": "tick"}},
    },
}
"""A policy whose events have names: of the nodes on the way, and of a register."""


def tree_of(name: str, register: str) -> dict[str, Any]:
    """The tree with other names in it."""
    bank_tree = {**TREE["bank_tree"], "parameters": {**TREE["bank_tree"]["parameters"], "key": {"value": register}}}
    payment_tree = {**TREE["payment_tree"], "node_id": name}
    return {"type": "tree", "tree": {**TREE, "payment_tree": payment_tree, "bank_tree": bank_tree}}


def sinks_for(folder: Path, simulation: Simulation) -> list[Any]:
    """Both kinds of file."""
    facts = RunFacts.of(simulation)
    return [ParquetSink(folder / "run.parquet", facts), DatabaseSink(folder / "runs.duckdb", facts)]


def play_from_outside(recorder: Recorder, *, ticks: int | None = None) -> None:
    """Release every second payment, hand one in at every third tick, change policies on the way."""
    simulation, left = recorder.simulation, ticks
    while not simulation.is_over and left != 0:
        tick = simulation.current_tick
        if tick != 3:
            recorder.open_tick()
        if tick % 3 == 0 and tick + 1 < simulation.num_ticks:
            recorder.submit_transaction("ALFA", "BRAVO", 700 + tick, simulation.num_ticks, divisible=True)
        if tick == 4:
            recorder.set_policy("CHARLIE", tree_of("first", "bank_state_first"))
        if tick == 7:
            recorder.set_policy("CHARLIE", tree_of("second", "bank_state_second"))
            recorder.set_policy("BRAVO", "fifo")
        deciding = [bank for bank in ("ALFA", "BRAVO") if simulation.policy(bank)["type"] == "external"]
        actions = {bank: dict.fromkeys(simulation.queue1(bank)[::2], "release") for bank in deciding}
        if tick == 2:
            actions["ALFA"] = dict.fromkeys(simulation.queue1("ALFA")[:1], ("split", 2))
        if tick == 3:  # refused, but the tick is open from here on
            with pytest.raises(ActionError):
                recorder.tick({"ALFA": {"tx_99999999": "release"}})
            recorder.submit_transaction("BRAVO", "ALFA", 650, simulation.num_ticks)
        if tick == 8:
            mine = [tx for tx in simulation.queue2() if simulation.transaction(tx).sender == "ALFA"]
            actions["ALFA"] |= dict.fromkeys(mine[:2], ("resubmit", "urgent"))
        levels = {"ALFA": 7} if tick % 6 == 0 else None
        recorder.tick(actions, pool_levels=levels, collateral={"ALFA": 40} if tick == 5 else None)
        left = None if left is None else left - 1


def recorded(folder: Path, *, ticks: int | None = None, chunk_rows: int = 64, **parts: Any) -> Simulation:
    """A run that was recorded into ``run.parquet`` and ``runs.duckdb``; events are kept to compare with."""
    simulation = Simulation(busy(scripted=1, **parts), seed=11)
    with Recorder(simulation, sinks_for(folder, simulation), chunk_rows=chunk_rows) as recorder:
        play_from_outside(recorder, ticks=ticks)
    return simulation


def sign_anew(path: Path, **changes: Any) -> None:
    """Change what a record says of its run, with a checksum that fits."""
    record = open_record(path)
    facts = replace(record.facts, **changes).to_json()
    record.close()
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path)) as connection:
            connection.execute("UPDATE runs SET facts = ?", [facts])
        return
    metadata = {**pq.ParquetFile(path).metadata.metadata, FACTS: facts.encode()}
    pq.write_table(pq.read_table(path).replace_schema_metadata(metadata), path)
