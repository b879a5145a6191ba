"""Small kernels in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def run_tiny(request, tmp_path):
    """A function that runs statements on the module's ``TINY`` in a process of its own, with a cache of its own."""
    (tmp_path / "tiny.py").write_text(request.module.TINY, encoding="utf-8")

    def run(program, *options, expected=0, **environment):
        variables = {name: value for name, value in os.environ.items() if name != "SIMCASH_COMPILE_NOTICE"}
        search = os.pathsep.join([str(tmp_path), str(ROOT), variables.get("PYTHONPATH", "")])
        mine = {"PYTHONPATH": search, "SIMCASH_CACHE_DIR": str(tmp_path / "cache")}
        done = subprocess.run(
            [sys.executable, *options, "-c", program],
            env={**variables, **mine, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == expected, done.stderr
        return done

    return run
