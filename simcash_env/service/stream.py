"""Listeners of a simulation: each has a short message queue; a slow listener is disconnected."""

from __future__ import annotations

import asyncio
from typing import Any, Final

LONGEST_QUEUE: Final = 256
FELL_BEHIND: Final = 1013
GOING_AWAY: Final = 1001
GONE: Final = 4404

Message = dict[str, Any]


class Listener:
    """A listener: one WebSocket."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[Message | None] = asyncio.Queue()
        self.close_code = 1000
        self.reason = ""

    def offer(self, message: Message) -> None:
        """Queue a message, or disconnect the listener if its queue is full."""
        if self.messages.qsize() >= LONGEST_QUEUE:
            self.end(FELL_BEHIND, f"fell {LONGEST_QUEUE} messages behind")
        else:
            self.messages.put_nowait(message)

    def end(self, code: int, reason: str) -> None:
        """Disconnect after the queued messages; a slow listener's queue is cleared first."""
        if code == FELL_BEHIND:
            while not self.messages.empty():
                self.messages.get_nowait()
        self.close_code, self.reason = code, reason
        self.messages.put_nowait(None)


class Listeners:
    """All listeners of one simulation; used on the event loop only."""

    def __init__(self) -> None:
        self._all: set[Listener] = set()

    def __len__(self) -> int:
        return len(self._all)

    def add(self) -> Listener:
        """Add a listener."""
        listener = Listener()
        self._all.add(listener)
        return listener

    def remove(self, listener: Listener) -> None:
        """Remove a listener."""
        self._all.discard(listener)

    def send_all(self, message: Message) -> None:
        """Send a message to all listeners."""
        for listener in tuple(self._all):
            listener.offer(message)
            if listener.close_code != 1000:
                self._all.discard(listener)

    def end(self, code: int, reason: str) -> None:
        """Disconnect all listeners."""
        for listener in tuple(self._all):
            listener.end(code, reason)
        self._all.clear()
