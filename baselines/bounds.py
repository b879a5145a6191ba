"""The lower bounds that tables of results compare with: ``python -m baselines.bounds [SCENARIO ...]``.

Writes ``configs/bounds.json``, a row for each scenario and kind of bound, one by one; an interrupted command goes on
where it stopped, and a row is made again if its scenario has changed or ``--again`` is given. The bounds permit what
the actions of a scenario offer to learners, with any share of the pool.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from simcash_env.config import ScenarioConfig
from simcash_env.errors import ConfigError
from simcash_env.evaluation.known_bounds import bounds_file
from simcash_env.evaluation.lower_bounds import BoundKind, bound_kinds, lower_bound
from simcash_env.evaluation.scenario_digest import scenario_digest
from simcash_env.files import write_atomically
from simcash_env.literal import literal_console
from simcash_env.machine import made_by
from simcash_env.registry import load, scenario_ids

COMMAND: Final = "python -m baselines.bounds"
DAYS: Final[Mapping[BoundKind, tuple[int, int]]] = {
    "clairvoyant": (100, 1), "constant-share": (600, 1), "first-observation": (60, 200), "own-observation": (120, 200),
    "penalised": (400, 1),
}  # fmt: skip
"""Test days or first observations, and days that follow each, by kind."""
WHOLE: Final[Mapping[str, int]] = {"2b-3t-v0": 10, "castro-12period-v0": 4}
"""First observations after which whole payments are planned too, by scenario; they take long."""


def made(config: ScenarioConfig, kind: BoundKind, days: int | None = None) -> dict[str, Any]:
    """The row of a bound.

    Args:
        config: the scenario.
        kind: of the bound.
        days: instead of those in ``DAYS``.
    """
    num_days, num_forks = DAYS[kind]
    count = num_days if days is None else days
    is_whole = kind == "constant-share"
    forks = num_forks if days is None else days
    num_whole = WHOLE.get(config.name, 0) if kind == "own-observation" and days is None else 0
    found = lower_bound(config, kind, num_days=count, num_forks=forks, num_whole=num_whole, is_whole=is_whole)
    return {"digest": scenario_digest(config), "made_by": made_by(), **found.as_dict()}


def as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """JSON with one line for each row, so that diffs are readable."""
    head = {"command": COMMAND}
    lines = ",\n".join(json.dumps(row) for row in rows)
    return json.dumps(head)[:-1] + ', "rows": [\n' + lines + "\n]}\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the rows that are missing or out of date."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("scenarios", nargs="*", default=list(scenario_ids()), help="Scenario ids (default: all).")
    parser.add_argument("--file", type=Path, default=bounds_file(), help="File of the bounds.")
    parser.add_argument("--kinds", nargs="+", choices=list(DAYS), default=list(DAYS), help="Kinds (default: all).")
    parser.add_argument("--days", type=int, help="Test days, first observations and forks (default: as published).")
    parser.add_argument("--again", action="store_true", help="Make rows again that are up to date.")
    given: Any = parser.parse_args(arguments)
    console = literal_console(stderr=True)
    rows = json.loads(given.file.read_text(encoding="utf-8"))["rows"] if given.file.is_file() else []
    for scenario in given.scenarios:
        config = load(scenario)
        for kind in (kind for kind in bound_kinds(config) if kind in given.kinds):
            same = [row for row in rows if (row["scenario"], row["kind"]) == (config.name, kind)]
            if not given.again and any(row["digest"] == scenario_digest(config) for row in same):
                continue
            try:
                row = made(config, kind, given.days)
            except ConfigError as error:
                console.print(f"{scenario}: {kind}: {error}")
                continue
            rows = sorted(
                [other for other in rows if other not in same] + [row],
                key=lambda one: (str(one["scenario"]), str(one["kind"])),
            )
            write_atomically(given.file, as_json(rows).encode())
            console.print(f"{scenario}: {kind}: {row['cents']:,.0f} cents ± {row['standard_error']:,.0f}")


if __name__ == "__main__":
    main()
