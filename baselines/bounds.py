"""The lower bounds that tables of results compare with: ``python -m baselines.bounds [SCENARIO ...]``.

Writes ``configs/bounds.json``, a row for each scenario and kind of bound, one by one; an interrupted command goes on
where it stopped, also within the first observations after which whole payments are planned. A row is made again if its
scenario has changed or ``--again`` is given. The bounds permit what the actions of a scenario offer to learners, with
any share of the pool.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from simcash_env.config import ScenarioConfig
from simcash_env.errors import ConfigError
from simcash_env.evaluation.known_bounds import bound_from_dict, bounds_file
from simcash_env.evaluation.lower_bounds import (
    FEWEST_WHOLE,
    BoundKind,
    LowerBound,
    bound_kinds,
    lower_bound,
    with_whole_payments,
)
from simcash_env.evaluation.scenario_digest import scenario_digest
from simcash_env.files import write_atomically
from simcash_env.literal import literal_console
from simcash_env.machine import made_by
from simcash_env.registry import load, scenario_ids

COMMAND: Final = "python -m baselines.bounds"
DAYS: Final[Mapping[BoundKind, tuple[int, int]]] = {
    "clairvoyant": (100, 1), "constant-share": (600, 1), "first-observation": (60, 100), "own-observation": (60, 100),
    "penalised": (400, 1),
}  # fmt: skip
"""Test days or first observations, and days that follow each, by kind."""
LARGE: Final[Mapping[str, int]] = {"crisis-v0": 20, "target2-day-v0": 20, "core-periphery-50-v0": 20}
"""Test days of the clairvoyant bound where a day takes ten seconds or more; no penalties are fitted there."""
WHOLE: Final[Mapping[str, int]] = {
    "2b-3t-v0": 10, "3b-6t-v0": 3, "4b-8t-v0": 3, "castro-12period-v0": 6, "2b-stress-v0": 3, "5b-12t-v0": 2,
}  # fmt: skip
"""Further first observations after which whole payments are planned, by scenario, for ``own-observation``."""


def made(config: ScenarioConfig, kind: BoundKind, days: int | None = None) -> dict[str, Any]:
    """The row of a bound.

    Args:
        config: the scenario.
        kind: of the bound.
        days: instead of those in ``DAYS``.
    """
    num_days, num_forks = DAYS[kind]
    num_days = LARGE.get(config.name, num_days)
    count, forks = (num_days, num_forks) if days is None else (days, days)
    found = lower_bound(config, kind, num_days=count, num_forks=forks, is_whole=kind == "constant-share")
    return row_of(config, found)


def row_of(config: ScenarioConfig, bound: LowerBound) -> dict[str, Any]:
    """The row of a bound that was made now."""
    return {"digest": scenario_digest(config), "made_by": made_by(), **bound.as_dict()}


def raised(config: ScenarioConfig, row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows of a bound with whole payments after more and more first observations, up to those in ``WHOLE``.

    They keep what made the bound of fractions, and say under ``raised_by`` what raised it last.
    """
    if row["kind"] != "own-observation":
        return
    bound = bound_from_dict(row)
    for count in range(max(len(bound.raised) + 1, FEWEST_WHOLE), WHOLE.get(config.name, 0) + 1):
        bound = with_whole_payments(config, bound, count)
        yield {**row_of(config, bound), "made_by": row["made_by"], "raised_by": made_by()}


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

    def put(row: Mapping[str, Any]) -> None:
        key = (row["scenario"], row["kind"])
        others = [one for one in rows if (one["scenario"], one["kind"]) != key]
        rows[:] = sorted([*others, row], key=lambda one: (str(one["scenario"]), str(one["kind"])))
        write_atomically(given.file, as_json(rows).encode())
        console.print(f"{key[0]}: {key[1]}: {row['cents']:,.0f} cents ± {row['standard_error']:,.0f}")

    for scenario in given.scenarios:
        config = load(scenario)
        out = {"penalised"} if config.name in LARGE else set[str]()
        for kind in (kind for kind in bound_kinds(config) if kind in given.kinds and kind not in out):
            same = [row for row in rows if (row["scenario"], row["kind"]) == (config.name, kind)]
            same = [row for row in same if row["digest"] == scenario_digest(config) and not given.again]
            if not same:
                try:
                    same = [made(config, kind, given.days)]
                except ConfigError as error:
                    console.print(f"{scenario}: {kind}: {error}")
                    continue
                put(same[0])
            if given.days is None:
                for row in raised(config, same[0]):
                    put(row)


if __name__ == "__main__":
    main()
