"""Recorded runs, to be shown: from a Parquet or DuckDB record to a simulation that repeats it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from simcash_env.config import ScenarioConfig
from simcash_env.config.changes import with_policy
from simcash_env.config.external import external_banks
from simcash_env.errors import ConfigError, RecordError
from simcash_env.records.inputs import Input
from simcash_env.records.reading import open_record
from simcash_env.records.replay import replay
from simcash_env.service.held import Origin, Recorded


def read_recorded(path: Path, name: str, run: int | None = None) -> tuple[Origin, Recorded]:
    """Read a record and prove that it can be repeated event for event.

    Args:
        path: the file.
        name: of the file, for messages.
        run: number of the run in a DuckDB file; the last one by default.

    Raises:
        RecordError: it cannot be read, is damaged, does not begin with its run, or its repetition differs.
    """
    try:
        record = open_record(path, run)
        try:
            return _read(record, name)
        finally:
            record.close()
    except RecordError as error:
        raise RecordError(str(error).replace(str(path), name)) from error


def _read(record: Any, name: str) -> tuple[Origin, Recorded]:
    facts = record.facts
    if facts.start:
        message = f"{name}: begins at tick {facts.first_tick}, in the middle of a run; the viewer shows whole runs"
        raise RecordError(message)
    proof = replay(record)
    if not proof.is_equal:
        message = f"{name}: its repetition differs: {proof.difference}"
        raise RecordError(message)
    try:
        config = ScenarioConfig.model_validate(facts.scenario)
        config, inputs = given_in(config, record.inputs(), name)
    except (ConfigError, ValidationError) as error:
        message = f"{name}: this version cannot run the recorded scenario: {error}"
        raise RecordError(message) from error
    notice = f"recorded in {name} by version {facts.version} ({facts.status}); {proof.num_events:,} events repeated"
    origin = Origin(config, facts.seed, events=True, notices=(notice,), external=facts.external)
    return origin, Recorded(inputs, facts.ticks)


def given_in(
    config: ScenarioConfig, recorded: Iterable[Input], name: str
) -> tuple[ScenarioConfig, list[dict[str, Any]]]:
    """Return the scenario with the policies that were set before the first tick, and the inputs of the service.

    Raises:
        RecordError: a policy was changed during the run, or a payment came before the arrivals of its tick.
    """
    inputs: list[dict[str, Any]] = []
    opened = -1
    for given in recorded:
        content = json.loads(given.content)
        opened = given.tick if given.kind == "open" else opened
        if given.kind == "submit" and opened != given.tick and external_banks(config):
            message = (
                f"{name}: a payment came in at tick {given.tick} before its arrivals were read; where banks decide "
                "from outside, the service takes payments after these"
            )
            raise RecordError(message)
        if given.kind == "policy":
            if given.tick > 0 or inputs:
                message = f"{name}: a policy is changed at tick {given.tick}; the viewer shows runs with fixed policies"
                raise RecordError(message)
            config = with_policy(config, content["bank"], content["policy"])
        else:
            inputs.append({"tick": given.tick, "orders" if given.kind == "tick" else given.kind: content})
    return config, inputs
