"""Labels: what a rollout policy does in visited states, kept as arrays, and a policy that is fitted to them."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch as th
from torch import nn

from simcash_env import __version__
from simcash_env.config import ScenarioConfig
from simcash_env.envs.vector import SimCashVec, make_vec
from simcash_env.errors import ConfigError, Fault, SimulationError
from simcash_env.evaluation.candidates import Candidates
from simcash_env.evaluation.rollout_policy import RolloutAgent, rollout_base
from simcash_env.evaluation.seeds import FIRST_TRAINING_SEED, SEEDS_PER_RUN
from simcash_env.files import make_folder_of, write_atomically
from simcash_env.learning.expert import RolloutExpertSettings
from simcash_env.learning.policy import Policy
from simcash_env.learning.rollout import ReturnNormalizer, minibatch
from simcash_env.learning.settings import TrainingSettings

Act = Callable[[SimCashVec], npt.NDArray[Any]]
"""Actions (N, L, H) that are played."""
COPIES: Final = 128
"""Days that are labelled side by side."""


@dataclass(frozen=True, eq=False)
class Labels:
    """Decisions of M visited states.

    Attributes:
        observations: (M, L, D).
        masks: (M, L, H, C).
        actions: (M, L, H) the labels.
        returns: (M, L) discounted rewards from the state to the end of its episode.
        cents: mean cost of a bank and episode, of the actions that were played.
    """

    observations: npt.NDArray[np.float32]
    masks: npt.NDArray[np.int8]
    actions: npt.NDArray[np.int16]
    returns: npt.NDArray[np.float32]
    cents: float

    def __len__(self) -> int:
        return len(self.actions)

    @classmethod
    def joined(cls, parts: Sequence[Labels]) -> Labels:
        """All labels of some parts."""
        arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in FIELDS}
        return cls(**arrays, cents=float(np.average([part.cents for part in parts], weights=[*map(len, parts)])))


FIELDS: Final = ("observations", "masks", "actions", "returns")


def required_expert(settings: TrainingSettings) -> RolloutExpertSettings:
    """The rollout expert of a training.

    Raises:
        ConfigError: the settings have none, or another kind of action than the queue's, or a family of scenarios.
    """
    faults = []
    if not isinstance(settings.expert, RolloutExpertSettings):
        faults.append(Fault(None, None, "expert", None, "must be {type: rollout, base: ...} to label decisions"))
    if settings.action != "queue":
        rule = "must be queue: a rollout expert decides on payments"
        faults.append(Fault(None, None, "action", repr(settings.action), rule))
    if settings.randomize is not None:
        rule = "must be left out: a rollout expert plans on one scenario"
        faults.append(Fault(None, None, "randomize", None, rule))
    if faults:
        raise ConfigError(faults)
    assert isinstance(settings.expert, RolloutExpertSettings)
    return settings.expert


def rollout_agent(settings: TrainingSettings, config: ScenarioConfig, more: Sequence[Candidates] = ()) -> RolloutAgent:
    """The rollout policy that labels.

    Args:
        settings: of the training.
        config: the scenario with the pools of the training, cut to ``largest_share``.
        more: sources of candidates after those of the settings.
    """
    expert = required_expert(settings)
    shares = expert.shares if len(expert.shares) != 1 else expert.shares * len(config.banks)
    if shares and len(shares) != len(config.banks):
        rule = f"must be one share, or one for each of {len(config.banks)} banks"
        raise ConfigError([Fault(None, None, "expert.shares", repr(list(expert.shares)), rule)])
    base = rollout_base(
        config, expert.base, tuple(min(share / settings.largest_share, 1.0) for share in shares) or None
    )
    return RolloutAgent(base, expert.search, more=more)


def label_days(
    settings: TrainingSettings,
    config: ScenarioConfig,
    seeds: Sequence[int],
    agent: RolloutAgent,
    act: Act | None = None,
) -> Labels:
    """Play days and label every state that is visited.

    Args:
        settings: of the training.
        config: the scenario with the pools of the training.
        seeds: of the days.
        agent: gives the labels.
        act: gives the actions that are played; None plays the labels.
    """
    parts = [
        _label(settings, config, seeds[first : first + COPIES], agent, act) for first in range(0, len(seeds), COPIES)
    ]
    return Labels.joined(parts)


def _label(
    settings: TrainingSettings, config: ScenarioConfig, seeds: Sequence[int], agent: RolloutAgent, act: Act | None
) -> Labels:
    vec = make_vec(
        config,
        len(seeds),
        learners=settings.learners,
        max_queue_slots=settings.max_queue_slots,
        reward=settings.reward,
        alpha=settings.alpha,
        autoreset="disabled",
    )
    vec.reset(list(seeds))
    observations, masks, actions, rewards, cents = [], [], [], [], 0
    for _ in range(vec.num_ticks):
        label = agent.act(vec)
        observations.append(vec.observations.copy())
        masks.append(vec.masks.copy())
        actions.append(label.astype(np.int16))
        vec.step(label if act is None else act(vec))
        rewards.append(vec.rewards.copy())
        cents += int(vec.costs.sum())
    returns = np.zeros((vec.num_ticks, vec.num_envs, vec.num_banks))
    following = np.zeros(returns.shape[1:])
    for tick in reversed(range(vec.num_ticks)):
        returns[tick] = following = rewards[tick] + settings.gamma * following
    return Labels(
        np.concatenate(observations),
        np.concatenate(masks),
        np.concatenate(actions),
        returns.reshape(-1, vec.num_banks).astype(np.float32),
        cents / (vec.num_envs * vec.num_banks),
    )


def days_of(seed: int, first: int, count: int) -> list[int]:
    """Training days of a training, ``count`` of them after the ``first`` ones."""
    return [FIRST_TRAINING_SEED + seed * SEEDS_PER_RUN + first + day for day in range(count)]


def labels_of_expert(settings: TrainingSettings, seed: int, config: ScenarioConfig) -> Labels:
    """What the rollout expert does on its training days, from the cache if it is there.

    Args:
        settings: of the training.
        seed: of the training, which chooses the days.
        config: the scenario with the pools of the training.
    """
    expert = required_expert(settings)
    path = Path(expert.cache) / f"{_digest(settings, seed, config)}.npz"
    try:
        with np.load(path, allow_pickle=False) as stored:
            return Labels(**{name: stored[name] for name in FIELDS}, cents=float(stored["cents"]))
    except (OSError, ValueError, KeyError, EOFError):  # not there, or damaged
        pass
    labels = label_days(settings, config, days_of(seed, 0, expert.days), rollout_agent(settings, config))
    file = io.BytesIO()
    np.savez_compressed(file, cents=labels.cents, **{name: getattr(labels, name) for name in FIELDS})
    make_folder_of(path)
    write_atomically(path, file.getvalue())
    return labels


def _digest(settings: TrainingSettings, seed: int, config: ScenarioConfig) -> str:
    """Of all that labels depend on."""
    expert = required_expert(settings)
    names = ("learners", "max_queue_slots", "reward", "alpha", "gamma", "largest_share")
    facts = {
        "version": __version__,
        "seed": seed,
        "config": config.model_dump(mode="json"),
        "expert": expert.model_dump(mode="json", exclude={"cache"}),
        **{name: getattr(settings, name) for name in names},
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:24]


class LabelFit:
    """Fits a policy to labels: cross-entropy of the actions, and squared errors of the values.

    Args:
        policy: its networks are changed.
        labels: what it is fitted to.
        returns_scale: normalises the values; takes in the returns of the labels.
    """

    def __init__(self, policy: Policy, labels: Labels, returns_scale: ReturnNormalizer) -> None:
        self._policy, self._settings, self.num_states = policy, policy.settings, len(labels)
        rows = policy.new_rows(self.num_states)
        policy.encode(labels.observations, rows)
        masks = th.zeros(*rows.shape[:2], policy.heads.mask_width)
        policy.heads.encode_masks(policy.rows(labels.masks), masks)
        actions = policy.rows(labels.actions.astype(np.int64))
        returns = policy.rows(labels.returns)
        returns_scale.update(returns, th.ones_like(returns))
        mean, std = returns_scale.mean_and_std()
        self._buffers = tuple(buffer.unsqueeze(1) for buffer in (rows, masks, actions, (returns - mean) / std))

    def update(self, optimizer: Any, generator: Any, num_states: int) -> dict[str, float]:
        """Minimise on states in a random order, in minibatches; returns the mean losses.

        Args:
            optimizer: of the policy's networks.
            generator: of the order.
            num_states: states in all; each is drawn about equally often.

        Raises:
            SimulationError: the weights are no longer finite.
        """
        settings, network, heads = self._settings, self._policy.network, self._policy.heads
        passes = -(-num_states // self.num_states)
        order = th.cat([th.randperm(self.num_states, generator=generator) for _ in range(passes)])[:num_states]
        sums = th.zeros(2)
        batches = order.tensor_split(settings.num_minibatches)
        for chosen in batches:
            obs, masks, actions, targets = (minibatch(buffer, chosen, self.num_states) for buffer in self._buffers)
            logits, values = network(obs)
            pg_loss = -heads.evaluate_actions(logits, masks, actions)[0].mean(dim=1)
            v_loss = 0.5 * (values - targets).square().mean(dim=1)
            optimizer.zero_grad()
            (pg_loss + settings.value_weight * v_loss).sum().backward()
            nn.utils.clip_grad_norm_(network.parameters(), settings.max_grad_norm)
            optimizer.step()
            with th.no_grad():
                sums += th.stack([pg_loss.mean(), v_loss.mean()])
        if not all(th.isfinite(weights).all() for weights in network.parameters()):
            message = "the policy's weights are no longer finite; a smaller imitate_rate or max_grad_norm may help"
            raise SimulationError(message)
        return dict(zip(("pg_loss", "v_loss"), (sums / len(batches)).tolist(), strict=True))
