"""Scripted policies that others are compared with: FIFO, and the best tuned policy where one is known.

The best tuned policies of the library's scenarios are searched by the benchmark, chosen on validation days by
``python -m baselines.scripts`` and shipped as data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from simcash_env.config import FifoPolicy, ScenarioConfig
from simcash_env.config.library import policy_folder
from simcash_env.config.policies import PolicyConfig
from simcash_env.evaluation.contenders import Contender, play_policy
from simcash_env.evaluation.known_bounds import Reference, scenario_digest
from simcash_env.files import shipped_folder

FILE: Final = "scripts.json"
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


def play_yardsticks(config: ScenarioConfig, seeds: Sequence[int]) -> list[tuple[Contender, float | None]]:
    """FIFO, and the best tuned policy if it is known, on given days; each with its gap to the lower bound, if known."""
    played = [play_policy(config, "fifo", "", FifoPolicy(), seeds)]
    best = known_script(config)
    if best is not None:
        played.append(play_policy(config, best.name, best.parameters, best.policy, seeds, best.shares))
    reference = Reference(config, seeds)
    return [(one, reference.gap(float(one.evaluation.totals().mean()), one.allowed)) for one in played]
