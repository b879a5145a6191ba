"""What trained and scripted policies leave behind for others: distilled trees, and data sets of rollouts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from simcash_env.cli.choices import Sets, chosen_changes, named_policy, naming_sets
from simcash_env.cli.examples import examples
from simcash_env.cli.screen import data, needs_extra, notes
from simcash_env.errors import ConfigError, Fault

OFFLINE, DISTILL = "offline", "distill"
DISTILLED = Path("results") / "distilled"
DATA_SETS = Path("results") / "offline"


@examples("simcash distill results/training/castro-12period-v0-seed0.pt")
def distill(
    checkpoint: Annotated[Path, typer.Argument(help="Checkpoint of simcash train.", exists=True, dir_okay=False)],
    out: Annotated[Path | None, typer.Option(help="Folder for trees, scenario and report.", show_default=False)] = None,
    nodes: Annotated[int, typer.Option(min=1, help="Maximum number of nodes in a tree file.")] = 31,
    seeds: Annotated[
        int, typer.Option(min=2, help="Number of test seeds for comparing network, trees and baselines.")
    ] = 200,
    tuning_seeds: Annotated[
        int, typer.Option(min=0, help="Number of training seeds for tuning baselines (0: FIFO only).")
    ] = 100,
    rounds: Annotated[int, typer.Option(min=1, help="Number of DAgger rounds.")] = 4,
    *,
    per_bank: Annotated[
        bool, typer.Option("--per-bank", help="Fit one tree for each bank instead of one for all.")
    ] = False,
    own_words: Annotated[
        bool,
        typer.Option("--own-words", help="Allow the value released in this tick as a field, which SimCash lacks."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Distil a trained policy into decision trees that run here and in SimCash, and report the cost."""
    with needs_extra(DISTILL, "sklearn"):
        from simcash_env.learning.distill import Options
        from simcash_env.learning.distill import distill as distill_policy
        from simcash_env.learning.distill_report import make_report, report_table, write_distilled
        from simcash_env.learning.policies import open_checkpoint
    options = Options(most_nodes=nodes, portable=not own_words, per_bank=per_bank, rounds=rounds)
    note = (lambda text: notes.print(text, highlight=False)) if notes.is_terminal else None
    policy = open_checkpoint(checkpoint)
    policy.require_payment_choices()
    tree = distill_policy(policy, options, note)
    report = make_report(policy, tree, options, num_seeds=seeds, num_tuning_seeds=tuning_seeds)
    folder = out or DISTILLED / checkpoint.stem
    paths = write_distilled(tree, report, folder)
    if as_json:
        typer.echo(json.dumps(report))
    else:
        data.print(report_table(report))
    for path in paths:
        notes.print(f"written: {path}", markup=False, highlight=False, soft_wrap=True)


@examples("simcash export castro-12period-v0 --policy random --runs 100")
def export(
    source: Annotated[str, typer.Argument(help="Scenario, or a checkpoint of simcash train (.pt).")],
    policy: Annotated[
        str | None,
        typer.Option(help="Policy of the learning banks: NAME, NAME:parameter=value,..., random or hold_all."),
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="Number of runs.")] = 100,
    first_seed: Annotated[
        int, typer.Option(min=1, help="Seed of the first run; later runs have the following seeds.")
    ] = 1,
    bank: Annotated[
        list[str] | None,
        typer.Option(help="Bank that gets a Minari data set (may be repeated; default: all learning banks)."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the data sets.")] = DATA_SETS,
    sets: Sets = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Write rollouts as data sets: Parquet for all banks together, Minari for each bank."""
    with needs_extra(OFFLINE, "minari", "pyarrow"):
        from simcash_env.learning import offline_data as offline
    with naming_sets():
        chosen = policy_of(source, policy, chosen_changes(sets))
    rollouts = offline.roll_out(chosen, range(first_seed, first_seed + runs))
    banks = bank or list(rollouts.bank_ids)
    stem = offline.dataset_id(rollouts.policy, "all").replace("/", "-")
    names = [offline.write_minari(rollouts, one, out) for one in banks]
    parquet = offline.write_parquet(rollouts, out / f"{stem}.parquet")
    result = {"runs": runs, "parquet": str(parquet), "minari_root": str(out), "minari": names}
    if as_json:
        typer.echo(json.dumps(result))
        return
    data.print(f"{runs} runs: {parquet}", markup=False, highlight=False, soft_wrap=True)
    for name in names:
        data.print(f"Minari, below {out}: {name}", markup=False, highlight=False, soft_wrap=True)


def policy_of(source: str, policy: str | None, changes: dict[str, Any]) -> Any:
    """Return the policy of a checkpoint, or the named policy on a scenario.

    Raises:
        ConfigError: a checkpoint with a policy, or no such policy.
    """
    with needs_extra(OFFLINE):
        from simcash_env.learning import policies
    if source.endswith(".pt"):
        if policy is not None:
            raise ConfigError([Fault(None, None, "--policy", repr(policy), "a checkpoint decides for itself")])
        if changes:
            raise ConfigError([Fault(None, None, "--set", None, "a checkpoint has its scenario (simcash train --set)")])
        opened = policies.open_checkpoint(Path(source))
        opened.require_payment_choices()
        return opened
    named = policy or "fifo"
    chosen = None if named in policies.UNNAMED else named_policy(named)
    return policies.named_policy(source, chosen, named.replace(":", "-"), changes)
