"""What runs measure: metrics of one run, and differences between variants of a scenario."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.table import Table

from simcash_env.amounts import amount_text, unit_name
from simcash_env.cli.choices import (
    AsJson,
    Policies,
    RunNumber,
    Seed,
    Sets,
    chosen_changes,
    chosen_policies,
    complete_file,
    complete_scenario,
    naming_sets,
    replace_policies,
)
from simcash_env.cli.examples import examples
from simcash_env.cli.outputs import unusable_path
from simcash_env.cli.screen import data, needs_extra, note
from simcash_env.config import FifoPolicy, ScenarioConfig
from simcash_env.config.external import external_notice, follow_default
from simcash_env.errors import ConfigError, Fault
from simcash_env.registry import load
from simcash_env.simulation import Simulation

if TYPE_CHECKING:
    from simcash_env.evaluation.compare import Comparison
    from simcash_env.evaluation.metrics import Metrics

EXTRA: Final = "training"
RECORDS: Final = frozenset({".parquet", ".duckdb", ".db"})
FIGURES: Final = frozenset({".png", ".svg", ".pdf"})


@examples(
    "simcash metrics lynx-day-v0 --seed 1",
    "simcash metrics run.parquet --json",
    "simcash metrics lynx-day-v0 --set lsm.algorithms=[]",
)
def metrics(
    source: Annotated[
        str,
        typer.Argument(
            help="Scenario (an id of the library or a file), or a run record (.parquet, .duckdb).",
            autocompletion=complete_scenario,
            show_default=False,
        ),
    ],
    seed: Seed = None,
    policy: Policies = None,
    sets: Sets = None,
    run: RunNumber = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Print the metrics of a run: delay, throughput by hour, liquidity used, gridlocks, BCBS 248 tables."""
    with needs_extra(EXTRA, "scipy"):
        from simcash_env.evaluation.metrics import metrics_of
        from simcash_env.evaluation.run_columns import record_run
    if Path(source).suffix.lower() in RECORDS:
        _refuse_with_record(seed, policy, sets)
        config, number, played = _replayed(Path(source), run)
    else:
        if run is not None:
            raise ConfigError([Fault(None, None, "--run", str(run), "needs a run record")])
        with naming_sets():
            config = load(source, changes=chosen_changes(sets))
        config = replace_policies(config, chosen_policies(config, policy or []))
        notice = external_notice(config, FifoPolicy())
        if notice is not None:
            note(notice)
        config = follow_default(config, FifoPolicy())
        number = config.simulation.seed if seed is None else seed
        played = record_run(config, number)
    found = metrics_of(played)
    if as_json:
        head = {"scenario": config.name, "seed": number, "currency": config.currency}
        typer.echo(json.dumps({**head, **found.as_dict()}))
        return
    unit = unit_name(config.currency)
    for table in metric_tables(found, f"{config.name}, seed {number}", unit):
        data.print(table)


def _refuse_with_record(seed: int | None, policy: list[str] | None, sets: list[str] | None) -> None:
    options = (("--seed", seed), ("--policy", policy), ("--set", sets))
    faults = [Fault(None, None, name, None, "a record has its own") for name, given in options if given]
    if faults:
        raise ConfigError(faults)


def _replayed(path: Path, run: int | None) -> tuple[ScenarioConfig, int, Any]:
    """Return scenario, seed and columns of a recorded run, which is run again."""
    from simcash_env.cli.recorded import opened
    from simcash_env.evaluation.run_columns import record_played

    with needs_extra("records"):
        from simcash_env.records.inputs import Inputs
    with opened(path, run) as record:
        facts = record.facts
        whole = facts.scenario["simulation"]["ticks_per_day"] * facts.scenario["simulation"]["num_days"]
        if facts.first_tick or facts.ticks != whole:
            rule = f"has ticks {facts.first_tick} to {facts.ticks} of {whole}; metrics need a whole run"
            raise ConfigError([Fault(None, None, "SOURCE", repr(str(path)), rule)])
        simulation, inputs = facts.simulation(), Inputs(record.inputs())
        simulation.log_events(events=True)
        decided: dict[str, Any] = {}

        def prepare(run_again: Simulation) -> None:
            decided.clear()
            decided.update(inputs.before_tick(run_again))

        columns = record_played(simulation, lambda run_again: run_again.tick(**decided), prepare)
        return simulation.config, facts.seed, columns


def share_text(value: float | None) -> str:
    """A share in per cent."""
    return "-" if value is None else f"{100 * value:.2f} %"


def metric_tables(found: Metrics, title: str, unit: str) -> list[Table]:
    """Return the tables of a run's metrics: the system, throughput by hour, banks, and BCBS 248 by bank."""
    amounts = f"amounts in {unit}"
    system = Table(title=f"{title}: system; {amounts}")
    system.add_column("metric")
    system.add_column("value", justify="right")
    for name, text in system_rows(found):
        system.add_row(name, text)
    hours = Table(title=f"{title}: throughput")
    hours.add_column("by")
    hours.add_column("settled / due, system", justify="right")
    for bank in found.monitoring:
        hours.add_column(bank, justify="right")
    for place, (hour, share) in enumerate(found.throughput_by_hour.items()):
        own = (share_text(report.hourly_throughput_due[place]) for report in found.monitoring.values())
        hours.add_row(hour, share_text(share), *own)
    hours.caption = "settled value / value due in the day: arrived, or waiting at its start"
    banks = Table(title=f"{title}: banks; {amounts}")
    for name in ("bank", "cost", "peak net debit", "relative provision"):
        banks.add_column(name, justify="left" if name == "bank" else "right")
    for bank, cents in found.cost_by_bank.items():
        provision = found.provision_by_bank.get(bank)
        text = "-" if provision is None else f"{provision:.3f}"
        banks.add_row(bank, amount_text(cents), amount_text(found.peak_net_debit_by_bank[bank]), text)
    return [system, hours, banks, monitoring_table(found, f"{title}: BCBS 248 monitoring tools; {amounts}")]


def system_rows(found: Metrics) -> list[tuple[str, str]]:
    """Return name and text of every figure of the system."""
    plain = {
        name: f"{getattr(found, name):,}" for name in ("gridlocks", "deadlocks", "stalled_ticks", "deadline_misses")
    }
    ratios = {
        name: "-" if (value := getattr(found, name)) is None else f"{value:,.3f}"
        for name in ("value_weighted_delay", "turnover", "gini", "market_vwap")
    }
    shares = {
        name: share_text(getattr(found, name))
        for name in (
            *("settled_share_value", "settled_share_count", "delay_indicator", "throughput_1200", "throughput_1430"),
            "liquidity_position",
        )
    }
    money = {
        name: amount_text(getattr(found, name))
        for name in (
            *("total_cost", "unsettled_value", "liquidity_used", "liquidity_lower", "liquidity_upper"),
            *("deadline_misses_value", "dropped_value", "market_volume"),
        )
    }
    kinds = {f"{kind} cost": amount_text(cents) for kind, cents in found.cost_by_kind.items() if cents}
    by = {f"settled by {name}": amount_text(cents) for name, cents in found.value_by_mechanism.items() if cents}
    rows = {**kinds, **money, **shares, **ratios, **plain, **by}
    return [(name.replace("_", " "), text) for name, text in rows.items()]


def monitoring_table(found: Metrics, title: str) -> Table:
    """Return the monitoring tools of BCBS 248 that apply to a payment system, by bank."""
    table = Table(title=title)
    table.add_column("bank")
    for name in (
        *(
            "largest usages A(i)",
            "mean usage",
            "largest net credits",
            "start liquidity A(ii)",
            "sent A(iii)",
            "received",
        ),
        *("unsettled", "timed A(iv)", "timed missed"),
    ):
        table.add_column(name, justify="right")
    for bank, report in found.monitoring.items():
        table.add_row(
            bank,
            "\n".join(map(amount_text, report.largest_usages)),
            amount_text(report.mean_usage),
            "\n".join(map(amount_text, report.largest_positives)),
            amount_text(report.start_liquidity[0]),
            amount_text(report.sent),
            amount_text(report.received),
            amount_text(report.unsettled),
            f"{report.timed_count:,}: {amount_text(report.timed_value)}",
            f"{report.timed_missed_count:,}: {amount_text(report.timed_missed_value)}",
        )
    return table


@examples(
    "simcash compare lynx-day-v0 --set lsm.algorithms=[] --seeds 200",
    "simcash compare lynx-day-v0 --variant no-lsm=lsm.algorithms=[] "
    "--variant 'costly=costs.overdraft_bps_per_tick=2;costs.split_friction_cost=0' --figure differences.png",
)
def compare(
    scenarios: Annotated[
        list[str],
        typer.Argument(
            help="Scenarios: ids or files; the first is the reference.",
            autocompletion=complete_scenario,
            show_default=False,
        ),
    ],
    seeds: Annotated[int, typer.Option(min=2, help="Number of test seeds, the same for every variant.")] = 200,
    sets: Sets = None,
    variant: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=KEY=VALUE[;KEY=VALUE]",
            help="Variant of the first scenario with changes of its own (may be repeated).",
            show_default=False,
        ),
    ] = None,
    policy: Policies = None,
    figure: Annotated[
        Path | None, typer.Option(help="Plot of the differences: .png, .svg or .pdf.", autocompletion=complete_file)
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Compare variants of a scenario on the same seeds: paired differences of costs and metrics, with intervals.

    All values of --set together make one variant of the first scenario; every --variant makes another.
    """
    with needs_extra(EXTRA, "scipy"):
        from simcash_env.evaluation import compare as comparing
    if figure is not None:
        rule = unusable_path(figure) or ("" if figure.suffix.lower() in FIGURES else "must end in .png, .svg or .pdf")
        if rule:
            raise ConfigError([Fault(None, None, "--figure", repr(str(figure)), rule)])
    variants = {
        name: replace_policies(config, chosen_policies(config, policy or []))
        for name, config in chosen_variants(scenarios, sets or [], variant or []).items()
    }
    found = comparing.compare(variants, seeds)
    if figure is not None:
        with needs_extra("plots", "matplotlib"):
            comparing.draw_comparison(found, figure)
        note(f"drawn: {figure}")
    if as_json:
        typer.echo(json.dumps(found.as_dict()))
    else:
        data.print(comparison_table(found))


def chosen_variants(scenarios: list[str], sets: list[str], variants: list[str]) -> dict[str, ScenarioConfig]:
    """Return the variants by name: the scenarios, the one of ``--set``, and those of ``--variant``.

    Raises:
        ConfigError: fewer than two, a name given twice, or changes that cannot be made.
    """
    named: dict[str, ScenarioConfig] = {}

    def add(name: str, config: ScenarioConfig, option: str) -> None:
        if name in named:
            raise ConfigError([Fault(None, None, option, repr(name), "is given twice")])
        named[name] = config

    for scenario in scenarios:
        config = load(scenario)
        add(config.name, config, "SCENARIOS")
    groups = [(" ".join(sets), "--set", sets)] if sets else []
    for text in variants:
        name, equals, changes = text.partition("=")
        if not name or not equals or "=" not in changes:
            rule = "must be NAME=KEY=VALUE[;KEY=VALUE], such as no-lsm=lsm.algorithms=[]"
            raise ConfigError([Fault(None, None, f"--variant {text}", None, rule)])
        groups.append((name, f"--variant {name}", changes.split(";")))
    for name, option, group in groups:
        with naming_sets(option):
            add(name, load(scenarios[0], changes=chosen_changes(group)), option)
    if len(named) == 1:
        rule = "needs a second scenario, --set or --variant to compare with"
        raise ConfigError([Fault(None, None, "SCENARIOS", scenarios[0], rule)])
    return named


def comparison_table(found: Comparison) -> Table:
    """Return one table with a row for each figure: the reference's mean, and the difference of each variant."""
    from simcash_env.evaluation.compare import shown, shown_interval

    count, reference = len(found.seeds), found.names[0]
    table = Table(
        title=f"{reference} and variants, {count} seed{'s' * (count != 1)}; amounts in {unit_name(found.currency)}",
        caption="means a run, all banks; differences to the reference seed by seed [95 % interval]",
    )
    table.add_column("figure")
    table.add_column(reference, justify="right")
    for name in found.names[1:]:
        table.add_column(name, justify="right", overflow="fold")
        table.add_column("difference", justify="right")
    for figure in found.figures:
        rows = [row for row in found.rows if row.figure == figure]
        if all(not row.mean and (row.difference is None or not row.difference.high) for row in rows):
            continue  # a cost that no variant has
        cells = [shown(rows[0].mean, rows[0].unit)]
        for row in rows[1:]:
            cells += [shown(row.mean, row.unit), shown_interval(row.difference, row.unit)]
        table.add_row(figure.replace("_", " "), *cells)
    return table
