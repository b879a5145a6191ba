"""Lower bounds of the library's scenarios, computed once by ``python -m baselines.bounds`` and shipped as data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from simcash_env.config import ScenarioConfig
from simcash_env.config.library import policy_folder
from simcash_env.config.policies import PolicyConfig
from simcash_env.evaluation.bound_validity import AllowedDecisions
from simcash_env.evaluation.control import Control, FirstArrivals
from simcash_env.evaluation.lower_bounds import OF_BANKS_ALONE, LowerBound, gap
from simcash_env.evaluation.results import bound_note
from simcash_env.evaluation.scenario_digest import scenario_digest
from simcash_env.evaluation.two_stage import first_arrivals_are_certain
from simcash_env.files import shipped_folder

FILE: Final = "bounds.json"
_POLICY: Final[TypeAdapter[Any]] = TypeAdapter(PolicyConfig)


def bounds_file() -> Path:
    """The file of known bounds."""
    return shipped_folder(FILE)


def bound_from_dict(row: Mapping[str, Any]) -> LowerBound:
    """A bound from its plain data."""
    given = {name: value for name, value in row.items() if name not in {"digest", "made_by", "raised_by"}}
    allowed, control = AllowedDecisions(**row["allowed"]), _control_from_dict(row["control"])
    shares, raised = row["shares"], tuple(row.get("raised", ()))
    shares = None if shares is None else tuple(shares)
    return LowerBound(**{**given, "control": control, "allowed": allowed, "shares": shares, "raised": raised})


def _control_from_dict(row: Mapping[str, Any] | None) -> Control | FirstArrivals | None:
    """The control variate of a row; the value of the first arrivals has no policy."""
    if row is None:
        return None
    if "policy" not in row:
        return FirstArrivals(**row)
    shares = None if row["shares"] is None else tuple(row["shares"])
    file = row["policy"].get("file")
    where = {"file": str(policy_folder() / file)} if file else {}
    policy = _POLICY.validate_python({**row["policy"], **where})
    return Control(**{**row, "policy": policy, "shares": shares})


def known_bounds(config: ScenarioConfig) -> list[LowerBound]:
    """The known bounds of a scenario that is unchanged since they were computed; none for any other."""
    path = bounds_file()
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.is_file() else []
    digest = scenario_digest(config)
    return [bound_from_dict(row) for row in rows if row["digest"] == digest]


@dataclass
class Reference:
    """What costs on given test days are compared with: the highest known bound that holds for the policies compared.

    Args:
        config: the scenario.
        seeds: test days.
        is_joint: may the policies' banks decide together, knowing each other's queues?
    """

    config: ScenarioConfig
    seeds: Sequence[int]
    is_joint: bool = False

    @cached_property
    def bound(self) -> LowerBound | None:
        """The bound; None if none is known."""
        of_constants = () if first_arrivals_are_certain(self.config) else ("constant-share",)
        out = {*of_constants, *(OF_BANKS_ALONE if self.is_joint else ())}
        found = [bound for bound in known_bounds(self.config) if bound.kind not in out]
        return max(found, key=lambda bound: bound.cents, default=None)

    @cached_property
    def cents(self) -> float | None:
        """The bound for these days in cents; None if none is known."""
        return None if self.bound is None else self.bound.on_days(self.config, self.seeds)

    @property
    def note(self) -> str:
        """The bound in words; empty if none is known."""
        if self.bound is None:
            return ""
        return bound_note(self.bound.scenario, self.bound.kind, self.bound.cents, self.bound.standard_error)

    def gap(self, mean_cents: float, allowed: AllowedDecisions) -> float | None:
        """By how much a mean cost exceeds the bound; None if no bound is known that permits these decisions."""
        if self.bound is None or self.cents is None or not self.bound.allowed.permits(allowed):
            return None
        return gap(mean_cents, self.cents)
