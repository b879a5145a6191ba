"""The process of a submitted policy: makes the policy, then answers observations with actions.

This file is run by its path, in any Python that has NumPy, and imports nothing of this package. The scoring process
writes to its standard input and reads from its standard output. A message is two big-endian lengths of 4 bytes, a JSON
object of the first length, and the raw bytes of its arrays of the second. What the policy prints goes to standard
error.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import platform
import struct
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

import numpy as np

LENGTHS = struct.Struct(">II")
LONGEST_ERROR = 2_000


def write_message(file: BinaryIO, head: Mapping[str, Any], payload: bytes = b"") -> None:
    """Write one message."""
    text = json.dumps(head).encode()
    file.write(LENGTHS.pack(len(text), len(payload)) + text + payload)
    file.flush()


def read_message(file: BinaryIO, most: int = 2**31) -> tuple[dict[str, Any], bytes] | None:
    """Read one message of at most this number of bytes; None at the end of the stream.

    Raises:
        ValueError: what was read is longer, or is no message.
    """
    lengths = file.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    head, payload = LENGTHS.unpack(lengths)
    if head + payload > most:
        message = f"a message of {head + payload} bytes"
        raise ValueError(message)
    text, rows = file.read(head), file.read(payload)
    found = json.loads(text)
    if not isinstance(found, dict):
        message = "a message without a JSON object"
        raise ValueError(message)  # noqa: TRY004 - the caller need not know why it is none
    return found, rows


def limit_resources(limits: Mapping[str, int]) -> list[str]:
    """Set limits of this process, soft and hard.

    Args:
        limits: by the name of the resource, such as ``RLIMIT_AS``.

    Returns:
        Names of limits that this system does not have.
    """
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return list(limits)
    missing = []
    for name, most in limits.items():
        kind = getattr(resource, name, None)
        if kind is None:
            missing.append(name)
            continue
        _, hard = resource.getrlimit(kind)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(kind, (least, least))
        except (ValueError, OSError):  # macOS does not limit the address space
            missing.append(name)
    return missing


def installed(names: list[str]) -> dict[str, str | None]:
    """Version of each distribution in this environment; None where it is not installed."""
    found: dict[str, str | None] = {}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def arrays_by_bank(head: Mapping[str, Any], payload: bytes) -> dict[str, dict[str, np.ndarray[Any, Any]]]:
    """Observations by bank: copies that the policy may change."""
    found: dict[str, dict[str, np.ndarray[Any, Any]]] = {bank: {} for bank in head["banks"]}
    start = 0
    for name, kind, shape in head["arrays"]:
        count = int(np.prod(shape))
        rows = np.frombuffer(payload, kind, count, start).reshape(shape).copy()
        start += count * np.dtype(kind).itemsize
        for bank, row in zip(head["banks"], rows, strict=True):
            found[bank][name] = row
    return found


def packed(actions: Any, banks: list[str], shape: list[int], kind: str) -> np.ndarray[Any, Any]:
    """The actions of the banks as one array (banks, *shape).

    Raises:
        TypeError: the policy returned no mapping.
        ValueError: names the bank whose action is missing, or of another shape or kind.
    """
    if not isinstance(actions, Mapping):
        message = f"act returned {type(actions).__name__}; a mapping from banks to actions is accepted"
        raise TypeError(message)
    rows = np.zeros((len(banks), *shape), kind)
    for place, bank in enumerate(banks):
        if bank not in actions:
            message = f"act returned no action for {bank}"
            raise ValueError(message)
        row = np.asarray(actions[bank])
        accepted = "iu" if rows.dtype.kind == "i" else "fiu"
        if row.shape != tuple(shape) or row.dtype.kind not in accepted:
            numbers = "whole numbers" if accepted == "iu" else "numbers"
            found, wanted = f"{row.dtype} of shape {row.shape}", f"{numbers} of shape {tuple(shape)}"
            message = f"act returned {found} for {bank}; {wanted} are accepted"
            raise ValueError(message)
        rows[place] = row
    return rows


class Host:
    """Holds the policy and answers messages."""

    def __init__(self) -> None:
        self.policy: Any = None
        self.act: Any = None
        self.shape: list[int] = []
        self.kind = ""

    def make(self, head: Mapping[str, Any], _: bytes) -> tuple[dict[str, Any], bytes]:
        """Import the entry point and make the policy."""
        folder = head["setup"]["folder"]
        sys.path.insert(0, folder)
        os.chdir(folder)
        module, _, function = head["entry_point"].partition(":")
        make = getattr(importlib.import_module(module), function, None)
        if not callable(make):
            message = f"{module} has no function {function}"
            raise TypeError(message)
        self.policy = make(head["setup"])
        self.act = getattr(self.policy, "act", None)
        if not callable(self.act):
            message = f"{head['entry_point']} returned {type(self.policy).__name__}, which has no method act"
            raise TypeError(message)
        self.shape, self.kind = head["setup"]["action"]["shape"], head["setup"]["action"]["dtype"]
        return {}, b""

    def reset(self, head: Mapping[str, Any], _: bytes) -> tuple[dict[str, Any], bytes]:
        """Tell the policy that a run begins."""
        begin = getattr(self.policy, "reset", None)
        if begin is not None:
            begin(head["seed"])
        return {}, b""

    def decide(self, head: Mapping[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
        """Ask the policy for actions."""
        banks = head["banks"]
        rows = packed(self.act(arrays_by_bank(head, payload)), banks, self.shape, self.kind)
        return {}, rows.tobytes()

    def look(self, head: Mapping[str, Any], _: bytes) -> tuple[dict[str, Any], bytes]:
        """Report this environment."""
        return {"versions": installed(head["names"]), "python": platform.python_version()}, b""

    def answers(self) -> dict[str, Callable[[Mapping[str, Any], bytes], tuple[dict[str, Any], bytes]]]:
        """What answers each kind of message."""
        return {"look": self.look, "make": self.make, "reset": self.reset, "decide": self.decide}


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer messages until the stream ends; an error of the policy is the last answer."""
    answers = Host().answers()
    while (message := read_message(source)) is not None:
        head, payload = message
        try:
            reply, rows = answers[head["do"]](head, payload)
        except MemoryError:
            write_message(sink, {"error": "is out of memory", "trace": ""})
            return
        except Exception as error:  # noqa: BLE001 - whatever the policy raises is its author's to read
            text = f"{type(error).__name__}: {error}"[:LONGEST_ERROR]
            write_message(sink, {"error": text, "trace": traceback.format_exc()[-LONGEST_ERROR:]})
            return
        write_message(sink, reply, rows)


def main() -> None:
    """Keep the protocol apart from what the policy reads and prints, set the limits, and serve."""
    with os.fdopen(os.dup(0), "rb") as source, os.fdopen(os.dup(1), "wb") as sink:
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        os.dup2(2, 1)
        write_message(sink, {"missing": limit_resources(json.loads(sys.argv[1]))})
        serve(source, sink)


if __name__ == "__main__":
    main()
