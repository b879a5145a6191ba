"""BenchMARL's MAPPO, QMIX and IQL on the package's task; BenchMARL masks the choices of a budget itself."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from typing import Any, Final

import numpy as np
import torch
from benchmarl.algorithms import IqlConfig, MappoConfig, QmixConfig
from benchmarl.experiment import Experiment, ExperimentConfig
from benchmarl.experiment.callback import Callback
from benchmarl.models.mlp import MlpConfig
from tensordict import TensorDict
from torchrl.envs import ExplorationType, set_exploration_type

from simcash_env.envs.torchrl import GROUP
from simcash_env.learning.benchmarl_task import SimCashClass
from training.libraries.run import SCENARIO, Library, Run

MASKS: Final = "by BenchMARL"
LIBRARIES: Final = {
    name: Library("BenchMARL", ("benchmarl", "torchrl", "torch"), name, 'action="budget"', MASKS)
    for name in ("MAPPO", "QMIX", "IQL")
}
CONFIGS: Final = {"MAPPO": MappoConfig, "QMIX": QmixConfig, "IQL": IqlConfig}
FRAMES: Final = 480


class OutOfTime(Exception):  # noqa: N818 - no error
    """Ends BenchMARL's loop, which counts iterations and not seconds."""


class Watch(Callback):
    """Ends the experiment once the run has taken its time."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run

    def on_train_end(self, training_td: Any, group: str) -> None:
        """Look at the clock after every update."""
        if self.run.is_over():
            raise OutOfTime


class CountedTask(SimCashClass):
    """The task with environments that count."""

    run: Run

    def make_env(self) -> Any:
        """Return an environment of the run."""
        return self.run.parallel_env(action="budget")


def experiment(run: Run, name: str, frames: int, folder: str) -> Experiment:
    """An experiment of so many ticks, without logs; BenchMARL writes its configuration into the folder."""
    task = CountedTask(name="CASTRO12", config={"scenario": SCENARIO})
    task.run = run
    config = ExperimentConfig.get_from_yaml()
    config.loggers, config.create_json, config.evaluation, config.render = [], False, False, False
    config.save_folder = folder
    config.max_n_frames, config.gamma, config.lr = frames, 1.0, 1e-3
    config.on_policy_collected_frames_per_batch = config.off_policy_collected_frames_per_batch = FRAMES
    config.on_policy_n_envs_per_worker = config.off_policy_n_envs_per_worker = 4
    config.on_policy_n_minibatch_iters, config.on_policy_minibatch_size = 4, 120
    config.off_policy_n_optimizer_steps, config.off_policy_train_batch_size = 60, 128
    return Experiment(
        task=task,
        algorithm_config=CONFIGS[name].get_from_yaml(),
        model_config=MlpConfig(num_cells=[64, 64], activation_class=torch.nn.Tanh, layer_class=torch.nn.Linear),
        critic_model_config=MlpConfig(num_cells=[64, 64], activation_class=torch.nn.Tanh, layer_class=torch.nn.Linear),
        seed=run.seed,
        config=config,
    )


def train(run: Run, name: str) -> None:
    """Train with one algorithm."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        _train(run, name, experiment(run, name, FRAMES * 10_000, folder))


def _train(run: Run, name: str, made: Experiment) -> None:
    """Measure, train and measure again."""
    kind = ExplorationType.RANDOM if name == "MAPPO" else ExplorationType.DETERMINISTIC

    def act(observations: Any, masks: Any) -> Any:
        rows = {"observation": torch.tensor(observations), "action_mask": torch.tensor(masks, dtype=torch.bool)}
        seen = TensorDict({GROUP: TensorDict(rows, [len(observations)])}, [])
        with torch.no_grad(), set_exploration_type(kind):
            return made.policy(seen)[GROUP, "action"].numpy().astype(np.int64)

    run.before(act, action="budget")
    watch = Watch(run)
    watch.experiment = made
    made.callbacks = [watch]
    with run.training(), suppress(OutOfTime):
        made.run()
    run.after(act, action="budget")
