"""Training speed of our PPO, SB3's and CleanRL's pattern, in the same run: ``python -m benchmarks.training [--json]``.

Same scenario, copies, rollout and steps; every bank's decision is a step. Networks have two layers of 64.

- ``ours``: ``simcash_env/learning/ippo.py`` with one epoch, of more minibatches where that helps, a rate that falls,
  rectified units, and one body for actor and critic;
- ``ours, SB3's settings``: four epochs, a constant rate, tanh, two bodies, as SB3's, so that only the code differs;
- ``sb3 PPO``: SB3's with these settings, which are nearer to its own defaults; it knows no masks;
- ``sb3 PPO, our settings``: one epoch, our minibatches and rate, rectified units (SB3 has no common body);
- ``sb3 MaskablePPO``: sb3-contrib's, with its own distributions;
- ``CleanRL's pattern``: ``training/cleanrl_ppo.py``, with SB3's settings. Gymnasium's interface has one agent, so one
  bank of each copy learns and the others follow their scripts; as many copies more make batches of the same size.

All but the last on the same batch, SB3's through ``SimCashSB3Vec``. Every round trains each from nothing with another
seed, in turn; then the policies play the same validation days. Seconds are the process's own, on one thread, of the
whole loop: rollouts, updates, and what libraries do between.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import torch as th
from sb3_contrib import MaskablePPO
from stable_baselines3 import PPO
from torch import nn

from simcash_env import __version__, make_vec
from simcash_env.envs.sb3 import SimCashSB3Vec
from simcash_env.envs.vector import SimCashVec
from simcash_env.evaluation.evaluate import evaluate_agent
from simcash_env.evaluation.seeds import FIRST_TRAINING_SEED, SEEDS_PER_RUN, validation_seeds
from simcash_env.learning.evaluate import evaluate_learned
from simcash_env.learning.ippo import Ippo
from simcash_env.learning.settings import TrainingSettings
from simcash_env.machine import machine
from simcash_env.registry import load
from simcash_env.schema.arrays import I64
from training import cleanrl_ppo

SCENARIOS: Final[dict[str, dict[str, Any]]] = {
    "castro-12period-v0": {
        "num_envs": 512, "steps_per_rollout": 12, "total_steps": 200_000, "gamma": 1.0, "entropy": 0.005,
        "final_entropy": 0.005,
    },
    "ten-banks-v0": {
        "num_envs": 64, "steps_per_rollout": 64, "total_steps": 1_000_000, "gamma": 0.9, "entropy": 0.0,
        "final_entropy": 0.0,
    },
}  # fmt: skip
"""What all learners have in common."""
IDS: Final = {"castro-12period-v0": "SimCash/Castro12-v0", "ten-banks-v0": "SimCash/TenBanks-v0"}
"""Gymnasium's."""
ROUNDS: Final = 3
VALIDATION_DAYS: Final = {"castro-12period-v0": 1_000, "ten-banks-v0": 50}
THEIRS: Final[dict[str, Any]] = {
    "learning_rate": 1e-3, "final_learning_rate": 1e-3, "num_epochs": 4, "num_minibatches": 4, "activation": "tanh",
    "critic": "own",
}  # fmt: skip
OURS: Final[dict[str, Any]] = {
    "learning_rate": 3e-3, "final_learning_rate": 3e-4, "num_epochs": 1, "activation": "relu", "critic": "shared",
}  # fmt: skip
OUR_MINIBATCHES: Final = {"castro-12period-v0": 4, "ten-banks-v0": 32}


def settings_of(scenario: str, *, are_ours: bool) -> TrainingSettings:
    """What all have in common, with the choices that are one's own."""
    choices = {**OURS, "num_minibatches": OUR_MINIBATCHES[scenario]} if are_ours else THEIRS
    return TrainingSettings(
        scenario=scenario, **SCENARIOS[scenario], **choices, gae_lambda=0.95, hidden=(64, 64), max_queue_slots=8,
        bank_id=False, network="flat", pool_head="level",
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
            given["action_masks"] = flat_masks(vec)
        chosen, _ = self._model.predict(vec.observations.reshape(rows, -1), **given)
        actions: I64 = chosen.reshape(vec.actions.shape).astype(np.int64)
        return actions


def sb3_model(kind: Any, settings: TrainingSettings, seed: int) -> Any:
    """SB3's with the same numbers."""
    vec = make_vec(
        settings.scenario, settings.num_envs, max_queue_slots=settings.max_queue_slots, final_observations=True
    )
    env = SimCashSB3Vec(vec)
    env.seed(FIRST_TRAINING_SEED + seed * SEEDS_PER_RUN)
    rows = env.num_envs * settings.steps_per_rollout
    fall = settings.learning_rate - settings.final_learning_rate
    return kind(
        "MlpPolicy", env, seed=seed, n_steps=settings.steps_per_rollout, batch_size=rows // settings.num_minibatches,
        n_epochs=settings.num_epochs, learning_rate=lambda left: settings.final_learning_rate + fall * left,
        ent_coef=settings.entropy, gamma=settings.gamma, gae_lambda=settings.gae_lambda,
        clip_range=settings.clip_range, vf_coef=settings.value_weight, max_grad_norm=settings.max_grad_norm,
        policy_kwargs={
            "net_arch": list(settings.hidden), "activation_fn": nn.ReLU if settings.activation == "relu" else nn.Tanh,
        }, device="cpu",
    )  # fmt: skip


@dataclass(frozen=True)
class Round:
    """A training from nothing."""

    steps: int
    seconds: float
    validation_cents: float


class CleanrlAgent:
    """The most likely legal actions of CleanRL's pattern, for every bank."""

    def __init__(self, agent: cleanrl_ppo.Agent) -> None:
        self._agent = agent

    def act(self, vec: SimCashVec) -> I64:
        """Decide for all learning banks of all copies."""
        rows = vec.num_envs * vec.num_banks
        with th.no_grad():
            logits = self._agent.actor(th.from_numpy(vec.observations.reshape(rows, -1)))
        logits = logits.masked_fill(th.from_numpy(flat_masks(vec)) == 0, -th.inf)
        chosen = [head.argmax(1) for head in th.split(logits, vec.action_nvec.tolist(), dim=1)]
        actions: I64 = th.stack(chosen, dim=1).numpy().reshape(vec.actions.shape).astype(np.int64)
        return actions


def flat_masks(vec: SimCashVec) -> Any:
    """The masks of all banks of all copies as flat vectors (rows, choices of all heads), bool."""
    is_choice = np.arange(vec.masks.shape[3]) < vec.action_nvec[:, None]
    return vec.masks[:, :, is_choice].reshape(vec.num_envs * vec.num_banks, -1).astype(bool)


def train_ours(settings: TrainingSettings, seed: int) -> Round:
    """With ``simcash_env/learning/ippo.py``."""
    config, days = load(settings.scenario), validation_seeds(VALIDATION_DAYS[settings.scenario])
    run = Ippo(settings, seed)
    began = time.process_time()
    while run.steps < settings.total_steps:
        run.step()
    seconds = time.process_time() - began
    return Round(run.steps, seconds, float(evaluate_learned(run.policy, config, days)[0].totals().mean()))


def train_sb3(kind: Any, settings: TrainingSettings, seed: int) -> Round:
    """With SB3's loop."""
    config, days = load(settings.scenario), validation_seeds(VALIDATION_DAYS[settings.scenario])
    model = sb3_model(kind, settings, seed)
    began = time.process_time()
    model.learn(settings.total_steps)
    seconds = time.process_time() - began
    played = evaluate_agent(config, Sb3Agent(model), days, max_queue_slots=settings.max_queue_slots)
    return Round(model.num_timesteps, seconds, float(played.totals().mean()))


def train_cleanrl(settings: TrainingSettings, seed: int) -> Round:
    """With ``training/cleanrl_ppo.py``: one bank of each copy, in a batch of as many rows as the others have."""
    config, days = load(settings.scenario), validation_seeds(VALIDATION_DAYS[settings.scenario])
    args = cleanrl_ppo.Args(
        env_id=IDS[settings.scenario], max_queue_slots=settings.max_queue_slots, seed=seed,
        total_timesteps=settings.total_steps, num_envs=settings.num_envs * len(config.banks),
        num_steps=settings.steps_per_rollout, learning_rate=settings.learning_rate, gamma=settings.gamma,
        gae_lambda=settings.gae_lambda, num_minibatches=settings.num_minibatches, update_epochs=settings.num_epochs,
        clip_coef=settings.clip_range, ent_coef=settings.entropy, vf_coef=settings.value_weight,
        max_grad_norm=settings.max_grad_norm,
    )  # fmt: skip
    th.manual_seed(seed)
    envs = cleanrl_ppo.make_envs(args)
    agent = cleanrl_ppo.Agent(envs.single_observation_space.shape[0], envs.single_action_space.nvec.tolist())
    rows = args.num_envs * args.num_steps
    began = time.process_time()
    cleanrl_ppo.train(args, envs, agent)
    seconds = time.process_time() - began
    played = evaluate_agent(config, CleanrlAgent(agent), days, max_queue_slots=settings.max_queue_slots)
    return Round(args.total_timesteps // rows * rows, seconds, float(played.totals().mean()))


LEARNERS: Final[dict[str, tuple[Callable[[TrainingSettings, int], Round], bool]]] = {
    "ours": (train_ours, True),
    "ours, SB3's settings": (train_ours, False),
    "sb3 PPO": (partial(train_sb3, PPO), False),
    "sb3 PPO, our settings": (partial(train_sb3, PPO), True),
    "sb3 MaskablePPO": (partial(train_sb3, MaskablePPO), False),
    "CleanRL's pattern": (train_cleanrl, False),
}
"""How each is trained, and whether with our settings."""


def measure(scenario: str, rounds: int) -> list[dict[str, Any]]:
    """A row a learner: steps a second over all rounds, cost after each."""
    th.set_num_threads(1)
    found: dict[str, list[Round]] = {name: [] for name in LEARNERS}
    for seed in range(rounds):
        for name, (train, are_ours) in LEARNERS.items():
            found[name].append(train(settings_of(scenario, are_ours=are_ours), seed))
    return [
        {
            "scenario": scenario,
            "learner": name,
            "steps_per_s": sum(one.steps for one in done) / sum(one.seconds for one in done),
            "validation_cents": [one.validation_cents for one in done],
        }
        for name, done in found.items()
    ]


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """The page."""
    lines = ["| scenario | learner | bank-steps a second | ours is | cost of a validation day, by seed |"]
    lines.append("|---|---|---:|---:|---|")
    for row in rows:
        own = next(other for other in rows if (other["scenario"], other["learner"]) == (row["scenario"], "ours"))
        times = own["steps_per_s"] / row["steps_per_s"]
        cents = ", ".join(f"{cost:,.0f}" for cost in row["validation_cents"])
        lines.append(
            f"| `{row['scenario']}` | {row['learner']} | {row['steps_per_s']:,.0f} | {times:.1f} x | {cents} |"
        )
    rounds = len(rows[0]["validation_cents"])
    lines += ["", f"{rounds} trainings of each in turn, on one thread; version {__version__} on {machine()}:"]
    return "\n".join([*lines, "`python -m benchmarks.training --markdown`; its docstring describes the learners."])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("scenarios", nargs="*", default=list(SCENARIOS))
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="trainings from nothing of each")
    parser.add_argument("--json", action="store_true", help="one JSON list")
    parser.add_argument("--markdown", action="store_true", help="a table")
    given: Any = parser.parse_args()
    rows = [row for scenario in given.scenarios for row in measure(scenario, given.rounds)]
    if given.json:
        print(json.dumps(rows))
    elif given.markdown:
        print(markdown(rows))
    else:
        for row in rows:
            cents, who = np.mean(row["validation_cents"]), f"{row['scenario']:20} {row['learner']:22}"
            print(f"{who} {row['steps_per_s']:9,.0f} steps/s {cents:12,.0f} cents a day")


if __name__ == "__main__":
    main()
