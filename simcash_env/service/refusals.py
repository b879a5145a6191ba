"""Errors of calls and their responses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from simcash_env.config.report import broken_of, shown
from simcash_env.config.suggest import nearest, suggestion, unknown_key
from simcash_env.errors import ActionError, ConfigError, Fault, SimcashError
from simcash_env.service import models
from simcash_env.service.logs import log, request_id

UNPROCESSABLE: Final = 422

Parameters = dict[str, list[str]]


class Refusal(SimcashError):  # noqa: N818 - an answer, not a fault of the program
    """An error response.

    Attributes:
        status: HTTP status of the answer.
        faults: what is wrong with the input, where it is the input.
    """

    def __init__(self, status: int, message: str, faults: Sequence[Fault] = ()) -> None:
        self.status = status
        self.faults = tuple(faults)
        super().__init__(message)


class UnusableValues(HTTPException):
    """A body with text or numbers that a response cannot contain.

    The web framework passes on errors of its own kind only while it reads a body.

    Attributes:
        faults: all of them.
    """

    def __init__(self, error: ConfigError) -> None:
        self.faults = error.faults
        super().__init__(UNPROCESSABLE, str(error))


def refuse_value(path: str, rule: str, value: Any, known: Sequence[str] = ()) -> Refusal:
    """Return an error for an invalid value, with the nearest known name."""
    guess = nearest(str(value), known) if known else None
    fault = Fault(None, None, path, shown(value), f"{rule}{suggestion(guess)}")
    return Refusal(UNPROCESSABLE, str(fault), [fault])


def unknown(what: str, name: str) -> Refusal:
    """Return an error for an unknown id."""
    return Refusal(HTTPStatus.NOT_FOUND, f"unknown {what} {name!r}")


def answer(status: int, message: str, faults: Sequence[Fault] = (), headers: Any = None) -> JSONResponse:
    """Return the body of an error response."""
    rows = [models.FaultRow(path=fault.path, rule=fault.rule, value=fault.value, line=fault.line) for fault in faults]
    body = models.Refused(error=message, faults=rows, request_id=request_id())
    return JSONResponse(body.model_dump(), status_code=status, headers=headers)


def validation_faults(error: RequestValidationError) -> list[Fault]:
    """Convert validation errors of parameters or body to faults."""
    document = {"body": error.body} if isinstance(error.body, dict) else {}
    faults = []
    readable: Any = error  # it reads .errors() only, which both kinds of error have
    for place, rule, value in broken_of(readable, document):
        where, *rest = (*place, "")
        steps = [str(step) for step in rest if step != ""]
        path = ".".join(steps if where == "body" and steps else [str(where), *steps])
        faults.append(Fault(None, None, path, shown(value), WORDS.get(rule, rule)))
    return faults


METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
WORDS: Final = {
    "Field required": "is required",
    "Input should be a valid dictionary or object to extract fields from": "must be a mapping",
    "Extra inputs are not permitted": "unknown key",
    "Input should be a valid integer, unable to parse string as an integer": "must be a whole number",
    "Input should be a valid boolean, unable to interpret input": "must be true or false",
}
"""Messages for pydantic's errors without a scenario rule."""


def answer_invalid(_: Request, error: RequestValidationError) -> JSONResponse:
    """Respond to invalid parameters or an invalid body with all faults."""
    faults = validation_faults(error)
    return answer(UNPROCESSABLE, "\n".join(map(str, faults)), faults)


def answer_simcash(_: Request, error: SimcashError) -> JSONResponse:
    """Respond to errors of the package."""
    if isinstance(error, Refusal):
        return answer(error.status, str(error), error.faults)
    if isinstance(error, ConfigError):
        return answer(UNPROCESSABLE, str(error), error.faults)
    if isinstance(error, ActionError):
        return answer(UNPROCESSABLE, str(error), [fault_of(str(error))])
    return answer(HTTPStatus.CONFLICT, str(error))


def fault_of(message: str) -> Fault:
    """Split a message into path and rule."""
    path, colon, rule = message.partition(": ")
    return Fault(None, None, path, None, rule) if colon else Fault(None, None, "", None, message)


def answer_http(request: Request, error: HTTPException) -> JSONResponse:
    """Respond to errors of the web framework: unknown path, wrong method, body too long."""
    faults = error.faults if isinstance(error, UnusableValues) else ()
    headers: Mapping[str, str] | None = error.headers
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:  # the framework names those of one route of the path
        headers = {"allow": ", ".join(methods_of(request))}
    return answer(error.status_code, str(error.detail), faults, headers)


def methods_of(request: Request) -> list[str]:
    """Return the methods that the path of a request takes; HEAD is answered where GET is."""
    routes = request.app.routes

    def is_taken(method: str) -> bool:
        scope = {**request.scope, "method": method}
        return any(route.matches(scope)[0] is Match.FULL for route in routes)

    found = [method for method in METHODS if is_taken(method)]
    return [*found[:1], "HEAD", *found[1:]] if "GET" in found else found


def answer_crash(error: Exception) -> JSONResponse:
    """Respond to an internal error with the request id; the log has the details."""
    log("error", "crashed", error=f"{type(error).__name__}: {error}")
    message = "the service failed; its log has the reason under this request id"
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, message)


def add_refusals(app: FastAPI) -> None:
    """Register handlers so that all errors have the same body; crashes go to the guard."""
    handlers: dict[type[Exception], Callable[[Request, Any], JSONResponse]] = {
        RequestValidationError: answer_invalid,
        SimcashError: answer_simcash,
        HTTPException: answer_http,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def refuse_unknown_parameters(request: Request) -> None:
    """Reject unknown query parameters and suggest the nearest known one.

    Raises:
        Refusal: all such parameters at once.
    """
    route = request.scope["route"]
    known = [parameter.alias for parameter in route.dependant.query_params]
    strays = [name for name in dict.fromkeys(request.query_params) if name not in known]
    faults = [Fault(None, None, f"query.{name}", None, unknown_key(name, known)) for name in strays]
    if faults:
        raise Refusal(UNPROCESSABLE, "\n".join(map(str, faults)), faults)
