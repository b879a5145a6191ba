"""Who listens to a simulation: each has a short queue of messages; one that falls behind is let go, and told so."""

from __future__ import annotations

import asyncio
from typing import Any, Final

LONGEST_QUEUE: Final = 256
FELL_BEHIND: Final = 1013
GOING_AWAY: Final = 1001
GONE: Final = 4404

Message = dict[str, Any]


class Listener:
    """One WebSocket."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[Message | None] = asyncio.Queue()
        self.close_code = 1000
        self.reason = ""

    def offer(self, message: Message) -> None:
        """Queue a message, or give the listener up."""
        if self.messages.qsize() >= LONGEST_QUEUE:
            self.end(FELL_BEHIND, f"fell {LONGEST_QUEUE} messages behind")
        else:
            self.messages.put_nowait(message)

    def end(self, code: int, reason: str) -> None:
        """Let it go once it has read what is queued; who fell behind reads no more."""
        if code == FELL_BEHIND:
            while not self.messages.empty():
                self.messages.get_nowait()
        self.close_code, self.reason = code, reason
        self.messages.put_nowait(None)


class Listeners:
    """All that listen to one simulation; used on the event loop only."""

    def __init__(self) -> None:
        self._all: set[Listener] = set()

    def __len__(self) -> int:
        return len(self._all)

    def add(self) -> Listener:
        """A new one."""
        listener = Listener()
        self._all.add(listener)
        return listener

    def remove(self, listener: Listener) -> None:
        """It has gone."""
        self._all.discard(listener)

    def send_all(self, message: Message) -> None:
        """Send to all."""
        for listener in tuple(self._all):
            listener.offer(message)
            if listener.close_code != 1000:  # noqa: PLR2004 - the code of a normal end
                self._all.discard(listener)

    def end(self, code: int, reason: str) -> None:
        """Let all go."""
        for listener in tuple(self._all):
            listener.end(code, reason)
        self._all.clear()
