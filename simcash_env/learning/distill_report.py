"""Evaluation of distilled trees: size, fidelity, and cost compared with the network and the baselines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import yaml
from rich.table import Table

from simcash_env import __version__
from simcash_env.evaluation.evaluate import Evaluation, deciding_banks, evaluate_agent, played_seeds
from simcash_env.evaluation.leaderboard import baseline_rows
from simcash_env.evaluation.seeds import held_out_seeds, training_seeds
from simcash_env.evaluation.statistics import PLAYED_ONCE, Interval
from simcash_env.files import write_atomically
from simcash_env.learning.distill import Distilled, Options, fidelity
from simcash_env.learning.policies import PlayablePolicy
from simcash_env.learning.tree_student import depth

FIDELITY_DAYS: Final = 200
REPORT, SCENARIO = "report.json", "scenario.yaml"


def make_report(
    policy: PlayablePolicy, tree: Distilled, options: Options, *, num_seeds: int, num_tuning_seeds: int
) -> dict[str, Any]:
    """Play network, trees and baselines on the same test days."""
    seeds = played_seeds(policy.config, held_out_seeds(num_seeds))
    network = evaluate_agent(policy.config, policy.agent, seeds, max_queue_slots=policy.max_queue_slots)
    trees = tree.evaluate(seeds)
    tuning = training_seeds(num_tuning_seeds) if num_tuning_seeds else None
    baselines = {
        f"{row.policy} ({row.parameters})" if row.parameters else row.policy: asdict(row.total)
        for row, _ in baseline_rows(policy.whole, seeds, tuning)
        if row.policy not in {"hold_all", "random"}
    }
    banks, facts = deciding_banks(policy.config), policy.facts
    return {
        "scenario": policy.scenario,
        "version": __version__,
        "checkpoint": policy.name,
        "checkpoint_sha256": None if facts is None else facts.sha256,
        "training_steps": None if facts is None else facts.steps,
        "test_days": len(seeds),
        "nodes": {bank: rule.num_nodes for bank, rule in zip(banks, tree.rules, strict=True)},
        "depth": {bank: depth(rule.root) for bank, rule in zip(banks, tree.rules, strict=True)},
        "budget": tree.rules[0].budget,
        "one_tree_for_all": not options.per_bank,
        "runs_in_simcash": options.portable,
        "pool_shares": dict(zip(banks, tree.shares, strict=True)),
        "fidelity": fidelity(policy, tree, seeds[:FIDELITY_DAYS]),
        "network": asdict(network.total()),
        "tree": asdict(trees.total()),
        "tree_over_network": over(trees, network),
        "difference": asdict(trees.minus(network)),
        "baselines": baselines,
    }


def over(trees: Evaluation, network: Evaluation) -> float:
    """Mean cost of the trees over the network's; 1 where both cost nothing."""
    mine, theirs = float(trees.totals().mean()), float(network.totals().mean())
    return mine / theirs if theirs else float("inf") if mine else 1.0


def tree_documents(tree: Distilled) -> dict[str, dict[str, Any]]:
    """By bank, the tree file; the share of its pool is the parameter that SimCash's policy files keep it in."""
    text = f"Distilled from a policy trained on {tree.config.name}."
    return {
        bank: rule.document(f"distilled_{bank}", text, share)
        for bank, rule, share in zip(deciding_banks(tree.config), tree.rules, tree.shares, strict=True)
    }


def write_distilled(tree: Distilled, report: Mapping[str, Any], folder: Path) -> list[Path]:
    """A tree file a bank, the scenario that names them with their pool shares, and the report."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for bank, document in tree_documents(tree).items():
        paths.append(folder / f"{bank}.json")
        write_atomically(paths[-1], (json.dumps(document, indent=1) + "\n").encode())
    whole = tree.config.model_dump(mode="json", exclude_none=True)
    shares = dict(zip(deciding_banks(tree.config), tree.shares, strict=True))
    for bank in whole["banks"]:
        if bank["id"] in shares:
            bank["policy"] = {"type": "tree", "file": f"{bank['id']}.json"}
            if shares[bank["id"]] is not None:
                bank["liquidity_allocation_fraction"] = shares[bank["id"]]
    head = f"# {tree.config.name} with its deciding banks following distilled trees: simcash run {SCENARIO}\n"
    scenario = folder / SCENARIO
    write_atomically(scenario, (head + yaml.safe_dump(whole, sort_keys=False)).encode())
    write_atomically(folder / REPORT, (json.dumps(report, indent=1) + "\n").encode())
    return [*paths, scenario, folder / REPORT]


def report_table(report: Mapping[str, Any]) -> Table:
    """Network, trees and baselines, cheapest first, above what the trees are."""
    shares = [share for share in report["pool_shares"].values() if share is not None]
    nodes, days = max(report["nodes"].values()), report["test_days"]
    over = PLAYED_ONCE if days == 1 else f"mean and 95 % interval over {days:,} test days"
    table = Table(
        title=f"{report['scenario']}: trees of at most {nodes} node{'' if nodes == 1 else 's'}",
        caption=(
            f"currency units a run, all banks, {over}; "
            f"{100 * report['fidelity']:.1f} % of decisions on payments equal"
            + (f"; pool shares {' / '.join(f'{100 * share:g} %' for share in shares)}" if shares else "")
        ),
    )
    table.add_column("policy")
    table.add_column("cost", justify="right")
    table.add_column("over the network's", justify="right")
    rows: Sequence[tuple[str, Mapping[str, Any]]] = [
        ("network", report["network"]), ("distilled trees", report["tree"]), *report["baselines"].items(),
    ]  # fmt: skip
    for name, cost in sorted(rows, key=lambda row: row[1]["mean"]):
        ratio = cost["mean"] / report["network"]["mean"] if report["network"]["mean"] else float("nan")
        table.add_row(name, Interval(**cost).amount(), f"{ratio:.3f}")
    return table
