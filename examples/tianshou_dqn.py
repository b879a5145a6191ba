"""Tianshou's DQN, one network a bank, through Tianshou's own PettingZoo adapter, turn by turn.

python examples/tianshou_dqn.py, in an environment made with constraints/tianshou.txt
"""

import logging

import numpy as np
import torch
from gymnasium.spaces import Box, Dict, Discrete
from pettingzoo.utils import BaseParallelWrapper
from pettingzoo.utils.conversions import parallel_to_aec
from tianshou.algorithm import DQN
from tianshou.algorithm.modelfree.dqn import DiscreteQLearningPolicy
from tianshou.algorithm.multiagent.marl import MultiAgentOffPolicyAlgorithm
from tianshou.algorithm.optim import AdamOptimizerFactory
from tianshou.data import Collector, VectorReplayBuffer
from tianshou.env import DummyVectorEnv, PettingZooEnv
from tianshou.trainer import OffPolicyTrainerParams
from tianshou.utils.net.common import Net

from simcash_env import simcash_v0


class PoolShare(BaseParallelWrapper):
    """One Discrete choice, as Tianshou's DQN wants: the pool share; every payment is released at once."""

    def __init__(self, env):
        super().__init__(env)
        seen = env.observation_space(env.possible_agents[0])["observation"]
        self.heads = env.action_space(env.possible_agents[0]).nvec
        self.space = Dict({"observation": seen, "action_mask": Box(0, 1, (self.heads[-1],), np.int8)})
        self.choices, self.masks = Discrete(int(self.heads[-1])), {}

    def observation_space(self, agent):  # noqa: ARG002 - PettingZoo's signature
        """The vector, and which pool shares are open."""
        return self.space

    def action_space(self, agent):  # noqa: ARG002 - likewise
        """Pool shares."""
        return self.choices

    def _shown(self, seen):
        self.masks = {agent: one["action_mask"] for agent, one in seen.items()}
        return {a: {"observation": one["observation"], "action_mask": self.masks[a][-1]} for a, one in seen.items()}

    def reset(self, seed=None, options=None):
        """As of the environment."""
        seen, infos = self.env.reset(seed=seed, options=options)
        return self._shown(seen), infos

    def step(self, actions):
        """Release every payment, and commit the chosen share."""
        full = {agent: np.append(self.masks[agent][:-1, 1], share).astype(np.int64) for agent, share in actions.items()}
        seen, *rest = self.env.step(full)
        return self._shown(seen), *rest


def make_env() -> PettingZooEnv:
    """One copy, its banks in turn."""
    env = simcash_v0.parallel_env("castro-2period-v0", max_queue_slots=4)
    return PettingZooEnv(parallel_to_aec(PoolShare(env)))


def returns(algorithm, episodes: int = 300) -> np.ndarray:
    """Undiscounted returns of a bank's day, each choice the one that the networks value most."""
    collector = Collector(algorithm.policy, DummyVectorEnv([make_env]))
    collector.reset(gym_reset_kwargs={"seed": 9_000})
    return np.asarray(collector.collect(n_episode=episodes).returns).ravel()


def train(epochs: int = 10, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Returns before and after so many rounds of 1,000 turns."""
    logging.getLogger("tianshou").setLevel(logging.ERROR)  # it remarks on every batch that returns are by bank
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    env = make_env()
    entries, choices = env.observation_space["observation"].shape, env.action_space

    def learner() -> DQN:
        net = Net(state_shape=entries, action_shape=choices.n, hidden_sizes=[64, 64])
        policy = DiscreteQLearningPolicy(model=net, action_space=choices, eps_training=0.2)
        # A tick's rewards come with the last bank's turn: a round of turns further each bank has seen its own.
        horizon = len(env.agents)
        optim = AdamOptimizerFactory(lr=1e-3)
        return DQN(policy=policy, optim=optim, gamma=1.0, n_step_return_horizon=horizon, target_update_freq=100)

    algorithm = MultiAgentOffPolicyAlgorithm(algorithms=[learner() for _ in env.agents], env=env)
    before = returns(algorithm)
    collector = Collector(algorithm, DummyVectorEnv([make_env for _ in range(10)]), VectorReplayBuffer(10_000, 10))
    collector.reset(gym_reset_kwargs={"seed": 1_000})
    params = OffPolicyTrainerParams(
        training_collector=collector,
        max_epochs=epochs,
        epoch_num_steps=1_000,
        collection_step_num_env_steps=100,
        update_step_num_gradient_steps_per_sample=0.1,
        batch_size=128,
        verbose=False,
        show_progress=False,
    )
    algorithm.run_training(params)
    return before, returns(algorithm)


if __name__ == "__main__":
    before, after = train()
    print(f"mean return of a bank's day: {before.mean():.3f} before, {after.mean():.3f} after")
