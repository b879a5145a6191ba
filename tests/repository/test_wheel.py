"""Tests of the engine, run from the built wheel in a folder that has no sources: what they need was shipped."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.repository.test_packaging import ROOT, build

PASSED_FROM_THE_WHEEL = (
    "simulation/test_snapshot.py",
    "kernels/test_money.py",
    "kernels/test_rng.py",
    "config/test_library.py",
)
"""A few of each kind; make wheel runs them all in an environment of their own."""


@pytest.mark.slow
def test_wheel_tests_pass_from_the_wheel_with_the_sources_removed(tmp_path):
    tree, site = tmp_path / "tree", tmp_path / "site"
    with zipfile.ZipFile(build("wheel", tmp_path / "dist")) as archive:
        archive.extractall(site)
    shutil.copytree(ROOT / "tests", tree / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "configs", tree / "configs")
    shutil.copy(ROOT / "pyproject.toml", tree)
    assert not (tree / "simcash_env").exists()
    where = "import simcash_env, simcash_env.registry as r; print(simcash_env.__file__); r.load('two-banks-v0')"
    environment = {**os.environ, "PYTHONPATH": str(site), "SIMCASH_CACHE_DIR": str(tmp_path / "cache")}
    asked = {"cwd": tree, "env": environment, "capture_output": True, "text": True}
    told = subprocess.run([sys.executable, "-c", where], check=False, **asked)
    assert (told.returncode, told.stderr) == (0, "")
    assert Path(told.stdout.strip()).is_relative_to(site)
    files = [str(Path("tests", name)) for name in PASSED_FROM_THE_WHEEL]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files], check=False, **asked
    )
    assert done.returncode == 0, done.stdout[-3_000:]
    assert " passed" in done.stdout
