"""Costs of learned policies in games with known equilibria: ``python -m training.castro [--seeds 10] [--json]``.

Every seed from 0 on is trained and shown; none is chosen.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from rich.table import Table

from simcash_env.cli.screen import data_console
from simcash_env.evaluation.seeds import held_out_seeds
from simcash_env.learning.evaluate import evaluate_learned
from simcash_env.learning.ippo import train
from simcash_env.learning.settings import load_settings
from simcash_env.literal import literal_console
from simcash_env.registry import load
from simcash_env.schema.limits import POOL_LEVELS

EQUILIBRIA: Final = {"castro-2period-v0": (0, 4), "castro-3period-v0": (4, 4)}
"""Pool levels (of 20) in equilibrium, banks sorted by id: (0, 0.2) and (0.2, 0.2) of the pool."""


@dataclass(frozen=True)
class Finding:
    """What one training run arrived at."""

    scenario: str
    seed: int
    levels: tuple[int, ...]
    costs: tuple[float, ...]
    is_equilibrium: bool


def check(scenario: str, seed: int, *, steps: int | None = None) -> Finding:
    """Train once and look at the most likely pool share of every bank."""
    changes: dict[str, Any] = {} if steps is None else {"total_steps": steps}
    settings = load_settings(scenario, **changes)
    policy = train(settings, seed).policy
    evaluation, agent = evaluate_learned(policy, load(scenario), held_out_seeds(1))
    levels = tuple(int(level) for level in agent.pool_levels()[0])
    return Finding(scenario, seed, levels, tuple(evaluation.by_bank().values()), levels == EQUILIBRIA[scenario])


def findings(num_seeds: int) -> Iterator[Finding]:
    """Both games, all seeds."""
    for scenario in EQUILIBRIA:
        for seed in range(num_seeds):
            yield check(scenario, seed)


def findings_table(found: Sequence[Finding]) -> Table:
    """A line a run, and how many found the equilibrium."""
    table = Table(title="Learned pool shares against the known equilibrium")
    for name in ("scenario", "seed", "learned shares", "equilibrium", "cost by bank", ""):
        table.add_column(name)
    for item in found:
        table.add_row(
            item.scenario,
            str(item.seed),
            _shares(item.levels),
            _shares(EQUILIBRIA[item.scenario]),
            " / ".join(f"{cents:,.0f}" for cents in item.costs),
            "equal" if item.is_equilibrium else "different",
        )
    return table


def _shares(levels: Sequence[int]) -> str:
    return " / ".join(f"{level / (POOL_LEVELS - 1):.2f}" for level in levels)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train all, print all."""
    parser = argparse.ArgumentParser(prog="python -m training.castro", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="seeds 0 to N - 1 of each game")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given: Any = parser.parse_args(arguments)
    found = []
    errors = literal_console(stderr=True)
    for item in findings(given.seeds):
        found.append(item)
        errors.print(f"{item.scenario} seed {item.seed}: {_shares(item.levels)}")
    if given.json:
        print(json.dumps([asdict(item) for item in found], indent=1))
        return
    console = data_console()
    console.print(findings_table(found))
    for scenario in EQUILIBRIA:
        equal = [item.is_equilibrium for item in found if item.scenario == scenario]
        console.print(f"{scenario}: {sum(equal)} of {len(equal)} seeds in equilibrium")


if __name__ == "__main__":
    main()
