"""Rows of BenchMARL on the batch: MAPPO, IPPO, QMIX and IQL with ``budget``, MASAC with ``rank``."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from benchmarl.algorithms import IppoConfig, IqlConfig, MappoConfig, MasacConfig, QmixConfig
from benchmarl.experiment import Experiment, ExperimentConfig
from benchmarl.experiment.callback import Callback
from benchmarl.models.mlp import MlpConfig
from tensordict import TensorDict
from torchrl.envs import ExplorationType, set_exploration_type

from simcash_env.envs.torchrl import GROUP, seen_by_banks
from simcash_env.envs.vector import SimCashVec
from simcash_env.learning.benchmarl_task import SimCashBatchClass
from training.algorithms.contest import SLOTS, Contest

CONFIGS: Final = {
    "mappo": MappoConfig, "ippo": IppoConfig, "qmix": QmixConfig, "iql": IqlConfig, "masac": MasacConfig,
}  # fmt: skip
OPTIMIZER_STEPS: Final = 16
"""Of an off-policy algorithm after every rollout: as many as the on-policy ones take."""
BATCH: Final = 256


class BudgetUsed(Exception):  # noqa: N818 - no error
    """Ends BenchMARL's loop with the budget."""


class Greedy:
    """The policy of an experiment, without exploration.

    Args:
        experiment: whose policy it is.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment

    def act(self, vec: SimCashVec) -> Any:
        """Actions of all learning banks of all copies."""
        seen = TensorDict({GROUP: seen_by_banks(vec)}, [vec.num_envs])
        with torch.no_grad(), set_exploration_type(ExplorationType.DETERMINISTIC):
            found = self._experiment.policy(seen)[GROUP, "action"].numpy()
        return found.astype(np.int64) if vec.action_masks is not None else found.clip(-1.0, 1.0)


class Watch(Callback):
    """Evaluates the policy after every update."""

    def __init__(self, contest: Contest, agent: Greedy) -> None:
        super().__init__()
        self._contest, self._agent = contest, agent

    def on_train_end(self, training_td: Any, group: str) -> None:
        """Evaluate at parts of the budget; end with it."""
        self._contest.at(self.experiment.total_frames * self._contest.banks, self._agent)
        if self._contest.is_over:
            raise BudgetUsed


def play(contest: Contest, name: str, folder: Path) -> None:
    """Train one algorithm with the budget."""
    torch.set_num_threads(1)
    frames = contest.copies * contest.ticks
    config = ExperimentConfig.get_from_yaml()
    config.loggers, config.create_json, config.evaluation, config.render = [], False, False, False
    config.save_folder = str(folder)
    config.max_n_frames = contest.budget // contest.banks + 2 * frames
    config.gamma, config.lr = contest.settings.gamma, 1e-3 if name in {"mappo", "ippo"} else 3e-4
    config.on_policy_collected_frames_per_batch = config.off_policy_collected_frames_per_batch = frames
    config.on_policy_n_envs_per_worker = config.off_policy_n_envs_per_worker = contest.copies
    config.on_policy_n_minibatch_iters, config.on_policy_minibatch_size = 4, frames // 4
    config.off_policy_n_optimizer_steps, config.off_policy_train_batch_size = OPTIMIZER_STEPS, BATCH
    config.off_policy_memory_size = contest.budget // contest.banks
    config.exploration_anneal_frames = contest.budget // (2 * contest.banks)
    config.evaluation_episodes = 1
    options = {
        "scenario": contest.config, "action": contest.action, "max_queue_slots": SLOTS,
        "reward": contest.settings.reward,
    }  # fmt: skip
    model = MlpConfig(num_cells=[64, 64], activation_class=torch.nn.Tanh, layer_class=torch.nn.Linear)
    experiment = Experiment(
        task=SimCashBatchClass(contest.scenario, options),
        algorithm_config=CONFIGS[name].get_from_yaml(),
        model_config=model,
        critic_model_config=model,
        seed=contest.seed,
        config=config,
    )
    agent = Greedy(experiment)
    contest.at(0, agent)
    watch = Watch(contest, agent)
    watch.experiment = experiment
    experiment.callbacks = [watch]
    with suppress(BudgetUsed):
        experiment.run()
    experiment.close()


def mappo(contest: Contest, folder: Path) -> None:
    """PPO with a central critic."""
    play(contest, "mappo", folder)


def ippo(contest: Contest, folder: Path) -> None:
    """Independent PPO."""
    play(contest, "ippo", folder)


def qmix(contest: Contest, folder: Path) -> None:
    """Q-learning with a mixing network."""
    play(contest, "qmix", folder)


def iql(contest: Contest, folder: Path) -> None:
    """Independent Q-learning."""
    play(contest, "iql", folder)


def masac(contest: Contest, folder: Path) -> None:
    """Soft actor-critic with central critics."""
    play(contest, "masac", folder)
