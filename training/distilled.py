"""What distilled trees are worth: ``python -m training.distilled`` writes ``docs/results/distilled.json`` and ``.md``.

A scenario's checkpoint is taken from ``results/training``, and trained there first where it is missing. ``--tables``
only makes the table anew from the raw results.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from baselines.publish import FOLDER
from simcash_env import __version__
from simcash_env.cli.training import DEFAULT_FOLDER, cli_train
from simcash_env.files import write_atomically
from simcash_env.learning.distill import Options, distill
from simcash_env.learning.distill_report import make_report, tree_documents, write_distilled
from simcash_env.learning.policies import open_checkpoint
from simcash_env.literal import literal_console

COMMAND: Final = "python -m training.distilled"
SCENARIOS: Final = (
    "castro-2period-v0",
    "castro-3period-v0",
    "castro-12period-v0",
    "two-banks-v0",
    "2b-3t-v0",
    "3b-6t-v0",
)
TEST_DAYS, TUNING_DAYS = 1_000, 200
OUT: Final = Path("results") / "distilled"


def distilled(scenario: str, say: Callable[[str], None]) -> dict[str, Any]:
    """The report of one scenario, with its tree files."""
    checkpoint = DEFAULT_FOLDER / f"{scenario}-seed0.zip"
    if not checkpoint.is_file():
        say(f"{scenario}: training")
        cli_train(scenario, out=checkpoint, quiet=True)
    player, options = open_checkpoint(checkpoint), Options()
    tree = distill(player, options, lambda text: say(f"{scenario}: {text}"))
    report = make_report(player, tree, options, num_seeds=TEST_DAYS, num_tuning_seeds=TUNING_DAYS)
    write_distilled(tree, report, OUT / checkpoint.stem)
    return report | {"trees": tree_documents(tree)}


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The table as Markdown."""
    lines = [
        "| scenario | nodes | equal decisions | trees | network | trees over network | best tuned baseline | FIFO |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        tuned = [cost["mean"] for name, cost in row["baselines"].items() if name.startswith("tuned:")]
        fifo = [cost["mean"] for name, cost in row["baselines"].items() if name.startswith("fifo")]
        lines.append(
            f"| `{row['scenario']}` | {max(row['nodes'].values())} | {100 * row['fidelity']:.1f} % | "
            f"{told(row['tree'])} | {told(row['network'])} | {row['tree_over_network']:.3f} | "
            f"{min(tuned, default=float('nan')):,.0f} | {min(fifo, default=float('nan')):,.0f} |"
        )
    return "\n".join([
        *lines, "",
        f"Cents of a run, all banks: mean and 95 % bootstrap interval over {rows[0]['test_days']:,} test days.",
        "Equal decisions: share of payments and ticks on which trees and network agree, where the network leads.",
        "Tuned baselines: `fifo`, `deadline` and `liquidity_aware`, parameters and pool shares searched on",
        f"{TUNING_DAYS} training days. The trees ask only what SimCash's can ask.",
        f"Version {__version__}, `{COMMAND}`.",
    ])  # fmt: skip


def told(cost: Mapping[str, float]) -> str:
    """A mean with its interval."""
    return f"{cost['mean']:,.0f} [{cost['low']:,.0f}, {cost['high']:,.0f}]"


def as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """A line a scenario, so that changes can be read."""
    head = json.dumps({"version": __version__, "command": COMMAND, "test_days": TEST_DAYS, "tuning_days": TUNING_DAYS})
    return head[:-1] + ', "rows": [\n' + ",\n".join(json.dumps(row) for row in rows) + "\n]}\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Distil all, write both files."""
    parser = argparse.ArgumentParser(prog="python -m training.distilled", description=__doc__)
    parser.add_argument("scenarios", nargs="*", default=list(SCENARIOS), help="ids of the library")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of distilled.json and distilled.md")
    parser.add_argument("--tables", action="store_true", help="only make the table anew from the raw results")
    given: Any = parser.parse_args(arguments)
    raw, page = given.out / "distilled.json", given.out / "distilled.md"
    if given.tables:
        rows = json.loads(raw.read_text(encoding="utf-8"))["rows"]
    else:
        errors = literal_console(stderr=True)
        rows = [distilled(scenario, errors.print) for scenario in given.scenarios]
        given.out.mkdir(parents=True, exist_ok=True)
        write_atomically(raw, as_json(rows).encode())
    write_atomically(page, (table(rows) + "\n").encode())


if __name__ == "__main__":
    main()
