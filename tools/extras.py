"""Install each extra alone in a new environment and run the commands it is for: ``python -m tools.extras [EXTRA ...]``.

The environments are in ``build/extras``. A package index must be reachable.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
CORE: Final = "none"
RUN: Final = ("simcash", "run", "castro-2period-v0", "--quiet")
TRAIN: Final = ("simcash", "train", "castro-2period-v0", "--steps", "2048", "--out", "policy.pt", "--quiet")
IMAGE: Final = """
from simcash_env import simcash_v0
env = simcash_v0.parallel_env("castro-2period-v0", render_mode="rgb_array")
env.reset(seed=1)
assert env.render().shape == (640, 1000, 3)
"""
STEP: Final = """
import sys
from simcash_env import make_vec, simcash_v0
vec = make_vec("castro-2period-v0", num_envs=2)
observations, masks = vec.reset(seed=1)
vec.step(masks[..., 1])
absent = {"torch", "scipy", "matplotlib", "pyarrow", "duckdb", "fastapi", "ray", "PIL"}
assert not absent & set(sys.modules), absent & set(sys.modules)
"""
TABLE: Final = """
import pathlib
text = "day,submitted,sender,receiver,amount\\n2026-03-02,08:00,ALPHA,BETA,1500.00\\n"
pathlib.Path("payments.csv").write_text(text)
"""
PROMISES: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    CORE: (
        ("python", "-c", STEP),
        RUN,
        ("simcash", "--help"),
        ("simcash", "doctor", "--quick"),
    ),
    "training": (
        TRAIN,
        ("simcash", "evaluate", "policy.pt", "--json"),
        ("simcash", "benchmark", "castro-2period-v0", "--seeds", "5", "--json"),
        ("python", "-c", "import simcash_env.envs.sb3"),
    ),
    "tune": (("simcash", "tune", "castro-2period-v0", "--trials", "1", "--steps", "2048", "--seeds", "5"),),
    "distill": (TRAIN, ("simcash", "distill", "policy.pt", "--seeds", "5", "--tuning-seeds", "0", "--rounds", "1")),
    "offline": (("simcash", "export", "castro-2period-v0", "--runs", "3"),),
    "service": (
        ("python", "-c", "import simcash_env.service.app, simcash_env.service.server"),
        ("simcash", "serve", "--help"),
    ),
    "openenv": (("python", "-c", "from openenv.core.generic_client import GenericEnvClient"),),
    "records": (
        (*RUN, "--events", "run.parquet", "--db", "runs.duckdb"),
        ("simcash", "replay", "run.parquet"),
    ),
    "data": (("python", "-c", TABLE), ("simcash", "import", "payments.csv", "--out", "my-system")),
    "plots": ((*RUN, "--plot", "run.png"), (*RUN, "--plot", "run.svg")),
    "render": (("python", "-c", IMAGE), ("python", "-c", "import pygame")),
    "bench": (("python", "-c", "import jaxmarl, jumanji, mpe2, supersuit"),),
    "docs": (("python", "-c", "import mkdocs, material, mkdocstrings_handlers.python, PIL, diagram_renderer"),),
}
"""Commands that an extra is for, run in an empty folder. ``rllib`` pins a set of its own: make adapters installs it."""


def environment(extra: str, folder: Path) -> Path:
    """A fresh environment with the package and one extra; returns its folder of programs."""
    venv.create(folder, clear=True, with_pip=True)
    programs = folder / ("Scripts" if sys.platform == "win32" else "bin")
    what = str(ROOT) if extra == CORE else f"{ROOT}[{extra}]"
    pip: tuple[str | Path, ...] = (programs / "python", "-m", "pip", "install", "--quiet")
    subprocess.run([*pip, "-c", ROOT / "constraints.txt", what], check=True)
    return programs


def check(extra: str) -> bool:
    """Install an extra and keep its promises; says what failed."""
    begun = time.perf_counter()
    folder = ROOT / "build" / "extras" / extra
    programs = environment(extra, folder)
    work = folder / "work"
    work.mkdir()
    for program, *arguments in PROMISES[extra]:
        done = subprocess.run([programs / program, *arguments], cwd=work, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(f"{extra}: {program} {' '.join(arguments)}\n{done.stdout}{done.stderr}")
            return False
    print(f"{extra}: {len(PROMISES[extra])} commands, {time.perf_counter() - begun:.0f} s with its installation")
    return True


def main(arguments: list[str] | None = None) -> int:
    """Check the extras that are named, or all; returns 1 if a command of one failed."""
    parser = argparse.ArgumentParser(prog="python -m tools.extras", description="Install and use each extra alone.")
    parser.add_argument("extras", nargs="*", metavar="EXTRA", help=f"default: all of {', '.join(PROMISES)}")
    extras: list[str] = parser.parse_args(arguments).extras or list(PROMISES)
    if unknown := [extra for extra in extras if extra not in PROMISES]:
        parser.error(f"EXTRA: {', '.join(unknown)}: unknown. Accepted: {', '.join(PROMISES)}")
    failed = [extra for extra in extras if not check(extra)]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
