"""Arguments that several commands take, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from simcash_env.cli.screen import notes
from simcash_env.config import PolicyConfig, ScenarioConfig
from simcash_env.config.report import broken_of, shown
from simcash_env.errors import ConfigError, Fault
from simcash_env.registry import scenario_ids
from simcash_env.schema.limits import MAX_SEED

LONGEST_NUMBER = 18


def complete_scenario(incomplete: str) -> Iterator[str]:
    """Ids of the library, and files, for the shell's completion."""
    yield from (name for name in scenario_ids() if name.startswith(incomplete))
    yield from complete_file(incomplete)


def complete_file(incomplete: str) -> Iterator[str]:
    """Files and folders, for the shell's completion."""
    start = Path(incomplete)
    folder, name = (start, "") if incomplete.endswith("/") else (start.parent, start.name)
    if folder.is_dir():
        for found in sorted(folder.iterdir()):
            if found.name.startswith(name):
                yield f"{found}/" if found.is_dir() else str(found)


PolicyPath = Annotated[
    Path | None,
    typer.Option("--policy-path", help="Folder where the policy paths of a file start.", show_default=False),
]
Seed = Annotated[
    int | None,
    typer.Option(min=0, max=MAX_SEED, help="Of the random stream; the file's own by default.", show_default=False),
]
Policies = Annotated[
    list[str] | None, typer.Option("--policy", help="BANK=NAME or BANK=NAME:parameter=value,...; may be repeated.")
]
ScenarioName = Annotated[
    str, typer.Argument(help="An id of the library, or a file.", autocompletion=complete_scenario, show_default=False)
]
RecordFile = Annotated[
    Path, typer.Argument(help="What run --db or --events wrote.", autocompletion=complete_file, show_default=False)
]
RunNumber = Annotated[
    int | None, typer.Option("--run", min=1, help="Which run of a DuckDB file; the last one by default.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress, no notes.")]


def chosen_policies(config: ScenarioConfig, choices: list[str]) -> dict[str, Any]:
    """What ``--policy`` says, as the configuration of a policy by bank.

    Raises:
        ConfigError: an unknown bank, policy or parameter, all of them at once.
    """
    faults: list[Fault] = []
    chosen: dict[str, Any] = {}
    names = {bank.id for bank in config.banks}
    for choice in choices:
        place = f"--policy {choice}"
        bank, equals, text = choice.partition("=")
        if not equals:
            faults.append(Fault(None, None, place, None, "must be BANK=NAME or BANK=NAME:parameter=value,..."))
        elif bank not in names:
            rule = f"unknown bank, banks are {', '.join(sorted(names))}"
            faults.append(Fault(None, None, place, shown(bank), rule))
        elif bank in chosen:
            faults.append(Fault(None, None, place, None, f"{bank} has been given a policy already"))
        else:
            fields = policy_fields(text)
            try:
                chosen[bank] = TypeAdapter(PolicyConfig).validate_python(fields)
            except ValidationError as error:
                for where, rule, value in broken_of(error, fields):
                    path = "".join(f": {step}" for step in where)
                    faults.append(Fault(None, None, f"{place}{path}", shown(value), rule))
    if faults:
        raise ConfigError(faults)
    return chosen


def policy_fields(text: str) -> dict[str, Any]:
    """``name`` or ``name:parameter=value,...`` as a scenario file would have it."""
    name, _, rest = text.partition(":")
    fields: dict[str, Any] = {"type": name}
    for item in filter(None, rest.split(",")):
        key, _, value = item.partition("=")
        digits = value.removeprefix("-")
        is_number = digits.isascii() and digits.isdecimal() and len(digits) <= LONGEST_NUMBER
        fields[key] = int(value) if is_number else value
    return fields


def with_policies(config: ScenarioConfig, choices: list[str], *, quiet: bool) -> ScenarioConfig:
    """The scenario with the chosen policies; an external bank without one releases everything (fifo).

    Raises:
        ConfigError: as ``chosen_policies``.
    """
    chosen = chosen_policies(config, choices)
    waiting = [bank.id for bank in config.banks if bank.policy.type == "external" and bank.id not in chosen]
    if waiting and not quiet:
        notes.print(f"nobody decides for {', '.join(waiting)}: running fifo (choose with --policy BANK=NAME)")
    fifo = TypeAdapter(PolicyConfig).validate_python({"type": "fifo"})
    return replace_policies(config, dict.fromkeys(waiting, fifo) | chosen)


def replace_policies(config: ScenarioConfig, chosen: dict[str, Any]) -> ScenarioConfig:
    """The scenario in which these banks follow these policies."""
    banks = tuple(bank.model_copy(update={"policy": chosen.get(bank.id, bank.policy)}) for bank in config.banks)
    return config.model_copy(update={"banks": banks})
