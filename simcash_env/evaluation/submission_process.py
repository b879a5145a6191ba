"""Runs a submitted policy in a process of its own, with limits on time, memory and files and without credentials.

This protects the scoring from mistakes: endless loops, leaks, crashes, prints. It is no sandbox for hostile code, which
could read the files of the user and use the network.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn, Self

import numpy as np
import numpy.typing as npt

from simcash_env.errors import SubmissionError
from simcash_env.evaluation import submission_worker as worker
from simcash_env.evaluation.submission_archive import MIB

_KEPT_VARIABLES: Final = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "LD_LIBRARY_PATH")
_LAST_LINES: Final = 15
_LARGEST_FILE_BYTES: Final = 64 * MIB
_MOST_OPEN_FILES: Final = 256
_LARGEST_ANSWER: Final = 16 * MIB
_LARGEST_TAIL: Final = 10_000
_SECONDS_TO_END: Final = 5


@dataclass(frozen=True)
class Limits:
    """What the process of a policy may use.

    Attributes:
        decision_seconds: for the actions of all banks in one tick.
        start_seconds: to import the code and make the policy.
        total_seconds: for everything, also as CPU time.
        memory_bytes: of address space; libraries reserve more of it than they use.
    """

    decision_seconds: float = 1.0
    start_seconds: float = 120.0
    total_seconds: float = 1_800.0
    memory_bytes: int = 8_192 * MIB

    def resources(self) -> dict[str, int]:
        """Limits of the operating system, by name."""
        return {
            "RLIMIT_AS": self.memory_bytes,
            "RLIMIT_CPU": int(self.total_seconds) + 1,
            "RLIMIT_FSIZE": _LARGEST_FILE_BYTES,
            "RLIMIT_NOFILE": _MOST_OPEN_FILES,
            "RLIMIT_CORE": 0,
        }


class PolicyProcess:
    """A process that holds one policy; a context manager that ends it.

    Args:
        name: of the policy, for messages.
        folder: with the extracted archive; also the home and the temporary folder of the process.
        limits: what it may use.
        python: interpreter of the policy's environment; by default the present one.

    Attributes:
        unlimited: limits that this operating system does not have.

    Raises:
        SubmissionError: the interpreter cannot be started, or lacks NumPy.
    """

    def __init__(self, name: str, folder: Path, limits: Limits, python: Path | None = None) -> None:
        self._name, self._limits = name, limits
        self._ends = time.monotonic() + limits.total_seconds
        self._printed = folder.with_name(f"{folder.name}.printed")
        self._is_late = threading.Event()
        program = sys.executable if python is None else Path(python).absolute()
        command = [program, "-I", "-B", "-u", worker.__file__, json.dumps(limits.resources())]
        try:
            with self._printed.open("wb") as printed:
                self._process = subprocess.Popen(
                    command, cwd=folder, env=clean_environment(folder), stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE, stderr=printed, start_new_session=True,
                )  # fmt: skip
        except OSError as error:
            message = f"{name}: {python}: cannot be started: {error.strerror}"
            raise SubmissionError(message) from error
        try:
            head, _ = self._answer(limits.start_seconds, "start")
        except BaseException:
            self.close()
            raise
        self.unlimited: list[str] = head["missing"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and all that it started."""
        self._kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]
        self._process.wait()

    def _kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:  # pragma: no cover - Windows has no groups of processes
                self._process.kill()

    def look(self, names: Sequence[str]) -> tuple[dict[str, str | None], str]:
        """Versions of distributions in the policy's environment, and the version of its Python."""
        head, _ = self._ask({"do": "look", "names": list(names)}, b"", self._limits.start_seconds, "start")
        return head["versions"], head["python"]

    def make(self, entry_point: str, setup: Mapping[str, Any]) -> None:
        """Make the policy."""
        self._ask(
            {"do": "make", "entry_point": entry_point, "setup": dict(setup)}, b"", self._limits.start_seconds, "start"
        )

    def reset(self, seed: int) -> None:
        """Begin a run."""
        self._ask({"do": "reset", "seed": seed}, b"", self._limits.start_seconds, "reset")

    def decide(
        self, banks: Sequence[str], arrays: Mapping[str, npt.NDArray[Any]], shape: tuple[int, ...], kind: str
    ) -> npt.NDArray[Any]:
        """Actions (banks, *shape) for observations, whose arrays have a row for each bank."""
        told = [(name, array.dtype.str, array.shape) for name, array in arrays.items()]
        payload = b"".join(np.ascontiguousarray(array).tobytes() for array in arrays.values())
        head = {"do": "decide", "banks": list(banks), "arrays": told}
        _, rows = self._ask(head, payload, self._limits.decision_seconds, "decide")
        expected = int(np.prod((len(banks), *shape))) * np.dtype(kind).itemsize
        if len(rows) != expected:
            self._fail(f"answered with {len(rows)} bytes instead of {expected}")
        return np.frombuffer(rows, kind).reshape(len(banks), *shape)

    def _ask(self, head: Mapping[str, Any], payload: bytes, seconds: float, what: str) -> tuple[dict[str, Any], bytes]:
        return self._answer(seconds, what, head, payload)

    def _answer(
        self, seconds: float, what: str, head: Mapping[str, Any] | None = None, payload: bytes = b""
    ) -> tuple[dict[str, Any], bytes]:
        """Send a message, if there is one, and read the answer, or kill the process when the time is over."""
        left = self._ends - time.monotonic()
        timer = threading.Timer(max(min(seconds, left), 0.0), self._stop_late)
        timer.daemon = True
        timer.start()
        try:
            if head is not None:
                worker.write_message(self._process.stdin, head, payload)  # type: ignore[arg-type]
            answer = worker.read_message(self._process.stdout, _LARGEST_ANSWER)  # type: ignore[arg-type]
        except OSError:  # the pipe is broken: the process reads no more
            answer = None
        except ValueError:
            if not self._is_late.is_set():
                self._fail("answered with something that is no message")
        finally:
            timer.cancel()
        if self._is_late.is_set():
            most = f"{seconds:g} seconds to {what}" if seconds <= left else f"{self._limits.total_seconds:g} seconds"
            self._fail(f"took more than {most}")
        if answer is None:
            self._fail(self._ending())
        if "error" in answer[0]:
            self._fail(f"{what}: {answer[0]['error']}", answer[0]["trace"])
        return answer

    def _ending(self) -> str:
        """How the process ended that answers no more."""
        try:
            code = self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            return "closed its output before it answered"
        if code < 0:
            return f"ended with signal {signal.Signals(-code).name}"
        return f"ended with exit code {code} before it answered"

    def _stop_late(self) -> None:
        self._is_late.set()
        self._kill()

    def _fail(self, rule: str, trace: str = "") -> NoReturn:
        """Raise the error, with the end of what the policy printed."""
        self._kill()
        self._process.wait()
        printed = self._printed.read_bytes()[-_LARGEST_TAIL:].decode("utf-8", "replace")
        lines = [*printed.splitlines(), *trace.splitlines()][-_LAST_LINES:]
        raise SubmissionError("\n".join([f"{self._name}: {rule}", *(f"  {line}" for line in lines)]))


def clean_environment(folder: Path) -> dict[str, str]:
    """Variables of a policy's process: none of the caller's but paths and language, one thread for arithmetic."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    home = str(folder)
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    own = {"HOME": home, "TMPDIR": home, "TEMP": home, "TMP": home, "PYTHONHASHSEED": "0", "CUDA_VISIBLE_DEVICES": ""}
    return {**kept, **threads, **own}
