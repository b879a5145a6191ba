"""The best tuned policies that learned ones are compared with: ``python -m baselines.scripts``.

Reads the tuned policies of ``docs/results/benchmark.json``, plays those of each scenario on validation days, and writes
the cheapest one of each scenario to ``configs/scripts.json``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from baselines.publish import FOLDER
from simcash_env import __version__
from simcash_env.config.library import policy_names, policy_path
from simcash_env.config.policies import PolicyConfig
from simcash_env.evaluation.contenders import TUNED
from simcash_env.evaluation.evaluate import evaluate_policy, played_seeds
from simcash_env.evaluation.known_scripts import scripts_file
from simcash_env.evaluation.scenario_digest import scenario_digest
from simcash_env.evaluation.seeds import validation_seeds
from simcash_env.files import write_atomically
from simcash_env.machine import commit
from simcash_env.registry import load

COMMAND: Final = "python -m baselines.scripts"
DAYS: Final = 1_000
_POLICY: Final[TypeAdapter[Any]] = TypeAdapter(PolicyConfig)


def policy_of(family: str, values: Mapping[str, float]) -> PolicyConfig:
    """The policy of a family with these values of its parameters."""
    if family in policy_names():
        fields: dict[str, Any] = {"type": "tree", "file": str(policy_path(family)), "parameters": dict(values)}
    else:
        fields = {"type": family, **values}
    policy: PolicyConfig = _POLICY.validate_python(fields)
    return policy


def best_of(scenario: str, rows: Sequence[Mapping[str, Any]], num_days: int = DAYS) -> dict[str, Any]:
    """The row of a scenario: the cheapest of its tuned policies on validation days.

    Args:
        scenario: an id of the library.
        rows: the benchmark's rows of tuned policies on it.
        num_days: validation days.
    """
    config = load(scenario)
    days = played_seeds(config, validation_seeds(num_days))
    cents = []
    for row in rows:
        policy = policy_of(row["policy"].removeprefix(TUNED), row["values"])
        cents.append(float(evaluate_policy(config, policy, days, row["pool_shares"]).totals().mean()))
    best = cents.index(min(cents))
    family, chosen = rows[best]["policy"].removeprefix(TUNED), rows[best]
    fields = policy_of(family, chosen["values"]).model_dump(mode="json", exclude_none=True)
    if fields["type"] == "tree":
        fields["file"] = policy_path(family).name
    return {
        "digest": scenario_digest(config),
        "scenario": config.name,
        "name": chosen["policy"],
        "parameters": chosen["parameters"],
        "policy": fields,
        "shares": chosen["pool_shares"],
        "validation_cents": cents[best],
        "validation_days": len(days),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("scenarios", nargs="*", help="Scenario ids (default: all); others keep their rows.")
    parser.add_argument("--benchmark", type=Path, default=FOLDER / "benchmark.json", help="Rows of the benchmark.")
    parser.add_argument("--file", type=Path, default=scripts_file(), help="File of the best tuned policies.")
    parser.add_argument("--days", type=int, default=DAYS, help="Validation days.")
    given: Any = parser.parse_args(arguments)
    tuned: dict[str, list[Mapping[str, Any]]] = {}
    for row in json.loads(given.benchmark.read_text(encoding="utf-8"))["rows"]:
        if row["policy"].startswith(TUNED):
            tuned.setdefault(row["scenario"], []).append(row)
    known = json.loads(given.file.read_text(encoding="utf-8"))["rows"] if given.scenarios else []
    kept = {row["scenario"]: row for row in known if row["scenario"] not in given.scenarios}
    found = [kept.get(scenario) or best_of(scenario, rows, given.days) for scenario, rows in tuned.items()]
    head = json.dumps({"command": COMMAND, "version": __version__, "commit": commit()})[:-1]
    lines = ",\n".join(json.dumps(row) for row in found)
    write_atomically(given.file, f'{head}, "rows": [\n{lines}\n]}}\n'.encode())
    for row in found:
        print(f"{row['scenario']}: {row['name']} {row['parameters']}")


if __name__ == "__main__":
    main()
