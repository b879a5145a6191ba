"""What there is, and whether a file is right: scenarios, policies, validate, schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from simcash_env.cli import trees
from simcash_env.cli.choices import (
    AsJson,
    PolicyPath,
    Sets,
    chosen_changes,
    complete_file,
    complete_scenario,
    naming_sets,
)
from simcash_env.cli.commands import SuggestingGroup
from simcash_env.cli.examples import examples
from simcash_env.cli.screen import data, note
from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.config.external import external_banks
from simcash_env.config.library import policy_names, policy_path, scenario_question
from simcash_env.config.overrides import Changes
from simcash_env.config.schema import scenario_schema
from simcash_env.config.suggest import likely, suggestion
from simcash_env.config.trees.files import load_tree
from simcash_env.errors import ConfigError, Fault
from simcash_env.registry import scenario_ids, scenario_path

BOUNDS: Final = {"minimum": "at least", "maximum": "at most"}

scenarios = typer.Typer(cls=SuggestingGroup, help="List and show the scenarios of the library.", no_args_is_help=True)
policies = typer.Typer(
    cls=SuggestingGroup, help="List, show and check policies and decision trees.", no_args_is_help=True
)
policies.command("validate", epilog="Example: simcash policies validate my-tree.json")(trees.validate_trees)


@scenarios.command("list", epilog="Example: simcash scenarios list --json")
def list_scenarios(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON list.")] = False
) -> None:
    """List the scenarios of the library: ids, banks, ticks and the question that each asks."""
    rows = [facts_of(name) for name in scenario_ids()]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = Table()
    table.add_column("id", no_wrap=True)
    table.add_column("banks", justify="right")
    table.add_column("days", justify="right")
    table.add_column("ticks a day", justify="right")
    table.add_column("question", overflow="fold")
    for row in rows:
        days, ticks = row["num_days"], row["ticks_per_day"]
        table.add_row(row["id"], f"{row['banks']:,}", f"{days:,}", f"{ticks:,}", row["question"])
    data.print(table)


def facts_of(name: str) -> dict[str, Any]:
    """Return id, size, description and question of a scenario of the library, as in the service's ``/scenarios``."""
    config = load_scenario(name)
    return {
        "id": name,
        "description": config.description,
        "question": scenario_question(name),
        "banks": len(config.banks),
        "external_banks": len(external_banks(config)),
        "ticks_per_day": config.simulation.ticks_per_day,
        "num_days": config.simulation.num_days,
    }


@scenarios.command("show", epilog="Example: simcash scenarios show castro-2period-v0")
def show_scenario(
    scenario: Annotated[str, typer.Argument(help="Scenario: an id of the library.", autocompletion=complete_scenario)],
    *,
    as_json: AsJson = False,
) -> None:
    """Print a scenario file with its comments, or its content as JSON."""
    path = scenario_path(scenario)
    if as_json:
        typer.echo(load_scenario(scenario).model_dump_json())
    else:
        typer.echo(path.read_text(encoding="utf-8"), nl=False)


def named_policies() -> dict[str, dict[str, Any]]:
    """Return parameters, with their types, and description of every named policy."""
    from simcash_env.policies import POLICIES

    found = {}
    for definition in ScenarioConfig.model_json_schema()["$defs"].values():
        name = definition.get("properties", {}).get("type", {}).get("const")
        if name in POLICIES:
            parameters = {key: value for key, value in definition["properties"].items() if key != "type"}
            found[name] = {"parameters": parameters, "description": definition.get("description", "")}
    return found


@policies.command("list", epilog="Example: simcash policies list")
def list_policies(*, as_json: AsJson = False) -> None:
    """List the named policies and the decision trees of the library, with parameters and descriptions."""
    found = named_policies()
    for name in policy_names():
        tree = load_tree(policy_path(name))
        description = str(tree.definition.get("description", ""))
        found[f"{name}.json"] = {"parameters": dict(tree.values), "description": description}
    if as_json:
        typer.echo(
            json.dumps({name: {**facts, "parameters": list(facts["parameters"])} for name, facts in found.items()})
        )
        return
    table = Table()
    table.add_column("policy", no_wrap=True)
    table.add_column("parameters", overflow="fold")
    table.add_column("description", overflow="fold")
    for name, facts in found.items():
        table.add_row(name, ", ".join(facts["parameters"]) or "-", facts["description"])
    data.print(table)


def tree_file(name: str, named: tuple[str, ...]) -> Path:
    """Return the path of a tree file, or of a tree of the library.

    Raises:
        ConfigError: it looks like a library id, but there is none; the message suggests the nearest one.
    """
    path = Path(name)
    stem = path.stem if path.suffix == ".json" else name
    if not path.exists() and stem in policy_names():
        return policy_path(stem)
    if not path.suffix and not path.exists():
        rule = f"neither a file nor a policy{suggestion(likely(name, (*named, *policy_names())))}"
        raise ConfigError([Fault(None, None, "policy", repr(name), rule)])
    return path


@policies.command("show", epilog="Examples: simcash policies show deadline   |   simcash policies show my-tree.json")
def show_policy(
    policy: Annotated[str, typer.Argument(help="Name of a policy, or a tree file.", autocompletion=complete_file)],
    *,
    as_json: AsJson = False,
) -> None:
    """Describe a named policy, or draw the trees of a file: conditions as formulas, branches, actions."""
    known = named_policies()
    if policy not in known:
        trees.show_tree(tree_file(policy, tuple(known)), as_json=as_json)
        return
    facts = known[policy]
    if as_json:
        typer.echo(json.dumps({"type": policy, **facts}))
        return
    typer.echo(f"{policy}: {facts['description']}")
    for name, kind in facts["parameters"].items():
        bounds = "".join(f", {word} {kind[key]}" for key, word in BOUNDS.items() if key in kind)
        typer.echo(f"  {name}: {kind.get('description', kind.get('type', 'see docs/scenarios.md'))}{bounds}")


@examples("simcash validate my-scenario.yaml")
def validate(
    files: Annotated[
        list[str],
        typer.Argument(help="Scenario files, tree files or ids of the library.", autocompletion=complete_scenario),
    ],
    policy_path: PolicyPath = None,
    sets: Sets = None,
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="Do not play the scenarios to find out whether they are games.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list with an object for each file.")] = False,
) -> None:
    """Check scenario files and decision trees, and report every fault with file, line, path, value and rule.

    A valid scenario is played on 20 days. A warning is printed if releasing every payment at once costs least of all
    policies tried, if an overdraft costs nothing, or if a penalty costs less than a few ticks of delay.
    """
    changes = chosen_changes(sets)
    warnings: dict[str, list[str]] = {}
    found = {
        file: faults_of(file, policy_path, changes, report=not as_json, quick=quick, warnings=warnings)
        for file in files
    }
    trees.conclude(found, as_json=as_json, warnings=warnings)


def faults_of(
    file: str,
    policy_path: Path | None,
    changes: Changes,
    *,
    report: bool,
    quick: bool,
    warnings: dict[str, list[str]],
) -> tuple[Fault, ...]:
    """Return the faults of a file with these changes, and add its warnings; print both if ``report``."""
    if trees.is_tree_file(file):
        return trees.faults_of_tree(file, report=report)
    try:
        with naming_sets():
            config = load_scenario(
                file, changes=changes, policy_path=policy_path, notice=None if report else lambda _: None
            )
    except ConfigError as error:
        if report:
            note(str(error))
        return error.faults
    if report:
        data.print(f"{file}: ok", markup=False, highlight=False, soft_wrap=True)
    from simcash_env.evaluation.game_checks import game_warnings, price_warnings

    warnings[file] = [str(warning) for warning in (price_warnings(config) if quick else game_warnings(config))]
    for warning in warnings[file] if report else ():
        note(f"{file}: warning: {warning}")
    return ()


@examples("simcash schema > scenario.schema.json")
def schema(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="No effect: the schema is always JSON.", hidden=True)] = False,
) -> None:
    """Print the JSON Schema of scenario files (native and SimCash) for completion and checks in editors."""
    del as_json
    typer.echo(json.dumps(scenario_schema(), indent=1))
