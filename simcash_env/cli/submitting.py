"""``simcash submit``: check, replay and score a policy written with any library, and add it to a leaderboard."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from simcash_env.cli.choices import AsJson, Quiet, complete_file
from simcash_env.cli.examples import examples
from simcash_env.cli.outputs import unusable_path
from simcash_env.cli.screen import data, needs_extra, note, notes
from simcash_env.config import ScenarioConfig
from simcash_env.config.suggest import nearest, suggestion
from simcash_env.errors import ConfigError, Fault
from simcash_env.registry import load, scenario_ids

if TYPE_CHECKING:
    from simcash_env.evaluation.submission_archive import Archive
    from simcash_env.evaluation.submission_score import Score

EXTRA: Final = "training"
NUM_CHECKED: Final = 3
"""Validation days of ``--check``."""
MIB: Final = 2**20


@examples(
    "simcash submit policy.zip --check",
    "simcash submit policy.zip --leaderboard leaderboard.json --seeds 200",
    "simcash submit policy.zip --python other/bin/python --scenario harbour.yaml",
)
def submit(
    policy: Annotated[
        Path, typer.Argument(help="Archive: a zip file with policy.toml, code and weights.", show_default=False)
    ],
    leaderboard: Annotated[
        Path,
        typer.Option(help="Leaderboard to write, .json; a table goes next to it as .md.", autocompletion=complete_file),
    ] = Path("leaderboard.json"),
    scenario: Annotated[
        list[Path] | None,
        typer.Option(
            help="Scenario file that the policy names and the library lacks (may be repeated).", show_default=False
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            min=2, help="Number of test seeds (default: those of the leaderboard, or 200).", show_default=False
        ),
    ] = None,
    tuning_seeds: Annotated[
        int, typer.Option(min=0, help="Number of training seeds for tuning the scripts of a new scenario.")
    ] = 100,
    python: Annotated[
        Path | None,
        typer.Option(help="Python of the environment that the policy runs in (default: this one).", show_default=False),
    ] = None,
    decision_seconds: Annotated[
        float, typer.Option(min=0.001, help="Most seconds for the actions of all banks in one tick.")
    ] = 1.0,
    total_seconds: Annotated[float, typer.Option(min=1, help="Most seconds for one scenario.")] = 1_800.0,
    memory: Annotated[
        int, typer.Option(min=64, help="Most memory of the policy's process, as address space in MiB.")
    ] = 8_192,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Only check the archive and play three validation days; write nothing.")
    ] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Score a policy written with any library, through the public interface, and add it to a leaderboard.

    The policy runs in a process of its own, with limits. This is no sandbox: submit only code that you trust.
    """
    with needs_extra(EXTRA, "scipy"):
        from simcash_env.evaluation import leaderboard_file as boards
        from simcash_env.evaluation.seeds import held_out_seeds, validation_seeds
        from simcash_env.evaluation.submission_archive import open_archive
        from simcash_env.evaluation.submission_process import Limits
        from simcash_env.evaluation.submission_score import score
    require_json_file(leaderboard)
    archive = open_archive(policy)
    configs = named_scenarios(archive, scenario or [])
    limits = Limits(decision_seconds, total_seconds=total_seconds, memory_bytes=memory * MIB)
    report = notes.print if notes.is_terminal and not quiet else None
    options: dict[str, Any] = {"limits": limits, "python": python, "report": report}
    if check:
        found = [score(archive, config, validation_seeds(NUM_CHECKED), **options) for config in configs]
        tell_checked(archive, found, as_json=as_json)
        return
    with boards.opened(leaderboard) as standing:
        standing.require_free(archive)
        played = [standing.board(config, seeds, tuning_seeds) for config in configs]
        changed = []
        for config, board in zip(configs, played, strict=True):
            found_score = score(archive, config, held_out_seeds(board.num_seeds), **options)
            changed.append(boards.with_submission(board, archive, found_score, config))
        for board in changed:
            standing.put(board)
        page = standing.save()
    if as_json:
        own = [entry for board in changed for entry in board.submissions if entry.row.policy == archive.facts.name]
        typer.echo(json.dumps([asdict(entry) for entry in own]))
    else:
        from simcash_env.evaluation.leaderboard import format_table

        for board in changed:
            data.print(format_table(board.rows()))
    if not quiet:
        note(f"written: {leaderboard} and {page}")


def require_json_file(path: Path) -> None:
    """Refuse a leaderboard that cannot be written.

    Raises:
        ConfigError: another ending, or no folder.
    """
    rule = unusable_path(path) or ("" if path.suffix == ".json" else "must end in .json")
    if rule:
        raise ConfigError([Fault(None, None, "--leaderboard", repr(str(path)), rule)])


def named_scenarios(archive: Archive, files: list[Path]) -> list[ScenarioConfig]:
    """Return the scenarios that a policy names: of the files given, or of the library.

    Raises:
        ConfigError: lists those that cannot be loaded, and files that the policy does not name.
    """
    given = {config.name: config for config in map(load, files)}
    names = archive.facts.scenarios
    found: list[ScenarioConfig] = []
    faults: list[Fault] = []
    library = scenario_ids()
    for place, name in enumerate(names):
        if name in given:
            found.append(given[name])
        elif name in library:
            found.append(load(name))
        else:
            guess = suggestion(nearest(name, [*given, *library]))
            rule = f"must be a scenario of the library, or the name of one given with --scenario{guess}"
            faults.append(Fault(f"{archive.path}!policy.toml", None, f"scenarios.{place}", repr(name), rule))
    rule = f"must be one of {', '.join(names)}"
    faults += [Fault(None, None, "--scenario", repr(name), rule) for name in given.keys() - set(names)]
    if faults:
        raise ConfigError(faults)
    return found


def tell_checked(archive: Archive, found: list[Score], *, as_json: bool) -> None:
    """Print what a check found."""
    rows = [
        {
            "scenario": score.evaluation.scenario,
            "days": len(score.evaluation.seeds),
            "mean_cents": float(score.evaluation.totals().mean()),
            "illegal_choices": score.illegal_choices,
            "milliseconds_per_decision": score.evaluation.milliseconds_per_decision,
            "slowest_milliseconds": score.slowest_milliseconds,
            "versions": score.versions,
            "python": score.python,
        }
        for score in found
    ]
    if as_json:
        typer.echo(json.dumps({"policy": archive.facts.name, "sha256": archive.sha256, "scenarios": rows}))
        return
    for row in rows:
        days = f"{row['days']} validation days played twice, the same actions"
        slowest = f"{row['slowest_milliseconds']:.3g} ms for the slowest tick"
        text = f"{archive.facts.name}: accepted on {row['scenario']}: {days}; {slowest}"
        data.print(text, soft_wrap=True)
