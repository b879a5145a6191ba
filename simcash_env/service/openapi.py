"""The OpenAPI document: tags, example bodies, YAML as a media type, and the token as a security scheme."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from simcash_env.service.settings import Settings

TAGS: Final = (
    ("simulations", "Create, run, list and delete simulations."),
    ("state and records", "Read banks, queues, events and metrics of a simulation."),
    ("payments", "Submit payments and follow them."),
    ("environments", "Environments for agents: reset, step and state with named observations and actions."),
    ("service", "The library of scenarios, health and metrics of the service."),
)
SCHEME: Final = "token"

EXAMPLES: Final[Mapping[tuple[str, str], Mapping[str, Any]]] = {
    ("post", "/simulations"): {
        "library": {
            "summary": "A scenario of the library; every external bank follows one policy.",
            "value": {"scenario": "two-banks-v0", "seed": 1, "policies": {"*": "deadline:urgency_threshold=6"}},
        },
        "decided by calls": {
            "summary": "External banks wait for decisions; without them they hold.",
            "value": {"scenario": "two-banks-v0", "seed": 1, "external": "hold"},
        },
        "own": {
            "summary": "The content of a scenario file.",
            "value": {
                "scenario": {
                    "format": 1,
                    "name": "mine",
                    "simulation": {"ticks_per_day": 12, "num_days": 1, "seed": 1},
                    "banks": [{"id": "A", "opening_balance": 10_000}, {"id": "B", "opening_balance": 10_000}],
                    "events": [{"type": "payment", "tick": 0, "from_bank": "A", "to_bank": "B", "amount": 500}],
                }
            },
        },
    },
    ("post", "/simulations/{id}/tick"): {
        "decisions": {
            "summary": "Release one payment and split another; every other payment is held.",
            "value": {"actions": {"ALFA": {"tx_00000001": "release", "tx_00000002": ["split", 2]}}},
        },
        "default": {"summary": "External banks follow their default policy.", "value": {}},
    },
    ("post", "/simulations/{id}/transactions"): {
        "payment": {
            "summary": "A payment of 25.00, due in 5 ticks.",
            "value": {"sender": "ALFA", "receiver": "BRAVO", "amount": 2_500, "deadline_in": 5},
        }
    },
    ("post", "/environments"): {
        "all": {"summary": "The agent decides for every external bank.", "value": {"scenario": "two-banks-v0"}},
        "one": {
            "summary": "The agent decides for one bank; the other follows a script.",
            "value": {"scenario": "two-banks-v0", "banks": ["ALFA"], "external": "deadline:urgency_threshold=2"},
        },
    },
    ("post", "/environments/{id}/reset"): {
        "seeded": {"summary": "A day that anyone can repeat.", "value": {"seed": 1}}
    },
    ("post", "/environments/{id}/step"): {
        "step": {
            "summary": "ALFA releases one payment and holds the others; BRAVO releases everything.",
            "value": {
                "action": {"banks": {"ALFA": {"payments": {"tx_00000001": "release"}}, "BRAVO": {"others": "release"}}}
            },
        }
    },
}
"""Example bodies by method and path."""


def describe(app: FastAPI, settings: Settings) -> None:
    """Make the app return the complete document; it is built on the first call."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(
                get_openapi(
                    title=app.title,
                    version=app.version,
                    description=app.description,
                    routes=app.routes,
                    tags=[{"name": name, "description": text} for name, text in TAGS],
                ),
                settings,
            )
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _completed(document: dict[str, Any], settings: Settings) -> dict[str, Any]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                content["application/json"]["examples"] = dict(EXAMPLES[method, path])
                content["application/yaml"] = {"schema": content["application/json"]["schema"]}
    if settings.token is not None:
        document["components"]["securitySchemes"] = {
            SCHEME: {"type": "http", "scheme": "bearer", "description": "The token of `simcash serve --token`."}
        }
        document["security"] = [{SCHEME: []}]
        for path in ("/health", *(("/metrics",) if settings.open_metrics else ())):
            document["paths"][path]["get"]["security"] = []
    return document
