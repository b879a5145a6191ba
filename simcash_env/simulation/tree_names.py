"""What the numbers of tree events stand for, also where a bank has changed its policy during the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from simcash_env.compile.scenario import CompiledScenario
from simcash_env.schema.arrays import I64, LOG_COLUMNS
from simcash_env.schema.codes import EventKind
from simcash_env.simulation.event_log import TreeNames

KIND, BANK, VALUE = (LOG_COLUMNS.index(name) for name in ("kind", "bank", "value_1"))


class Naming:
    """Names of decision paths and registers; they are only ever added to, so that older events keep theirs.

    Attributes:
        names: what the numbers in the log stand for.
    """

    def __init__(self, scenario: CompiledScenario) -> None:
        self.names = TreeNames(scenario.paths, scenario.registers)
        self._first_path = 0
        self._registers: tuple[tuple[int, ...], ...] | None = None

    def extend(self, scenario: CompiledScenario) -> None:
        """From here on the kernels log numbers of this scenario."""
        self._first_path = len(self.names.paths)
        known = [(*old, *(n for n in new if n not in old)) for old, new in self._pairs(scenario)]
        self._registers = tuple(
            tuple(names.index(name) for name in new) for names, new in zip(known, scenario.registers, strict=True)
        )
        self.names = TreeNames((*self.names.paths, *scenario.paths), tuple(known))

    def _pairs(self, scenario: CompiledScenario) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
        return list(zip(self.names.registers, scenario.registers, strict=True))

    def translated(self, rows: I64) -> I64:
        """Log rows as the kernels wrote them, with the numbers of ``names``."""
        if self._registers is None:
            return rows
        rows[rows[:, KIND] == EventKind.TREE_DECISION, VALUE] += self._first_path
        for at in np.flatnonzero(rows[:, KIND] == EventKind.STATE_REGISTER_SET):
            rows[at, VALUE] = self._registers[rows[at, BANK]][rows[at, VALUE]]
        return rows

    def to_header(self) -> dict[str, Any]:
        """JSON-ready; empty where no policy was changed."""
        if self._registers is None:
            return {}
        return {
            "paths": self.names.paths,
            "registers": self.names.registers,
            "first_path": self._first_path,
            "numbers": self._registers,
        }

    @classmethod
    def from_header(cls, header: Mapping[str, Any], scenario: CompiledScenario) -> Self:
        """Back from ``to_header``."""
        naming = cls(scenario)
        if header:
            naming.names = TreeNames(tuple(header["paths"]), tuple(map(tuple, header["registers"])))
            naming._first_path = int(header["first_path"])
            naming._registers = tuple(map(tuple, header["numbers"]))
        return naming
