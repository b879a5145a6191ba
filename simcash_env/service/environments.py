"""Environments over HTTP and WebSocket: reset, step and state in names, with the messages of OpenEnv.

An environment is kept in memory until it is deleted. Paths, bodies and messages follow the conventions of the package
openenv, below ``/environments/{id}``.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from simcash_env.config.report import broken_of, config_error
from simcash_env.envs.named import NamedEnv
from simcash_env.errors import SimcashError
from simcash_env.service import models, requests
from simcash_env.service.creation import read_request
from simcash_env.service.keeper import Keeper
from simcash_env.service.refusals import Refusal, refuse_unknown_parameters, refuse_value, unknown
from simcash_env.service.routes import BODY, CONFLICT, EVERY, FULL, MISSING, Responses, StrictRoute

T = TypeVar("T")
TAG: Final = "environments"
NO_BANK: Final = "no bank of the scenario is external: name the banks that the agent decides for"
EXECUTION_ERROR: Final = "EXECUTION_ERROR"
VALIDATION_ERROR: Final = "VALIDATION_ERROR"


@dataclass(eq=False)
class Held:
    """An environment of the service. Hold ``lock`` to use ``env``."""

    id: str
    env: NamedEnv
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    episode_id: str | None = None
    step_count: int = 0
    seed: int | None = None

    def info(self) -> models.EnvironmentInfo:
        """Return where it stands."""
        config = self.env.config
        return models.EnvironmentInfo(
            id=self.id,
            scenario=config.name,
            description=config.description,
            banks=list(self.env.bank_ids),
            num_ticks=self.env.num_ticks,
            episode_id=self.episode_id,
            step_count=self.step_count,
            seed=self.seed,
            done=self.env.is_over,
        )

    def reset(self, body: requests.Reset) -> models.StepResult:
        """Start an episode."""
        self.env.reset(body.seed)
        self.episode_id = secrets.token_hex(6) if body.episode_id is None else body.episode_id
        self.step_count, self.seed = 0, body.seed
        return self._result(None)

    def step(self, action: requests.NamedAction) -> models.StepResult:
        """Run a tick.

        Raises:
            ActionError: the action is not legal here.
            Refusal: there is no episode, or it is over.
        """
        if self.episode_id is None or self.env.is_over:
            message = "the episode is over" if self.episode_id is not None else "there is no episode yet"
            raise Refusal(HTTPStatus.CONFLICT, f"{message}: call reset")
        rewards = self.env.step({bank: chosen.model_dump() for bank, chosen in action.banks.items()})
        self.step_count += 1
        return self._result(sum(rewards.values()))

    def _result(self, reward: float | None) -> models.StepResult:
        banks = {bank: models.BankObservation(**found) for bank, found in self.env.observations().items()}
        metadata: dict[str, str | int] = {"episode_id": str(self.episode_id), "step_count": self.step_count}
        observation = models.NamedObservation(banks=banks)
        return models.StepResult(observation=observation, reward=reward, done=self.env.is_over, metadata=metadata)


class Environments:
    """The environments of a service.

    Args:
        keeper: of the simulations, with which they share threads and limits.
    """

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self.held: dict[str, Held] = {}
        self._num_being_made = 0

    async def create(self, body: requests.NewEnvironment) -> Held:
        """Create an environment.

        Raises:
            ConfigError: the request is faulty.
            Refusal: there are too many, or there is no room.
        """
        most = self._keeper.settings.max_simulations
        if len(self.held) + self._num_being_made >= most:
            message = f"the service holds {most} environments, its limit (--max-simulations)"
            raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, message)
        self._num_being_made += 1
        try:
            env = await self._keeper.in_thread(lambda: self._make(body))
        finally:
            self._num_being_made -= 1
        used = self._keeper.num_bytes() + sum(held.env.nbytes for held in self.held.values())
        if used + env.nbytes > self._keeper.settings.max_memory_bytes:
            raise Refusal(HTTPStatus.INSUFFICIENT_STORAGE, "no room for another environment (--max-memory)")
        held = Held(secrets.token_hex(6), env)
        self.held[held.id] = held
        return held

    def _make(self, body: requests.NewEnvironment) -> NamedEnv:
        fields = {"scenario": body.scenario, "policies": body.policies, "external": body.external}
        wanted = requests.NewSimulation.model_validate(fields)
        origin = read_request(wanted, self._keeper.settings)
        ids = tuple(bank.id for bank in origin.config.banks)
        for number, bank in enumerate(body.banks or ()):
            if bank not in ids:
                raise refuse_value(f"banks.{number}", f"unknown bank, banks are {', '.join(ids)}", bank, ids)
        if body.banks is None and all(bank.policy.type != "external" for bank in origin.config.banks):
            raise refuse_value("banks", NO_BANK, None)
        learners = "external" if body.banks is None else list(dict.fromkeys(body.banks))
        if not learners:
            raise refuse_value("banks", "must have at least one bank", None)
        return NamedEnv(
            origin.config,
            learners=learners,
            external=origin.external,
            max_queue_slots=body.max_queue_slots,
            alpha=body.alpha,
        )

    def find(self, name: str) -> Held:
        """Return an environment by its id.

        Raises:
            Refusal: there is none.
        """
        if name not in self.held:
            raise unknown("environment", name)
        return self.held[name]

    async def exclusively(self, held: Held, work: Callable[[], T]) -> T:
        """Run in a thread, one call to an environment after another."""
        async with held.lock:
            return await self._keeper.in_thread(work)


def environments_of(request: Request) -> Environments:
    """Return the app's environments."""
    found: Environments = request.app.state.environments
    return found


Id = Annotated[str, Path(alias="id", description="Id of the environment.", max_length=64)]
All = Annotated[Environments, Depends(environments_of)]


def held_of(everything: All, name: Id) -> Held:
    """Return the environment named in the path."""
    return everything.find(name)


One = Annotated[Held, Depends(held_of)]
router = APIRouter(
    route_class=StrictRoute, dependencies=[Depends(refuse_unknown_parameters)], responses=EVERY, tags=[TAG]
)
LIMITED: Final[Responses] = {429: {"model": models.Refused, "description": "The limit on environments is reached."}}


@router.post("/environments", status_code=201, responses={**BODY, **LIMITED, **FULL})
async def create_environment(everything: All, body: requests.NewEnvironment) -> models.EnvironmentInfo:
    """Create an environment for an agent; it is kept in memory until it is deleted."""
    return (await everything.create(body)).info()


@router.get("/environments")
async def list_environments(everything: All) -> models.Environments:
    """List all environments in the order of creation."""
    return models.Environments(environments=[held.info() for held in everything.held.values()])


@router.delete("/environments/{id}", status_code=204, responses=MISSING)
async def delete_environment(everything: All, held: One) -> None:
    """Delete an environment."""
    everything.held.pop(held.id, None)


@router.post("/environments/{id}/reset", responses={**MISSING, **BODY})
async def reset(everything: All, held: One, body: requests.Reset | None = None) -> models.StepResult:
    """Start an episode and return what the deciding banks see."""
    return await everything.exclusively(held, lambda: held.reset(body or requests.Reset.model_validate({})))


@router.post("/environments/{id}/step", responses={**MISSING, **BODY, **CONFLICT})
async def step(everything: All, held: One, body: requests.Step) -> models.StepResult:
    """Carry out the banks' actions, run one tick, and return what they see, the reward and whether it was the last."""
    return await everything.exclusively(held, lambda: held.step(body.action))


@router.get("/environments/{id}/state", responses=MISSING)
async def show_environment(everything: All, held: One) -> models.EnvironmentInfo:
    """Return episode, number of steps and banks."""
    return await everything.exclusively(held, held.info)


@router.get("/environments/{id}/schema", responses=MISSING)
async def show_schema(held: One) -> models.EnvironmentSchema:
    """Return the JSON Schemas of an action, an observation and the state."""
    del held
    kinds = (requests.NamedAction, models.NamedObservation, models.EnvironmentInfo)
    action, observation, state = (kind.model_json_schema() for kind in kinds)
    return models.EnvironmentSchema(action=action, observation=observation, state=state)


# -- the session of OpenEnv's client ----------------------------------------------------------------------------------


sessions = APIRouter()


@sessions.websocket("/environments/{id}/ws")
async def session(socket: WebSocket, name: Id) -> None:
    """Answer messages ``reset``, ``step``, ``state`` and ``close`` of OpenEnv's client."""
    everything: Environments = socket.app.state.environments
    await socket.accept()
    try:
        while True:
            message = await socket.receive_text()
            try:
                answer = await _answer(everything, name, message)
            except (SimcashError, ValueError) as error:
                code = EXECUTION_ERROR if isinstance(error, SimcashError) else VALIDATION_ERROR
                answer = {"type": "error", "data": {"message": str(error), "code": code}}
            if answer is None:
                await socket.close()
                return
            await socket.send_text(json.dumps(answer))
    except WebSocketDisconnect:
        return


async def _answer(everything: Environments, name: str, message: str) -> dict[str, Any] | None:
    """Return the answer to a message; None to end the session.

    Raises:
        SimcashError: the environment is gone, or cannot do this.
        ValueError: no message of the protocol.
    """
    content = json.loads(message)
    kind = content.get("type") if isinstance(content, dict) else None
    data = content.get("data", {}) if isinstance(content, dict) else {}
    if kind == "close":
        return None
    held = everything.find(name)
    if kind == "reset":
        body = _read(requests.Reset, data)
        found: BaseModel = await everything.exclusively(held, lambda: held.reset(body))
    elif kind == "step":
        action = _read(requests.NamedAction, {key: value for key, value in data.items() if key != "metadata"})
        found = await everything.exclusively(held, lambda: held.step(action))
    elif kind == "state":
        return {"type": "state", "data": (await everything.exclusively(held, held.info)).model_dump()}
    else:
        rule = "type: must be one of reset, step, state, close"
        raise ValueError(rule)
    return {"type": "observation", "data": found.model_dump()}


Body = TypeVar("Body", bound=BaseModel)


def _read(kind: type[Body], data: Any) -> Body:
    """Parse the data of a message.

    Raises:
        ConfigError: lists all faults.
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise config_error(broken_of(error, data), None) from error
