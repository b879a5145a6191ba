"""Reading YAML and JSON into plain values, with the line of everything and all faults of the text itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from simcash_env.config.faults import Broken, Place
from simcash_env.config.report import config_error
from simcash_env.errors import ConfigError, Fault

MAX_NODES = 1_000_000
"""Values in one file; aliases count each time, so that a small file cannot unfold into a huge one."""

TOO_MANY = f"more than {MAX_NODES} values"
DUPLICATE = "is given twice"
NOT_TEXT = "keys must be text, put it in quotes"


@dataclass
class Document:
    """A file's content."""

    file: str | None
    value: Any
    lines: dict[Place, int] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)

    def line_of(self, place: Place) -> int | None:
        """The line of a place, or of what it should stand in."""
        for length in range(len(place), -1, -1):
            if place[:length] in self.lines:
                return self.lines[place[:length]]
        return None

    def error(self, broken: list[Broken]) -> ConfigError:
        """The error that lists these faults."""
        return config_error(broken, self.file, self.line_of)


def read_document(path: Path) -> Document:
    """Read a YAML or JSON file.

    Raises:
        ConfigError: when it cannot be read or is not well formed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise _unreadable(path, f"cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise _unreadable(path, "cannot be read: not UTF-8 text") from error
    except ValueError as error:  # a null character in its name, or half of a surrogate pair
        raise _unreadable(path, f"cannot be read: {error}") from error
    return parse_json(text, str(path)) if path.suffix.lower() == ".json" else parse_yaml(text, str(path))


def parse_json(text: str, file: str | None) -> Document:
    """Parse JSON; a key given twice is a fault."""
    document = Document(file, None)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in pairs:
            if key in values:
                document.broken.append(Broken((key,), DUPLICATE, None))
            values[key] = value
        return values

    try:
        document.value = json.loads(text, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        raise ConfigError([Fault(file, error.lineno, "", None, f"not valid JSON: {error.msg}")]) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError([Fault(file, None, "", None, f"not usable JSON: {error}")]) from error
    return document


def parse_yaml(text: str, file: str | None) -> Document:
    """Parse YAML; keeps the line of every value, refuses what has no single meaning."""
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            reader = _NodeReader(loader, Document(file, None))
            reader.document.value = None if node is None else reader.read(node, ())
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = None if mark is None else mark.line + 1
        raise ConfigError([Fault(file, line, "", None, f"not valid YAML: {error.problem or error.context}")]) from error
    except yaml.YAMLError as error:
        raise ConfigError([Fault(file, None, "", None, f"not valid YAML: {error}")]) from error
    except RecursionError as error:
        raise ConfigError([Fault(file, None, "", None, "not usable YAML: nested too deeply")]) from error
    return reader.document


def _unreadable(path: Path, rule: str) -> ConfigError:
    return ConfigError([Fault(str(path), None, "", None, rule)])


class _Loader(yaml.SafeLoader):
    """YAML 1.1 as PyYAML reads it, and 1e6 is a number (PyYAML wants 1.0e+6)."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Write what ``<<`` merges into a mapping; counted before it is written, as merges multiply."""
        count = len(node.value)
        for key, value in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                for merged in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    if isinstance(merged, yaml.MappingNode):
                        self.flatten_mapping(merged)
                        count += len(merged.value)
        if count > MAX_NODES:
            raise yaml.MarkedYAMLError(problem=TOO_MANY, problem_mark=node.start_mark)
        super().flatten_mapping(node)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+$"),
    list("-+0123456789."),
)


class _NodeReader:
    """Turns YAML nodes into values, writing down lines and faults on the way."""

    def __init__(self, loader: _Loader, document: Document) -> None:
        self.loader = loader
        self.document = document
        self.open: set[int] = set()
        self.count = 0

    def read(self, node: yaml.Node, place: Place) -> Any:
        """The value of a node."""
        self.document.lines.setdefault(place, node.start_mark.line + 1)
        self.count += 1
        if id(node) in self.open or self.count > MAX_NODES:
            problem = "an alias must not contain itself" if id(node) in self.open else TOO_MANY
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        self.open.add(id(node))
        read: Callable[[Any, Place], Any] = self._mapping if isinstance(node, yaml.MappingNode) else self._sequence
        value = read(node, place)
        self.open.discard(id(node))
        return value

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        try:
            return self.loader.construct_object(node)
        except (ValueError, OverflowError) as error:
            raise yaml.MarkedYAMLError(problem=str(error), problem_mark=node.start_mark) from error
        except (LookupError, AttributeError) as error:  # PyYAML, of a tag written to a text that is nothing of the kind
            problem = f"{node.value!r} is no {node.tag.rpartition(':')[2]}"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark) from error

    def _sequence(self, node: yaml.SequenceNode, place: Place) -> list[Any]:
        return [self.read(item, (*place, number)) for number, item in enumerate(node.value)]

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[Hashable, Any]:
        self._refuse_duplicates(node, place)
        self.loader.flatten_mapping(node)
        values: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, place)
            self.document.lines[*place, key] = key_node.start_mark.line + 1
            values[key] = self.read(value_node, (*place, key))
        return values

    def _key(self, node: yaml.Node, place: Place) -> str:
        if isinstance(node, yaml.ScalarNode):
            key, text = self._scalar(node), node.value
            if isinstance(key, str):
                return key
        else:
            key, text = {} if isinstance(node, yaml.MappingNode) else [], "?"
        self.document.lines.setdefault((*place, text), node.start_mark.line + 1)
        self.document.broken.append(Broken((*place, text), NOT_TEXT, key))
        return str(text)

    def _refuse_duplicates(self, node: yaml.MappingNode, place: Place) -> None:
        seen = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                continue
            key = key_node.value
            if key in seen:
                self.document.lines[*place, key] = key_node.start_mark.line + 1
                self.document.broken.append(Broken((*place, key), DUPLICATE, None))
            seen.add(key)
