"""``simcash import``: recorded payments as a payments table, banks, a scenario and a report."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import typer

from simcash_env.amounts import amount_text
from simcash_env.cli.choices import AsJson, Quiet, complete_file
from simcash_env.cli.examples import examples
from simcash_env.cli.screen import data, needs_extra, note
from simcash_env.errors import ConfigError, Fault

if TYPE_CHECKING:
    from simcash_env.data.importing import Imported, OnError
    from simcash_env.data.problems import RowsError

DATA: Final = "data"
BAD_INPUT: Final = 2

InputFile = Annotated[
    Path,
    typer.Argument(
        help="Payments: a CSV, TSV, Parquet, Excel or DuckDB file, ISO 20022 messages (XML, or a folder or zip of "
        "them), or a folder of tables.",
        autocompletion=complete_file,
        show_default=False,
    ),
]


@examples(
    "simcash import payments.csv --banks banks.csv --open 07:00 --close 18:00 --tick 5min --currency EUR "
    "--out my-system",
    "simcash import messages.zip --map iso20022 --time-zone Europe/Paris --on-error clamp --out my-system",
)
def import_(
    file: InputFile,
    out: Annotated[Path, typer.Option("--out", help="Folder for the four files.", show_default=False)],
    banks: Annotated[
        Path | None, typer.Option(help="Banks table, CSV (default: the banks of the payments).", show_default=False)
    ] = None,
    mapping: Annotated[
        str,
        typer.Option("--map", help="Mapping file (.yaml or .json), or preset: canonical, pssimpy, bof-pss, iso20022."),
    ] = "canonical",
    open_: Annotated[str, typer.Option("--open", help="Opening time of every day, HH:MM.")] = "07:00",
    close: Annotated[str, typer.Option(help="Closing time of every day, HH:MM.")] = "18:00",
    tick: Annotated[
        str, typer.Option(help="Length of a tick, such as 30s, 5min or 1h; it must divide the hours.")
    ] = "5min",
    currency: Annotated[
        str | None, typer.Option(help="Currency of the amounts (default: that of the file).", show_default=False)
    ] = None,
    time_zone: Annotated[
        str | None,
        typer.Option(help="Local time zone, such as Europe/Paris, for times in another zone.", show_default=False),
    ] = None,
    on_error: Annotated[
        str,
        typer.Option(
            help="What to do with rows outside the hours, self-payments, unknown banks and zero amounts: reject, skip "
            "or clamp."
        ),
    ] = "reject",
    liquidity: Annotated[
        str | None,
        typer.Option(
            help="Opening balances without a banks table: lower-bound:FACTOR, upper-bound:FACTOR or "
            "share-of-outflow:FACTOR (default: upper-bound:1.0).",
            show_default=False,
        ),
    ] = None,
    problems: Annotated[
        Path | None, typer.Option(help="CSV file for the list of all problems, if there are any.", show_default=False)
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option(
            help="Secret factor of all amounts, such as 0.8372; needs --anonymise (default: amounts stay).",
            show_default=False,
        ),
    ] = None,
    jitter: Annotated[
        int,
        typer.Option(help="Largest random shift of a payment's times, in minutes; needs --anonymise (0: times stay)."),
    ] = 0,
    seed: Annotated[
        int | None,
        typer.Option(help="Secret seed of --jitter (default: from the system).", show_default=False),
    ] = None,
    *,
    anonymise: Annotated[
        bool, typer.Option("--anonymise", help="Replace the names of banks, payments and kinds.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the four files in a folder that has files.")] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Import recorded payments as a payments table, a banks table, a scenario and a report."""
    with needs_extra(DATA, "pyarrow", "pandas", "openpyxl", "defusedxml", "duckdb", "matplotlib"):
        from simcash_env.data.importing import import_payments, require_free
        from simcash_env.data.problems import RowsError
    require_free(out, force=force)
    _require_anonymise({"--scale": scale, "--jitter": jitter or None, "--seed": seed}, is_given=anonymise)
    try:
        imported = import_payments(
            file,
            mapping=mapping,
            hours=(open_, close),
            tick=tick,
            currency=currency,
            time_zone=time_zone,
            banks=banks,
            on_error=cast("OnError", on_error),  # which checks it
            liquidity=liquidity,
        )
    except RowsError as error:
        _report_problems(error, problems, as_json=as_json)
        raise
    if anonymise:
        imported = imported.anonymised(seed=seed, scale=scale, jitter_minutes=jitter)
    paths = imported.write(out, force=force)
    if as_json:
        typer.echo(json.dumps(_result(imported, paths)))
        return
    _print_result(imported)
    if not quiet:
        for path in paths:
            note(f"written: {path}")


def _require_anonymise(options: dict[str, object], *, is_given: bool) -> None:
    """Refuse options of ``--anonymise`` without it; their values are secret.

    Raises:
        ConfigError: names them.
    """
    given = [option for option, value in options.items() if value is not None]
    if given and not is_given:
        raise ConfigError(Fault(None, None, option, None, "can only be given with --anonymise") for option in given)


def _report_problems(error: RowsError, path: Path | None, *, as_json: bool) -> None:
    """Write the full list of problems where it was asked for.

    Raises:
        Exit: with ``--json`` the list replaces the message.
    """
    from simcash_env.data.problems import write_problems

    if path is not None:
        count = write_problems(error.all(), path)
        note(f"{path}: {count:,} problems")
    if as_json:
        typer.echo(json.dumps({"problems": [_plain(fault) for fault in error.all()]}))
        note(f"{len(error.problems or error.faults):,} problems; nothing was written")
        raise typer.Exit(BAD_INPUT)


def _plain(fault: Fault) -> dict[str, Any]:
    return {"file": fault.file, "row": fault.line, "column": fault.path, "value": fault.value, "rule": fault.rule}


def _result(imported: Imported, paths: tuple[Path, ...]) -> dict[str, Any]:
    return {
        "payments": len(imported.payments),
        "days": imported.num_days(),
        "banks": len({bank.id for bank in imported.banks}),
        "value_cents": imported.value_cents(),
        "currency": imported.payments.currency,
        "rows": imported.num_rows,
        "handled": [asdict(rows) for rows in imported.handled],
        "notes": list(imported.notes),
        "files": [str(path) for path in paths],
    }


def _print_result(imported: Imported) -> None:
    currency = imported.payments.currency
    value = amount_text(imported.value_cents(), currency)
    banks = len({bank.id for bank in imported.banks})
    rows = f"{imported.num_rows:,} rows: {len(imported.payments):,} payments"
    data.print(f"{rows} of {banks} banks on {imported.num_days()} days, {value}", soft_wrap=True)
    for part in imported.handled:
        value = amount_text(part.value_cents, currency)
        data.print(f"{part.action}: {part.num_rows:,} rows, {value}: {part.rule}", soft_wrap=True)
    for text in imported.notes:
        data.print(text, soft_wrap=True)
