"""``load_scenario``: load a file, a library id or a mapping, and report all its errors at once."""

from __future__ import annotations

import copy
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from simcash_env.config.documents import TWO_MEANINGS, Document, read_as_octal, read_document
from simcash_env.config.faults import Broken
from simcash_env.config.library import scenario_ids, scenario_path
from simcash_env.config.overrides import Applied, Changes
from simcash_env.config.policy_files import find_policy_files
from simcash_env.config.recorded import find_recorded_file
from simcash_env.config.report import broken_of, value_at
from simcash_env.config.scenario import ScenarioConfig
from simcash_env.config.simcash.files import translate
from simcash_env.config.simcash.translation import Section, Translation
from simcash_env.config.suggest import likely, suggestion
from simcash_env.config.texts import unusable
from simcash_env.errors import ConfigError, Fault
from simcash_env.integers import with_plain_integers


def load_scenario(
    source: str | Path | Mapping[str, Any],
    *,
    changes: Changes | None = None,
    policy_path: Path | None = None,
    notice: Callable[[str], None] | None = None,
) -> ScenarioConfig:
    """Read a scenario in the native format or in SimCash's.

    Args:
        source: a YAML or JSON file, a library id, or a mapping.
        changes: new values by dotted key of the native format, such as ``{"lsm.algorithms": []}`` or
            ``{"banks.BANK_A.credit_limit": 0}``; validated together with the rest.
        policy_path: folder that is searched for decision tree files.
        notice: called with one line when a file is read as a SimCash file, which lists its ignored keys;
            by default the line is printed on stderr.

    Raises:
        ConfigError: lists every error.
    """
    if not (policy_path is None or isinstance(policy_path, (str, os.PathLike))):
        raise ConfigError([Fault(None, None, "policy_path", repr(policy_path), "must be a folder, or None")])
    folders = None if policy_path is None else Path(policy_path)
    if isinstance(source, Mapping):
        document, folder = Document(None, with_plain_integers(copy.deepcopy(dict(source)))), None
        document.broken += unusable(document.value)
    else:
        path = _find(source)
        document, folder = read_document(path), path.parent
    if not isinstance(document.value, dict):
        raise document.error([Broken((), "a scenario must be a mapping", document.value)])
    if "format" in document.value:
        return _validate(document, _unchanged(document.value), folder, folders, changes)
    if "banks" in document.value and "agents" not in document.value:
        raise document.error([*document.broken, Broken(("format",), "is required, write format: 1", None)])
    translation = translate(document.value, "simcash" if document.file is None else _name_of(document.file))
    scenario = _validate(document, translation, folder, folders, changes)
    (_to_stderr if notice is None else notice)(_notice(document, translation.ignored))
    return scenario


def _unchanged(value: Section) -> Translation:
    translation = Translation({})
    translation.native = value
    return translation


def _validate(
    document: Document,
    translation: Translation,
    folder: Path | None,
    policy_path: Path | None,
    changes: Changes | None,
) -> ScenarioConfig:
    native = translation.native
    applied = Applied(native, changes)
    find_policy_files(native, folder, policy_path)
    find_recorded_file(native, folder)
    unread = [
        fault for fault in document.broken if fault.rule != TWO_MEANINGS or not translation.is_ignored(fault.place)
    ]
    broken = [*unread, *translation.broken]
    try:
        scenario = ScenarioConfig.model_validate(native)
    except ValidationError as error:
        caused = []
        for place, rule, value in broken_of(error, native):
            fault = applied.fault_of(Broken(place, rule, value))
            if fault is not None:
                caused.append(fault)
                continue
            own = translation.origin(place)
            broken.append(Broken(own, translation.reword(rule), value_at(document.value, own, value)))
        raise ConfigError([*dict.fromkeys(caused), *applied.explain(document.error(broken).faults)]) from None
    if broken:
        raise document.error(broken)
    return scenario


def _find(source: Any) -> Path:
    """Path of an existing file or of a library scenario."""
    if not isinstance(source, (str, os.PathLike)):
        rule = "must be an id of the library, a file, a mapping or a ScenarioConfig"
        raise ConfigError([Fault(None, None, "scenario", repr(source), rule)])
    path = Path(source)
    try:
        exists = path.exists()
    except (OSError, ValueError):  # a name too long, or with a null character
        exists = False
    if exists or isinstance(source, Path) or path.suffix:
        if exists:
            return path
        raise ConfigError([Fault(str(source), None, "", None, "cannot be read: no such file")])
    if source in scenario_ids():
        return scenario_path(source)
    guesses = likely(str(source), scenario_ids())
    hint = suggestion(guesses) or " (simcash scenarios list names them)"
    rule = f"neither a file nor a scenario of the library{hint}"
    raise ConfigError([Fault(None, None, "scenario", repr(source), rule)])


def _name_of(file: str) -> str:
    """The file name as Unicode; undecodable bytes are replaced."""
    return Path(file).stem.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _notice(document: Document, ignored: list[str]) -> str:
    start = f"{document.file or 'scenario'}: read as a SimCash file, rules: simcash"
    octal = [f"{'.'.join(map(str, place))} {text} (SimCash: {other})" for place, text, other in read_as_octal(document)]
    return (
        start
        + (f"; ignored, as SimCash does: {', '.join(ignored)}" if ignored else "")
        + (f"; leading zeros read as decimal: {', '.join(octal)}" if octal else "")
    )


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")
