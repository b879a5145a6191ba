"""The command that computes lower bounds on the cost of any policy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.table import Table

from simcash_env.amounts import amount_text, unit_name
from simcash_env.cli.choices import AsJson, ScenarioName, Sets, chosen_changes, naming_sets
from simcash_env.cli.examples import examples
from simcash_env.cli.screen import data, needs_extra, notes
from simcash_env.registry import load

if TYPE_CHECKING:
    from simcash_env.evaluation.lower_bounds import LowerBound

EXTRA: Final = "training"
WHOLE_SHARE: Final = 10
"""First observations for each one after which whole payments are planned too."""


@examples(
    "simcash bound castro-12period-v0",
    "simcash bound castro-12period-v0 --kind constant-share --days 400 --whole",
    "simcash bound castro-12period-v0 --share 0.11 --share 0.12 --share 0.13",
    "simcash bound lynx-day-v0 --kind penalised --json",
)
def bound(
    scenario: ScenarioName,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            help="Bound: clairvoyant, constant-share, first-observation, own-observation or penalised (may be repeated;"
            " default: all that the scenario has).",
            show_default=False,
        ),
    ] = None,
    days: Annotated[int, typer.Option(min=2, help="Number of test days, or of first observations.")] = 100,
    forks: Annotated[int, typer.Option(min=2, help="Number of days that follow each first observation.")] = 100,
    shares: Annotated[
        list[float] | None,
        typer.Option(
            "--share",
            min=0.0,
            max=1.0,
            help="Share of every bank's pool: bound for policies that allocate it (may be repeated).",
            show_default=False,
        ),
    ] = None,
    sets: Sets = None,
    *,
    whole: Annotated[
        bool,
        typer.Option(
            "--whole",
            help="Plan whole payments in the two-stage bounds, for own-observation after a tenth as many first"
            " observations: higher, and slower.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print lower bounds on the mean cost of any policy, with standard errors."""
    with needs_extra(EXTRA, "scipy"):
        from simcash_env.evaluation.lower_bounds import FEWEST_WHOLE, bound_kinds, lower_bound
    with naming_sets():
        config = load(scenario, changes=chosen_changes(sets))
    found = []
    for name in kind or (() if shares else bound_kinds(config)):
        if notes.is_terminal and not as_json:
            notes.print(f"{config.name}: {name}")
        few = max(days // WHOLE_SHARE, FEWEST_WHOLE) if whole and name == "own-observation" else 0
        found.append(
            lower_bound(config, name, num_days=days, num_forks=forks, num_whole=few, is_whole=whole)  # type: ignore[arg-type]
        )
    found += [lower_bound(config, "given-share", num_days=days, share=share) for share in shares or ()]
    if as_json:
        typer.echo(json.dumps([one.as_dict() for one in found]))
    else:
        data.print(bound_table(found, unit_name(config.currency)))


def bound_table(found: list[LowerBound], unit: str) -> Table:
    """Return a table with a row for each bound."""
    from simcash_env.evaluation.lower_bounds import KINDS

    table = Table(
        title=f"{found[0].scenario}: lower bounds on the mean cost of a run, all banks together; {unit}",
        caption="standard errors over days, control variate included; plain: without it",
    )
    table.add_column("bound", no_wrap=True)
    for name in ("cost", "standard error", "plain", "days"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("pool shares", overflow="fold")
    table.add_column("holds for", overflow="fold")
    for one in found:
        share = one.standard_error / one.cents if one.cents else 0.0
        shares = "" if one.shares is None else " / ".join(f"{100 * value:.3g} %" for value in one.shares)
        table.add_row(
            one.kind if one.is_whole else f"{one.kind}, fractions",
            amount_text(one.cents),
            f"{amount_text(one.standard_error)} ({share:.1%})",
            f"{amount_text(one.plain_cents)} ± {amount_text(one.plain_error)}",
            f"{one.num_days:,}" if one.num_forks == 1 else f"{one.num_days:,} x {one.num_forks:,}",
            shares,
            KINDS[one.kind],
        )
    return table
