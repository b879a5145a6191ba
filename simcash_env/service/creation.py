"""From a creation request to a runnable scenario, without reading files of the server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from simcash_env.config import PolicyConfig, ScenarioConfig, load_scenario
from simcash_env.config.external import default_policy, plain_external
from simcash_env.config.faults import Broken, Place
from simcash_env.config.library import policy_names, policy_path, scenario_ids
from simcash_env.config.policy_texts import by_bank, named_banks, parse_policy
from simcash_env.config.recorded import PLACE as RECORDED
from simcash_env.config.report import broken_of, config_error
from simcash_env.config.suggest import likely, suggestion
from simcash_env.errors import ConfigError, Fault
from simcash_env.service.held import Origin
from simcash_env.service.requests import NewSimulation
from simcash_env.service.settings import Settings

NO_FILES = "files are not read here, write the tree out under tree"
FILE_KEYS = ("file", "json_path")
"""Keys that name a tree file: native and SimCash format."""

POLICY: TypeAdapter[Any] = TypeAdapter(PolicyConfig)


def read_request(request: NewSimulation, settings: Settings) -> Origin:
    """Validate a request.

    Raises:
        ConfigError: lists all faults, worded as in ``simcash validate``.
    """
    notices: list[str] = []
    config = _scenario(request.scenario, notices, settings.data)
    if len(config.banks) > settings.max_banks:
        rule = f"must have at most {settings.max_banks} entries here (--max-banks)"
        raise ConfigError([Fault(None, None, "banks", str(len(config.banks)), rule)])
    config = _with_policies(config, request)
    external = _external(config, request.external)
    seed = config.simulation.seed if request.seed is None else request.seed
    return Origin(config, seed, request.events, tuple(notices), external)


def _external(config: ScenarioConfig, given: Any) -> str | dict[str, Any]:
    """Return the default policy of external banks, validated like a bank's policy."""
    if isinstance(given, str) and ":" in given:
        given = _fields("external", given)
    if isinstance(given, Mapping):
        files = [Broken(("external", key), NO_FILES, given[key]) for key in FILE_KEYS if given.get(key) is not None]
        if files:
            raise config_error(files, None)
    return plain_external(default_policy(given, config))


def _scenario(given: Any, notices: list[str], data: Path | None) -> ScenarioConfig:
    if isinstance(given, str):
        if given not in scenario_ids():
            rule = f"no scenario of the library{suggestion(likely(given, scenario_ids()))}"
            raise config_error([Broken(("scenario",), rule, given)], None)
        return load_scenario(given)
    if not isinstance(given, Mapping):
        raise config_error([Broken(("scenario",), "must be an id of the library or a mapping", given)], None)
    files = [Broken(place, NO_FILES, value) for place, value in _files(given, ())]
    given, refused = _with_data(given, data)
    files += refused
    if files:
        raise config_error(files, None)
    return load_scenario(given, notice=notices.append)


def _with_data(given: Mapping[str, Any], data: Path | None) -> tuple[Mapping[str, Any], list[Broken]]:
    """Look a file of recorded payments up in the folder of data; what lies elsewhere is refused."""
    arrivals = given.get("arrivals")
    recorded = arrivals.get("recorded") if isinstance(arrivals, Mapping) else None
    file = recorded.get("file") if isinstance(recorded, Mapping) else None
    if not isinstance(arrivals, Mapping) or not isinstance(recorded, Mapping) or not isinstance(file, str):
        return given, []
    place = (*RECORDED, "file")
    if data is None:
        return given, [Broken(place, "recorded payments are not read here (--data names their folder)", file)]
    try:
        path = (data / file).resolve()
        is_inside = path.is_relative_to(data.resolve()) and path.is_file()
    except (OSError, ValueError, RuntimeError):  # a name that no file can have, or links in a circle
        is_inside = False
    if not is_inside:
        return given, [Broken(place, "must be a file in the folder of recorded payments (--data)", file)]
    return {**given, "arrivals": {**arrivals, "recorded": {**recorded, "file": str(path)}}}, []


def _files(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """Yield every policy key that would open a file."""
    if isinstance(value, Mapping):
        for key, inside in value.items():
            if place and place[-1] == "policy" and key in FILE_KEYS and inside is not None:
                yield (*place, key), inside
            else:
                yield from _files(inside, (*place, key))
    elif isinstance(value, list):
        for number, inside in enumerate(value):
            yield from _files(inside, (*place, number))


def _fields(path: str, text: str) -> dict[str, Any]:
    """Return the mapping of a scenario file for a policy that was given as text.

    Raises:
        ConfigError: a parameter that is given twice or has two meanings.
    """
    parsed = parse_policy(text)
    if parsed.faults:
        raise config_error([Broken((path, key), rule, value) for key, value, rule in parsed.faults], None)
    return parsed.fields


def _policy(path: str, given: Any, broken: list[Broken]) -> Any:
    """Return a policy, or None and add what is wrong with it."""
    try:
        fields = _fields(path, given) if isinstance(given, str) else given
    except ConfigError as error:
        broken += [Broken((fault.path,), fault.rule, fault.value) for fault in error.faults]
        return None
    file = fields.get("file")
    if isinstance(given, str) and isinstance(file, str) and file.removesuffix(".json") in policy_names():
        fields["file"] = str(policy_path(file.removesuffix(".json")))  # a tree of the library
    else:
        files = [key for key in FILE_KEYS if fields.get(key) is not None]
        broken += [Broken((path, key), NO_FILES, fields[key]) for key in files]
        if files:
            return None
    try:
        return POLICY.validate_python(fields)
    except ValidationError as error:
        broken += [Broken((path, *place), rule, value) for place, rule, value in broken_of(error, fields)]
        return None


def _with_policies(config: ScenarioConfig, request: NewSimulation) -> ScenarioConfig:
    """Return the scenario with the policies of the request."""
    ids = [bank.id for bank in config.banks]
    broken: list[Broken] = []
    policies: dict[str, Any] = {}
    for pattern, given in request.policies.items():
        path = f"policies.{pattern}"
        if not named_banks(pattern, ids):
            rule = f"unknown bank, banks are {', '.join(ids)}{suggestion(likely(pattern, ids))}"
            broken.append(Broken((path,), rule, pattern))
        else:
            policies[pattern] = _policy(path, given, broken)
    chosen: dict[str, Any] = {}
    if request.external_policy is not None:
        policy = _policy("external_policy", request.external_policy, broken)
        chosen = {bank.id: policy for bank in config.banks if bank.policy.type == "external"}
    chosen |= by_bank(policies, ids)
    if broken:
        raise config_error(broken, None)
    if not chosen:
        return config
    banks = tuple(bank.model_copy(update={"policy": chosen.get(bank.id, bank.policy)}) for bank in config.banks)
    return config.model_copy(update={"banks": banks})
