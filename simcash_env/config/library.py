"""The scenarios and decision trees shipped with the package: ids and paths."""

from __future__ import annotations

from pathlib import Path

from simcash_env.config.suggest import likely, suggestion
from simcash_env.errors import ConfigError, Fault
from simcash_env.files import shipped_folder


def policy_names() -> tuple[str, ...]:
    """Names of all decision trees of the library, sorted."""
    return tuple(sorted(path.stem for path in policy_folder().glob("*.json")))


def policy_folder() -> Path:
    """Folder of the library's decision trees; scenarios name these files without a folder."""
    return shipped_folder("policies")


def policy_path(name: str) -> Path:
    """The file of a decision tree.

    Raises:
        ConfigError: unknown name; the message suggests the nearest ones.
    """
    _require_known(name, policy_names(), "policy", "no decision tree of this name")
    return policy_folder() / f"{name}.json"


def scenario_ids() -> tuple[str, ...]:
    """Ids of all scenarios of the library, sorted."""
    return tuple(sorted(path.stem for path in shipped_folder("scenarios").glob("*.yaml")))


def scenario_path(scenario_id: str) -> Path:
    """The file of a scenario.

    Raises:
        ConfigError: unknown id; the message suggests the nearest ones.
    """
    _require_known(scenario_id, scenario_ids(), "scenario", "no scenario of this name")
    return shipped_folder("scenarios") / f"{scenario_id}.yaml"


def scenario_question(scenario_id: str) -> str:
    """The question that a scenario asks: the first paragraph of its file's comments, without the word *Question*.

    Raises:
        ConfigError: unknown id; the message suggests the nearest ones.
    """
    lines = []
    for line in scenario_path(scenario_id).read_text(encoding="utf-8").splitlines():
        text = line.removeprefix("#").strip()
        if not line.startswith("#") or not text:
            break
        lines.append(text)
    question = " ".join(lines).removeprefix("Question:").strip()
    return question[:1].upper() + question[1:]


def _require_known(name: str, names: tuple[str, ...], path: str, rule: str) -> None:
    if not isinstance(name, str) or name not in names:
        raise ConfigError([Fault(None, None, path, repr(name), f"{rule}{suggestion(likely(str(name), names))}")])
