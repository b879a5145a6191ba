"""How fast do learners learn? ``python -m benchmarks.training [--json]``: our PPO beside SB3's, in the same run.

Same scenario, copies, rollout, epochs, minibatches, step size and steps; every bank's decision is a step. Ours is
``training/ippo.py`` as it comes. SB3's are its PPO with its own network and no masks, and sb3-contrib's MaskablePPO
with its own distributions, both on ``SimCashSB3Vec``. Trained in turn, a round each; then each policy plays the same
validation days. Networks are alike: two layers of 64 for the actor, two for the critic. Seconds are the process's own,
on one thread, of the whole loop: rollouts, updates, and what libraries do between.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import torch as th
from sb3_contrib import MaskablePPO
from stable_baselines3 import PPO

from baselines.evaluate import evaluate_agent
from baselines.seeds import FIRST_TRAINING_SEED, validation_seeds
from simcash_env import make_vec
from simcash_env.arrays import I64
from simcash_env.envs.sb3 import SimCashSB3Vec
from simcash_env.envs.vector import SimCashVec
from simcash_env.registry import load
from training.evaluate import evaluate_player
from training.ippo import Ippo
from training.settings import IppoSettings

SCENARIOS: Final[dict[str, dict[str, Any]]] = {
    "castro-12period-v0": {"num_envs": 512, "steps_per_rollout": 12, "max_queue_slots": 8, "total_steps": 200_000},
    "ten-banks-v0": {"num_envs": 64, "steps_per_rollout": 64, "max_queue_slots": 8, "total_steps": 200_000},
}
ROUNDS: Final = 4
VALIDATION_DAYS: Final = {"castro-12period-v0": 1_000, "ten-banks-v0": 50}


def settings_of(scenario: str) -> IppoSettings:
    """Of ours; SB3's get the same numbers."""
    return IppoSettings(
        scenario=scenario, **SCENARIOS[scenario], learning_rate=1e-3, final_learning_rate=1e-3, entropy=0.005,
        final_entropy=0.005, gamma=1.0, gae_lambda=0.95, num_epochs=4, num_minibatches=4, hidden=(64, 64),
        bank_id=False, network="flat",
    )  # fmt: skip


class Sb3Agent:
    """An SB3 model's most likely actions, cut to what is legal where it knows no masks."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def act(self, vec: SimCashVec) -> I64:
        """Decide for all learning banks of all copies."""
        rows = vec.num_envs * vec.num_banks
        given: dict[str, Any] = {"deterministic": True}
        if isinstance(self._model, MaskablePPO):
            is_choice = np.arange(vec.masks.shape[3]) < vec.action_nvec[:, None]
            given["action_masks"] = vec.masks[:, :, is_choice].reshape(rows, -1).astype(bool)
        chosen, _ = self._model.predict(vec.observations.reshape(rows, -1), **given)
        actions: I64 = chosen.reshape(vec.actions.shape).astype(np.int64)
        return actions


def sb3_model(kind: Any, settings: IppoSettings) -> Any:
    """SB3's with the same numbers."""
    vec = make_vec(
        settings.scenario, settings.num_envs, max_queue_slots=settings.max_queue_slots, final_observations=True
    )
    env = SimCashSB3Vec(vec)
    env.seed(FIRST_TRAINING_SEED)
    rows = env.num_envs * settings.steps_per_rollout
    return kind(
        "MlpPolicy", env, seed=0, n_steps=settings.steps_per_rollout, batch_size=rows // settings.num_minibatches,
        n_epochs=settings.num_epochs, learning_rate=settings.learning_rate, ent_coef=settings.entropy,
        gamma=settings.gamma, gae_lambda=settings.gae_lambda, clip_range=settings.clip_range,
        vf_coef=settings.value_weight, max_grad_norm=settings.max_grad_norm,
        policy_kwargs={"net_arch": list(settings.hidden)}, device="cpu",
    )  # fmt: skip


def learners(settings: IppoSettings) -> dict[str, tuple[Callable[[int], int], Callable[[], float]]]:
    """By name: train for so many steps and say how many it were; mean cost of a validation day."""
    config, days = load(settings.scenario), validation_seeds(VALIDATION_DAYS[settings.scenario])
    ours = Ippo(settings, 0)

    def train_ours(steps: int) -> int:
        before = ours.steps
        while ours.steps < before + steps:
            ours.step()
        return ours.steps - before

    def ours_cost() -> float:
        return float(evaluate_player(ours.player, config, days)[0].totals().mean())

    found: dict[str, tuple[Callable[[int], int], Callable[[], float]]] = {"ours": (train_ours, ours_cost)}
    for name, kind in (("sb3 PPO", PPO), ("sb3 MaskablePPO", MaskablePPO)):
        model = sb3_model(kind, settings)

        def train_sb3(steps: int, model: Any = model) -> int:
            before = model.num_timesteps
            model.learn(steps, reset_num_timesteps=False)
            return int(model.num_timesteps - before)

        def sb3_cost(model: Any = model) -> float:
            agent = Sb3Agent(model)
            played = evaluate_agent(config, agent, days, max_queue_slots=settings.max_queue_slots)
            return float(played.totals().mean())

        found[name] = (train_sb3, sb3_cost)
    return found


def measure(scenario: str) -> list[dict[str, Any]]:
    """A row a learner: steps a second over all rounds and in the best one, cost after the last."""
    th.set_num_threads(1)
    settings = settings_of(scenario)
    all_learners = learners(settings)
    rounds: dict[str, list[tuple[int, float]]] = {name: [] for name in all_learners}
    for _ in range(ROUNDS):
        for name, (train, _) in all_learners.items():
            began = time.process_time()
            steps = train(settings.total_steps // ROUNDS)
            rounds[name].append((steps, time.process_time() - began))
    rows = []
    for name, (_, cost) in all_learners.items():
        steps, seconds = (sum(part) for part in zip(*rounds[name], strict=True))
        best = max(count / spent for count, spent in rounds[name])
        row = {
            "scenario": scenario,
            "learner": name,
            "steps": steps,
            "seconds": seconds,
            "steps_per_s": steps / seconds,
        }
        rows.append({**row, "best_round_steps_per_s": best, "validation_cents": cost()})
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("scenarios", nargs="*", default=list(SCENARIOS))
    parser.add_argument("--json", action="store_true", help="one JSON list")
    given: Any = parser.parse_args()
    rows = [row for scenario in given.scenarios for row in measure(scenario)]
    if given.json:
        print(json.dumps(rows))
        return
    for row in rows:
        own = next(other for other in rows if (other["scenario"], other["learner"]) == (row["scenario"], "ours"))
        times = own["best_round_steps_per_s"] / row["best_round_steps_per_s"]
        print(
            f"{row['scenario']:20} {row['learner']:16} {row['steps_per_s']:9,.0f} steps/s (best round"
            f" {row['best_round_steps_per_s']:9,.0f}; ours is {times:5.2f} x) {row['validation_cents']:12,.0f} cents"
        )


if __name__ == "__main__":
    main()
