"""Tianshou's DQN through Tianshou's PettingZoo environment; banks act in turn, and the mask is in the observation."""

from __future__ import annotations

import logging
from typing import Any, Final

import numpy as np
import torch
from tianshou.algorithm import DQN
from tianshou.algorithm.modelfree.dqn import DiscreteQLearningPolicy
from tianshou.algorithm.multiagent.marl import MultiAgentOffPolicyAlgorithm
from tianshou.algorithm.optim import AdamOptimizerFactory
from tianshou.data import Batch, Collector, VectorReplayBuffer
from tianshou.env import DummyVectorEnv, PettingZooEnv
from tianshou.trainer import OffPolicyTrainerParams
from tianshou.utils.net.common import Net

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
    entries, choices = env.observation_space["observation"].shape, env.action_space

    def learner() -> DQN[Any]:
        net = Net(state_shape=entries, action_shape=choices.n, hidden_sizes=[64, 64])
        policy = DiscreteQLearningPolicy(model=net, action_space=choices, eps_training=0.1)
        optim = AdamOptimizerFactory(lr=1e-3)
        # The rewards of a tick arrive with the turn of the last bank: one round later, every bank has its own.
        return DQN(policy=policy, optim=optim, gamma=1.0, n_step_return_horizon=len(env.agents), target_update_freq=100)

    learners = [learner() for _ in env.agents]
    algorithm = MultiAgentOffPolicyAlgorithm(algorithms=learners, env=env)

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
    params = OffPolicyTrainerParams(
        training_collector=collector,
        max_epochs=1,
        epoch_num_steps=480,
        collection_step_num_env_steps=96,
        update_step_num_gradient_steps_per_sample=0.1,
        batch_size=128,
        verbose=False,
        show_progress=False,
    )
    with run.training():
        while not run.is_over():
            algorithm.run_training(params)
    run.after(act, action="budget")
