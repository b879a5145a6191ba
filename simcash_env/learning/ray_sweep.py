"""A sweep with Ray Tune over RLlib trainings: one machine or a cluster, evaluated on validation seeds.

A trial whose node dies is taken up elsewhere from its last checkpoint; a sweep whose own process dies is taken up by
the same command. Checkpoints are in the sweep's folder, which all nodes must see.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from ray import tune
from ray.tune import Checkpoint, CheckpointConfig, FailureConfig, RunConfig, TuneConfig, Tuner

from simcash_env import __version__
from simcash_env.errors import ConfigError, Fault, SimulationError
from simcash_env.evaluation.seeds import validation_seeds
from simcash_env.files import write_atomically
from simcash_env.learning.rllib_ppo import ALGORITHM, evaluate_algorithm, ppo_config
from simcash_env.learning.rllib_settings import RllibSettings
from simcash_env.learning.search_space import Range, Space, space_as_data

COST: Final = "validation_cents"
ITERATION: Final = "iterations"
RESUMED: Final = "resumed_from"
"""The iteration at which the trial was taken up last."""
PLAN: Final = "simcash-sweep.json"
MOST_FAILURES: Final = 10
SAVE_PERIOD: Final = "TUNE_GLOBAL_CHECKPOINT_S"
"""Ray Tune's variable: seconds between two notes of how far the sweep is. A killed sweep knows no later checkpoint."""


@dataclass(frozen=True)
class SweepPlan:
    """What all trials of a sweep have in common."""

    settings: RllibSettings
    space: Space
    trials: int
    validation_days: int = 100
    every: int = 5

    def as_data(self) -> dict[str, Any]:
        """For comparison, and to be kept."""
        space = space_as_data(self.space)
        whole = asdict(self) | {"settings": self.settings.as_data(), "space": space}
        plain: dict[str, Any] = json.loads(json.dumps(whole | {"version": __version__}))
        return plain


def run_trial(config: dict[str, Any]) -> None:
    """One training; every few iterations a checkpoint and the cost on the validation days go to Ray Tune."""
    settings = RllibSettings(**{**config["settings"], **config["choices"]})
    days = validation_seeds(config["validation_days"])
    algorithm = ppo_config(settings, 0, 0).build_algo()
    done = 0
    before = tune.get_checkpoint()
    if before is not None:
        with before.as_directory() as folder:
            algorithm.restore_from_path(str(Path(folder) / ALGORITHM))
            done = json.loads((Path(folder) / "done.json").read_text(encoding="utf-8"))
    begun = done
    try:
        while done < settings.iterations:
            for _ in range(min(config["every"], settings.iterations - done)):
                algorithm.train()
                done += 1
            cents = float(np.mean(evaluate_algorithm(algorithm, settings, days).totals()))
            with tempfile.TemporaryDirectory() as folder:
                algorithm.save_to_path(str(Path(folder) / ALGORITHM))
                (Path(folder) / "done.json").write_text(json.dumps(done), encoding="utf-8")
                tune.report(
                    {COST: cents, ITERATION: done, RESUMED: begun}, checkpoint=Checkpoint.from_directory(folder)
                )
    finally:
        algorithm.stop()


def drawn(choice: Any) -> Any:
    """How Ray Tune draws a value."""
    if not isinstance(choice, Range):
        return tune.choice(choice)
    if choice.whole:
        draw = tune.lograndint if choice.log else tune.randint
        return draw(int(choice.low), int(choice.high) + 1)
    return (tune.loguniform if choice.log else tune.uniform)(choice.low, choice.high)


def sweep(plan: SweepPlan, folder: Path, seed: int = 0) -> dict[str, Any]:
    """Run a sweep, or go on with the one that the folder holds.

    Args:
        plan: of the sweep.
        folder: where Ray Tune keeps it; on a cluster one that all nodes share.
        seed: of what is drawn.

    Returns:
        As plain data: the best settings and their cost, and every trial.

    Raises:
        ConfigError: the folder holds a sweep of another plan.
        SimulationError: no trial came to its end.
    """
    path = folder.resolve()
    if (path / PLAN).is_file():
        before = json.loads((path / PLAN).read_text(encoding="utf-8"))
        if before != plan.as_data():
            changed = [key for key, value in plan.as_data().items() if before.get(key) != value]
            rule = f"holds a sweep with other {', '.join(changed)}; name another folder"
            raise ConfigError([Fault(str(folder), None, "out", repr(str(folder)), rule)])
    os.environ.setdefault(SAVE_PERIOD, "1")
    path.mkdir(parents=True, exist_ok=True)
    write_atomically(path / PLAN, (json.dumps(plan.as_data(), indent=1) + "\n").encode())
    if Tuner.can_restore(str(path)):
        tuner = Tuner.restore(str(path), run_trial, resume_unfinished=True, resume_errored=True)
    else:
        tuner = new_tuner(plan, path, seed)
    with redirect_stdout(sys.stderr):  # Ray Tune prints tables
        results = tuner.fit()
    return summary(plan, results)


def new_tuner(plan: SweepPlan, path: Path, seed: int) -> Any:
    """A sweep from its beginning."""
    constant = {
        "settings": plan.settings.as_data(), "validation_days": plan.validation_days, "every": plan.every,
    }  # fmt: skip
    np.random.seed(seed)  # noqa: NPY002 - what Ray Tune draws from
    return Tuner(
        run_trial,
        param_space={**constant, "choices": {name: drawn(choice) for name, choice in plan.space.items()}},
        tune_config=TuneConfig(num_samples=plan.trials, metric=COST, mode="min"),
        run_config=RunConfig(
            name=path.name,
            storage_path=str(path.parent),
            failure_config=FailureConfig(max_failures=MOST_FAILURES),
            checkpoint_config=CheckpointConfig(num_to_keep=2),
            verbose=0,
        ),
    )


def summary(plan: SweepPlan, results: Any) -> dict[str, Any]:
    """What came of it."""
    trials = [
        {
            "choices": result.config["choices"],
            **{name: (result.metrics or {}).get(name) for name in (COST, ITERATION, RESUMED)},
            "error": None if result.error is None else str(result.error),
        }
        for result in results
    ]
    done = [trial for trial in trials if trial["error"] is None and trial[COST] is not None]
    if not done:
        message = f"no trial came to its end: {trials[0]['error'] if trials else 'there was none'}"
        raise SimulationError(message)
    best = min(done, key=lambda trial: trial[COST])
    settings = {**plan.settings.as_data(), **best["choices"]}
    return {"best": best[COST], "settings": settings, "trials": trials, "done": len(done)}
