"""Carrying a file of another dialect over to the native form, with the way back from each native place."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from simcash_env.config.faults import Broken, Place
from simcash_env.config.suggest import nearest, suggestion, unknown_key

Keys = Mapping[str, str]
Section = dict[str, Any]

NEEDS_MAPPING = "must be a mapping"


class Translation:
    """A scenario in the native form, and the way back to the paths of its own file."""

    def __init__(self, words: Keys) -> None:
        self._words = words
        self.native: Section = {}
        self.broken: list[Broken] = []
        self.ignored: list[str] = []
        self._origins: dict[Place, Place] = {(): ()}

    def origin(self, place: Place) -> Place:
        """Where a native place comes from in the file."""
        known = next(length for length in range(len(place), -1, -1) if place[:length] in self._origins)
        return self._origins[place[:known]] + place[known:]

    def is_ignored(self, place: Place) -> bool:
        """True if a place of the file is in a part that is ignored."""
        return any(".".join(map(str, place[:length])) in self.ignored for length in range(1, len(place) + 1))

    def reword(self, rule: str) -> str:
        """A rule in the words of the file."""
        for ours, theirs in self._words.items():
            rule = re.sub(rf"\b{ours}\b", theirs, rule)
        return rule

    def remember(self, native: Place, place: Place) -> None:
        """Note where a native place comes from."""
        self._origins[native] = place

    def fault(self, place: Place, rule: str, value: Any = None) -> None:
        """Note a fault of the file itself."""
        self.broken.append(Broken(place, rule, value))

    def section(self, value: Any, place: Place) -> Section | None:
        """A mapping, or a fault."""
        if isinstance(value, dict):
            return value
        self.fault(place, NEEDS_MAPPING, value)
        return None

    def carry(
        self,
        section: Section,
        place: Place,
        table: Keys,
        native: Place,
        *,
        also: Collection[str] = (),
        ignored: Collection[str] = (),
    ) -> Section:
        """Carry keys over by a table; null means left out."""
        carried: Section = {}
        for key, value in section.items():
            if key in table:
                self.remember((*native, table[key]), (*place, key))
                if value is not None:
                    carried[table[key]] = value
            elif key in ignored:
                self.ignored.append(".".join(str(step) for step in (*place, key)))
            elif key not in also:
                self.fault((*place, key), unknown_key(str(key), (*table, *also)), value)
        return carried

    def variant(
        self,
        value: Any,
        place: Place,
        table: Mapping[str, tuple[str, Keys]],
        native: Place,
        *,
        also: Collection[str] = (),
        ignored: Collection[str] = (),
    ) -> Section | None:
        """Carry over a section whose ``type`` says what may stand in it."""
        section = self.section(value, place)
        if section is None:
            return None
        kind = section.get("type")
        if not isinstance(kind, str) or kind not in table:
            guess = nearest(kind, table) if isinstance(kind, str) else None
            self.fault((*place, "type"), f"must be one of {', '.join(table)}{suggestion(guess)}", kind)
            return None
        name, carried = table[kind]
        self.remember((*native, "type"), (*place, "type"))
        return {"type": name, **self.carry(section, place, carried, native, also=("type", *also), ignored=ignored)}
