"""Saved market runs: one file a name, written whole or not at all, versioned, with a checksum."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from simcash_env._version import __version__
from simcash_env.config import ScenarioConfig
from simcash_env.errors import MarketError, SimcashError
from simcash_env.files import make_folder_of, write_atomically
from simcash_env.market.budgets import Ledger
from simcash_env.market.processor import MarketRun
from simcash_env.market.slots import Slot
from simcash_env.simulation import Simulation
from simcash_env.simulation.saved_runs import INVALID_HEADER

MARK: Final = b"simcash_env market run\n"
FORMAT: Final = 1
SUFFIX: Final = ".market"
DIGEST_BYTES: Final = 32
_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,99}")
_PLAIN: Final = (*("delay", "slots_per_tick", "cursor", "is_stopped", "is_done", "orders_created", "last_loan"),)
"""Fields of a run that are plain numbers and words."""


def run_to_bytes(run: MarketRun) -> bytes:
    """A run between two slots: a mark, the SHA-256 of what follows, and JSON."""
    body = json.dumps(
        {
            "format": FORMAT,
            "version": __version__,
            "config": run.simulation.config.model_dump(mode="json"),
            "seed": run.simulation.seed,
            "simulation": base64.b64encode(run.simulation.snapshot()).decode("ascii"),
            "slots": [slot.as_dict() for slot in run.slots],
            "ledger": run.ledger.as_dict(),
            "matches": [list(match) for match in run.matches],
            **{name: getattr(run, name) for name in _PLAIN},
        }
    ).encode()
    return MARK + hashlib.sha256(body).digest() + body


def run_from_bytes(data: bytes) -> MarketRun:
    """The run that ``run_to_bytes`` wrote.

    Raises:
        MarketError: damaged, of another version, or no market run at all.
    """
    plain = _read(data)
    try:
        simulation = Simulation(ScenarioConfig.model_validate(plain["config"]), seed=plain["seed"])
        simulation.restore(base64.b64decode(plain["simulation"], validate=True))
        return MarketRun(
            simulation,
            [Slot.from_dict(slot) for slot in plain["slots"]],
            Ledger.from_dict(plain["ledger"]),
            matches=[(cents, rate) for cents, rate in plain["matches"]],
            **{name: plain[name] for name in _PLAIN},
        )
    except (SimcashError, ValidationError, *INVALID_HEADER) as error:
        message = f"it cannot be read: {error}"
        raise MarketError(message) from error


def _read(data: bytes) -> dict[str, Any]:
    """The JSON inside, once mark, checksum and version are right."""
    if not data.startswith(MARK):
        message = "not a saved market run"
        raise MarketError(message)
    digest, body = data[len(MARK) :][:DIGEST_BYTES], data[len(MARK) + DIGEST_BYTES :]
    if hashlib.sha256(body).digest() != digest:
        message = "it is damaged: its checksum is wrong"
        raise MarketError(message)
    try:
        plain: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        message = f"it cannot be read: {error}"
        raise MarketError(message) from error
    if not isinstance(plain, dict):
        message = "it cannot be read: it holds no mapping"
        raise MarketError(message)
    if plain.get("format") != FORMAT or plain.get("version") != __version__:
        found = f"format {plain.get('format')} of version {plain.get('version')}"
        message = f"it is of another version: needs format {FORMAT} of version {__version__}, got {found}"
        raise MarketError(message)
    return plain


@dataclass(frozen=True)
class Saved:
    """A line of the list; ``problem`` is empty where the run can be resumed."""

    name: str
    size: int
    scenario: str = ""
    cursor: int = 0
    slots: int = 0
    is_done: bool = False
    problem: str = ""


class MarketStore:
    """Saved runs in a directory, by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """Where a run of this name lies.

        Raises:
            MarketError: a name that is none.
        """
        if not _NAME.fullmatch(name):
            message = f"name: must be letters, digits, '_', '-' and '.', and begin with a letter or digit, got {name!r}"
            raise MarketError(message)
        return self.folder / (name + SUFFIX)

    def save(self, name: str, run: MarketRun) -> None:
        """Write a run that stands between two slots."""
        self.write(name, run_to_bytes(run))

    def write(self, name: str, data: bytes) -> None:
        """Write bytes of a run; a crash leaves the old file or the new one.

        Raises:
            WriteError: they cannot be written; what was there is as it was.
        """
        target = self.path(name)
        make_folder_of(target)
        write_atomically(target, data)

    def load(self, name: str) -> MarketRun:
        """A saved run, ready to go on.

        Raises:
            MarketError: there is none, or it cannot be read; the file stays as it is.
        """
        path = self.path(name)
        try:
            return run_from_bytes(path.read_bytes())
        except OSError as error:
            message = f"{path}: cannot be read: {error.strerror}"
            raise MarketError(message) from error
        except MarketError as error:
            message = f"{path}: {error}"
            raise MarketError(message) from error

    def list(self) -> list[Saved]:
        """All saved runs by name; those that cannot be read say why."""
        return [self._describe(path) for path in sorted(self.folder.glob(f"*{SUFFIX}")) if path.is_file()]

    def _describe(self, path: Path) -> Saved:
        name, size = path.name.removesuffix(SUFFIX), path.stat().st_size
        try:
            plain = _read(path.read_bytes())
            slots, scenario = len(plain["slots"]), plain["config"]["name"]
            return Saved(name, size, scenario, plain["cursor"], slots, plain["is_done"])
        except (MarketError, OSError, *INVALID_HEADER) as error:
            return Saved(name, size, problem=str(error))

    def delete(self, name: str) -> None:
        """Remove a saved run, damaged or not.

        Raises:
            MarketError: there is none.
        """
        path = self.path(name)
        try:
            path.unlink()
        except FileNotFoundError:
            message = f"{path}: no saved run has this name"
            raise MarketError(message) from None
