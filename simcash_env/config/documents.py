"""The one reader of YAML and JSON: plain values, the line of everything, and all faults of the text itself.

Every file, request body and inline text that a user writes passes here, so that a number means the same everywhere:
it is decimal. ``010`` is 10, ``1_000`` is 1000, and what only YAML 1.1 reads as a number (``1:30``, ``0x10``,
``0b1``) is refused, wherever it stands without quotes.
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
"""Values in one file; aliases count each time, so that a small file cannot unfold into a huge one."""

TOO_MANY = f"more than {MAX_NODES} values"
DUPLICATE = "is given twice"
NOT_TEXT = "keys must be text, put it in quotes"
TWO_MEANINGS = "has two meanings in YAML: write the number in decimal digits, or put it in quotes where it is text"

_INT, _FLOAT = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"


@dataclass
class Document:
    """A file's content."""

    file: str | None
    value: Any
    lines: dict[Place, int] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)
    written: dict[Place, str] = field(default_factory=dict)
    """What stands in the file where its value does not show it: ``no``, ``2025-01-31``, ``010``."""

    def line_of(self, place: Place) -> int | None:
        """The line of a place, or of what it should stand in."""
        for length in range(len(place), -1, -1):
            if place[:length] in self.lines:
                return self.lines[place[:length]]
        return None

    def error(self, broken: list[Broken]) -> ConfigError:
        """The error that lists these faults; of a value that cannot be read, one alone."""
        unread = {fault.place for fault in self.broken if fault.rule not in {DUPLICATE, NOT_TEXT, NOT_FINITE}}
        others = [fault for fault in broken if fault not in self.broken and fault.place not in unread]
        named = {fault.place for fault in others}  # a rule of the field says more than that a number is not finite
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
    """Numbers with a leading zero that YAML 1.1 reads as octal: place, what is written, and that reading."""
    for place, text in document.written.items():
        if OCTAL.fullmatch(text):
            yield place, text, int(text.replace("_", ""), 8)


def read_document(path: Path) -> Document:
    """Read a YAML or JSON file.

    Raises:
        ConfigError: when it cannot be read or is not well formed.
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
    """Parse JSON; a key given twice is a fault, and so is a number or a text that has no meaning."""
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
    """Every key that JSON gives twice, at its place; in what another duplicate has replaced it has no place."""
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
    """YAML 1.1 as PyYAML reads it, but numbers are decimal, and 1e6 is one (PyYAML wants 1.0e+6)."""

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
    _FLOAT,
    re.compile(r"^[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+$"),
    list("-+0123456789."),
)
_Loader.add_implicit_resolver(_INT, re.compile(rf"^(?:{WHOLE.pattern})$"), list("-+0123456789"))


def _is_text(node: yaml.ScalarNode) -> bool:
    """A time of day such as 24:61 is a text for all readers; ``0o17`` is one for some."""
    return bool(node.tag == "tag:yaml.org,2002:str") and OTHER_BASE.fullmatch(node.value) is None


def _looks_different(value: Any, text: str) -> bool:
    if isinstance(value, bool):
        return text.lower() not in {"true", "false"}
    return isinstance(value, date) or (not isinstance(value, str) and LEADING_ZERO.fullmatch(text) is not None)


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
            return self._validated(node, place)
        self.open.add(id(node))
        read: Callable[[Any, Place], Any] = self._mapping if isinstance(node, yaml.MappingNode) else self._sequence
        value = read(node, place)
        self.open.discard(id(node))
        return value

    def _validated(self, node: yaml.ScalarNode, place: Place) -> Any:
        """A value; notes what is wrong with it, and how it is written."""
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
