"""AgileRL's PPO for one bank, which reads flat masks from the infos, and IPPO for all banks, without masks."""

from __future__ import annotations

from typing import Any, Final

import gymnasium
import numpy as np
import torch
from agilerl.algorithms import IPPO, PPO
from agilerl.rollouts.on_policy import collect_rollouts
from agilerl.training.train_multi_agent_on_policy import train_multi_agent_on_policy
from agilerl.vector.dummy_vec_env import PzDummyVecEnv

from training.libraries.run import ID, SLOTS, Library, Run

PACKAGES: Final = ("agilerl", "torch")
LIBRARIES: Final = {
    "PPO": Library(
        "AgileRL",
        PACKAGES,
        "PPO, one bank",
        'gymnasium.make_vec(..., mask="flat", mask_in="info")',
        "by the library",
    ),
    "IPPO": Library("AgileRL", PACKAGES, "IPPO", 'action="rank"', "none needed: IPPO raises for masks"),
}
NETWORK: Final = {"encoder_config": {"hidden_size": [64]}, "head_config": {"hidden_size": [64]}}
COPIES: Final = 16
TICKS: Final = 24


class Counted(gymnasium.vector.VectorWrapper[Any, Any, Any]):
    """A vector environment that counts."""

    def __init__(self, env: Any, run: Run) -> None:
        super().__init__(env)
        self._run = run

    def step(self, actions: Any) -> Any:
        """Step and count."""
        result = self.env.step(actions)
        self._run.counter.decisions += self.num_envs
        self._run.counter.illegal += int(result[4]["illegal_actions"].sum())
        return result


def train(run: Run, name: str) -> None:
    """Train with one algorithm."""
    torch.set_num_threads(1)
    torch.manual_seed(run.seed)
    np.random.seed(run.seed)  # noqa: NPY002 - AgileRL draws minibatches with it
    {"PPO": train_bank, "IPPO": train_banks}[name](run)


def train_banks(run: Run) -> None:
    """Train all banks with AgileRL's own loop."""
    env = PzDummyVecEnv(run.parallel_env(action="rank"))
    banks = env.possible_agents
    agent = IPPO(
        [env.single_observation_space(bank) for bank in banks],
        [env.single_action_space(bank) for bank in banks],
        agent_ids=banks,
        learn_step=10 * TICKS,
        batch_size=60,
        lr=1e-3,
        gamma=0.95,  # its advantages run on into the next day
        net_config=NETWORK,
        device="cpu",
    )

    def act(observations: Any, masks: Any) -> Any:
        seen = {bank: observations[place : place + 1] for place, bank in enumerate(banks)}
        actions, *_ = agent.get_action(seen)
        return np.clip(np.concatenate([actions[bank] for bank in banks]), -1.0, 1.0)

    run.before(act, action="rank")
    with run.training():
        steps = 0
        while not run.is_over():
            steps += 40 * TICKS
            train_multi_agent_on_policy(env, ID, "IPPO", [agent], max_steps=steps, evo_steps=40 * TICKS, verbose=False)
    run.after(act, action="rank")


def train_bank(run: Run) -> None:
    """Train the first bank; the other one releases everything."""
    made = gymnasium.make_vec(
        ID, COPIES, vectorization_mode="vector_entry_point", max_queue_slots=SLOTS, autoreset_mode="SameStep"
    )
    unwrapped: Any = made.unwrapped
    envs, bank = Counted(made, run), unwrapped.bank
    agent = PPO(
        envs.single_observation_space,
        envs.single_action_space,
        num_envs=COPIES,
        learn_step=COPIES * TICKS,
        batch_size=96,
        lr=1e-3,
        gamma=1.0,
        update_epochs=4,
        net_config=NETWORK,
        device="cpu",
    )

    def act(observations: Any, masks: Any) -> Any:
        return np.asarray(agent.get_action(observations, action_mask=masks)[0], np.int64)

    run.before(act, learners=[bank])
    with run.training():
        names = ("last_obs", "last_done", "last_scores", "last_info")
        last: dict[str, Any] = dict.fromkeys(names)
        while not run.is_over():
            _, *state = collect_rollouts(agent, envs, TICKS, **last)
            last = dict(zip(names, state, strict=True))
            agent.learn()
    run.after(act, learners=[bank])
