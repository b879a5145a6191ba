"""The best tuned policies of the library's scenarios, chosen by ``python -m baselines.scripts`` and shipped as data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from simcash_env.config import ScenarioConfig
from simcash_env.config.library import policy_folder
from simcash_env.config.policies import PolicyConfig
from simcash_env.evaluation.scenario_digest import scenario_digest
from simcash_env.files import shipped_folder

FILE: Final = "scripts.json"
UNKNOWN: Final = "no tuned policy is known for this scenario"
_POLICY: Final[TypeAdapter[Any]] = TypeAdapter(PolicyConfig)


@dataclass(frozen=True)
class KnownScript:
    """The best tuned policy of a scenario.

    Attributes:
        name: such as ``tuned:deadline``.
        parameters: in words.
        policy: of every deciding bank.
        shares: of each bank's pool, banks sorted by id; None without a pool.
    """

    name: str
    parameters: str
    policy: PolicyConfig
    shares: tuple[float, ...] | None


def scripts_file() -> Path:
    """The file of the best tuned policies."""
    return shipped_folder(FILE)


def known_script(config: ScenarioConfig) -> KnownScript | None:
    """The best tuned policy of a scenario that is unchanged since it was tuned; None for any other."""
    path = scripts_file()
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.is_file() else []
    digest = scenario_digest(config)
    return next((script_from_dict(row) for row in rows if row["digest"] == digest), None)


def script_from_dict(row: Mapping[str, Any]) -> KnownScript:
    """A tuned policy from its plain data; a tree's file is one of the library."""
    file = row["policy"].get("file")
    where = {"file": str(policy_folder() / file)} if file else {}
    shares = None if row["shares"] is None else tuple(row["shares"])
    return KnownScript(row["name"], row["parameters"], _POLICY.validate_python({**row["policy"], **where}), shares)
