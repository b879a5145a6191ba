"""``simcash serve``: the service and its viewer."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated, Final

import typer

from simcash_env.cli.examples import examples
from simcash_env.cli.screen import needs_extra

INTERRUPTED: Final = 130
MIB: Final = 2**20


@examples(
    "simcash serve", "simcash serve --port 9000 --db simulations.db", "SIMCASH_TOKEN=... simcash serve --host 0.0.0.0"
)
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen on (0: a free port).")] = 8000,
    token: Annotated[
        str | None,
        typer.Option(envvar="SIMCASH_TOKEN", help="Bearer token required from clients.", show_default=False),
    ] = None,
    db: Annotated[Path | None, typer.Option(help="SQLite file that keeps the simulations.", show_default=False)] = None,
    max_simulations: Annotated[int, typer.Option(min=1, help="Maximum number of simulations.")] = 64,
    data: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Folder of recorded payments that scenarios of clients may name (default: none).",
            show_default=False,
        ),
    ] = None,
    max_banks: Annotated[int, typer.Option(min=1, help="Maximum number of banks in a simulation.")] = 500,
    max_ticks: Annotated[int, typer.Option(min=1, help="Maximum number of ticks in a call.")] = 10_000,
    max_body: Annotated[int, typer.Option(min=1, help="Maximum size of a request body in MiB.")] = 4,
    max_memory: Annotated[
        int, typer.Option(min=1, help="Maximum memory of all simulations, with their events, in MiB.")
    ] = 2_048,
    *,
    insecure: Annotated[bool, typer.Option("--insecure", help="Allow a public address without a token.")] = False,
    open_metrics: Annotated[bool, typer.Option("--open-metrics", help="Answer /metrics without a token.")] = False,
) -> None:
    """Serve simulations over HTTP, with a viewer at / and the API documentation at /docs.

    Prints the address to stdout when the service is ready, and logs to stderr, one JSON object per line.
    """
    with needs_extra("service"):
        from simcash_env.service.server import serve as serve_until_stopped
        from simcash_env.service.settings import Settings
    settings = Settings(
        host=host,
        port=port,
        token=token,
        insecure=insecure,
        open_metrics=open_metrics,
        db=db,
        data=data,
        max_simulations=max_simulations,
        max_banks=max_banks,
        max_ticks=max_ticks,
        max_body_bytes=max_body * MIB,
        max_memory_bytes=max_memory * MIB,
    )
    ended_by = serve_until_stopped(settings, ready=typer.echo)
    if ended_by == signal.SIGINT:
        raise typer.Exit(INTERRUPTED)
