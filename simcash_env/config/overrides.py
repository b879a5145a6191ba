"""Changes to a scenario by dotted key: ``lsm.algorithms``, ``banks.BANK_A.credit_limit``, ``events.0.tick``."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from pydantic import BaseModel

from simcash_env.config.faults import Broken, Place
from simcash_env.config.report import shown
from simcash_env.config.rules import named_rules
from simcash_env.config.suggest import nearest, suggestion
from simcash_env.config.texts import unusable
from simcash_env.errors import ConfigError, Fault
from simcash_env.integers import with_plain_integers

Changes: TypeAlias = Mapping[str, Any]
"""New values by dotted key. A step is a key, a bank's id, a place in a list, or ``*`` for all entries of a list."""

PREFIX: Final = "changes."
"""Begins the path of a fault that a change causes."""

EVERY: Final = "*"


class Applied:
    """The changes that were written into a scenario.

    Args:
        scenario: in the native format; it is changed.
        changes: new values by dotted key, written in order.

    Raises:
        ConfigError: lists the keys that lead nowhere, and values that no file can hold.
    """

    def __init__(self, scenario: dict[str, Any], changes: Changes | None) -> None:
        given: Any = {} if changes is None else changes
        if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
            rule = "must be a mapping from dotted keys to values"
            raise ConfigError([Fault(None, None, "changes", shown(given), rule)])
        self._places: list[tuple[Place, str]] = []
        faults: list[Fault] = []
        for key, value in given.items():
            plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else copy.deepcopy(value)
            plain = with_plain_integers(plain)
            faults += (Fault(None, None, PREFIX + key, shown(odd), rule) for _, rule, odd in unusable(plain))
            try:
                for place in _write(scenario, (), key.split("."), plain):
                    self._places.append((place, key))
            except (LookupError, TypeError) as error:
                faults.append(Fault(None, None, PREFIX + key, None, str(error.args[0])))
        if faults:
            raise ConfigError(faults)

    def fault_of(self, broken: Broken) -> Fault | None:
        """The fault with the key of the change that caused it; None if no change is at its place."""
        for place, key in reversed(self._places):
            common = min(len(place), len(broken.place))
            if common and place[:common] == broken.place[:common]:
                rest = "".join(f".{step}" for step in broken.place[len(place) :])
                return Fault(None, None, f"{PREFIX}{key}{rest}", shown(broken.value), broken.rule)
        return None

    def explain(self, faults: Iterable[Fault]) -> Iterator[Fault]:
        """Faults elsewhere, with the keys that were changed."""
        keys = ", ".join(dict.fromkeys(key for _, key in self._places))
        for fault in faults:
            rule = f"{fault.rule} (changed: {keys})" if keys else fault.rule
            yield Fault(fault.file, fault.line, fault.path, fault.value, rule)


def _write(here: Any, place: Place, steps: list[str], value: Any) -> Iterator[Place]:
    """Write a value at a key and yield the places written.

    Raises:
        LookupError: the key leads nowhere; the message is the rule.
        TypeError: the key leads into a value that has no keys.
    """
    if isinstance(here, list):
        for number, used in _entries(here, place, steps):
            if used == len(steps):
                here[number] = value
                yield (*place, number)
            else:
                yield from _write(here[number], (*place, number), steps[used:], value)
    elif isinstance(here, dict):
        yield from _write_key(here, place, steps, value)
    else:
        message = f"{'.'.join(map(str, place))} is {shown(here)}, which has no keys"
        raise TypeError(message)


def _write_key(here: dict[str, Any], place: Place, steps: list[str], value: Any) -> Iterator[Place]:
    """The same, into a mapping; missing parts on the way are added."""
    step, *rest = steps
    if not step:
        message = "a key must not be empty"
        raise LookupError(message)
    if not rest:
        here[step] = value
        yield (*place, step)
        return
    if place == () and step == "rules":
        here[step] = named_rules(here.get(step, {}))
    if here.get(step) is None:
        here[step] = {}
    yield from _write(here[step], (*place, step), rest, value)


def _entries(rows: list[Any], place: Place, steps: list[str]) -> list[tuple[int, int]]:
    """Numbers of the entries that a key names, each with the number of steps that name it; ids may have dots."""
    where = ".".join(map(str, place))
    if steps[0] == EVERY:
        return [(number, 1) for number in range(len(rows))]
    ids = {row["id"]: number for number, row in enumerate(rows) if isinstance(row, dict) and "id" in row}
    for used in range(len(steps), 0, -1):
        name = ".".join(steps[:used])
        if name in ids:
            return [(ids[name], used)]
    if steps[0].isascii() and steps[0].isdigit() and int(steps[0]) < len(rows):
        return [(int(steps[0]), 1)]
    if not ids:
        message = f"{where} has {len(rows)} entries, counted from 0; there is no entry {steps[0]}"
        raise LookupError(message)
    guess = nearest(steps[0], map(str, ids))
    hint = f", they are {', '.join(map(str, ids))}" if guess is None else suggestion(guess)
    message = f"{where} has no entry {steps[0]!r}{hint}"
    raise LookupError(message)
