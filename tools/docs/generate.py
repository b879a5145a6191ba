"""The generated parts of the documentation: ``python -m tools.docs`` writes them.

A generated part stands between ``<!-- name -->`` and ``<!-- /name -->``. The tables of measured figures in the README
are copied from ``docs/results``, where the commands that measure put them.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tools.docs import data, scenario_files, service, tables

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = (
    "README.md",
    "docs/adapters.md",
    "docs/environment.md",
    "docs/benchmark.md",
    "docs/learning-tools.md",
    "docs/training.md",
    "docs/scenarios.md",
    "docs/data.md",
    "docs/architecture.md",
    "docs/data-dictionary.md",
    "docs/events.md",
    "docs/service.md",
    "docs/market.md",
    "docs/policies.md",
    "docs/how-close.md",
    "docs/algorithms.md",
    "docs/performance.md",
    "docs/leaderboard.md",
    "docs/studies/bis-boxes.md",
    "docs/studies/castro-games.md",
    "docs/studies/language-model.md",
    "docs/studies/liquidity-demand.md",
    "docs/studies/liquidity-delay.md",
    "docs/studies/reordering.md",
    "docs/how-to/cluster.md",
)

MEASURED: Final = {
    "speed": "python -m benchmarks.speed --markdown > docs/results/speed.md",
    "faces": "python -m benchmarks.faces --markdown > docs/results/faces.md",
    "targets": "python -m benchmarks.targets --markdown > docs/results/targets.md",
    "growth": "python -m benchmarks.growth",
    "ray-nodes": ".adapters/rllib/bin/python -m benchmarks.ray_nodes --out docs/results/ray-nodes.md",
    "peers": "python -m benchmarks.peers > docs/results/peers.md",
    "benchmark": "python -m baselines.publish",
    "distilled": "python -m training.distilled",
    "around-search": "python -m training.around SCENARIO ...",
    "tails": "python -m training.tails",
    "market": "python -m training.market_study --markdown docs/results/market.md",
    "learned": "python -m training.publish",
    "generalise": "python -m training.generalise",
    "recorded-days": "python -m training.recorded_days",
    "bis-boxes": "python -m benchmarks.literature.bis1310",
    "castro-games": "python -m benchmarks.literature.castro",
    "language-model": "python -m benchmarks.literature.language_model",
    "liquidity-demand": "python -m benchmarks.literature.liquidity_demand",
    "liquidity-delay": "python -m benchmarks.literature.liquidity_delay",
    "reordering": "python -m benchmarks.literature.reordering",
    "algorithms": "make algorithms",
    "algorithms-gradient": "make algorithms",
    "closeness": "python -m benchmarks.closeness SCENARIO ...",
    "foresight": "python -m benchmarks.foresight",
    "tail-limits": "python -m benchmarks.tail_limits",
    "sensitivity": "python -m benchmarks.sensitivity",
    "leaderboard": "simcash submit ARCHIVE --leaderboard docs/results/leaderboard.json",
    "rollout": "python -m benchmarks.rollout --variants",
    "libraries": "make libraries",
    "training": "python -m benchmarks.training --markdown > docs/results/training.md",
    "results": "python -m training.demo --markdown docs/results/results.md",
}
"""Tables of measured figures, and what measures them."""


OUTDATED: Final = re.compile(
    r"^\| `(?P<name>[\w-]+)` \| (?P<rows>.+?) \| (?P<why>.+?) \| `(?P<command>.+?)` \|$", re.MULTILINE
)
"""A row of the table of results that are to be remade, in ``docs/results/README.md``."""
SINCE: Final = re.compile(r"made with (?P<version>version [\w.]+ before [\d-]+),")


def remake_notes(text: str) -> dict[str, str]:
    """By the name of a results file, the note that it is out of date; from the text of ``docs/results/README.md``."""
    since = SINCE.search(text)
    made = since["version"] if since else "an earlier version"
    return {
        row["name"]: (
            f"Made with {made}, to be remade by `{row['command']}`; rows: {row['rows']}. Changed since: {row['why']}."
        )
        for row in OUTDATED.finditer(text)
    }


def measured(name: str) -> Callable[[], str]:
    """A function that copies a table from ``docs/results``, with a note where it is out of date."""

    def copy() -> str:
        folder = ROOT / "docs" / "results"
        path = folder / f"{name}.md"
        if path.is_file() and path.read_text(encoding="utf-8").strip():
            note = remake_notes((folder / "README.md").read_text(encoding="utf-8")).get(name)
            table = path.read_text(encoding="utf-8").strip()
            return table if note is None else f"{table}\n\n*{note}*"
        return f"Not measured for this version yet. `{MEASURED[name]}`, then `python -m tools.docs`."

    return copy


BLOCKS: Final[dict[str, Callable[[], str]]] = {
    **{name: measured(name) for name in MEASURED},
    "observation": tables.observation_layout,
    "heads": tables.action_heads,
    "rank": tables.rank_components,
    "costs": tables.cost_kinds,
    "ids": tables.environment_ids,
    "arguments": tables.arguments,
    "library": scenario_files.library,
    "scenario": scenario_files.scenario_keys,
    "chosen": scenario_files.chosen_by_type,
    "rules": scenario_files.rule_sets,
    "steps": tables.tick_steps,
    "scenario-table": tables.fields_of("Scenario"),
    "state-table": tables.fields_of("State"),
    "work-table": tables.fields_of("Work"),
    "events": tables.event_kinds,
    "endpoints": service.endpoints,
    "limits": service.limits,
    "payment-columns": data.payment_columns,
    "bank-columns": data.bank_columns,
    "mapping-keys": data.mapping_keys,
    "presets": data.presets,
    "treatments": data.treatments,
}

MARKED: Final = re.compile(r"<!-- (?P<name>[\w-]+) -->\n.*?<!-- /(?P=name) -->", re.DOTALL)


def filled(text: str) -> str:
    """Return a page with all its generated parts."""

    def block(match: re.Match[str]) -> str:
        name = match["name"]
        return f"<!-- {name} -->\n{BLOCKS[name]()}\n<!-- /{name} -->"

    return MARKED.sub(block, text)


def stale_pages() -> list[str]:
    """Pages whose generated parts are not what the code says."""
    return [page for page in PAGES if filled(text := (ROOT / page).read_text(encoding="utf-8")) != text]


def main() -> None:
    """Write the pages, or check them."""
    parser = argparse.ArgumentParser(prog="python -m tools.docs", description="Write the generated tables.")
    parser.add_argument("--check", action="store_true", help="change nothing; fail where a page is out of date")
    is_check = parser.parse_args().check
    stale = stale_pages()
    for page in stale:
        print(f"{page}: {'out of date' if is_check else 'written'}")
        if not is_check:
            path = ROOT / page
            path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
    sys.exit(1 if is_check and stale else 0)
