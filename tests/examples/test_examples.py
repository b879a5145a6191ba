"""Every example runs, and what it trains gets better, by far more than chance."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.budget import slow_but

ROOT = Path(__file__).resolve().parent.parent.parent

BUDGETS = {
    "sb3_ppo": ("stable_baselines3", {"steps": 24_576}),
    "sb3_maskable_ppo": ("sb3_contrib", {"steps": 24_576}),
    "cleanrl_ppo": ("torch", {"steps": 24_576}),
    "gymnasium_ppo": ("stable_baselines3", {"steps": 8_192}),
    "rllib_ppo": ("ray", {"iterations": 15}),
    "torchrl_ppo": ("torchrl", {"iterations": 10}),
    "tianshou_dqn": ("tianshou", {"epochs": 4}),
}
"""By example: the library it needs, and a training of some seconds."""

OWN = ("own_action", "own_observation", "own_reward")
"""Examples of objects that a user adds."""

SERVED = ("http_agent",)
"""Clients of the service, which need nothing of the package: tests/service/test_environments.py runs them."""

PUBLIC = {
    "simcash_env",
    "simcash_env.schema.codes",
    "simcash_env.learning.rllib_module",
    *(f"simcash_env.envs.{name}" for name in ("sb3", "actions", "batch_view", "observations", "rewards")),
}

HOPELESS, BEST = -2.0, -1_000 / 3_500
"""Mean returns of castro-2period-v0: what drawing at random stays below, and the known equilibrium."""


@pytest.mark.parametrize("name", slow_but({"sb3_maskable_ppo"}, *BUDGETS))
@pytest.mark.filterwarnings("ignore")  # of the libraries, about themselves
def test_examples_trained_policy_earns_more_than_the_untrained_one(name):
    library, budget = BUDGETS[name]
    pytest.importorskip(library, reason=f"make test-adapters installs {library} and runs this")
    before, after = importlib.import_module(f"examples.{name}").train(**budget)
    error = np.hypot(before.std() / np.sqrt(len(before)), after.std() / np.sqrt(len(after)))
    assert len(before) == len(after) >= 300
    assert before.mean() < HOPELESS
    assert after.mean() - before.mean() > max(1.0, 10 * error)
    assert after.mean() <= BEST + 0.05, "no policy does better than the equilibrium's mean by more than noise"


@pytest.mark.parametrize("name", OWN)
def test_examples_object_of_ones_own_plays_a_day(name, capsys):
    importlib.import_module(f"examples.{name}").main()
    assert capsys.readouterr().out.strip()


def test_no_example_is_left_out_and_each_says_how_to_run_it():
    found = sorted(path.stem for path in (ROOT / "examples").glob("*.py"))
    assert found == sorted([*BUDGETS, *SERVED, *OWN])
    page = (ROOT / "examples" / "README.md").read_text()
    for name in found:
        text = (ROOT / "examples" / f"{name}.py").read_text()
        assert f"python examples/{name}.py" in text or f"python -m examples.{name}" in text
        assert f"[{name}.py]({name}.py)" in page


def test_examples_use_what_is_public():
    for path in (ROOT / "examples").glob("*.py"):
        text = path.read_text()
        assert path.stem in SERVED or "simcash_env" in text, path.name
        for module, names in re.findall(r"^from (simcash_env[\w.]*) import (.*)$", text, re.MULTILINE):
            assert module in PUBLIC, path.name
            assert "_" not in {name.strip()[0] for name in names.split(",")}, path.name
        assert "._" not in text.replace("super()._", "").replace("self._", ""), path.name


@pytest.mark.slow
def test_example_runs_as_a_script_and_says_what_it_learned():
    pytest.importorskip("stable_baselines3")
    done = subprocess.run([sys.executable, "examples/sb3_ppo.py"], cwd=ROOT, check=True, capture_output=True, text=True)
    assert re.fullmatch(r"mean return of a bank's day: -[23]\.\d{3} before, -0\.\d{3} after\n", done.stdout)
