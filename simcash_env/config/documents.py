"""The reader of all YAML and JSON: plain values, line numbers, and all errors of the text itself.

All files, request bodies and inline texts from users are read here, so that numbers are decimal everywhere: ``010`` is
10, ``1_000`` is 1000; unquoted values that only YAML 1.1 reads as numbers (``1:30``, ``0x10``, ``0b1``) are rejected.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from simcash_env.config.faults import Broken, Place
from simcash_env.config.numbers import LEADING_ZERO, OCTAL, OTHER_BASE, WHOLE, has_two_meanings, number_in
from simcash_env.config.report import config_error
from simcash_env.config.texts import NOT_FINITE, scalar_problem, text_problem, unusable
from simcash_env.errors import ConfigError, Fault

MAX_NODES = 1_000_000
"""Largest number of values in a file; aliases count each time, so that a small file cannot expand into a huge one."""

TOO_MANY = f"more than {MAX_NODES} values"
DUPLICATE = "is given twice"
NOT_TEXT = "keys must be text, put it in quotes"
TWO_MEANINGS = "has two meanings in YAML: write the number in decimal digits, or put it in quotes where it is text"

_INT, _FLOAT = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"


@dataclass
class Document:
    """The content of a file."""

    file: str | None
    value: Any
    lines: dict[Place, int] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)
    written: dict[Place, str] = field(default_factory=dict)
    """Original text of values that do not show it: ``no``, ``2025-01-31``, ``010``."""

    def line_of(self, place: Place) -> int | None:
        """The line of a place, or of the nearest part that contains it."""
        for length in range(len(place), -1, -1):
            if place[:length] in self.lines:
                return self.lines[place[:length]]
        return None

    def error(self, broken: list[Broken]) -> ConfigError:
        """The error that lists these faults, with one fault for each unreadable value."""
        unread = {fault.place for fault in self.broken if fault.rule not in {DUPLICATE, NOT_TEXT, NOT_FINITE}}
        others = [fault for fault in broken if fault not in self.broken and fault.place not in unread]
        named = {fault.place for fault in others}  # the rule of the field is more specific than "not finite"
        own = [fault for fault in broken if fault in self.broken]
        own = [fault for fault in own if fault.rule != NOT_FINITE or fault.place not in named]
        return config_error([*own, *map(self._as_written, others)], self.file, self.line_of)

    def _as_written(self, fault: Broken) -> Broken:
        text, value = self.written.get(fault.place), fault.value
        if text is None or isinstance(value, str) or not fault.rule.startswith("must be text"):
            return fault
        reading = "a date" if isinstance(value, date) else str(value).lower()
        return fault._replace(rule=f"{fault.rule} ({text} is read as {reading}; put text in quotes)", value=text)


def read_as_octal(document: Document) -> Iterator[tuple[Place, str, int]]:
    """Yield place, text and octal value of numbers with a leading zero, which YAML 1.1 reads as octal."""
    for place, text in document.written.items():
        if OCTAL.fullmatch(text):
            yield place, text, int(text.replace("_", ""), 8)


def read_document(path: Path) -> Document:
    """Read a YAML or JSON file.

    Raises:
        ConfigError: the file cannot be read or is not well formed.
    """
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise _unreadable(path, f"cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{content[error.start]:02x}"
        raise ConfigError([Fault(str(path), line, "", found, "cannot be read: not UTF-8 text")]) from error
    except ValueError as error:  # a null character in its name, or half of a surrogate pair
        raise _unreadable(path, f"cannot be read: {error}") from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return parse_json(text, str(path)) if path.suffix.lower() == ".json" else parse_yaml(text, str(path))


def parse_json(text: str, file: str | None) -> Document:
    """Parse JSON; duplicate keys and invalid numbers or texts are faults."""
    document = Document(file, None)
    doubled: list[tuple[dict[str, Any], str]] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in pairs:
            if key in values:
                doubled.append((values, key))
            values[key] = value
        return values

    try:
        document.value = json.loads(text, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        raise ConfigError([Fault(file, error.lineno, "", None, f"not valid JSON: {error.msg}")]) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError([Fault(file, None, "", None, f"not usable JSON: {error}")]) from error
    document.broken += _duplicates(document.value, doubled)
    document.broken += unusable(document.value)
    return document


def _duplicates(value: Any, doubled: list[tuple[dict[str, Any], str]]) -> Iterator[Broken]:
    """Yield every duplicate key of a JSON document; keys inside a replaced duplicate have no place."""
    places: dict[int, Place] = {}
    waiting: list[tuple[Place, Any]] = [((), value)] if doubled else []
    while waiting:
        at, found = waiting.pop()
        if isinstance(found, dict):
            places[id(found)] = at
            waiting += (((*at, key), inside) for key, inside in found.items())
        elif isinstance(found, list):
            waiting += (((*at, number), inside) for number, inside in enumerate(found))
    for mapping, key in doubled:
        yield Broken((*places.get(id(mapping), ()), key), DUPLICATE, None)


def parse_yaml(text: str, file: str | None) -> Document:
    """Parse YAML with line numbers; ambiguous values are faults."""
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
    """YAML 1.1 as in PyYAML, but with decimal numbers, and 1e6 is a number (PyYAML needs 1.0e+6)."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Expand ``<<`` merges of a mapping. Values are counted first, because merges multiply."""
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
    _FLOAT,
    re.compile(r"^[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+$"),
    list("-+0123456789."),
)
_Loader.add_implicit_resolver(_INT, re.compile(rf"^(?:{WHOLE.pattern})$"), list("-+0123456789"))


def _is_text(node: yaml.ScalarNode) -> bool:
    """True for text in all YAML readers, such as 24:61; ``0o17`` is text for some readers only."""
    return bool(node.tag == "tag:yaml.org,2002:str") and OTHER_BASE.fullmatch(node.value) is None


def _looks_different(value: Any, text: str) -> bool:
    if isinstance(value, bool):
        return text.lower() not in {"true", "false"}
    return isinstance(value, date) or (not isinstance(value, str) and LEADING_ZERO.fullmatch(text) is not None)


class _NodeReader:
    """Converts YAML nodes to values, and records lines and faults."""

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
            return self._validated(node, place)
        self.open.add(id(node))
        read: Callable[[Any, Place], Any] = self._mapping if isinstance(node, yaml.MappingNode) else self._sequence
        value = read(node, place)
        self.open.discard(id(node))
        return value

    def _validated(self, node: yaml.ScalarNode, place: Place) -> Any:
        """The value of a scalar; records its faults and its text."""
        value, text, is_plain = self._scalar(node), node.value, node.style is None
        is_number = node.tag in {_INT, _FLOAT}
        problem = scalar_problem(value)
        if problem is None and (is_number or is_plain) and has_two_meanings(text) and not _is_text(node):
            self.document.broken.append(Broken(place, TWO_MEANINGS, text))
        elif problem is not None:
            self.document.broken.append(Broken(place, problem, value))
        elif is_plain and _looks_different(value, text):
            self.document.written[place] = text
        return value

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        try:
            number = number_in(node.value) if node.tag in {_INT, _FLOAT} else None
            if number is not None and (node.tag == _FLOAT or isinstance(number, int)):
                return float(number) if node.tag == _FLOAT else number
            return self.loader.construct_object(node)
        except (ValueError, OverflowError) as error:
            raise yaml.MarkedYAMLError(problem=str(error), problem_mark=node.start_mark) from error
        except (LookupError, AttributeError) as error:  # PyYAML, for a tag that does not fit the text
            problem = f"{node.value!r} is not of type {node.tag.rpartition(':')[2]}"
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
                problem = text_problem(key)
                if problem is not None:
                    self.document.lines.setdefault((*place, key), node.start_mark.line + 1)
                    self.document.broken.append(Broken((*place, key), f"key {problem}", key))
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
