"""Ctrl-C stops between two ticks, so that what was recorded ends with a whole one; a second one stops at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Whether a signal has requested a stop."""

    def __init__(self) -> None:
        self.is_requested = False

    def request(self, number: int, frame: FrameType | None) -> None:
        """The signals' handler.

        Raises:
            KeyboardInterrupt: a second Ctrl-C.
        """
        del number, frame
        if self.is_requested:
            raise KeyboardInterrupt
        self.is_requested = True


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Handle the signals inside the block; works in the main thread only."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {number: signal.signal(number, request.request) for number in SIGNALS}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
