"""Structured logs: one JSON object per line on stderr, with the id of its request."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final

from simcash_env.kernels._numba import notice

REQUEST_ID: Final[ContextVar[str | None]] = ContextVar("request_id", default=None)
NOISE: Final = {"Started server process [%d]", "Waiting for application startup.", "Application startup complete."}


def request_id() -> str | None:
    """Return the id of the current request."""
    return REQUEST_ID.get()


def log(level: str, message: str, **fields: Any) -> None:
    """Write one line to the log."""
    row = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": level, "message": message}
    if request_id() is not None:
        row["request_id"] = str(request_id())
    sys.stderr.write(json.dumps({**row, **fields}, default=str) + "\n")
    sys.stderr.flush()


class JsonHandler(logging.Handler):
    """Logging handler for records of libraries."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a library's record as a JSON line, with a traceback as one field."""
        if record.msg in NOISE:
            return
        fields: dict[str, Any] = {"logger": record.name}
        if record.exc_info and record.exc_info[0] is not None:
            fields["traceback"] = "".join(traceback.format_exception(*record.exc_info))
        log(record.levelname.lower(), record.getMessage(), **fields)


def take_over() -> None:
    """Route the web server's loggers and the compilation notice to this log."""
    notice.send_to(lambda text: log("info", text))
    for name in ("uvicorn", "uvicorn.error", "asyncio", "websockets"):
        logger = logging.getLogger(name)
        logger.handlers = [JsonHandler()]
        logger.propagate = False
        logger.setLevel(logging.INFO if name.startswith("uvicorn") else logging.WARNING)
    logging.getLogger("uvicorn.error").handlers = []
    logging.getLogger("uvicorn.error").propagate = True
