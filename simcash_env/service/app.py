"""The app: endpoints, error responses, documentation, viewer and the guard middleware."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline

from simcash_env import __version__
from simcash_env.service import environments, routes, streaming, viewer
from simcash_env.service.guard import Guard
from simcash_env.service.keeper import Keeper
from simcash_env.service.meters import Meters
from simcash_env.service.openapi import describe
from simcash_env.service.refusals import add_refusals
from simcash_env.service.settings import Settings

STATIC: Final = Path(__file__).parent / "static"
PAGE_POLICY: Final = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; base-uri 'none'; "
    "form-action 'self'"
)
"""Plotly writes styles, and draws exported images from blobs."""


def make_app(settings: Settings) -> FastAPI:
    """Build the app of the service.

    Raises:
        ConfigError: the database cannot be used.
    """
    keeper = Keeper(settings)
    meters = Meters(keeper)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await keeper.in_thread(keeper.warm_up)
        await keeper.in_thread(keeper.load)
        yield
        await keeper.close()

    app: FastAPI = FastAPIOffline(
        title="simcash",
        version=__version__,
        description="Simulations of a real-time gross settlement system. Money is whole cents, time is ticks.",
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.keeper, app.state.meters = keeper, meters
    app.state.environments = environments.Environments(keeper)
    app.include_router(routes.router)
    app.include_router(streaming.router)
    app.include_router(environments.router)
    app.include_router(environments.sessions)
    app.include_router(viewer.router)
    add_refusals(app)
    describe(app, settings)
    app.add_middleware(Guard, settings=settings, meters=meters)

    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(STATIC / "index.html", headers={"content-security-policy": PAGE_POLICY})

    @app.get("/favicon.ico", include_in_schema=False)
    async def icon() -> Response:
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return app
