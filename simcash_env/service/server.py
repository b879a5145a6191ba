"""Start the service, and stop it without losing acknowledged calls."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import uvicorn

from simcash_env.errors import SimulationError
from simcash_env.service.app import make_app
from simcash_env.service.keeper import Keeper
from simcash_env.service.logs import log, take_over
from simcash_env.service.settings import Settings


class Server(uvicorn.Server):
    """A server that stops simulations after the current tick and then waits for all responses."""

    def __init__(self, config: uvicorn.Config, keeper: Keeper) -> None:
        super().__init__(config)
        self._keeper = keeper
        self.signal: int | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop gracefully on the first signal, at once on a second interrupt."""
        self._keeper.stopping.set()
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True
        self.signal = sig


def serve(settings: Settings, *, ready: Callable[[str], None]) -> int | None:
    """Serve until a signal arrives; returns the signal.

    Args:
        settings: settings of the service.
        ready: called with the address when the service is ready.

    Raises:
        ConfigError: the database cannot be used.
        SimulationError: the address cannot be listened on.
    """
    listening = listen(settings)
    try:
        app = make_app(settings)
    except BaseException:
        listening.close()
        raise
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        ws_max_size=2**16,
        ws="websockets-sansio",
        timeout_graceful_shutdown=None,
        lifespan="on",
    )
    take_over()
    server = Server(config, app.state.keeper)
    host, port = listening.getsockname()[:2]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
    startup = server.startup

    async def start_and_tell(sockets: list[socket.socket] | None = None) -> None:
        await startup(sockets)
        if server.started:  # pragma: no branch - older releases of uvicorn come back from a start that failed
            log("info", "listening", url=url, token=settings.token is not None, db=settings.db)
            ready(url)

    server.startup = start_and_tell  # type: ignore[method-assign]
    try:
        with suppress(SystemExit):  # so newer releases of uvicorn end a start that failed
            server.run([listening])
    finally:
        listening.close()
    if not server.started:
        message = "the service could not start; see the line above"
        raise SimulationError(message)
    log("info", "stopped", signal=None if server.signal is None else signal.Signals(server.signal).name)
    return server.signal


def listen(settings: Settings) -> socket.socket:
    """Return a listening socket; port 0 selects a free port.

    Raises:
        SimulationError: the address is in use, or none of this machine.
    """
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        made = socket.socket(family, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((settings.host, settings.port))
    except (OSError, OverflowError, UnicodeError) as error:
        message = f"cannot listen on {settings.host}:{settings.port}: {error}"
        raise SimulationError(message) from error
    made.set_inheritable(True)
    return made
