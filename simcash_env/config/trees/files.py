"""Tree files: read, checked as a whole, ready to be compiled."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from simcash_env.config.documents import Document, read_document
from simcash_env.config.faults import Broken
from simcash_env.config.report import shown
from simcash_env.config.trees.language import TREES
from simcash_env.config.trees.nodes import TreeCheck, check_definition
from simcash_env.errors import ConfigError, Fault


class LoadedTree(NamedTuple):
    """A tree file's content, its parameters' values in force, and what its check has to say."""

    definition: dict[str, Any]
    values: dict[str, float]
    check: TreeCheck


def inline_tree(definition: Any, parameters: Mapping[str, Any]) -> tuple[LoadedTree, list[Broken]]:
    """A tree written out in a scenario; faults lie relative to the policy."""
    check = check_definition(definition, parameters)
    broken = [
        Broken(("parameters" if fault.place[:1] and fault.place[0] in parameters else "tree", *fault.place), *fault[1:])
        for fault in check.broken
    ]
    return LoadedTree(definition, dict(check.parameters), check), broken


def tree_of_file(file: str, parameters: Mapping[str, Any]) -> tuple[LoadedTree | None, list[Broken]]:
    """A tree in a file of its own; each fault says where in that file, and stands where the scenario names the file."""
    try:
        document = read_document(Path(file))
    except ConfigError as error:
        return None, [Broken(("file",), fault.rule, file) for fault in error.faults]
    check = check_definition(document.value, parameters)
    broken = []
    for place, rule, value in (*document.broken, *check.broken):
        if place[:1] and place[0] in parameters:
            broken.append(Broken(("parameters", *place), rule, value))
            continue
        inside = Fault(None, None, ".".join(map(str, place)), shown(value), rule)
        broken.append(Broken(("file",), str(inside), file))
    if not isinstance(document.value, dict):
        return None, broken
    return LoadedTree(document.value, dict(check.parameters), check), broken


def load_tree(file: str | Path) -> LoadedTree:
    """Read a tree file by itself.

    Raises:
        ConfigError: lists everything that is wrong with it.
    """
    document = read_document(Path(file))
    check = check_definition(document.value)
    broken = [*document.broken, *check.broken]
    if broken:
        raise document.error(broken)
    return LoadedTree(document.value, dict(check.parameters), check)


def is_tree_document(document: Document) -> bool:
    """True if a file has a decision tree and not a scenario."""
    value = document.value
    return isinstance(value, dict) and any(key in value for key in (*TREES, "policy_id")) and "banks" not in value
