"""Is any single change of a searched policy cheaper? ``python -m benchmarks.sensitivity [SCENARIO ...] [--days N]``.

Changes one constant of the policy of a search, or gives one component a slope in one entry of the observation, up and
down, all on the same training days. The best changes are played again on other days, since the best of hundreds looks
good by chance. Writes ``sensitivity.json`` and ``sensitivity.md``; other scenarios keep their rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from benchmarks.scenario_rows import command_line, page, remake
from simcash_env.evaluation.grid_search import has_pool
from simcash_env.evaluation.seeds import training_seeds
from simcash_env.evaluation.statistics import paired_difference
from simcash_env.learning.rank_policy import POOL
from simcash_env.learning.rank_search import LAST_DAYS, RankSearch
from simcash_env.learning.settings import SearchSettings, TrainingSettings, load_settings
from simcash_env.machine import made_by

COMMAND: Final = "python -m benchmarks.sensitivity"
SCENARIOS: Final = ("crisis-v0", "money-market-v0", "5b-12t-v0")
"""Scenarios on which no search for slopes that began at the constants was cheaper than they are, on test days."""
DAYS: Final = 512
AGAIN: Final = 5
"""Changes that are played again."""
STEP: Final = 0.4
"""Size of a change, in first steps of a search."""
COMPONENTS: Final = (
    "weight_urgency", "weight_size", "weight_offset", "weight_age", "balance_share", "credit_share", "unfunded_share",
    "submit_score", "submit_urgent", "submit_small", "submit_offset",
)  # fmt: skip
ENTRIES: Final = (
    "run_position", "balance", "credit_left", "available_liquidity", "queue1_value", "queue1_gap",
    "queue1_due_now", "queue1_due_soon", "queue2_value", "received_today", "expected", "system_queue2_value",
    "system_settled_share",
)  # fmt: skip
HEADS: Final = ("scenario", "changed", "by", "difference, %", "on other days, %")


def settings_of(scenario: str, days: int) -> TrainingSettings:
    """Settings of a search that starts from the shipped constants, with a slope of each component in each entry."""
    settings = load_settings(scenario)
    sloped = [*COMPONENTS, *([POOL] if has_pool(settings.config()) else [])]
    slopes = tuple(f"{component}.by_{entry}" for component in sloped for entry in ENTRIES)
    search = SearchSettings(start=f"{scenario}-rank", days=days, by_day=COMPONENTS, slopes=slopes)
    return settings.model_copy(update={"search": search})


def measure(scenario: str, num_days: int) -> dict[str, Any]:
    """The row of a scenario: the cheapest changes, with intervals paired by day, in cents of a bank."""
    run = RankSearch(settings_of(scenario, num_days), 0)
    first, other = (training_seeds(num_days, LAST_DAYS + place * num_days) for place in (0, 1))
    before = run.costs(run.start, first)
    changes = []
    for place, name in enumerate(run.layout.names):
        for sign in (1.0, -1.0):
            changed = run.start.copy()
            changed[place] += sign * STEP * run.scale[place]
            found = paired_difference(run.costs(changed, first), before)
            changes.append((found.mean, found, name, sign * STEP * run.scale[place], changed))
    best = sorted(changes, key=lambda change: change[0])[:AGAIN]
    again = run.costs(run.start, other)
    return {
        "scenario": scenario, "days": num_days, "changes": len(changes), "mean": float(before.mean()),
        "best": [
            {
                "name": name, "by": float(step), "difference": found.numbers(),
                "again": paired_difference(run.costs(changed, other), again).numbers(),
            }
            for _, found, name, step, changed in best
        ],
        "made_by": made_by(),
    }  # fmt: skip


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """The table, and what it says."""
    body = []
    for row in rows:
        for one in row["best"]:
            parts = [[100.0 * cents / row["mean"] for cents in one[key]] for key in ("difference", "again")]
            shown = [f"{mean:+.2f} [{low:+.2f}, {high:+.2f}]" for mean, low, high in parts]
            body.append([f"`{row['scenario']}`", f"`{one['name']}`", f"{one['by']:+.3g}", *shown])
    counts = ", ".join(f"{row['changes']} on `{row['scenario']}`" for row in rows)
    days = " or ".join(sorted({f"{row['days']:,}" for row in rows}))
    notes = [
        f"The {AGAIN} cheapest of all single changes ({counts}), relative to the search, `SCENARIO-rank`, on {days}",
        "training days that no generation of a search plays, and on as many others; 95 % intervals, paired by day.",
        "A slope, `COMPONENT.by_ENTRY`, is by how much the component rises when the entry rises by 1.",
    ]
    return page(COMMAND, HEADS, body, notes, rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the named scenarios, and write results and table."""
    given = command_line(COMMAND, __doc__.split("\n\n", maxsplit=1)[0], SCENARIOS, DAYS, arguments)
    remake(COMMAND, "sensitivity", SCENARIOS, given, measure, markdown)


if __name__ == "__main__":
    main()
