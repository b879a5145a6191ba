"""RLlib's PPO on one machine or a cluster: env runners that die are replaced, checkpoints resume."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import ray
import torch
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
from ray.rllib.core.rl_module.multi_rl_module import MultiRLModule, MultiRLModuleSpec
from ray.rllib.core.rl_module.rl_module import RLModuleSpec
from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv

from simcash_env import __version__, simcash_v0
from simcash_env.errors import SnapshotError
from simcash_env.evaluation.evaluate import Evaluation, evaluate_agent
from simcash_env.evaluation.seeds import validation_seeds
from simcash_env.learning.rllib_module import MaskedPPO
from simcash_env.learning.rllib_settings import RllibSettings
from simcash_env.registry import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from simcash_env.envs.vector import SimCashVec
    from simcash_env.schema.arrays import I64

BANK: Final = "bank"
"""The one policy."""
STATE, ALGORITHM = "state.json", "algorithm"
QUIET: Final = {"log_to_driver": False, "configure_logging": True, "logging_level": "error"}


def make_env(config: Any) -> ParallelPettingZooEnv:
    """One copy, one agent a bank."""
    options = {"max_queue_slots": config["max_queue_slots"], "mask_in": "observation"}
    return ParallelPettingZooEnv(
        simcash_v0.parallel_env(load(config["scenario"], changes=config["changes"]), **options)
    )


def assign_policy(*_: Any, **__: Any) -> str:
    """All banks share one policy."""
    return BANK


def ppo_config(settings: RllibSettings, seed: int, runners: int) -> Any:
    """RLlib's configuration; ``runners`` processes sample, or the one that learns where that is 0."""
    from ray.tune.registry import register_env

    register_env("simcash", make_env)
    model = DefaultModelConfig(fcnet_hiddens=list(settings.hidden), vf_share_layers=False)
    spec = RLModuleSpec(module_class=MaskedPPO, model_config=model)
    return (
        PPOConfig()
        .environment(
            "simcash", env_config={key: getattr(settings, key) for key in ("scenario", "changes", "max_queue_slots")}
        )
        .env_runners(num_env_runners=runners)
        .learners(num_learners=0)
        .multi_agent(policies={BANK}, policy_mapping_fn=assign_policy)
        .rl_module(rl_module_spec=MultiRLModuleSpec(rl_module_specs={BANK: spec}))
        .training(
            train_batch_size_per_learner=settings.batch,
            minibatch_size=min(settings.minibatch, settings.batch),
            num_epochs=settings.num_epochs,
            lr=settings.learning_rate,
            gamma=settings.gamma,
            lambda_=settings.gae_lambda,
            clip_param=settings.clip_range,
            entropy_coeff=settings.entropy,
        )
        .fault_tolerance(restart_failed_env_runners=True, delay_between_env_runner_restarts_s=1.0)
        .debugging(seed=seed, log_level="ERROR")
    )


class RllibAgent:
    """The most likely choices of a trained module, for all banks of a batch."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def act(self, vec: SimCashVec) -> I64:
        """Heads (N, L, H)."""
        rows = vec.num_envs * vec.num_banks
        seen = torch.tensor(vec.observations.reshape(rows, -1))
        mask = torch.tensor(vec.flat_masks.reshape(rows, -1))  # type: ignore[union-attr]
        with torch.no_grad():
            logits = self._module.forward_inference({"obs": {"observation": seen, "action_mask": mask}})
        heads = torch.split(logits["action_dist_inputs"], vec.action_nvec.tolist(), dim=1)
        chosen = np.stack([head.argmax(dim=1).numpy() for head in heads], axis=1)
        actions: I64 = chosen.reshape(vec.actions.shape).astype(np.int64)
        return actions


def evaluate_algorithm(algorithm: Any, settings: RllibSettings, seeds: Sequence[int]) -> Evaluation:
    """Play the most likely choices on given days."""
    config = settings.config()
    agent = RllibAgent(algorithm.get_module(BANK))
    return evaluate_agent(config, agent, seeds, max_queue_slots=settings.max_queue_slots)


@contextmanager
def connected(address: str | None, cpus: int | None = None) -> Iterator[None]:
    """Join the cluster at an address (``auto``: the one of this machine), or start one of this machine alone."""
    if address is None:
        ray.init(num_cpus=cpus, include_dashboard=False, object_store_memory=100_000_000, **QUIET)
    else:
        ray.init(address=address, **QUIET)
    try:
        yield
    finally:
        ray.shutdown()


@dataclass
class RllibState:
    """How far a training is; ``curve`` has each iteration's mean return of a bank's day, None if none ended."""

    settings: dict[str, Any]
    seed: int
    iterations: int
    curve: list[float | None]
    version: str = __version__


def save_state(algorithm: Any, state: RllibState, folder: Path) -> None:
    """Write a checkpoint to a new file, then rename it: one of the two is always complete."""
    folder.mkdir(parents=True, exist_ok=True)
    fresh, old = folder / "fresh", folder / "old"
    shutil.rmtree(fresh, ignore_errors=True)
    algorithm.save_to_path(str((fresh / ALGORITHM).resolve()))
    (fresh / STATE).write_text(json.dumps(vars(state), indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(old, ignore_errors=True)
    if (folder / "last").exists():
        (folder / "last").rename(old)
    fresh.rename(folder / "last")
    shutil.rmtree(old, ignore_errors=True)


def read_state(folder: Path) -> tuple[RllibState, Path] | None:
    """The newest whole checkpoint of a folder and where its algorithm is; None where there is none.

    Raises:
        SnapshotError: it cannot be read.
    """
    for name in ("last", "old"):
        if (folder / name / STATE).is_file():
            try:
                values = json.loads((folder / name / STATE).read_text(encoding="utf-8"))
                return RllibState(**values), (folder / name / ALGORITHM).resolve()
            except (ValueError, TypeError) as error:
                message = f"{folder / name}: no checkpoint that can be read: {error}"
                raise SnapshotError(message) from error
    return None


def train_rllib(
    settings: RllibSettings,
    seed: int,
    folder: Path,
    *,
    runners: int = 0,
    every: int = 5,
    report: Callable[[RllibState], None] | None = None,
) -> tuple[RllibState, bool]:
    """Train, going on from the folder's checkpoint where there is one; Ctrl-C saves.

    Args:
        settings: of the training.
        seed: of weights and draws; a training that goes on draws others than one that was never interrupted.
        folder: of the checkpoint.
        runners: processes that sample, anywhere in the cluster.
        every: iterations between two checkpoints.
        report: called after every iteration.

    Returns:
        How far it is, and whether it is complete.

    Raises:
        SnapshotError: the checkpoint is of another training.
    """
    found = read_state(folder)
    state = RllibState(settings.as_data(), seed, 0, [])
    algorithm = ppo_config(settings, seed, runners).build_algo()
    try:
        if found is not None:
            before, path = found
            keys = {*before.settings, *state.settings}
            changed = {key for key in keys if before.settings.get(key) != state.settings.get(key)}
            if changed - {"iterations"} or before.seed != seed:
                message = f"{folder}: holds a training with other {', '.join(sorted(changed)) or 'seed'}"
                raise SnapshotError(message)
            algorithm.restore_from_path(str(path))
            state.iterations, state.curve = before.iterations, before.curve
        is_complete = _go_on(algorithm, settings, state, folder, every=every, report=report)
        save_state(algorithm, state, folder)
    finally:
        algorithm.stop()
    return state, is_complete


def evaluate_folder(folder: Path, num_days: int) -> dict[str, float]:
    """What a checkpoint's most likely choices cost on validation days.

    Raises:
        SnapshotError: there is no checkpoint.
    """
    found = read_state(folder)
    if found is None:
        message = f"{folder}: holds no checkpoint"
        raise SnapshotError(message)
    state, path = found
    settings = RllibSettings(**state.settings)
    module = MultiRLModule.from_checkpoint(path / "learner_group" / "learner" / "rl_module")[BANK]
    agent = RllibAgent(module)
    days = validation_seeds(num_days)
    total = evaluate_agent(settings.config(), agent, days, max_queue_slots=settings.max_queue_slots).total()
    return {"mean": total.mean, "low": total.low, "high": total.high}


def _go_on(
    algorithm: Any, settings: RllibSettings, state: RllibState, folder: Path, *, every: int,
    report: Callable[[RllibState], None] | None,
) -> bool:  # fmt: skip
    try:
        while state.iterations < settings.iterations:
            result = algorithm.train()
            mean = result["env_runners"].get("module_episode_returns_mean", {}).get(BANK)
            state.iterations += 1
            state.curve.append(None if mean is None else float(mean))
            if state.iterations % every == 0:
                save_state(algorithm, state, folder)
            if report is not None:
                report(state)
    except KeyboardInterrupt:
        return False
    return True
