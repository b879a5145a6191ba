"""Tianshou's DQN, one network per bank, with Tianshou's PettingZoo adapter on the AEC environment.

python examples/tianshou_dqn.py, in an environment made with constraints/tianshou.txt
"""

import logging

import numpy as np
import torch
from gymnasium.spaces import Discrete
from tianshou.algorithm import DQN
from tianshou.algorithm.modelfree.dqn import DiscreteQLearningPolicy
from tianshou.algorithm.multiagent.marl import MultiAgentOffPolicyAlgorithm
from tianshou.algorithm.optim import AdamOptimizerFactory
from tianshou.data import Collector, VectorReplayBuffer
from tianshou.env import DummyVectorEnv, PettingZooEnv
from tianshou.trainer import OffPolicyTrainerParams
from tianshou.utils.net.common import Net

from simcash_env import simcash_v0
from simcash_env.envs.actions import Action


class PoolShare(Action):
    """A Discrete action, as Tianshou's DQN needs: the pool share. Every payment is released at once."""

    def space(self, vec):
        """Return the space of the last head, the pool share."""
        return Discrete(int(vec.action_nvec[-1]))

    def mask(self, vec):
        """Return the masks (copies, banks, shares) of the pool share."""
        return vec.masks[:, :, -1]

    def decode(self, vec, actions):
        """Return actions (copies, banks, heads) that release every payment and commit the chosen share."""
        heads = vec.masks[..., vec.slot_choices.release].astype(np.int64)
        heads[..., -1] = actions
        return heads


def make_env() -> PettingZooEnv:
    """Return one copy, in which banks act in turn."""
    return PettingZooEnv(
        simcash_v0.env("castro-2period-v0", action=PoolShare(), mask_in="observation", max_queue_slots=4)
    )


def returns(algorithm, episodes: int = 300) -> np.ndarray:
    """Return the undiscounted returns of a bank's days; each action is the one of the highest value."""
    collector = Collector(algorithm.policy, DummyVectorEnv([make_env]))
    collector.reset(gym_reset_kwargs={"seed": 9_000})
    return np.asarray(collector.collect(n_episode=episodes).returns).ravel()


def make_algorithm(env: PettingZooEnv, exploration: float) -> MultiAgentOffPolicyAlgorithm:
    """Return a DQN for each bank."""
    entries, choices = env.observation_space["observation"].shape, env.action_space

    def learner() -> DQN:
        net = Net(state_shape=entries, action_shape=choices.n, hidden_sizes=[64, 64])
        policy = DiscreteQLearningPolicy(model=net, action_space=choices, eps_training=exploration)
        # The rewards of a tick arrive with the turn of the last bank: one round later, every bank has received its own.
        horizon = len(env.agents)
        optim = AdamOptimizerFactory(lr=1e-3)
        return DQN(policy=policy, optim=optim, gamma=1.0, n_step_return_horizon=horizon, target_update_freq=100)

    return MultiAgentOffPolicyAlgorithm(algorithms=[learner() for _ in env.agents], env=env)


def make_schedule(collector: Collector, epochs: int, turns: int, turns_per_collection: int) -> OffPolicyTrainerParams:
    """Return how long Tianshou trains: epochs of a number of turns, one gradient step for every ten of them."""
    return OffPolicyTrainerParams(
        training_collector=collector,
        max_epochs=epochs,
        epoch_num_steps=turns,
        collection_step_num_env_steps=turns_per_collection,
        update_step_num_gradient_steps_per_sample=0.1,
        batch_size=128,
        verbose=False,
        show_progress=False,
    )


def train(epochs: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Train for ``epochs`` of 1,000 turns; return the returns before and after."""
    logging.getLogger("tianshou").setLevel(logging.ERROR)  # it warns on every batch that returns are per bank
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - Tianshou explores with it
    algorithm = make_algorithm(make_env(), exploration=0.3)
    before = returns(algorithm)
    collector = Collector(algorithm, DummyVectorEnv([make_env for _ in range(10)]), VectorReplayBuffer(10_000, 10))
    collector.reset(gym_reset_kwargs={"seed": 1_000})
    algorithm.run_training(make_schedule(collector, epochs, 1_000, 100))
    return before, returns(algorithm)


if __name__ == "__main__":
    before, after = train()
    print(f"mean return of a bank's day: {before.mean():.3f} before, {after.mean():.3f} after")
