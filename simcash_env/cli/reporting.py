"""``simcash report``: statistics of a payments table, on the terminal and as an HTML file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from simcash_env.cli.choices import AsJson, Quiet, complete_file
from simcash_env.cli.examples import examples
from simcash_env.cli.outputs import unusable_path
from simcash_env.cli.screen import data, needs_extra, note
from simcash_env.errors import ConfigError, Fault

if TYPE_CHECKING:
    from simcash_env.data.profile import Profile


PaymentsFile = Annotated[
    Path,
    typer.Argument(
        help="Payments table, written by simcash import or simcash generate (Parquet).",
        autocompletion=complete_file,
        show_default=False,
    ),
]


@examples(
    "simcash report payments.parquet --banks banks.csv --out report.html",
    "simcash report payments.parquet --compare generated.parquet --out report.html",
    "simcash report payments.parquet --json",
)
def report(
    file: PaymentsFile,
    banks: Annotated[
        Path | None,
        typer.Option(
            help="Banks table (CSV); its banks are listed even if they have no payments.", autocompletion=complete_file
        ),
    ] = None,
    compare: Annotated[
        Path | None,
        typer.Option(
            help="Payments table to show next to the first one, such as generated days.", autocompletion=complete_file
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="HTML file to write (default: print the statistics only).",
            autocompletion=complete_file,
            show_default=False,
        ),
    ] = None,
    *,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Print statistics of recorded payments, and write them with figures as one HTML file."""
    with needs_extra("data", "pyarrow", *(["matplotlib"] if out else [])):
        from simcash_env.data.payments import read_payments
        from simcash_env.data.profile import profile_of
    _require_usable(out, [path for path in (file, banks, compare) if path is not None])
    payments = read_payments(file)
    ids = () if banks is None else _bank_ids(banks)
    other = None if compare is None else read_payments(compare)
    profiles = [profile_of(payments, ids)] if other is None else [profile_of(payments, ids), profile_of(other, ids)]
    if out is not None:
        from simcash_env.data.report import write_report

        write_report(payments, ids, out, compare=other)
    if as_json:
        _print_json(file, compare, out, profiles)
    else:
        _print_tables(profiles)
    if out is not None and not quiet:
        note(f"written: {out}")


def _require_usable(out: Path | None, inputs: list[Path]) -> None:
    """Refuse an output file that cannot be written, or that is one of the inputs.

    Raises:
        ConfigError: names the option.
    """
    if out is None:
        return
    problem = unusable_path(out)
    if not problem and out.resolve() in [path.resolve() for path in inputs]:
        problem = "is an input file"
    if problem:
        raise ConfigError([Fault(None, None, "--out", repr(str(out)), problem)])


def _bank_ids(path: Path) -> tuple[str, ...]:
    """Ids of a banks table, each once."""
    from simcash_env.data.banks import read_banks

    return tuple(dict.fromkeys(bank.id for bank in read_banks(path)))


def _print_json(file: Path, compare: Path | None, out: Path | None, profiles: list[Profile]) -> None:
    document: dict[str, Any] = {
        "file": str(file),
        "compare": None if compare is None else str(compare),
        "out": None if out is None else str(out),
        "profile": profiles[0].as_dict(),
        "compared_profile": None if compare is None else profiles[1].as_dict(),
    }
    typer.echo(json.dumps(document))


def _print_tables(profiles: list[Profile]) -> None:
    """Key figures, the hours of the day, and the banks of the first data set."""
    from simcash_env.amounts import amount_text, unit_name
    from simcash_env.data.payments import clock_text
    from simcash_env.data.report import LABELS, key_figures

    currency = unit_name(profiles[0].currency)
    key = Table(title=profiles[0].source or None)
    key.add_column("figure")
    for label in LABELS[: len(profiles)] if len(profiles) > 1 else ("all days",):
        key.add_column(label, justify="right")
    for name, value in key_figures(currency):
        key.add_row(name, *map(value, profiles))
    data.print(key)
    hours = _table("hour", "payments", f"value ({currency})", "share of payments", "share of value")
    for hour in profiles[0].hours:
        hours.add_row(
            f"{clock_text(hour.start_us)} to {clock_text(hour.end_us)}",
            f"{hour.num_payments:,}",
            amount_text(hour.value_cents),
            f"{100 * hour.share_of_payments:.1f} %",
            f"{100 * hour.share_of_value:.1f} %",
        )
    data.print(hours)
    banks = _table(
        "bank",
        "payments sent",
        f"value sent ({currency})",
        "payments received",
        f"value received ({currency})",
        "lower bound, largest",
        "upper bound, largest",
    )
    for bank in sorted(profiles[0].banks, key=lambda bank: (-bank.sent_cents, bank.bank)):
        banks.add_row(
            bank.bank,
            f"{bank.num_sent:,}",
            amount_text(bank.sent_cents),
            f"{bank.num_received:,}",
            amount_text(bank.received_cents),
            amount_text(bank.max_lower_bound_cents),
            amount_text(bank.max_upper_bound_cents),
        )
    data.print(banks)


def _table(first: str, *others: str) -> Table:
    """A table whose first column is text, the others numbers."""
    table = Table()
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table
