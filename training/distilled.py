"""Cost of distilled trees: ``python -m training.distilled`` writes ``docs/results/distilled.json`` and ``.md``.

A scenario's checkpoint is read from ``results/training``; if it is missing, it is trained first. ``--tables`` only
rebuilds the table from the raw results.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from simcash_env.cli.training import DEFAULT_FOLDER, cli_train
from simcash_env.evaluation.statistics import PLAYED_ONCE, Interval
from simcash_env.files import write_atomically
from simcash_env.learning.distill import Options, distill
from simcash_env.learning.distill_report import make_report, tree_documents, write_distilled
from simcash_env.learning.policies import open_checkpoint
from simcash_env.literal import literal_console
from simcash_env.machine import made_by, origin

FOLDER: Final = Path("docs") / "results"
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
    """Distil one scenario's policy and return the report with its trees."""
    checkpoint = DEFAULT_FOLDER / f"{scenario}-seed0.pt"
    if not checkpoint.is_file():
        say(f"{scenario}: training")
        cli_train(scenario, out=checkpoint, quiet=True)
    policy, options = open_checkpoint(checkpoint), Options()
    policy.require_payment_choices()
    tree = distill(policy, options, lambda text: say(f"{scenario}: {text}"))
    report = {
        "made_by": made_by(), **make_report(policy, tree, options, num_seeds=TEST_DAYS, num_tuning_seeds=TUNING_DAYS)
    }  # fmt: skip
    write_distilled(tree, report, OUT / checkpoint.stem)
    return report | {"trees": tree_documents(tree)}


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The table as Markdown, with what made the rows."""
    lines = [
        "| scenario | nodes | equal decisions | trees | network | trees / network | best tuned baseline | FIFO |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        tuned = [cost["mean"] for name, cost in row["baselines"].items() if name.startswith("tuned:")]
        fifo = [cost["mean"] for name, cost in row["baselines"].items() if name.startswith("fifo")]
        lines.append(
            f"| `{row['scenario']}` | {max(row['nodes'].values())} | {100 * row['fidelity']:.1f} % | "
            f"{interval_text(row['tree'])} | {interval_text(row['network'])} | {row['tree_over_network']:.3f} | "
            f"{min(tuned, default=float('nan')):,.0f} | {min(fifo, default=float('nan')):,.0f} |"
        )
    once = [f"{PLAYED_ONCE}."] if any(row["test_days"] == 1 for row in rows) else []
    return "\n".join([
        *lines, "",
        f"Cents per run, all banks together: mean and 95 % bootstrap interval over {TEST_DAYS:,} test days.", *once,
        "Equal decisions: share of payments and ticks, in runs of the network, on which trees and network agree.",
        f"Tuned baselines: {families(rows)}; parameters and pool shares",
        f"searched on {TUNING_DAYS} training days. The trees use only fields of SimCash's tree language.",
        f"`{COMMAND}`. {' '.join(f'{one}.' for one in sorted({origin(row['made_by']) for row in rows}))}",
    ])  # fmt: skip


def families(rows: Sequence[Mapping[str, Any]]) -> str:
    """The tuned policies that the rows were compared with."""
    tuned = [
        {name.split(" ")[0].removeprefix("tuned:"): None for name in row["baselines"] if name.startswith("tuned:")}
        for row in rows
    ]
    common = [name for name in tuned[0] if all(name in own for own in tuned)]
    also = sorted({name for own in tuned for name in own} - set(common))
    words = ", ".join(f"`{name}`" for name in common)
    return f"{words}, in some rows {', '.join(f'`{name}`' for name in also)}" if also else words


def interval_text(cost: Mapping[str, Any]) -> str:
    """A mean with its interval."""
    return str(Interval(**cost))


def as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """JSON with one line for each scenario, so that diffs are readable."""
    head = json.dumps({"command": COMMAND, "test_days": TEST_DAYS, "tuning_days": TUNING_DAYS})
    return head[:-1] + ', "rows": [\n' + ",\n".join(json.dumps(row) for row in rows) + "\n]}\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Distil the policies and write both files."""
    parser = argparse.ArgumentParser(prog="python -m training.distilled", description=__doc__)
    parser.add_argument(
        "scenarios", nargs="*", default=list(SCENARIOS), help="Library ids; other scenarios keep their results."
    )
    parser.add_argument("--out", type=Path, default=FOLDER, help="Folder of distilled.json and distilled.md.")
    parser.add_argument("--tables", action="store_true", help="Only rebuild the table from the raw results.")
    given: Any = parser.parse_args(arguments)
    raw, page = given.out / "distilled.json", given.out / "distilled.md"
    rows: Any = json.loads(raw.read_text(encoding="utf-8"))["rows"] if raw.is_file() else []
    if not given.tables:
        errors = literal_console(stderr=True)
        by_name = {row["scenario"]: row for row in rows}
        by_name |= {scenario: distilled(scenario, errors.print) for scenario in given.scenarios}
        rows = [by_name.pop(name) for name in SCENARIOS if name in by_name] + list(by_name.values())
        given.out.mkdir(parents=True, exist_ok=True)
        write_atomically(raw, as_json(rows).encode())
    write_atomically(page, (table(rows) + "\n").encode())


if __name__ == "__main__":
    main()
