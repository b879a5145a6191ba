"""``simcash serve``: the service and its viewer."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated, Final

import typer

from simcash_env.cli.screen import needs_extra

EXAMPLES: Final = (
    "Examples: simcash serve   |   simcash serve --port 9000 --db simulations.db   |   "
    "SIMCASH_TOKEN=... simcash serve --host 0.0.0.0"
)
INTERRUPTED: Final = 130
MIB: Final = 2**20


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 takes a free one.")] = 8000,
    token: Annotated[
        str | None,
        typer.Option(envvar="SIMCASH_TOKEN", help="What every call has to show.", show_default=False),
    ] = None,
    db: Annotated[Path | None, typer.Option(help="Keep the simulations in this file.", show_default=False)] = None,
    max_simulations: Annotated[int, typer.Option(min=1, help="Simulations at a time.")] = 64,
    max_banks: Annotated[int, typer.Option(min=1, help="Banks of a simulation.")] = 500,
    max_ticks: Annotated[int, typer.Option(min=1, help="Ticks of a call.")] = 10_000,
    max_body: Annotated[int, typer.Option(min=1, help="MiB of a request.")] = 4,
    max_memory: Annotated[int, typer.Option(min=1, help="MiB of all simulations, their events included.")] = 2_048,
    *,
    insecure: Annotated[bool, typer.Option(help="Listen on a public address without a token.")] = False,
) -> None:
    """Serve simulations over HTTP, with a viewer at / and the API's documentation at /docs.

    The address goes to stdout once callers are let in; the log goes to stderr, one JSON object a line.
    """
    with needs_extra("service"):
        from simcash_env.service.server import serve as serve_until_stopped
        from simcash_env.service.settings import Settings
    settings = Settings(
        host=host,
        port=port,
        token=token,
        insecure=insecure,
        db=db,
        max_simulations=max_simulations,
        max_banks=max_banks,
        max_ticks=max_ticks,
        max_body_bytes=max_body * MIB,
        max_memory_bytes=max_memory * MIB,
    )
    ended_by = serve_until_stopped(settings, ready=typer.echo)
    if ended_by == signal.SIGINT:
        raise typer.Exit(INTERRUPTED)
