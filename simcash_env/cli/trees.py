"""Commands that show and check decision trees."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.text import Text
from rich.tree import Tree

from simcash_env.cli.screen import data, note, notes
from simcash_env.config.documents import read_document
from simcash_env.config.trees.files import LoadedTree, is_tree_document, load_tree
from simcash_env.config.trees.language import TREES
from simcash_env.config.trees.text import action_text, condition_text
from simcash_env.errors import ConfigError, Fault
from simcash_env.literal import literal_console

UNFOLDED_WIDTH: Final = 10_000
"""Width without a terminal, so that each node is one line."""

TREE_SUFFIXES: Final = frozenset({".json", ".yaml", ".yml"})


def show_tree(file: Path, *, as_json: bool) -> None:
    """Draw the trees of a file: conditions as formulas, branches, actions, with the ids of the nodes."""
    loaded = load_tree(file)
    if as_json:
        typer.echo(json.dumps({"type": "tree", "file": str(file), "tree": loaded.definition, "values": loaded.values}))
        return
    paper = data if data.is_terminal else literal_console(width=UNFOLDED_WIDTH)
    for drawn in drawings(loaded):
        paper.print(drawn, highlight=False)
    print_notes(str(file), loaded)


def validate_trees(
    files: Annotated[list[Path], typer.Argument(help="Tree files.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list with an object for each file.")] = False,
) -> None:
    """Check tree files: report every fault with node, path, value and rule, and branches that are never reached."""
    conclude({str(file): faults_of_tree(str(file), report=not as_json) for file in files}, as_json=as_json)


def conclude(
    found: Mapping[str, Sequence[Fault]], *, as_json: bool, warnings: Mapping[str, Sequence[str]] | None = None
) -> None:
    """Print the result of a check as JSON if requested, and the number of faults; exit with 2 if there are any."""
    if as_json:
        rows = [
            {"file": file, "ok": not own, "faults": [asdict(fault) for fault in own]}
            | ({"warnings": list(warnings[file])} if warnings and file in warnings else {})
            for file, own in found.items()
        ]
        typer.echo(json.dumps(rows))
    faults = sum(map(len, found.values()))
    if faults:
        notes.print(f"{faults} fault{'s' if faults > 1 else ''}")
        raise typer.Exit(2)


def faults_of_tree(file: str, *, report: bool) -> tuple[Fault, ...]:
    """Return the faults of one tree file; print them if ``report``."""
    try:
        loaded = load_tree(file)
    except ConfigError as error:
        if report:
            note(str(error))
        return error.faults
    if report:
        data.print(f"{file}: ok", markup=False, highlight=False, soft_wrap=True)
        print_notes(file, loaded)
    return ()


def is_tree_file(file: str) -> bool:
    """Whether this file holds a decision tree."""
    path = Path(file)
    try:
        return path.suffix.lower() in TREE_SUFFIXES and path.is_file() and is_tree_document(read_document(path))
    except ConfigError:
        return False


def print_notes(file: str, loaded: LoadedTree) -> None:
    """Print warnings about a valid tree to stderr."""
    for place, text, _ in loaded.check.notes:
        where = ".".join(map(str, place))
        note(f"{file}: note: {where}: {text}")


def drawings(loaded: LoadedTree) -> list[Tree]:
    """Return one drawing for name and parameters, then one for each tree."""
    definition = loaded.definition
    head = Tree(Text(str(definition.get("policy_id", "policy"))))
    for name, value in loaded.values.items():
        head.add(Text(f"{name} = {value:.15g}"))
    trees = [head]
    for name in TREES:
        if definition.get(name) is not None:
            root = Tree(Text(name))
            draw_branch(definition[name], root, "")
            trees.append(root)
    return trees


def draw_branch(row: dict[str, Any], above: Tree, branch: str) -> None:
    """Add a node and its descendants."""
    if "condition" in row:
        here = above.add(Text(f"{branch}{condition_text(row['condition'])}?  [{row['node_id']}]"))
        draw_branch(row["on_true"], here, "yes: ")
        draw_branch(row["on_false"], here, "no: ")
    else:
        above.add(Text(f"{branch}{action_text(row)}  [{row['node_id']}]"))
