"""d3rlpy's offline TD3+BC on a Minari data set that one bank's random actions make; ``rank`` needs no masks."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

import d3rlpy
import gymnasium
import minari
import numpy as np
import torch
from minari.data_collector import EpisodeBuffer

from simcash_env.learning.offline_data import data_root
from training.libraries.run import ID, SLOTS, Library, Run

LIBRARY: Final = Library(
    title="d3rlpy and Minari",
    packages=("d3rlpy", "minari", "torch"),
    algorithm="TD3+BC, offline, one bank",
    arguments='action="rank"',
    masks="none needed: the library has no masks",
)
DATA: Final = "simcash/castro12/random-v0"
DAYS: Final = 1_000
STEPS: Final = 500


def random_day(env: gymnasium.Env[Any, Any], seed: int) -> EpisodeBuffer:
    """A day of random actions; Minari's own collector needs jax."""
    seen, _ = env.reset(seed=seed)
    observations, actions, rewards = [seen], [], []
    terminations: list[bool] = []
    truncations: list[bool] = []
    while not (terminations and (terminations[-1] or truncations[-1])):
        actions.append(env.action_space.sample())
        seen, reward, terminated, truncated, _ = env.step(actions[-1])
        observations.append(seen)
        rewards.append(reward)
        terminations.append(terminated)
        truncations.append(truncated and not terminated)
    return EpisodeBuffer(
        seed=seed, observations=observations, actions=actions, rewards=rewards, terminations=terminations,
        truncations=truncations,
    )  # fmt: skip


def train(run: Run) -> None:
    """Collect random days of the first bank, then learn from them; the other bank releases everything."""
    torch.set_num_threads(1)
    d3rlpy.seed(run.seed)
    env, environment = run.gymnasium_env(action="rank"), gymnasium.make(ID, action="rank", max_queue_slots=SLOTS)
    one = {"learners": [env.get_wrapper_attr("bank")], "action": "rank"}
    env.action_space.seed(run.seed)
    algorithm = d3rlpy.algos.TD3PlusBCConfig(gamma=1.0, batch_size=128).create(device="cpu:0")

    def draw(observations: Any, masks: Any) -> Any:
        return np.stack([env.action_space.sample() for _ in observations])

    def act(observations: Any, masks: Any) -> Any:
        return np.clip(algorithm.predict(observations), -1.0, 1.0)

    run.before(draw, **one)
    with tempfile.TemporaryDirectory() as name, data_root(Path(name)):
        with run.training():
            days = [random_day(env, 1_000 + day) for day in range(DAYS)]
            minari.create_dataset_from_buffers(
                DATA, days, env=environment.spec, algorithm_name="random", data_format="hdf5"
            )
        collected = run.row.decisions_per_s
        data, _ = d3rlpy.datasets.get_minari(DATA)
        with run.training():
            while not run.is_over():
                algorithm.fit(
                    data, n_steps=STEPS, n_steps_per_epoch=STEPS, show_progress=False,
                    logger_adapter=d3rlpy.logging.NoopAdapterFactory(),
                )  # fmt: skip
        run.row.decisions_per_s = collected  # of the collection: learning makes no decisions
        assert minari.load_dataset(DATA).total_episodes == DAYS
    run.after(act, **one)
