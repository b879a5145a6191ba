"""What there is, and whether a file is right: scenarios, policies, validate, schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from simcash_env.cli import trees
from simcash_env.cli.screen import data, notes
from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.config.library import policy_names, policy_path
from simcash_env.config.trees import load_tree
from simcash_env.errors import ConfigError
from simcash_env.registry import scenario_ids, scenario_path

PolicyPath = Annotated[
    Path | None,
    typer.Option("--policy-path", help="Folder where the policy paths of a file start.", show_default=False),
]

scenarios = typer.Typer(help="The library of scenarios.", no_args_is_help=True)
policies = typer.Typer(help="The policies that a scenario may name, and decision trees.", no_args_is_help=True)
policies.command("show", epilog="Example: simcash policies show my-tree.json")(trees.show_tree)
policies.command("validate", epilog="Example: simcash policies validate my-tree.json")(trees.validate_trees)


@scenarios.command("list", epilog="Example: simcash scenarios list --json")
def list_scenarios(*, as_json: Annotated[bool, typer.Option("--json", help="One JSON list.")] = False) -> None:
    """List the ids of the library."""
    if as_json:
        typer.echo(json.dumps(list(scenario_ids())))
        return
    for name in scenario_ids():
        typer.echo(f"{name:<24}{load_scenario(name).description}")


@scenarios.command("show", epilog="Example: simcash scenarios show castro-2period-v0")
def show_scenario(scenario: Annotated[str, typer.Argument(help="An id of the library.")]) -> None:
    """Print a scenario's file: its question, the source of its numbers, its trade-off."""
    typer.echo(scenario_path(scenario).read_text(encoding="utf-8"), nl=False)


@policies.command("list", epilog="Example: simcash policies list")
def list_policies(*, as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:
    """List the named policies and the decision trees of the library, with their parameters and what they do."""
    schema = ScenarioConfig.model_json_schema()["$defs"]
    from simcash_env.policies import POLICIES

    found = {}
    for definition in schema.values():
        name = definition.get("properties", {}).get("type", {}).get("const")
        if name in POLICIES:
            parameters = [key for key in definition["properties"] if key != "type"]
            found[name] = {"parameters": parameters, "description": definition.get("description", "")}
    for name in policy_names():
        tree = load_tree(policy_path(name))
        found[f"{name}.json"] = {
            "parameters": list(tree.values),
            "description": str(tree.definition.get("description", "")),
        }
    if as_json:
        typer.echo(json.dumps(found))
        return
    for name, facts in found.items():
        typer.echo(f"{name:<22}{', '.join(facts['parameters']) or '-':<46}{facts['description']}")


def validate(
    files: Annotated[list[str], typer.Argument(help="Scenario files, tree files, or ids of the library.")],
    policy_path: PolicyPath = None,
) -> None:
    """Check files of scenarios and of decision trees, and name every fault: file, line, path, value, rule."""
    faults = 0
    for file in files:
        if trees.is_tree_file(file):
            faults += trees.validate_tree(file)
            continue
        try:
            load_scenario(file, policy_path=policy_path)
        except ConfigError as error:
            faults += len(error.faults)
            notes.print(str(error), markup=False, highlight=False, soft_wrap=True)
        else:
            data.print(f"{file}: ok", markup=False, highlight=False)
    if faults:
        notes.print(f"{faults} fault{'s' if faults > 1 else ''}")
        raise typer.Exit(2)


def schema() -> None:
    """Print the JSON Schema of a scenario, for editors that complete and check with it."""
    typer.echo(json.dumps(ScenarioConfig.model_json_schema(), indent=1))
