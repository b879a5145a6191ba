"""The generated tables of the service page: endpoints and limits."""

from __future__ import annotations

import inspect
from typing import Final

from simcash_env.cli.serving import serve
from simcash_env.service.app import make_app
from simcash_env.service.settings import Settings
from tools.docs.markdown import table

LIMITS: Final = ("max_simulations", "max_banks", "max_ticks", "max_body", "max_memory")
REFUSED: Final = {
    "max_simulations": "429",
    "max_banks": "422",
    "max_ticks": "422; no tick runs",
    "max_body": "413",
    "max_memory": "507; a running call stops after the current tick and reports how many ticks have run",
}


def endpoints() -> str:
    """Return the table of endpoints, from the OpenAPI document."""
    rows = []
    for path, methods in make_app(Settings()).openapi()["paths"].items():
        for method, operation in methods.items():
            answers = ", ".join(code for code in sorted(operation["responses"]) if code not in {"401", "403"})
            known = [row["name"] for row in operation.get("parameters", ()) if row["in"] == "query"]
            parameters = ", ".join(f"`{name}`" for name in known)
            rows.append((f"`{method.upper()} {path}`", operation["description"], parameters or "-", answers))
    return table(("endpoint", "description", "query parameters", "status codes"), rows)


def limits() -> str:
    """Return the table of limits, from the command's options."""
    known = inspect.signature(serve).parameters
    rows = []
    for name in LIMITS:
        option = inspect.get_annotations(serve, eval_str=True)[name].__metadata__[0]
        rows.append((f"`--{name.replace('_', '-')}`", f"{known[name].default:,}", option.help, REFUSED[name]))
    return table(("option", "default", "meaning", "response above the limit"), rows)
