"""Saved runs of any content: those whose checksum fails, and those that somebody signed anew."""

import hashlib
import io
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcash_env.errors import SnapshotError
from simcash_env.simulation import Simulation
from simcash_env.simulation.snapshot import ARRAYS, MARK
from tests.fuzz.damage import changed_inside, damaged, fuzzed, refusal
from tests.worlds import busy

START = len(MARK) + hashlib.sha256().digest_size


@cache
def saved() -> bytes:
    simulation = Simulation(busy(scripted=3))
    for _ in range(4):
        simulation.tick()
    return simulation.snapshot()


def signed(body: bytes) -> bytes:
    return MARK + hashlib.sha256(body).digest() + body


def parts() -> tuple[Any, dict[str, Any]]:
    with np.load(io.BytesIO(saved()[START:])) as archive:
        return json.loads(archive["header"].tobytes()), {name: archive[name] for name in ARRAYS}


def packed(header: Any, arrays: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, header=np.frombuffer(json.dumps(header).encode(), np.uint8), **arrays)
    return signed(buffer.getvalue())


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("states") / "saved.simcash"


def reads(path: Path, data: bytes) -> bool:
    """Does it load? Any error but ours is a failure of the test."""
    path.write_bytes(data)
    said = refusal(lambda: Simulation.load(path), SnapshotError)
    assert not said or str(path) in said
    return not said


@fuzzed()
@given(data=st.deferred(lambda: damaged([saved()])))
def test_states_damage_is_found(path: Path, data: bytes) -> None:
    assert reads(path, data) is (data == saved())


@fuzzed()
@given(body=st.deferred(lambda: damaged([saved()[START:]])))
def test_states_what_was_signed_anew_loads_or_is_refused(path: Path, body: bytes) -> None:
    reads(path, signed(body))


@fuzzed()
@given(header=st.deferred(lambda: changed_inside([parts()[0]])))
def test_states_another_header_loads_or_is_refused(path: Path, header: Any) -> None:
    reads(path, packed(header, parts()[1]))


SHAPES = [(), (0,), (3,), (2, 2), (1, 1, 1)]


@fuzzed()
@given(
    name=st.sampled_from(ARRAYS),
    array=st.builds(lambda shape, kind, value: np.full(shape, value, kind), st.sampled_from(SHAPES), st.sampled_from(["i8", "f8", "u1", "?", "U3"]), st.integers(0, 9)),
)  # fmt: skip
def test_states_another_array_loads_or_is_refused(path: Path, name: str, array: Any) -> None:
    header, arrays = parts()
    reads(path, packed(header, {**arrays, name: array}))
