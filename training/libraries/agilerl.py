"""AgileRL's PPO on Gymnasium's vector interface: AgileRL reads flat masks from the infos itself."""

from __future__ import annotations

from typing import Any, Final

import gymnasium
import numpy as np
import torch
from agilerl.algorithms import PPO
from agilerl.rollouts.on_policy import collect_rollouts

from training.libraries.run import ID, SLOTS, Library, Run

LIBRARY: Final = Library(
    title="AgileRL",
    packages=("agilerl", "torch"),
    algorithm="PPO, one bank",
    arguments='gymnasium.make_vec(..., mask="flat", mask_in="info")',
    masks="by the library",
)
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


def train(run: Run) -> None:
    """Train the first bank; the other one releases everything."""
    torch.set_num_threads(1)
    torch.manual_seed(run.seed)
    np.random.seed(run.seed)  # noqa: NPY002 - AgileRL draws minibatches with it
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
        net_config={"encoder_config": {"hidden_size": [64]}, "head_config": {"hidden_size": [64]}},
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
