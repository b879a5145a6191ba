"""The commands that need the training extra: benchmark, train, evaluate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from simcash_env.cli.choices import Quiet, Sets, chosen_changes, naming_sets
from simcash_env.cli.examples import examples
from simcash_env.cli.outputs import unusable_path
from simcash_env.cli.planning import (
    ChosenRollout,
    RolloutPolicies,
    RolloutPolicy,
    RolloutSets,
    chosen_settings,
    cli_rollout,
)
from simcash_env.cli.screen import data, needs_extra, note, notes
from simcash_env.errors import ConfigError, Fault
from simcash_env.registry import load

EXTRA: Final = "training"
FIGURES: Final = frozenset({".png", ".svg", ".pdf"})


@examples(
    "simcash benchmark castro-12period-v0 --seeds 200",
    "simcash benchmark 2b-3t-v0 --policy rollout:tuned --rollout samples=64",
)
def benchmark(
    scenarios: Annotated[
        list[str] | None, typer.Argument(help="Scenarios: ids or files (default: castro-12period-v0).")
    ] = None,
    seeds: Annotated[int, typer.Option(min=2, help="Number of test seeds that score a policy.")] = 100,
    tuning_seeds: Annotated[int, typer.Option(min=0, help="Number of training seeds for tuning parameters.")] = 100,
    measured: Annotated[int, typer.Option(min=0, help="Number of test seeds for regret and metrics.")] = 0,
    plots: Annotated[Path | None, typer.Option(help="Folder for plots.", show_default=False)] = None,
    learned: Annotated[
        list[Path] | None,
        typer.Option(
            help="Learned policy to add: a checkpoint, or a scenario with a shipped policy.", show_default=False
        ),
    ] = None,
    policy: RolloutPolicies = None,
    rollout: RolloutSets = None,
    sets: Sets = None,
    *,
    every: Annotated[
        bool, typer.Option("--every", help="Show every tuned policy, not only the best one on validation seeds.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON list.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown table.")] = False,
) -> None:
    """Score scripted, rollout and learned policies on test seeds, with 95 % intervals and differences to FIFO."""
    with needs_extra(EXTRA, "scipy"):
        from simcash_env.evaluation import leaderboard
        from simcash_env.evaluation.benchmark_table import table
        from simcash_env.evaluation.policy_families import ALL_FAMILIES
    report = notes.print if notes.is_terminal and not (as_json or as_markdown) else None
    played: list[Any] = []
    named = scenarios or ["castro-12period-v0"]
    checkpoints = [found_checkpoint(path, named) for path in learned or ()]
    changes = chosen_changes(sets)
    rollouts = [one.play for one in chosen_rollouts(policy, rollout, tuning_seeds)]
    with naming_sets():
        rows = leaderboard.run_benchmark(
            named,
            seeds,
            num_tuning_seeds=tuning_seeds,
            families=ALL_FAMILIES,
            num_measured=min(measured, seeds),
            report=report,
            keep=played,
            only_best=not every,
            changes=changes,
            rollouts=rollouts,
        )
    for warning in leaderboard.edge_warnings(rows):
        note(f"warning: {warning}")
    if checkpoints:
        with needs_extra(EXTRA):
            from simcash_env.learning.leaderboard_row import learned_row
        rows += [learned_row(checkpoint, seeds, played, changes) for checkpoint in checkpoints]
    if plots is not None:
        with needs_extra(EXTRA):
            from simcash_env.evaluation.plots import draw_all
            from simcash_env.evaluation.rollout_plots import draw_played
        for path in [*draw_all(rows, plots), *draw_played(played, plots)]:
            notes.print(f"drawn: {path}", markup=False, highlight=False)
    if as_json:
        typer.echo(leaderboard.rows_as_json(rows))
    elif as_markdown:
        typer.echo("\n".join(table(json.loads(leaderboard.rows_as_json(rows)))))
    else:
        data.print(leaderboard.format_table(rows))


def chosen_rollouts(policies: list[str] | None, sets: list[str] | None, tuning_seeds: int) -> list[ChosenRollout]:
    """Return the rollout policies of ``--policy`` with the settings of ``--rollout``.

    Raises:
        ConfigError: settings without a policy, or either is not valid.
    """
    if sets and not policies:
        raise ConfigError([Fault(None, None, f"--rollout {sets[0]}", None, "needs --policy rollout:BASE")])
    if not policies:
        return []
    with needs_extra(EXTRA, "scipy"):
        settings = chosen_settings(sets)
    return [ChosenRollout(text, settings, tuning_seeds) for text in policies]


def found_checkpoint(path: Path, scenarios: list[str]) -> Path:
    """Return the checkpoint's file, before any run starts.

    Raises:
        ConfigError: it is of none of these scenarios.
    """
    with needs_extra(EXTRA):
        from simcash_env.learning import checkpoint as checkpoints
    found: Path = checkpoints.find_checkpoint(path)
    scenario = load(checkpoints.read_facts(found).scenario).name
    if scenario not in (names := [load(one).name for one in scenarios]):
        raise ConfigError([Fault(str(found), None, "scenario", repr(scenario), f"must be one of {', '.join(names)}")])
    return found


@examples("simcash train castro-12period-v0 --seed 0")
def train(
    scenario: Annotated[str, typer.Argument(help="An id of the library, a settings file or a scenario file.")],
    seed: Annotated[int, typer.Option(min=0, help="Random seed of the training.")] = 0,
    steps: Annotated[
        int | None,
        typer.Option(min=1, help="Total number of bank decisions, at least one rollout.", show_default=False),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Checkpoint file to write.", show_default=False)] = None,
    resume: Annotated[Path | None, typer.Option(help="Checkpoint to continue from.", show_default=False)] = None,
    algorithm: Annotated[
        str,
        typer.Option(
            help="Learner (ippo: independent PPO; expert_iteration: imitation of rollouts; cmaes: search over "
            "constants of a rank action)."
        ),
    ] = "ippo",
    tensorboard: Annotated[Path | None, typer.Option(help="Folder for TensorBoard logs.", show_default=False)] = None,
    curve: Annotated[
        Path | None,
        typer.Option(
            help="Learning curve with the levels of FIFO, the best script and the expert: .png, .svg or .pdf.",
            show_default=False,
        ),
    ] = None,
    sets: Sets = None,
    *,
    quiet: Quiet = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Train a policy and save a checkpoint, also after Ctrl-C."""
    with needs_extra(EXTRA):
        from simcash_env.cli.training import cli_train
        from simcash_env.learning.settings import load_settings, require_a_rollout
    if curve is not None:
        rule = unusable_path(curve) or ("" if curve.suffix.lower() in FIGURES else "must end in .png, .svg or .pdf")
        if rule:
            raise ConfigError([Fault(None, None, "--curve", repr(str(curve)), rule)])
    changes = chosen_changes(sets)
    with naming_sets():
        settings = load_settings(scenario, **({"changes": changes} if changes else {}))
        settings.config()
    if steps is not None:
        require_a_rollout(settings, steps)
    trained = cli_train(
        scenario, seed, steps, out, algorithm=algorithm, resume=resume, quiet=quiet, tensorboard=tensorboard,
        changes=changes, curve=curve,
    )  # fmt: skip
    if as_json:
        left_out = {"curve", "sha256", "shape"}
        facts = {name: value for name, value in vars(trained.facts).items() if name not in left_out}
        typer.echo(json.dumps({"is_complete": trained.is_complete, **facts}))
    if not trained.is_complete:
        raise typer.Exit(130)


@examples(
    "simcash evaluate results/training/castro-12period-v0-seed0.pt --json",
    "simcash evaluate castro-12period-v0 --policy rollout:fifo --rollout samples=64",
)
def evaluate(
    checkpoint: Annotated[
        Path,
        typer.Argument(
            help="Checkpoint of simcash train, or a scenario with a shipped policy; with --policy, a scenario."
        ),
    ],
    seeds: Annotated[int, typer.Option(min=2, help="Number of test seeds.")] = 200,
    plots: Annotated[Path | None, typer.Option(help="Folder for plots.", show_default=False)] = None,
    policy: RolloutPolicy = None,
    rollout: RolloutSets = None,
    tuning_seeds: Annotated[
        int, typer.Option(min=0, help="Number of training seeds for tuning the base of rollout:tuned.")
    ] = 100,
    sets: Sets = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Evaluate a checkpoint, or a rollout policy next to its base, on test seeds and print the costs.

    A checkpoint is compared with FIFO and with the best tuned policy, where one is known.
    """
    if policy is not None:
        if plots is not None:
            raise ConfigError([Fault(None, None, "--plots", repr(str(plots)), "needs a checkpoint, not --policy")])
        (chosen,) = chosen_rollouts([policy], rollout, tuning_seeds)
        with naming_sets():
            cli_rollout(str(checkpoint), chosen, seeds, as_json=as_json, changes=chosen_changes(sets))
        return
    chosen_rollouts(None, rollout, tuning_seeds)
    with needs_extra(EXTRA):
        from simcash_env.cli.training import cli_evaluate
    with naming_sets():
        cli_evaluate(checkpoint, seeds, as_json=as_json, changes=chosen_changes(sets))
    if plots is not None:
        with needs_extra(EXTRA):
            from simcash_env.learning.checkpoint_plots import draw_checkpoint
        for path in draw_checkpoint(checkpoint, plots):
            note(f"drawn: {path}")
