"""Damage to valid files, drawn; and a watch over what reads them."""

import faulthandler
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.budget import examples
from tests.drawing import Draw

NUM_EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", examples(12, 40)))
CPU_SECONDS = 60
"""More than any file may take that is refused or read."""
STUCK_SECONDS = 1_800
"""Beyond the other limit: what loops in a library's own code hears no signal, and the process ends with its stack."""

TOKENS = (
    b"\0 \xff \xed\xa0\x80 \xef\xbb\xbf \n \r \t : - [ ] { } , & * ! ? | > ' \" # % @ ` \\ << &a *a ~ null true no .inf -.nan"
    b" 0x1F 0o17 1_0 1:30 1e6 1e400 -1 0 1.5 99999999999999999999 2001-01-01 2001-99-99 !!int !!float !!bool !!binary"
    b" !!timestamp !!set !!omap !!pairs !!python/object:os.system !!str !!null !!seq !!map --- ... %YAML [[[[ {{{{ \\ud800"
    b' "\\u0000" NaN Infinity tree file external format banks agents policy events'
).split(b" ")
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
ODD = st.sampled_from(
    [
        10**19,
        -(10**19),
        10**400,
        1e308,
        -0.0,
        "\0",
        "\ud800",
        "x" * 300,
        "../../x",
        "",
        " ",
        "A",
        "format",
        "1e5",
        "tree",
    ]
)
ANYTHING = st.recursive(
    PLAIN | ODD,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=6), inside, max_size=3),
    max_leaves=6,
)
"""What a document may hold anywhere."""


def fuzzed(share: float = 1.0) -> settings:
    """As many examples as are asked for, or a share of them where each takes long."""
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
    return settings(max_examples=max(int(share * NUM_EXAMPLES), 1), deadline=None, suppress_health_check=checks)


@st.composite
def damaged(draw: Draw, files: list[bytes]) -> bytes:
    """One of the files with up to six pieces taken out, doubled, moved or replaced."""
    data = draw(st.sampled_from(files))
    for _ in range(draw(st.integers(1, 6))):
        start = int(draw(st.floats(0, 1)) * len(data))
        length = draw(st.sampled_from((0, 1, 1, 2, 4, 16, 200)))
        piece = data[start : start + length]
        kind = draw(
            st.sampled_from(("cut", "cut", "double", "move", "token", "token", "token", "bytes", "flip", "end"))
        )
        if kind == "end":
            data = data[:start]
        elif kind == "double":
            data = data[:start] + piece * 2 + data[start + length :]
        elif kind == "move":
            to = int(draw(st.floats(0, 1)) * len(data))
            data = data[:to] + piece + data[to:]
        elif kind == "flip" and piece:
            bit = draw(st.integers(0, 7))
            data = data[:start] + bytes([piece[0] ^ (1 << bit)]) + data[start + 1 :]
        else:
            new = {"token": st.sampled_from(TOKENS), "bytes": st.binary(max_size=8)}.get(kind, st.just(b""))
            data = data[:start] + draw(new) + data[start + length :]
    return data


@st.composite
def changed_inside(draw: Draw, documents: list[Any]) -> Any:
    """One of the documents (mappings, lists, values) with one to three things in it replaced, added or taken out."""
    document = _copied(draw(st.sampled_from(documents)))
    for _ in range(draw(st.integers(1, 3))):
        here = document
        while True:
            keys = list(here) if isinstance(here, dict) else list(range(len(here)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if not isinstance(here[key], dict | list) or not here[key] or draw(st.integers(0, 5)) == 0:
                break
            here = here[key]
        kind = draw(st.sampled_from(("set", "set", "add", "cut", "swap"))) if keys else "add"
        if kind == "set":
            here[key] = draw(ANYTHING)
        elif kind == "cut":
            del here[key]
        elif kind == "swap":
            here[key] = _copied(here[draw(st.sampled_from(keys))])
        elif isinstance(here, dict):
            here[draw(st.text(max_size=6))] = draw(ANYTHING)
        else:
            here.append(draw(ANYTHING))
    return document


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(inside) for key, inside in value.items()}
    return [_copied(inside) for inside in value] if isinstance(value, list) else value


class TooLongError(Exception):
    """Whoever read a file did not come to an end."""


@contextmanager
def watched() -> Iterator[None]:
    """Stop what takes more processor time than any file is worth."""

    def stop(*_: object) -> None:
        raise TooLongError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
    faulthandler.dump_traceback_later(STUCK_SECONDS, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def refusal(read: Callable[[], object], *errors: type[Exception]) -> str:
    """What the named error says that reading ends in; nothing where it goes well. Any other error goes on."""
    with watched():
        try:
            read()
        except errors as error:
            return str(error) or f"an empty {type(error).__name__}"
    return ""
