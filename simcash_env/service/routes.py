"""The endpoints. Each runs its work in a thread; calls to one simulation run one at a time."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from fastapi.routing import APIRoute

from simcash_env import __version__
from simcash_env.config import load_scenario
from simcash_env.config.documents import DUPLICATE, parse_json, parse_yaml
from simcash_env.config.library import scenario_ids, scenario_question
from simcash_env.errors import ConfigError, printable
from simcash_env.schema.limits import MAX_TICKS
from simcash_env.service import models, requests, views
from simcash_env.service.held import Held
from simcash_env.service.keeper import Keeper
from simcash_env.service.meters import Meters
from simcash_env.service.paging import EventFilter
from simcash_env.service.refusals import Refusal, UnusableValues, refuse_unknown_parameters
from simcash_env.service.streaming import send_reports

Id = Annotated[str, Path(alias="id", description="Id of the simulation.", max_length=64)]
Tick = Annotated[int, Query(ge=0, le=MAX_TICKS)]
MaybeTick = Annotated[int | None, Query(ge=0, le=MAX_TICKS)]
Payments = Annotated[int, Query(ge=0, le=10_000, description="Maximum number of payments listed from each queue.")]
Responses = dict[int | str, dict[str, Any]]

YAML_TYPES: Final = frozenset({"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"})
"""Media types of YAML: the registered one (RFC 9512) and older ones."""

MISSING: Final[Responses] = {404: {"model": models.Refused, "description": "Not found."}}
CONFLICT: Final[Responses] = {
    409: {"model": models.Refused, "description": "Not possible in the current state of the simulation."}
}
FULL: Final[Responses] = {507: {"model": models.Refused, "description": "Not enough memory or disk space."}}
STOPPING: Final[Responses] = {503: {"model": models.Refused, "description": "The service is stopping."}}
BODY: Final[Responses] = {
    400: {"model": models.Refused, "description": "The body is not valid JSON or YAML."},
    413: {"model": models.Refused, "description": "The body exceeds the size limit."},
    415: {"model": models.Refused, "description": "The body is neither JSON nor YAML by its `Content-Type`."},
}
EVERY: Final[Responses] = {
    401: {"model": models.Refused, "description": "The token is missing or wrong."},
    403: {"model": models.Refused, "description": "The request comes from a page of another site."},
    422: {"model": models.Refused, "description": "Invalid values; lists all faults."},
}


class StrictRequest(Request):
    """A request whose JSON or YAML has no duplicate keys, valid Unicode and finite numbers."""

    is_yaml = False

    def read_as_json(self) -> None:
        """Make the web framework call ``json``, which reads YAML."""
        self.is_yaml = True
        headers = [(name, value) for name, value in self.scope["headers"] if name != b"content-type"]
        self.scope = {**self.scope, "headers": [*headers, (b"content-type", b"application/json")]}
        del self._headers

    async def json(self) -> Any:
        """Parse the body.

        Raises:
            HTTPException: the body is not JSON, or has text or numbers that a response cannot contain.
        """
        body = await self.body()
        try:
            document = (parse_yaml if self.is_yaml else parse_json)(body.decode("utf-8-sig"), None)
        except UnicodeDecodeError as error:
            raise HTTPException(HTTPStatus.BAD_REQUEST, "body: not UTF-8 text") from error
        except ConfigError as error:
            line = error.faults[0].line
            where = "body" if line is None else f"body:{line}"
            raise HTTPException(HTTPStatus.BAD_REQUEST, f"{where}: {error.faults[0].rule}") from error
        doubled = [fault for fault in document.broken if fault.rule == DUPLICATE]
        if doubled:
            raise HTTPException(HTTPStatus.BAD_REQUEST, f"body: {document.error(doubled)}")
        if document.broken:
            raise UnusableValues(document.error(document.broken))
        return document.value


def media_type(request: Request) -> str:
    """Return the media type of a body without its parameters, in lower case; empty if the header is missing."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def require_readable(request: Request) -> None:
    """Check that a body has a media type that is read here.

    Raises:
        HTTPException: it has another one, or none.
    """
    kind = media_type(request)
    if is_json(kind) or kind in YAML_TYPES or not await request.body():
        return
    found = f"got {kind!r}" if kind else "the header is missing"
    message = f"Content-Type: send application/json, or application/yaml for YAML; {found}"
    raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message)


def is_json(kind: str) -> bool:
    """Whether a media type is one of JSON."""
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


class StrictRoute(APIRoute):
    """A route that parses request bodies strictly, as JSON or as YAML."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the framework's handler with a ``StrictRequest``."""
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            strict = StrictRequest(request.scope, request.receive)
            if self.body_field is not None:
                await require_readable(strict)
                if media_type(strict) in YAML_TYPES:
                    strict.read_as_json()
            return await handle(strict)

        return handle_strictly


router = APIRouter(route_class=StrictRoute, dependencies=[Depends(refuse_unknown_parameters)], responses=EVERY)


def keeper_of(request: Request) -> Keeper:
    """Return the app's keeper."""
    keeper: Keeper = request.app.state.keeper
    return keeper


def held_of(request: Request, name: Id) -> Held:
    """Return the simulation named in the path."""
    return keeper_of(request).find(name)


TheKeeper = Annotated[Keeper, Depends(keeper_of)]
TheHeld = Annotated[Held, Depends(held_of)]

# -- simulations ------------------------------------------------------------------------------------------------------


@router.post(
    "/simulations",
    tags=["simulations"],
    status_code=201,
    responses={
        **BODY,
        429: {"model": models.Refused, "description": "The limit on simulations is reached."},
        **FULL,
        **STOPPING,
    },
)
async def create_simulation(keeper: TheKeeper, body: requests.NewSimulation) -> models.Detail:
    """Create a simulation of a scenario."""
    if keeper.stopping.is_set():
        raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "the service is stopping")
    held = await keeper.create(body)
    return models.Detail(**await keeper.exclusively(held, lambda: views.detail(held)))


@router.get("/simulations", tags=["simulations"])
async def list_simulations(keeper: TheKeeper) -> models.Simulations:
    """List all simulations in the order of creation, and separately those that cannot be read."""
    rows, unreadable = [], dict(keeper.unreadable)
    for held in tuple(keeper.held.values()):
        try:
            row = models.Info(**views.info(held))
            row.model_dump_json()
            rows.append(row)
        except ValueError as error:  # text that no answer can hold, or figures of the wrong kind
            unreadable[held.id] = f"cannot be shown: {error}"
    unreadable_rows = [models.Unreadable(id=name, reason=printable(reason)) for name, reason in unreadable.items()]
    return models.Simulations(simulations=rows, unreadable=unreadable_rows)


@router.get("/simulations/{id}", tags=["simulations"], responses={**MISSING, **CONFLICT})
async def show_simulation(keeper: TheKeeper, held: TheHeld) -> models.Detail:
    """Return one simulation with its scenario."""
    return models.Detail(**await keeper.exclusively(held, lambda: views.detail(held)))


@router.delete("/simulations/{id}", tags=["simulations"], status_code=204, responses={**MISSING, **FULL})
async def delete_simulation(keeper: TheKeeper, name: Id) -> None:
    """Delete a simulation, after its current call has finished."""
    await keeper.delete(name)


@router.post(
    "/simulations/{id}/tick", tags=["simulations"], responses={**MISSING, **BODY, **CONFLICT, **FULL, **STOPPING}
)
async def tick(
    keeper: TheKeeper,
    held: TheHeld,
    count: Annotated[int, Query(ge=1, le=MAX_TICKS, description="Number of ticks to run.")] = 1,
    body: requests.TickOrders | None = None,
) -> models.Ticked:
    """Run ticks; a call of one tick may contain decisions of external banks."""
    orders = (body or requests.TickOrders()).model_dump()

    def work() -> dict[str, Any]:
        before = len(held.reports)
        try:
            reports = keeper.tick(held, count, orders)
        finally:
            send_reports(held, held.reports[before:], loop_of_call)
        return {"id": held.id, "tick": held.run.current_tick, "is_over": held.run.is_over, "reports": reports}

    loop_of_call = asyncio.get_running_loop()
    return models.Ticked(**await keeper.exclusively(held, work))


@router.get("/simulations/{id}/state", tags=["state and records"], responses={**MISSING, **CONFLICT})
async def show_state(
    keeper: TheKeeper, held: TheHeld, tick: MaybeTick = None, payments: Payments = 100
) -> models.StateResponse:
    """Return accounts, queues and waiting payments by pair of banks, now or after `tick` ticks."""
    return models.StateResponse(**await keeper.exclusively(held, lambda: views.state(held, tick, payments)))


# -- payments, banks, records -----------------------------------------------------------------------------------------


@router.post(
    "/simulations/{id}/transactions",
    tags=["payments"],
    status_code=201,
    responses={**MISSING, **BODY, **CONFLICT, **FULL, **STOPPING},
)
async def submit_transaction(keeper: TheKeeper, held: TheHeld, body: requests.NewTransaction) -> models.Submitted:
    """Add a payment that arrives in the current tick at the end of its sender's internal queue."""

    def work() -> models.Submitted:
        name, at = keeper.submit(held, body.model_dump(exclude_none=True))
        return models.Submitted(id=name, tick=at, deadline_tick=held.run.payment(name).deadline_tick)

    return await keeper.exclusively(held, work)


@router.get("/simulations/{id}/transactions/{tx}", tags=["payments"], responses={**MISSING, **CONFLICT})
async def show_transaction(
    keeper: TheKeeper, held: TheHeld, tx: Annotated[str, Path(max_length=64)]
) -> models.TransactionRow:
    """Return one payment, queued or finished."""
    return models.TransactionRow(**await keeper.exclusively(held, lambda: views.transaction(held, tx)))


@router.get("/simulations/{id}/agents", tags=["state and records"], responses={**MISSING, **CONFLICT})
async def find_agent(
    keeper: TheKeeper,
    held: TheHeld,
    bank: Annotated[str, Query(description="Id of the bank, also one that clients drop from a path, such as `..`.")],
    payments: Payments = 100,
) -> models.AgentResponse:
    """Return the bank named by a query parameter."""
    return models.AgentResponse(**await keeper.exclusively(held, lambda: views.agent(held, bank, payments)))


@router.get("/simulations/{id}/agents/{bank:path}", tags=["state and records"], responses={**MISSING, **CONFLICT})
async def show_agent(
    keeper: TheKeeper,
    held: TheHeld,
    bank: Annotated[str, Path(description="Id of the bank, percent-encoded: `A/B` is `A%2FB`.")],
    payments: Payments = 100,
) -> models.AgentResponse:
    """Return one bank."""
    return models.AgentResponse(**await keeper.exclusively(held, lambda: views.agent(held, bank, payments)))


@router.get("/simulations/{id}/events", tags=["state and records"], responses={**MISSING, **CONFLICT})
async def show_events(
    keeper: TheKeeper,
    held: TheHeld,
    *,
    after: Annotated[int, Query(ge=0, le=2**62, description="`next` of the previous page.")] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 200,
    kind: Annotated[list[str] | None, Query(description="Kind of event; may be repeated.")] = None,
    bank: str | None = None,
    tx: str | None = None,
    from_tick: Tick = 0,
    to_tick: MaybeTick = None,
    newest_first: bool = False,
) -> models.EventPage:
    """Return a page of the events of closed ticks."""
    criteria = EventFilter(tuple(kind or ()), bank, tx, from_tick, to_tick)
    read = functools.partial(views.events, held, criteria, after, limit, newest_first=newest_first)
    return models.EventPage(**await keeper.exclusively(held, read))


@router.get("/simulations/{id}/metrics", tags=["state and records"], responses={**MISSING, **CONFLICT})
async def show_metrics(
    keeper: TheKeeper, held: TheHeld, from_tick: Tick = 0, limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000
) -> models.MetricsResponse:
    """Return totals of the run and of each day, and one row for each tick."""
    return models.MetricsResponse(**await keeper.exclusively(held, lambda: views.metrics(held, from_tick, limit)))


# -- the service itself -----------------------------------------------------------------------------------------------


@router.get("/scenarios", tags=["service"])
async def list_scenarios(keeper: TheKeeper) -> list[models.LibraryScenario]:
    """List the scenarios of the library."""
    return await keeper.in_thread(library)


@functools.cache
def library() -> list[models.LibraryScenario]:
    """Read the library once."""
    rows = []
    for name in scenario_ids():
        config = load_scenario(name)
        rows.append(
            models.LibraryScenario(
                id=name,
                description=config.description,
                question=scenario_question(name),
                banks=len(config.banks),
                external_banks=sum(bank.policy.type == "external" for bank in config.banks),
                ticks_per_day=config.simulation.ticks_per_day,
                num_days=config.simulation.num_days,
            )
        )
    return rows


@router.get("/health", tags=["service"])
async def health(keeper: TheKeeper) -> models.Health:
    """Return status, number of simulations and memory use."""
    status = "stopping" if keeper.stopping.is_set() else "ok"
    memory = keeper.num_bytes()
    return models.Health(status=status, version=__version__, simulations=len(keeper.held), memory_bytes=memory)


@router.get(
    "/metrics",
    tags=["service"],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def prometheus(request: Request) -> Response:
    """Return the metrics of the service for Prometheus."""
    meters: Meters = request.app.state.meters
    return Response(meters.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
