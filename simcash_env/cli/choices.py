"""Arguments and options that several commands share, and functions that parse them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from simcash_env.cli.screen import note
from simcash_env.config import PolicyConfig, ScenarioConfig
from simcash_env.config.documents import DUPLICATE, parse_yaml
from simcash_env.config.external import HOLD, RELEASE, default_policy, plain_external
from simcash_env.config.library import policy_names, policy_path
from simcash_env.config.overrides import PREFIX
from simcash_env.config.policy_texts import by_bank, named_banks, parse_policy
from simcash_env.config.report import broken_of, shown
from simcash_env.config.suggest import likely, suggestion
from simcash_env.errors import ConfigError, Fault
from simcash_env.kernels._numba import notice
from simcash_env.registry import scenario_ids
from simcash_env.schema.limits import MAX_SEED
from simcash_env.simulation import Simulation


def complete_scenario(incomplete: str) -> Iterator[str]:
    """Yield ids of the library and files for shell completion."""
    yield from (name for name in scenario_ids() if name.startswith(incomplete))
    yield from complete_file(incomplete)


def complete_file(incomplete: str) -> Iterator[str]:
    """Yield files and folders for shell completion."""
    start = Path(incomplete)
    folder, name = (start, "") if incomplete.endswith("/") else (start.parent, start.name)
    if folder.is_dir():
        for found in sorted(folder.iterdir()):
            if found.name.startswith(name):
                yield f"{found}/" if found.is_dir() else str(found)


PolicyPath = Annotated[
    Path | None,
    typer.Option(
        "--policy-path",
        help="Folder that is searched first for tree files named in the scenario.",
        show_default=False,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(min=0, max=MAX_SEED, help="Random seed (default: the seed in the file).", show_default=False),
]
Policies = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        metavar="BANK=NAME[:KEY=VALUE,...]",
        help="Policy of a bank, or of all banks whose ids match a pattern: BANK_A=fifo, "
        "'*=deadline:urgency_threshold=6', 'CORE_*=small_first.json' (may be repeated).",
        show_default=False,
    ),
]
ScenarioName = Annotated[
    str,
    typer.Argument(
        help="Scenario: an id of the library or a scenario file.", autocompletion=complete_scenario, show_default=False
    ),
]
RecordFile = Annotated[
    Path,
    typer.Argument(
        help="Run record written by simcash run --db or --events.", autocompletion=complete_file, show_default=False
    ),
]
RunNumber = Annotated[
    int | None, typer.Option("--run", min=1, help="Number of the run in a DuckDB file (default: the last run).")
]
External = Annotated[
    str | None,
    typer.Option(
        "--external",
        help="Default policy of external banks in ticks without actions: release, hold, NAME or "
        "NAME:parameter=value,... (default: release).",
        show_default=False,
    ),
]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a value of the scenario, such as lsm.algorithms=[] or banks.BANK_A.credit_limit=0 "
        "(may be repeated).",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]


def leave_out_notice(quiet: bool) -> bool:  # noqa: FBT001 - the signature typer asks for
    """Silence the notice about compilation under ``--quiet``."""
    if quiet:
        notice.silence()
    return quiet


Quiet = Annotated[bool, typer.Option("--quiet", help="Print no progress and no notes.", callback=leave_out_notice)]


def chosen_policies(config: ScenarioConfig, choices: list[str]) -> dict[str, Any]:
    """Parse the values of ``--policy`` into a policy configuration by bank.

    Raises:
        ConfigError: an unknown bank, policy or parameter; lists all faults.
    """
    faults: list[Fault] = []
    chosen: dict[str, Any] = {}
    ids = tuple(bank.id for bank in config.banks)
    for choice in choices:
        place = f"--policy {choice}"
        bank, equals, text = choice.partition("=")
        if not equals:
            faults.append(Fault(None, None, place, None, "must be BANK=NAME or BANK=NAME:parameter=value,..."))
        elif not named_banks(bank, ids):
            rule = f"unknown bank, banks are {', '.join(sorted(ids))}{suggestion(likely(bank, ids))}"
            faults.append(Fault(None, None, place, shown(bank), rule))
        elif bank in chosen:
            faults.append(Fault(None, None, place, None, f"{bank} has been given a policy already"))
        elif text.partition(":")[0] == "rollout":
            rule = (
                "a rollout policy plans with forks of the run and decides for all banks of an environment; "
                "use it with simcash evaluate or simcash benchmark"
            )
            faults.append(Fault(None, None, place, None, rule))
        else:
            try:
                chosen[bank] = named_policy(text, place)
            except ConfigError as error:
                faults += error.faults
    if faults:
        raise ConfigError(faults)
    return by_bank(chosen, ids)


def policy_fields(text: str, place: str | None = None) -> dict[str, Any]:
    """Parse ``NAME`` or ``NAME:parameter=value,...`` into the mapping of a scenario file.

    Args:
        text: the policy.
        place: the option in error messages (default: ``--policy`` with the text).

    Raises:
        ConfigError: a number that has two meanings, a parameter given twice.
    """
    place = f"--policy {text}" if place is None else place
    parsed = parse_policy(text)
    if parsed.faults:
        raise ConfigError([Fault(None, None, f"{place}: {key}", value, rule) for key, value, rule in parsed.faults])
    return parsed.fields


def named_policy(text: str, place: str | None = None) -> Any:
    """Parse ``NAME`` or ``NAME:parameter=value,...`` into a policy configuration.

    Args:
        text: the policy.
        place: the option in error messages (default: ``--policy`` with the text).

    Raises:
        ConfigError: no such policy or parameter; lists all faults.
    """
    place = f"--policy {text}" if place is None else place
    fields = policy_fields(text, place)
    file = Path(str(fields.get("file", "")))
    if file.name == str(file) and file.stem in policy_names() and not file.exists():
        fields["file"] = str(policy_path(file.stem))
    try:
        return TypeAdapter(PolicyConfig).validate_python(fields)
    except ValidationError as error:
        faults = [
            Fault(
                None, None, "".join([place, *(f": {step}" for step in where)]),
                shown(value if where else fields["type"]), rule,
            )
            for where, rule, value in broken_of(error, fields)
        ]  # fmt: skip
        raise ConfigError(faults) from error


def chosen_changes(sets: Sequence[str] | None) -> dict[str, Any]:
    """Parse the values of ``--set`` into changes by dotted key; values are YAML.

    Raises:
        ConfigError: no value, a key given twice, a value that is not YAML; lists all faults.
    """
    faults: list[Fault] = []
    chosen: dict[str, Any] = {}
    for text in sets or ():
        key, equals, value = text.partition("=")
        place = f"--set {key}"
        if not equals or not key:
            faults.append(Fault(None, None, f"--set {text}", None, "must be KEY=VALUE, such as lsm.algorithms=[]"))
            continue
        if key in chosen:
            faults.append(Fault(None, None, place, None, DUPLICATE))
        chosen[key] = None
        try:
            document = parse_yaml(value, None)
        except ConfigError as error:
            faults += [Fault(None, None, place, shown(value), fault.rule) for fault in error.faults]
            continue
        faults += [
            Fault(None, None, ".".join([place, *map(str, found.place)]), shown(found.value), found.rule)
            for found in document.broken
        ]
        chosen[key] = document.value
    if faults:
        raise ConfigError(faults)
    return chosen


@contextmanager
def naming_sets(option: str = "--set") -> Iterator[None]:
    """Name the option of a change in the errors that it causes."""
    try:
        yield
    except ConfigError as error:
        faults = [
            replace(fault, path=re.sub(f"^{re.escape(PREFIX)}", f"{option} ", fault.path)) for fault in error.faults
        ]
        raise ConfigError(faults) from error


def chosen_external(text: str | None) -> dict[str, Any] | str:
    """Parse ``--external`` into the argument of ``Simulation``; the default is to release.

    Raises:
        ConfigError: an unknown policy or parameter; lists all faults.
    """
    if text is None or text in {RELEASE, HOLD}:
        return text or RELEASE
    try:
        return plain_external(default_policy(policy_fields(text)))
    except ConfigError as error:
        place = f"--external {text}"
        raise ConfigError(
            replace(fault, path=place + fault.path.removeprefix("external").replace(".", ": ", 1))
            for fault in error.faults
        ) from error


def print_notices(simulation: Simulation, *, quiet: bool = False) -> None:
    """Print the notices of a simulation to stderr, unless ``quiet``."""
    for text in () if quiet else simulation.notices:
        note(f"{text}; choose with --external or --policy BANK=NAME")


def replace_policies(config: ScenarioConfig, chosen: dict[str, Any]) -> ScenarioConfig:
    """Return the scenario with these policies for these banks."""
    banks = tuple(bank.model_copy(update={"policy": chosen.get(bank.id, bank.policy)}) for bank in config.banks)
    return config.model_copy(update={"banks": banks})
