"""Endpoints of the viewer's page; they may change with it and are not part of the documented interface."""

from __future__ import annotations

import asyncio
import base64
import binascii
import functools
import importlib.util
import json
import tempfile
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import Field

from simcash_env.config import ScenarioConfig
from simcash_env.config.documents import Document, parse_json, parse_yaml
from simcash_env.config.external import RELEASE
from simcash_env.config.faults import Broken
from simcash_env.config.fields import Model
from simcash_env.config.library import policy_names, policy_path
from simcash_env.config.policies import (
    DeadlinePolicy,
    FifoPolicy,
    LiquidityAwarePolicy,
    LiquidityReservePolicy,
    LiquiditySplittingPolicy,
)
from simcash_env.config.report import config_error
from simcash_env.errors import ConfigError, SimcashError
from simcash_env.files import shipped_folder
from simcash_env.schema.codes import EventKind
from simcash_env.schema.limits import MAX_TICKS
from simcash_env.service import frames, game, requests
from simcash_env.service.creation import read_request
from simcash_env.service.held import Held, Origin, Recorded
from simcash_env.service.keeper import Keeper
from simcash_env.service.refusals import Refusal, refuse_unknown_parameters, refuse_value
from simcash_env.service.requests import NewSimulation, Seed
from simcash_env.service.routes import MaybeTick, StrictRoute, TheHeld, TheKeeper, Tick, library
from simcash_env.service.seats import Seats, open_policy, require_fit, seated
from simcash_env.service.streaming import send_reports
from simcash_env.service.words import IN_CENTS, WORDS, policy_text

SCRIPTED: Final[tuple[tuple[type[Model], dict[str, int]], ...]] = (
    (FifoPolicy, {}),
    (DeadlinePolicy, {"urgency_threshold": 2}),
    (LiquidityAwarePolicy, {"target_buffer": 100_000, "urgency_threshold": 2}),
    (LiquidityReservePolicy, {"target_buffer": 100_000, "urgency_threshold": 2}),
    (LiquiditySplittingPolicy, {"max_splits": 4, "min_split_amount": 10_000}),
)
"""Scripted policies, and the values with which the page fills in their parameters."""
PERSON, TRAINED, ALL_BANKS = "person", "trained", "*"
UPLOAD: Final = "upload:"
"""Before the name of an uploaded policy."""
SCENARIO_ENDINGS: Final = (".yaml", ".yml", ".json")
RECORD_ENDINGS: Final = (".parquet", ".duckdb")

router = APIRouter(
    prefix="/viewer",
    route_class=StrictRoute,
    dependencies=[Depends(refuse_unknown_parameters)],
    include_in_schema=False,
)


class View(Model):
    """A simulation to create: of the library, from a text, or from a file of the folder of data."""

    scenario: str | None = None
    text: str | None = None
    file: str | None = None
    name: str = "scenario"
    seed: Seed | None = None
    policies: dict[str, dict[str, Any]] = Field(default_factory=dict)


class RecordFile(Model):
    """A record in the folder of data."""

    file: str
    run: int | None = None


class Checkpoint(Model):
    """A trained policy: the text of its ``.json``, and its other file in base64."""

    name: str
    facts: str
    weights: str


def answer(content: Any) -> Response:
    """Return JSON."""
    return Response(json.dumps(content, separators=(",", ":")), media_type="application/json")


# -- the start page ---------------------------------------------------------------------------------------------------


@router.get("/start")
async def start(keeper: TheKeeper) -> Response:
    """Return what can be opened, and the policies that banks can follow."""
    return answer(await keeper.in_thread(lambda: _start(keeper)))


def _start(keeper: Keeper) -> dict[str, Any]:
    return {
        "scenarios": [row.model_dump() for row in library()],
        "scripted": [_scripted(model, values) for model, values in SCRIPTED],
        "trees": {name: json.loads(policy_path(name).read_text(encoding="utf-8")) for name in policy_names()},
        "trained": shipped_policies(),
        "has_trained": importlib.util.find_spec("torch") is not None,
        "has_records": importlib.util.find_spec("duckdb") is not None,
        "files": _files(keeper),
        "words": {kind.label: WORDS[kind] for kind in EventKind},
    }


def _scripted(model: type[Model], values: dict[str, int]) -> dict[str, Any]:
    doc = (model.__doc__ or "").strip()
    parameters = [
        {
            "name": name,
            "value": values[name],
            "about": field.description or "",
            "is_cents": name in IN_CENTS,
        }
        for name, field in model.model_fields.items()
        if name != "type"
    ]
    return {"type": model.model_fields["type"].default, "about": doc, "parameters": parameters}


@functools.cache
def shipped_policies() -> list[dict[str, Any]]:
    """Read name, scenario and kind of action of every policy that is shipped."""
    found = []
    for path in sorted(shipped_folder("trained").glob("*-seed0.json")):
        facts = json.loads(path.read_text(encoding="utf-8"))
        action = facts["settings"].get("action", "queue")
        found.append({"name": path.stem.removesuffix("-seed0"), "scenario": facts["scenario"], "action": action})
    return found


def _files(keeper: Keeper) -> list[dict[str, str]]:
    """List scenarios and records in the folder of data."""
    folder = keeper.settings.data
    if folder is None:
        return []
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    kinds = dict.fromkeys(SCENARIO_ENDINGS, "scenario") | dict.fromkeys(RECORD_ENDINGS, "record")
    return [
        {"file": str(path.relative_to(folder)), "kind": kinds[path.suffix]} for path in paths if path.suffix in kinds
    ]


def file_in_folder(keeper: Keeper, name: str) -> Path:
    """Return a file of the folder of data.

    Raises:
        Refusal: the service has no such folder, or no such file in it.
    """
    folder = keeper.settings.data
    if folder is None:
        raise refuse_value("file", "no folder of data is served (--data)", name)
    try:
        path = (folder / name).resolve()
        is_inside = path.is_relative_to(folder.resolve()) and path.is_file()
    except (OSError, ValueError, RuntimeError):
        is_inside = False
    if not is_inside:
        raise refuse_value("file", "must be a file in the folder of data (--data)", name)
    return path


# -- simulations, records, checkpoints --------------------------------------------------------------------------------


@router.post("/check")
async def check(keeper: TheKeeper, body: View) -> Response:
    """Validate a scenario, and return its banks and its size."""
    return answer(await keeper.in_thread(lambda: _checked(read_view(body, keeper).config)))


def _checked(config: ScenarioConfig) -> dict[str, Any]:
    time = config.simulation
    return {
        "name": config.name,
        "description": config.description,
        "banks": [{"id": bank.id, "policy": policy_text(bank.policy)} for bank in config.banks],
        "currency": config.currency,
        "seed": time.seed,
        "ticks_per_day": time.ticks_per_day,
        "num_days": time.num_days,
        "trained": [row for row in shipped_policies() if row["scenario"] == config.name],
    }


@router.post("/simulations", status_code=HTTPStatus.CREATED)
async def create(keeper: TheKeeper, body: View) -> Response:
    """Create a simulation, with a policy, a trained policy or a person for each bank."""
    held = await keeper.add(lambda: (read_view(body, keeper), None))
    return answer(await keeper.exclusively(held, lambda: frames.about(held)))


def read_view(view: View, keeper: Keeper) -> Origin:
    """Validate a request of the page.

    Raises:
        ConfigError: lists all faults, with the lines of a text.
    """
    document = _document(view, keeper)
    scenario = view.scenario if document is None else document.value
    try:
        plain = read_request(NewSimulation.model_validate({"scenario": scenario, "seed": view.seed}), keeper.settings)
        chosen = _by_bank(_with_checkpoints(view.policies, keeper), plain.config)
        seats = _seats(chosen)
        policies = {bank: {"type": "external"} if _is_seat(policy) else policy for bank, policy in chosen.items()}
        if seats.decides:  # a tick with decisions holds what other external banks have: give them a policy
            external = [bank.id for bank in plain.config.banks if bank.policy.type == "external"]
            policies = {bank: {"type": "fifo"} for bank in external} | policies
        request = {"scenario": scenario, "seed": view.seed, "policies": policies, "external": RELEASE}
        origin = read_request(NewSimulation.model_validate(request), keeper.settings)
    except ConfigError as error:
        raise _with_lines(error, document) from error
    if not seats.trained:
        return replace(origin, seats=seats)
    config, notices = seated(origin.config, seats)
    return replace(origin, config=config, notices=(*origin.notices, *notices), seats=seats)


def _with_checkpoints(policies: dict[str, dict[str, Any]], keeper: Keeper) -> dict[str, dict[str, Any]]:
    """Return the policies with the files of the trained ones: shipped, or uploaded to this service."""
    found = {}
    for bank, policy in policies.items():
        found[bank] = policy
        if policy.get("type") == TRAINED:
            path = f"policies.{bank}.checkpoint"
            found[bank] = {**policy, "checkpoint": _checkpoint(policy.get("checkpoint"), path, keeper)}
    return found


def _checkpoint(given: Any, path: str, keeper: Keeper) -> str:
    """Return what opens a policy; no other file of the server can be named.

    Raises:
        Refusal: there is no such policy.
    """
    shipped = [row["name"] for row in shipped_policies()]
    if given in shipped:
        return str(given)
    uploads = keeper.uploads().resolve()
    if isinstance(given, str) and given.startswith(UPLOAD):
        file = (uploads / given.removeprefix(UPLOAD)).resolve()
        if file.is_relative_to(uploads) and file.is_file():
            return str(file)
    raise refuse_value(path, "must be a shipped policy, or one that was uploaded", given, shipped)


def _by_bank(policies: dict[str, dict[str, Any]], config: ScenarioConfig) -> dict[str, dict[str, Any]]:
    """Return the policy of each bank that is given one: ``*`` stands for all banks that are not named."""
    others, ids = policies.get(ALL_BANKS), [bank.id for bank in config.banks]
    if others is not None and others.get("type") == TRAINED:
        ids = list(require_fit(open_policy(others["checkpoint"]), config))  # the others follow the scenario
    named = {bank: policy for bank, policy in policies.items() if bank != ALL_BANKS}
    return named if others is None else dict.fromkeys(ids, others) | named


def _is_seat(policy: dict[str, Any]) -> bool:
    return policy.get("type") in {PERSON, TRAINED}


def _seats(policies: dict[str, dict[str, Any]]) -> Seats:
    """Return who decides for the banks without a policy of the scenario.

    Raises:
        Refusal: two trained policies, or people for two banks.
    """
    trained = [bank for bank, policy in policies.items() if policy.get("type") == TRAINED]
    checkpoints = sorted({policies[bank]["checkpoint"] for bank in trained})
    if len(checkpoints) > 1:
        names = ", ".join(Path(name).name for name in checkpoints)
        raise refuse_value("policies", "all trained banks must follow one checkpoint", names)
    people = tuple(sorted(bank for bank, policy in policies.items() if policy.get("type") == PERSON))
    if len(people) > 1:
        raise refuse_value("policies", "a person decides for one bank of a run", ", ".join(people))
    return Seats(people, tuple(sorted(trained)), checkpoints[0] if checkpoints else "")


def _document(view: View, keeper: Keeper) -> Document | None:
    """Return the text of the request or of its file."""
    given = [name for name in ("scenario", "text", "file") if getattr(view, name) is not None]
    if len(given) != 1:
        raise config_error([Broken(("scenario",), "give one of scenario, text and file", given or None)], None)
    if view.file is not None:
        path = file_in_folder(keeper, view.file)
        document = _parsed(path.read_text(encoding="utf-8-sig"), view.file)
        recorded = (document.value or {}).get("arrivals") if isinstance(document.value, dict) else None
        if isinstance(recorded, dict) and isinstance(recorded.get("recorded"), dict):  # relative to the scenario
            name = recorded["recorded"].get("file")
            folder = Path(view.file).parent
            if isinstance(name, str):
                recorded["recorded"]["file"] = str(folder / name)
        return document
    return None if view.text is None else _parsed(view.text, view.name)


def _parsed(text: str, name: str) -> Document:
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    is_json = name.lower().endswith(".json") or plain.lstrip()[:1] == "{"
    document = parse_json(plain, name) if is_json else parse_yaml(plain, name)
    if document.broken:
        raise document.error(document.broken)
    return document


def _with_lines(error: ConfigError, document: Document | None) -> ConfigError:
    """Name the file and the line of every fault."""
    if document is None:
        return error
    lines = {".".join(map(str, place)): line for place, line in document.lines.items()}

    def line_of(path: str) -> int | None:
        parts = path.split(".")
        found = (lines.get(".".join(parts[:length])) for length in range(len(parts), 0, -1))
        return next((line for line in found if line is not None), None)

    own = [
        fault if fault.path.startswith("policies.") else replace(fault, file=document.file, line=line_of(fault.path))
        for fault in error.faults
    ]
    return ConfigError(own)


@router.post("/records", status_code=HTTPStatus.CREATED)
async def open_uploaded(
    request: Request, keeper: TheKeeper, name: str = "record", run: Annotated[int | None, Query(ge=1)] = None
) -> Response:
    """Repeat a recorded run, which is the body of the request."""
    content = await request.body()

    def read() -> tuple[Origin, Recorded]:
        with tempfile.TemporaryDirectory(prefix="simcash-") as folder:
            path = Path(folder) / "record"
            path.write_bytes(content)
            return _read_recorded(path, name, run)

    held = await keeper.add(read)
    return answer(await keeper.exclusively(held, lambda: frames.about(held)))


@router.post("/records/open", status_code=HTTPStatus.CREATED)
async def open_file(keeper: TheKeeper, body: RecordFile) -> Response:
    """Repeat a recorded run of the folder of data."""
    held = await keeper.add(lambda: _read_recorded(file_in_folder(keeper, body.file), body.file, body.run))
    return answer(await keeper.exclusively(held, lambda: frames.about(held)))


def _read_recorded(path: Path, name: str, run: int | None) -> tuple[Origin, Recorded]:
    try:
        from simcash_env.service.recorded_runs import read_recorded
    except ModuleNotFoundError as missing:
        message = f"records need {missing.name}: pip install 'simcash-env[records]'"
        raise SimcashError(message) from missing
    return read_recorded(path, name, run)


@router.post("/checkpoints", status_code=HTTPStatus.CREATED)
async def upload_checkpoint(keeper: TheKeeper, body: Checkpoint) -> Response:
    """Keep a trained policy until the service stops, and return what ``policies`` calls it."""
    return answer(await keeper.in_thread(lambda: _keep_checkpoint(keeper, body)))


def _keep_checkpoint(keeper: Keeper, body: Checkpoint) -> dict[str, str]:
    name = Path(body.name)
    if name.suffix not in {".pt", ".npy"} or len(name.parts) != 1:
        raise refuse_value("name", "must be the name of a .pt or .npy file", body.name)
    try:
        weights = base64.b64decode(body.weights, validate=True)
    except binascii.Error as error:
        raise refuse_value("weights", "must be base64", body.weights[:20]) from error
    folder = Path(tempfile.mkdtemp(dir=keeper.uploads()))
    (folder / name).write_bytes(weights)
    (folder / name).with_suffix(".json").write_text(body.facts, encoding="utf-8")
    policy = open_policy(str(folder / name))
    return {"checkpoint": f"{UPLOAD}{folder.name}/{name}", "name": policy.name, "scenario": policy.whole.name}


# -- a simulation -----------------------------------------------------------------------------------------------------


@router.get("/simulations/{id}")
async def show_about(keeper: TheKeeper, held: TheHeld) -> Response:
    """Return what stays the same during the run."""
    return answer(await keeper.exclusively(held, lambda: frames.about(held)))


@router.get("/simulations/{id}/frame")
async def show_frame(
    keeper: TheKeeper, held: TheHeld, tick: MaybeTick = None, bank: str | None = None, desk: str | None = None
) -> Response:
    """Return the state after `tick` ticks."""
    return answer(await keeper.exclusively(held, lambda: frames.frame(held, tick, bank, desk)))


@router.get("/simulations/{id}/track")
async def show_track(
    keeper: TheKeeper, held: TheHeld, from_tick: Tick = 0, bank: Annotated[list[str] | None, Query()] = None
) -> Response:
    """Return figures by tick from `from_tick` on, of the system and of these banks."""
    return answer(await keeper.exclusively(held, lambda: _track(held, from_tick, bank or [])))


def _track(held: Held, from_tick: int, banks: list[str]) -> dict[str, Any]:
    for bank in banks:
        if bank not in held.run.bank_ids:
            raise refuse_value("query.bank", "is not a bank of this simulation", bank, held.run.bank_ids)
    held.track.extend_to(held.run.current_tick, held.inputs)
    held.weigh()
    return held.track.content(from_tick, banks)


@router.get("/simulations/{id}/score")
async def show_score(keeper: TheKeeper, held: TheHeld) -> Response:
    """Return the cost of a person's bank when the run is over, and what scripted policies cost in its place."""
    return answer(await keeper.exclusively(held, lambda: game.score(held)))


@router.post("/simulations/{id}/tick")
async def run_ticks(
    keeper: TheKeeper,
    held: TheHeld,
    *,
    count: Annotated[int, Query(ge=1, le=MAX_TICKS)] = 1,
    bank: str | None = None,
    desk: str | None = None,
    body: requests.TickOrders | None = None,
) -> Response:
    """Run ticks and return the state after them."""
    orders = (body or requests.TickOrders()).model_dump()

    def work() -> dict[str, Any]:
        before = len(held.reports)
        try:
            keeper.tick(held, count, orders)
        finally:
            send_reports(held, held.reports[before:], loop)
        return frames.frame(held, None, bank, desk)

    loop = asyncio.get_running_loop()
    return answer(await keeper.exclusively(held, work))


@router.get("/plotly.js")
async def plotly() -> Response:
    """Return the library of the charts, which is installed with the package `plotly`."""
    path = plotly_file()
    if path is None:
        raise Refusal(HTTPStatus.NOT_FOUND, "charts need plotly: pip install 'simcash-env[service]'")
    headers = {"cache-control": "private, max-age=86400"}
    return FileResponse(path, media_type="text/javascript", headers=headers)


@functools.cache
def plotly_file() -> Path | None:
    """Return the path of Plotly's script, without importing the package; None where it is not installed."""
    found = importlib.util.find_spec("plotly")
    if found is None or not found.submodule_search_locations:
        return None
    path = Path(next(iter(found.submodule_search_locations))) / "package_data" / "plotly.min.js"
    return path if path.is_file() else None
