"""``simcash calibrate`` and ``simcash generate``: from recorded days to a scenario, and from a scenario to days."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer
from rich.table import Table

from simcash_env.cli.choices import AsJson, Quiet, ScenarioName, Seed, complete_file
from simcash_env.cli.examples import examples
from simcash_env.cli.outputs import unusable_path
from simcash_env.cli.screen import data, needs_extra, note
from simcash_env.config import load_scenario
from simcash_env.errors import ConfigError, Fault
from simcash_env.schema.limits import MAX_SEED

if TYPE_CHECKING:
    from simcash_env.data.calibration import Amounts
    from simcash_env.data.fit import GoodnessOfFit
    from simcash_env.data.generation import Times

DATA: Final = "data"

FILES: Final = ("scenario.yaml", "fit.json", "report.html")

DataPath = Annotated[
    Path,
    typer.Argument(
        help="Folder of simcash import, or a payments table (.parquet).",
        autocompletion=complete_file,
        show_default=False,
    ),
]


@examples(
    "simcash generate my-system/scenario.yaml --days 60 --seed 7 --out payments.parquet",
    "simcash generate lynx-day-v0 --days 5 --times uniform --out lynx.parquet",
)
def generate(
    scenario: ScenarioName,
    out: Annotated[Path, typer.Option("--out", help="Parquet file for the payments table.", show_default=False)],
    days: Annotated[int, typer.Option(min=1, max=10_000, help="Number of business days.")] = 1,
    seed: Seed = None,
    times: Annotated[str, typer.Option(help="Times of submission: start of the tick, or uniform within it.")] = "start",
    start: Annotated[
        str | None, typer.Option(help="Date of the first day, YYYY-MM-DD (default: 2026-01-05).", show_default=False)
    ] = None,
    *,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Write the random payments of a scenario as a payments table of synthetic days."""
    with needs_extra(DATA, "pyarrow"):
        from simcash_env.data.calibration import days_of
        from simcash_env.data.generation import FIRST_DAY
        from simcash_env.data.generation import generate as generate_payments
        from simcash_env.data.payments import write_payments
    first = FIRST_DAY if start is None else _date(start)
    rule = unusable_path(out)
    if rule:
        raise ConfigError([Fault(None, None, "--out", repr(str(out)), rule)])
    payments = generate_payments(
        load_scenario(scenario),
        days=days,
        seed=seed,
        times=cast("Times", times),  # which checks it
        start=first,
    )
    write_payments(payments, out)
    found = days_of(payments)
    value_cents = sum(payments.integers("amount_cents").tolist())
    if as_json:
        result = {"file": str(out), "payments": len(payments), "days": len(found), "value_cents": value_cents}
        typer.echo(json.dumps(result))
    elif not quiet:
        note(f"{out}: {len(payments):,} payments of {len(found)} days, {found[0]} to {found[-1]}")


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError([Fault(None, None, "--start", repr(text), "must be a date, YYYY-MM-DD")]) from None


@examples(
    "simcash calibrate my-system --out my-model",
    "simcash calibrate payments.parquet --amounts empirical --fit-share 0.8 --out my-model --json",
)
def calibrate(
    source: DataPath,
    out: Annotated[
        Path, typer.Option("--out", help="Folder for scenario.yaml, fit.json and report.html.", show_default=False)
    ],
    amounts: Annotated[str, typer.Option(help="Distribution of the amounts: mixture or empirical.")] = "mixture",
    fit_share: Annotated[
        float, typer.Option(help="Share of the days, in order of date, that are fitted; the others are held out.")
    ] = 0.6,
    days: Annotated[
        int, typer.Option(min=2, max=10_000, help="Generated days that recorded ones are compared with.")
    ] = 20,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED // 2, help="Seed of the fit and of the generated days.")] = 0,
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace the three files in a folder that has files.")] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Fit a scenario to recorded days, and compare generated days with those held out."""
    with needs_extra(DATA, "pyarrow", "scipy", "sklearn", "matplotlib"):
        from simcash_env.data.calibration import calibrate as fit_scenario
        from simcash_env.data.calibration import read_data
        from simcash_env.data.fit import goodness_of_fit
        from simcash_env.data.generation import generate as generate_payments
        from simcash_env.data.importing import require_free
        from simcash_env.data.report import write_report
    require_free(out, force=force, files=FILES)
    payments, base = read_data(source)
    fit = fit_scenario(payments, base=base, amounts=cast("Amounts", amounts), fit_share=fit_share, seed=seed)
    generated = generate_payments(fit.config, days=days, seed=seed, times="uniform")
    goodness = goodness_of_fit(fit.fitted if fit.held_out is None else fit.held_out, generated, fit.config, seed)
    fit.write(out, goodness.as_dict())
    write_report(
        payments, [bank.id for bank in fit.config.banks], out / "report.html", notes=fit.notes, compare=generated
    )
    if as_json:
        typer.echo(json.dumps({**fit.as_dict(), "goodness_of_fit": goodness.as_dict()}))
    else:
        for line in fit.notes:
            data.print(line, markup=False, highlight=False, soft_wrap=True)
        data.print(_goodness_table(goodness))
    if not quiet:
        for name in FILES:
            note(f"written: {out / name}")


def _goodness_table(goodness: GoodnessOfFit) -> Table:
    from simcash_env.data.fit import table_rows

    table = Table(
        title=f"{goodness.num_recorded_days} recorded days and {goodness.num_generated_days} generated days",
        title_justify="left",
    )
    for name in ("figure", "recorded", "generated", "difference", "95 % interval"):
        table.add_column(name, justify="left" if name == "figure" else "right", no_wrap=True)
    for row in table_rows(goodness):
        table.add_row(*row)
    return table
