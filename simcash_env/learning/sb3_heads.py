"""The policy's action distribution: all heads of a kind in one tensor, where sb3-contrib keeps one object a head."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

import torch as th
from sb3_contrib.common.maskable.distributions import MaskableDistribution
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from torch import nn

from simcash_env.learning.urgency import NUM_RANKED, by_urgency

FORBIDDEN = -1e8
"""Score of a choice that the mask forbids: its probability is exactly 0 in float32."""

FIRST_GAIN = 0.01
"""Of the layer that gives the scores: an untrained policy draws all legal choices about equally."""


class HeadsDistribution(MaskableDistribution):
    """Independent categorical heads; neighbours with equally many choices are computed together.

    The same distribution as ``MaskableMultiCategoricalDistribution``, several times as fast with many heads.

    Args:
        choices: number of choices of each head.
        entropy_weights: weights of heads' entropies in ``entropy``, by number; the others' is 1.
    """

    def __init__(self, choices: list[int], entropy_weights: Mapping[int, float] | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.choices = choices
        self.entropy_weights = th.ones(len(choices))
        for head, weight in (entropy_weights or {}).items():
            self.entropy_weights[int(head)] = weight  # a saved model's numbers are JSON's, which are text
        self.groups = [(size, len(list(run))) for size, run in groupby(choices)]
        self.scores: list[Any] = []
        self.log_probs: list[Any] = []

    def proba_distribution_net(self, latent_dim: int) -> Any:  # noqa: ARG002 - SB3's signature
        """Nothing more to do: the network below gives the scores of all choices, heads behind one another."""
        return nn.Identity()

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
        masked = [scores.masked_fill(~allow, FORBIDDEN) for scores, allow in zip(self.scores, allowed, strict=True)]
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


class SlotNetwork(nn.Module):  # type: ignore[misc]
    """Scores of all choices: one small network looks at every slot of the queue alike, beside a view of the whole.

    What it learns of the first payment holds for the others too, so that rare situations need fewer examples.

    Args:
        width: entries of an observation.
        slots: where the slots begin, how many there are, entries of each.
        verbs: choices of a slot.
        others: choices of all other heads together.
        hidden: widths of the networks of the whole view and of the value.
        flow: a day's outflow in mean payments, the unit of accounts in the unit of slots.
    """

    def __init__(
        self, width: int, slots: tuple[int, int, int], verbs: int, others: int, hidden: list[int], flow: float
    ) -> None:
        super().__init__()
        self.first, self.count, self.size = slots
        self.flow = flow
        self.whole = layers(width, hidden)
        self.slot = nn.Linear(self.size + NUM_RANKED, hidden[-1])
        self.context = nn.Linear(hidden[-1], hidden[-1])
        self.verb = nn.Linear(hidden[-1], verbs)
        self.other = nn.Linear(hidden[-1], others) if others else None
        self.value = layers(width, hidden)
        self.latent_dim_pi, self.latent_dim_vf = verbs * self.count + others, hidden[-1]

    def forward(self, features: Any) -> tuple[Any, Any]:
        """Scores and the value's last layer but one."""
        return self.forward_actor(features), self.forward_critic(features)

    def forward_actor(self, features: Any) -> Any:
        """Scores (rows, sum of choices), heads behind one another."""
        whole = self.whole(features)
        slots = features[:, self.first : self.first + self.count * self.size].reshape(-1, self.count, self.size)
        slots = th.cat([slots, by_urgency(features, slots, self.flow)], dim=2)
        seen = th.tanh(self.slot(slots) + self.context(whole).unsqueeze(1))
        scores = self.verb(seen).flatten(1)
        return scores if self.other is None else th.cat([scores, self.other(whole)], dim=1)

    def forward_critic(self, features: Any) -> Any:
        """What the value is read from."""
        return self.value(features)


def layers(width: int, hidden: list[int]) -> Any:
    """Fully connected layers with tanh between and after."""
    steps: list[Any] = []
    for before, after in zip([width, *hidden], hidden, strict=False):
        steps += [nn.Linear(before, after), nn.Tanh()]
    return nn.Sequential(*steps)


class HeadsPolicy(MaskableActorCriticPolicy):
    """sb3-contrib's masked policy with the distribution and the network above.

    Args:
        arguments: of ``MaskableActorCriticPolicy``.
        slots: where the slots of an observation begin, how many there are, entries of each.
        hidden: widths of the networks.
        flow: a day's outflow in mean payments.
        entropy_weights: as in ``HeadsDistribution``.
        options: of ``MaskableActorCriticPolicy``.
    """

    def __init__(
        self,
        *arguments: Any,
        slots: tuple[int, int, int],
        hidden: list[int],
        flow: float,
        entropy_weights: Mapping[int, float] | None = None,
        **options: Any,
    ) -> None:
        self.slots, self.hidden, self.flow, self.entropy_weights = slots, hidden, flow, entropy_weights
        super().__init__(*arguments, **options)

    def _build_mlp_extractor(self) -> None:
        choices, count = self._choices(), self.slots[1]
        self.mlp_extractor = SlotNetwork(
            self.features_dim, self.slots, choices[0], sum(choices[count:]), self.hidden, self.flow
        ).to(self.device)

    def _choices(self) -> list[int]:
        space: Any = self.action_space
        return [int(count) for count in space.nvec]

    def _build(self, lr_schedule: Any) -> None:
        self.action_dist = HeadsDistribution(self._choices(), self.entropy_weights)
        super()._build(lr_schedule)
        if self.ortho_init:
            for last in (self.mlp_extractor.verb, self.mlp_extractor.other):
                if last is not None:
                    self.init_weights(last, gain=FIRST_GAIN)
