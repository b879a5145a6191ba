"""The WebSocket that streams every saved tick of a simulation."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, WebSocket, WebSocketDisconnect

from simcash_env.service import views
from simcash_env.service.held import Held
from simcash_env.service.keeper import Keeper
from simcash_env.service.refusals import Refusal
from simcash_env.service.stream import Listener

SHOWN_IN_STREAM: Final = 100
"""Payments of each queue in a message."""

router = APIRouter()


def send_reports(held: Held, reports: list[dict[str, Any]], loop: Any) -> None:
    """Send saved ticks to all listeners; the last one includes the state after it."""
    if not reports or not len(held.listeners):
        return
    messages: list[dict[str, Any]] = [{"type": "tick", "report": report, "state": None} for report in reports]
    messages[-1]["state"] = views.state(held, None, SHOWN_IN_STREAM)
    for message in messages:
        loop.call_soon_threadsafe(held.listeners.send_all, message)


@router.websocket("/simulations/{id}/ticks")
async def stream_ticks(socket: WebSocket, name: Annotated[str, Path(alias="id")]) -> None:
    """Stream the current state, then every tick after it is saved."""
    keeper: Keeper = socket.app.state.keeper
    await socket.accept()
    with suppress(WebSocketDisconnect):
        try:
            await listen_to(keeper.find(name), keeper, socket)
        except Refusal as refusal:  # there is none, or it is deleted before its state can be read
            await socket.close(4000 + refusal.status, str(refusal)[:120])


async def listen_to(held: Held, keeper: Keeper, socket: WebSocket) -> None:
    """Send the current state, then the messages of the simulation."""
    listener = held.listeners.add()
    try:
        now = await keeper.exclusively(held, lambda: views.state(held, None, SHOWN_IN_STREAM))
        await socket.send_text(json.dumps({"type": "state", "state": now}))
        await send_until_gone(socket, listener)
    finally:
        held.listeners.remove(listener)


async def send_until_gone(socket: WebSocket, listener: Listener) -> None:
    """Send queued messages until the client or the service closes the stream."""

    async def watch() -> None:
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass  # what a client says here is not listened to

    watching = asyncio.create_task(watch())
    try:
        while True:
            reading = asyncio.create_task(listener.messages.get())
            await asyncio.wait({watching, reading}, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                reading.cancel()
                return
            message = reading.result()
            if message is None:
                await socket.close(listener.close_code, listener.reason)
                return
            await socket.send_text(json.dumps(message))
    finally:
        watching.cancel()
