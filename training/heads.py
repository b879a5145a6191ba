"""The policy's action distribution: all heads of a kind in one tensor, where sb3-contrib keeps one object a head."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import torch as th
from sb3_contrib.common.maskable.distributions import MaskableDistribution
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from torch import nn

FORBIDDEN = -1e8
"""Score of a choice that the mask forbids: its probability is exactly 0 in float32."""


class HeadsDistribution(MaskableDistribution):  # type: ignore[misc]
    """Independent categorical heads; neighbours with equally many choices are computed together.

    The same distribution as ``MaskableMultiCategoricalDistribution``, several times as fast with many heads.

    Args:
        choices: number of choices of each head.
        last_entropy: weight of the last head's entropy in ``entropy``; the others' is 1.
    """

    def __init__(self, choices: list[int], last_entropy: float = 1.0) -> None:
        super().__init__()
        self.choices = choices
        self.entropy_weights = th.ones(len(choices))
        self.entropy_weights[-1] = last_entropy
        self.groups = [(size, len(list(run))) for size, run in groupby(choices)]
        self.scores: list[Any] = []
        self.log_probs: list[Any] = []

    def proba_distribution_net(self, latent_dim: int) -> Any:
        """The layer that gives the scores of all choices, heads behind one another."""
        return nn.Linear(latent_dim, sum(self.choices))

    def proba_distribution(self, action_logits: Any) -> HeadsDistribution:
        """Take scores (rows, sum of choices)."""
        self.scores = self._by_group(action_logits)
        self.log_probs = [th.log_softmax(scores, dim=-1) for scores in self.scores]
        return self

    def _by_group(self, flat: Any) -> list[Any]:
        parts = th.split(flat, [size * count for size, count in self.groups], dim=1)
        return [part.reshape(-1, count, size) for part, (size, count) in zip(parts, self.groups, strict=True)]

    def apply_masking(self, masks: Any) -> None:
        """Forbid what the masks (rows, sum of choices) say; None allows everything."""
        if masks is None:
            return
        allowed = self._by_group(th.as_tensor(masks, dtype=th.bool, device=self.scores[0].device))
        masked = [
            scores.masked_fill(~allow, FORBIDDEN) for scores, allow in zip(self.scores, allowed, strict=True)
        ]
        self.log_probs = [th.log_softmax(scores, dim=-1) for scores in masked]

    def log_prob(self, actions: Any) -> Any:
        """Log-probability of actions (rows, heads)."""
        chosen = th.split(actions.long(), [count for _, count in self.groups], dim=1)
        picked = [
            log_probs.gather(2, choice.unsqueeze(2)).squeeze(2)
            for log_probs, choice in zip(self.log_probs, chosen, strict=True)
        ]
        return th.cat(picked, dim=1).sum(dim=1)

    def entropy(self) -> Any:
        """Weighted entropy of the heads; what is forbidden adds nothing, since its probability is 0."""
        heads = th.cat([-(log_probs.exp() * log_probs).sum(dim=2) for log_probs in self.log_probs], dim=1)
        return heads @ self.entropy_weights.to(heads.device)

    def sample(self) -> Any:
        """Draw actions (rows, heads): the largest of scores and Gumbel noise."""
        drawn = [
            (log_probs - th.empty_like(log_probs).exponential_().log()).argmax(dim=2) for log_probs in self.log_probs
        ]
        return th.cat(drawn, dim=1)

    def mode(self) -> Any:
        """The most likely actions (rows, heads)."""
        return th.cat([log_probs.argmax(dim=2) for log_probs in self.log_probs], dim=1)

    def actions_from_params(self, action_logits: Any, deterministic: bool = False) -> Any:  # noqa: FBT001, FBT002 - SB3's signature
        """Actions from scores."""
        return self.proba_distribution(action_logits).get_actions(deterministic=deterministic)

    def log_prob_from_params(self, action_logits: Any) -> tuple[Any, Any]:
        """Drawn actions and their log-probability from scores."""
        actions = self.actions_from_params(action_logits)
        return actions, self.log_prob(actions)


class HeadsPolicy(MaskableActorCriticPolicy):  # type: ignore[misc]
    """sb3-contrib's masked policy with the distribution above.

    Args:
        arguments: of ``MaskableActorCriticPolicy``.
        last_entropy: weight of the last head's entropy.
        options: of ``MaskableActorCriticPolicy``.
    """

    def __init__(self, *arguments: Any, last_entropy: float = 1.0, **options: Any) -> None:
        self.last_entropy = last_entropy
        super().__init__(*arguments, **options)

    def _build(self, lr_schedule: Any) -> None:
        self.action_dist = HeadsDistribution([int(count) for count in self.action_space.nvec], self.last_entropy)
        super()._build(lr_schedule)
