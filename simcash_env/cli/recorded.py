"""What can be done with a record: replay it, plot it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simcash_env.cli.choices import AsJson, Quiet, RecordFile, RunNumber, complete_file
from simcash_env.cli.examples import examples
from simcash_env.cli.outputs import unusable_path
from simcash_env.cli.screen import data, needs_extra, note, progress
from simcash_env.errors import ConfigError, Fault

if TYPE_CHECKING:
    from simcash_env.records.reading import Record


@contextmanager
def opened(file: Path, run: int | None) -> Iterator[Record]:
    """Open a record and close it at the end."""
    with needs_extra("records"):
        from simcash_env.records.reading import open_record
    record: Record = open_record(file, run)
    try:
        yield record
    finally:
        record.close()


@examples("simcash replay run.parquet", "simcash replay runs.duckdb --run 2")
def replay(file: RecordFile, run: RunNumber = None, *, quiet: Quiet = False, as_json: AsJson = False) -> None:
    """Repeat a recorded run and compare every event; the exit code is 1 if one differs."""
    with needs_extra("records"):
        from simcash_env.records import replay as replaying
    with opened(file, run) as record:
        facts = record.facts
        with progress(facts.ticks - facts.first_tick, quiet=quiet) as advance:
            found = replaying.replay(record, progress=advance)
    if found.has_other_kernels and not quiet:
        note(f"{file}: recorded by version {facts.version} with other kernels ({facts.kernels}) than are at work here")
    if as_json:
        typer.echo(
            json.dumps({"file": str(file), "scenario": facts.scenario["name"], "seed": facts.seed, **asdict(found)})
        )
    elif found.is_equal:
        data.print(
            f"{file}: equal, {found.num_events:,} events in {found.ticks:,} ticks", highlight=False, soft_wrap=True
        )
    if not found.is_equal:
        note(f"{file}: not equal: {found.difference}", style="red")
        raise typer.Exit(1)


@examples("simcash plot runs.duckdb --out run.pdf")
def plot(
    file: RecordFile,
    out: Annotated[
        Path | None,
        typer.Option(help="Plot file: .png, .svg or .pdf (default: next to the record).", autocompletion=complete_file),
    ] = None,
    run: RunNumber = None,
    *,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Plot a run record: balances, queues, costs, network and throughput."""
    target = file.with_suffix(".png") if out is None else out
    with needs_extra("plots"):
        from simcash_env.records import drawing, plots
    problem = unusable_path(target)
    if problem:
        raise ConfigError([Fault(None, None, "--out", repr(str(target)), problem)])
    plots.require_format(target)
    with opened(file, run) as record, progress(record.facts.ticks - record.facts.first_tick, quiet=quiet) as advance:
        picture = drawing.picture_of(record, advance)
    plots.draw(picture, target)
    if as_json:
        typer.echo(json.dumps({"file": str(file), "out": str(target)}))
    else:
        data.print(str(target), highlight=False, markup=False, soft_wrap=True)
