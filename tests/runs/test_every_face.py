"""Every face in a process of its own: a warm cache serves all of them, and either compiler gives the same results."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simcash_env.kernels._numba import compilers
from simcash_env.kernels._numba import jit as _jit

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(_jit.PLAIN, reason="nothing is compiled")


def printed_by(*command, **environment):
    """The JSON object that a module prints in a process of its own; a variable that is None is left out."""
    variables = {**os.environ, **environment}
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-m", *command],
        env={name: value for name, value in variables.items() if value is not None},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


@pytest.mark.slow
def test_faces_doctor_warm_leaves_nothing_to_compile_for_any_face():
    was_empty = not any(_jit.cache_folder().rglob("*.nbi"))
    found = printed_by("simcash_env.cli", "doctor", "--warm", "--json")
    assert found["cache"]["is_linking"] == (compilers.LINKING is not None)
    assert found["warm"]["seconds"] > 0
    assert not was_empty or found["warm"]["compiled"] == found["warm"]["entries"]
    again = printed_by("simcash_env.cli", "doctor", "--warm", "--json")["warm"]
    assert (again["compiled"], again["entries"]) == (0, found["warm"]["entries"])
    assert printed_by("tests.runs.every_face")["compiled"] == []


@pytest.mark.skipif(compilers.LINKING is not None, reason="make test-fallback compares with what linking compiled")
def test_faces_fallback_gives_every_face_the_digests_of_linking():
    mine = printed_by("tests.runs.every_face")
    theirs = printed_by("tests.runs.every_face", SIMCASH_LINKING="1", SIMCASH_CACHE_DIR=None, NUMBA_BOUNDSCHECK="0")
    assert (mine["is_linking"], theirs["is_linking"]) == (False, True)
    assert mine["digests"] == theirs["digests"]
