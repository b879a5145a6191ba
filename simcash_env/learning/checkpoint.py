"""Checkpoints: a policy's file and a ``.json`` next to it with its scenario, settings and training.

The policy's file is a ``.pt`` of ``ippo.py`` or a ``.npy`` of ``rank_search.py``, with a ``.resume`` to go on from.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from simcash_env import __version__
from simcash_env.config.suggest import likely, suggestion
from simcash_env.errors import SnapshotError
from simcash_env.files import make_folder_of, replacing, shipped_folder, write_atomically
from simcash_env.learning.settings import ALGORITHM, ALGORITHMS, TrainingSettings

FORMAT: Final = 1
ENDINGS: Final = (".pt", ".npy")
"""Of policies' files."""
PREVIOUS: Final = "previous"
"""Facts of the checkpoint that is being replaced: a key that is there only meanwhile, or after a crash."""


@dataclass(frozen=True)
class CheckpointFacts:
    """What stands in the ``.json``; ``curve`` holds (steps, mean cents a bank and run) of every rollout.

    ``shape`` is what the policy needs to know of its batch.
    """

    scenario: str
    seed: int
    steps: int
    settings: dict[str, Any]
    bank_ids: tuple[str, ...]
    version: str = __version__
    format: int = FORMAT
    sha256: str = ""
    curve: tuple[tuple[int, float], ...] = field(default=())
    algorithm: str = ALGORITHM
    shape: dict[str, Any] = field(default_factory=dict)

    def training_settings(self) -> TrainingSettings:
        """The settings it was trained with."""
        return TrainingSettings(**self.settings)

    def settings_that_differ(self, settings: TrainingSettings) -> list[str]:
        """Names of settings, sorted, that a training which continues this one must not change and has changed."""
        given, stored = (one.model_dump(mode="json") for one in (settings, self.training_settings()))
        return sorted(name for name in given if name != "total_steps" and given[name] != stored.get(name))


@dataclass(frozen=True)
class Trained:
    """A finished or interrupted training and its policy."""

    policy: Any
    facts: CheckpointFacts
    is_complete: bool


def find_checkpoint(given: Path) -> Path:
    """A checkpoint's path, or that of the policy that is shipped for a scenario of this id.

    Raises:
        SnapshotError: neither is there; it names the scenarios whose policies are.
    """
    if given.is_file():
        return given
    folder = shipped_folder("trained")
    shipped = {path.stem.removesuffix("-seed0"): path for ending in ENDINGS for path in folder.glob(f"*-seed0{ending}")}
    if str(given) in shipped:
        return shipped[str(given)]
    known = ", ".join(sorted(shipped)) or "none"
    hint = suggestion(likely(str(given), sorted(shipped))) or f"; there are {known}"
    message = f"{given}: no such file, and no policy of this name is shipped{hint}"
    raise SnapshotError(message)


def resume_path(checkpoint: Path) -> Path:
    """The file that a resumed training needs next to a checkpoint; large, and not needed to play the policy."""
    return checkpoint.with_suffix(".resume")


def facts_path(checkpoint: Path) -> Path:
    """The ``.json`` next to a checkpoint."""
    return checkpoint.with_suffix(".json")


def save_checkpoint(model: Any, path: Path, facts: CheckpointFacts) -> None:
    """Write both files; whoever reads meanwhile, or after a crash, finds the old checkpoint or the new one.

    Until the policy's file has its name, the ``.json`` holds the facts of both.

    Args:
        model: anything with ``save(file)``.
        path: of the policy's file.
        facts: what to say of it.

    Raises:
        WriteError: a file cannot be written; the old checkpoint is as it was.
    """
    make_folder_of(path)
    beside, values = facts_path(path), asdict(facts)
    with replacing(path) as fresh:
        with fresh.open("wb") as file:  # given a path, it would add .zip to the name
            model.save(file)
        values["sha256"] = _digest(fresh)
        write_atomically(beside, _as_json({**values, PREVIOUS: _values_at(beside)}))
    write_atomically(beside, _as_json(values))


def _as_json(values: dict[str, Any]) -> bytes:
    return f"{json.dumps(values, indent=1)}\n".encode()


def _values_at(beside: Path) -> Any:
    """The file next to the old checkpoint, if there is one."""
    try:
        return json.loads(beside.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def read_facts(path: Path) -> CheckpointFacts:
    """Read and check what a checkpoint says of itself.

    Raises:
        SnapshotError: a file is missing, damaged or of another format.
    """
    try:
        values = json.loads(facts_path(path).read_text(encoding="utf-8"))
        digest = _digest(path)
    except UnicodeDecodeError as error:
        message = f"{facts_path(path)}: cannot be read: not UTF-8 text"
        raise SnapshotError(message) from error
    except (OSError, ValueError, RecursionError) as error:
        message = f"{path}: no checkpoint that can be read: {error}"
        raise SnapshotError(message) from error
    previous = values.pop(PREVIOUS, None) if isinstance(values, dict) else None
    if isinstance(previous, dict) and previous.get("sha256") == digest:
        values = {**previous}
        values.pop(PREVIOUS, None)
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        message = f"{facts_path(path)}: not format {FORMAT}"
        raise SnapshotError(message)
    if values.get("algorithm") not in ALGORITHMS:
        known = ", ".join(map(repr, ALGORITHMS))
        message = f"{path}: trained with algorithm {values.get('algorithm')!r}; this version plays {known}"
        raise SnapshotError(message)
    if values.get("sha256") != digest:
        message = f"{path}: does not match {facts_path(path).name}: one of the two is damaged or from another training"
        raise SnapshotError(message)
    try:
        facts = CheckpointFacts(
            **{**values, "bank_ids": tuple(values["bank_ids"]), "curve": tuple(map(tuple, values["curve"]))}
        )
        facts.training_settings()
    except (TypeError, KeyError, ValueError) as error:
        message = f"{facts_path(path)}: {error}"
        raise SnapshotError(message) from error
    return facts


def facts_to_resume(path: Path, settings: TrainingSettings, seed: int, algorithm: str) -> CheckpointFacts:
    """Read what a checkpoint says of itself, for a training that continues it.

    Raises:
        SnapshotError: it cannot be read, or is of other settings, another seed or another learner.
    """
    facts = read_facts(path)
    differ = facts.settings_that_differ(settings)
    if differ or (facts.seed, facts.algorithm) != (seed, algorithm):
        words = f"trained by {facts.algorithm} with seed {facts.seed}; settings that differ"
        message = f"{path}: {words}: {', '.join(differ) or 'none'}"
        raise SnapshotError(message)
    return facts


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
