"""Tianshou's DQN through Tianshou's PettingZoo environment; banks act in turn, and the mask is in the observation."""

from __future__ import annotations

import logging
from typing import Any, Final

import numpy as np
import torch
from tianshou.data import Batch, Collector, VectorReplayBuffer
from tianshou.env import DummyVectorEnv, PettingZooEnv

from examples.tianshou_dqn import make_algorithm, make_schedule
from simcash_env.envs.simcash_v0 import SimCashAecEnv
from training.libraries.run import Library, Run

LIBRARY: Final = Library(
    title="Tianshou",
    packages=("tianshou", "torch"),
    algorithm="DQN for each bank",
    arguments='action="budget", mask_in="observation"',
    masks="by the library",
)
COPIES: Final = 8


def train(run: Run) -> None:
    """Train a network for each bank."""
    from pettingzoo.utils.conversions import parallel_to_aec_wrapper

    logging.getLogger("tianshou").setLevel(logging.ERROR)  # it warns on every batch that returns are per bank
    torch.set_num_threads(1)
    torch.manual_seed(run.seed)
    np.random.seed(run.seed)  # noqa: NPY002 - Tianshou explores with it

    def make_env() -> PettingZooEnv:
        game = run.parallel_env(action="budget", mask_in="observation")
        return PettingZooEnv(SimCashAecEnv(parallel_to_aec_wrapper(game)))

    env = make_env()
    algorithm = make_algorithm(env, exploration=0.1)
    learners = [algorithm.get_algorithm(bank) for bank in env.agents]

    def act(observations: Any, masks: Any) -> Any:
        chosen = []
        for place, one in enumerate(learners):
            seen = Batch(obs=observations[place : place + 1], mask=masks[place : place + 1].astype(bool))
            with torch.no_grad():
                chosen.append(int(one.policy(Batch(obs=seen, info={})).act[0]))
        return np.array(chosen)

    run.before(act, action="budget")
    collector = Collector(
        algorithm, DummyVectorEnv([make_env for _ in range(COPIES)]), VectorReplayBuffer(20_000, COPIES)
    )
    collector.reset(gym_reset_kwargs={"seed": 1_000})
    schedule = make_schedule(collector, epochs=1, turns=480, turns_per_collection=96)
    with run.training():
        while not run.is_over():
            algorithm.run_training(schedule)
    run.after(act, action="budget")
