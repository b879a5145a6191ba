"""Install the built wheel alone in a bare environment of each Python and use it: ``python -m tools.bare [PYTHON ...]``.

Dependencies are resolved by the bounds in ``pyproject.toml``, without ``constraints.txt``. Environments are in
``build/bare``. A package index must be reachable.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
FIRST_STEPS: Final = """
import sys
from simcash_env import make_vec, simcash_v0
env = simcash_v0.parallel_env("castro-2period-v0")
_, infos = env.reset(seed=1)
while env.agents:
    actions = {bank: env.action_space(bank).sample(infos[bank]["action_mask"]) for bank in env.agents}
    *_, infos = env.step(actions)
make_vec("castro-2period-v0", num_envs=2).reset(seed=1)
import gymnasium, numba, numpy, pettingzoo, pydantic
print(sys.version.split()[0], *(f"{library.__name__} {library.__version__}" for library in (
    gymnasium, numba, numpy, pettingzoo, pydantic)))
"""
COMMANDS: Final[tuple[tuple[str, ...], ...]] = (
    ("python", "-m", "pip", "check"),
    ("simcash", "--version"),
    ("simcash", "scenarios", "list"),
    ("simcash", "run", "castro-12period-v0", "--seed", "42", "--quiet"),
    ("python", "-c", FIRST_STEPS),
)
"""What a new user does; the last one prints versions."""


def build(folder: Path) -> Path:
    """The wheel of this checkout."""
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    return max(folder.glob("*.whl"), key=lambda path: path.stat().st_mtime)


def use(python: str, wheel: Path, folder: Path) -> str:
    """Install the wheel in a new environment and use it; returns what the last command printed.

    Raises:
        subprocess.CalledProcessError: a step failed.
    """
    subprocess.run([python, "-m", "venv", "--clear", folder], check=True)
    programs = folder / ("Scripts" if sys.platform == "win32" else "bin")
    subprocess.run([programs / "python", "-m", "pip", "install", "--quiet", wheel], check=True)
    bare = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    told = ""
    for program, *arguments in COMMANDS:
        done = subprocess.run(
            [programs / program, *arguments], cwd=folder, env=bare, check=True, capture_output=True, text=True
        )
        told = done.stdout.strip()
    return told


def main(arguments: Sequence[str] | None = None) -> int:
    """Use the wheel with every Python that is named; returns 1 if a step failed with one of them."""
    parser = argparse.ArgumentParser(prog="python -m tools.bare", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pythons", nargs="*", metavar="PYTHON", help="interpreters; default: this one")
    given: Any = parser.parse_args(arguments)
    wheel, failed = build(ROOT / "build" / "bare"), 0
    for number, python in enumerate(given.pythons or [sys.executable]):
        begun = time.perf_counter()
        try:
            told = use(python, wheel, ROOT / "build" / "bare" / f"python-{number}")
        except (OSError, subprocess.CalledProcessError) as error:
            printed = [getattr(error, name, None) or "" for name in ("stdout", "stderr")]
            print(f"{python}: failed: {error}\n{''.join(printed)}")
            failed = 1
        else:
            print(f"{python}: {told}; {time.perf_counter() - begun:.0f} s with its installation", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
