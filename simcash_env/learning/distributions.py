"""Action distributions of the learner: masked categorical heads computed together, and a diagonal Gaussian.

Both offer ``num_heads``, ``num_logits``, ``mask_width``, ``dtype``, ``encode_masks``, ``sample`` and
``evaluate_actions``. P policies and R rows lead every tensor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import torch as th
from torch import nn
from torch.nn import functional

from simcash_env.schema.limits import POOL_LEVELS

MASKED_LOGIT: Final = 1e8
"""Subtracted from the logit of an illegal choice: its probability is exactly 0 in float32."""
BINARY: Final = 2
"""Choices of a Bernoulli head."""
CURVE_LOGITS: Final = 2
"""Network outputs of a head whose logits are a normal curve: its mean and its width."""
INITIAL_CURVE_WIDTH: Final = 5.0
"""Standard deviation of the curve, in levels, where the output for the width is 0."""
HALF_LOG_TWO_PI: Final = 0.5 * math.log(2.0 * math.pi)


@dataclass(frozen=True)
class HeadGroup:
    """Neighbouring heads with the same number of choices, computed as one tensor.

    A head of two choices has one logit, that of the second choice relative to the first. Other heads have one logit a
    choice, or the two parameters of a normal curve over their levels.
    """

    size: int
    heads: slice
    logits: slice
    """Columns of the network's output."""
    mask: slice
    """Columns of the encoded mask; the last one says whether a row has more than one legal choice."""
    is_curve: bool


class BernoulliHeads(th.autograd.Function):
    """Log-probability (P, R) and weighted entropy of many Bernoulli heads at once, with their analytic gradients."""

    @staticmethod
    def forward(ctx: Any, logits: Any, actions: Any, weight: Any) -> tuple[Any, Any]:
        """From logits and actions (P, R, H) and entropy weights (H,)."""
        probability = th.sigmoid(logits)
        softplus = functional.softplus(logits)
        ctx.save_for_backward(logits, actions, weight, probability)
        return (actions * logits - softplus).sum(dim=2), (softplus - logits * probability) @ weight

    @staticmethod
    def backward(ctx: Any, grad_log_prob: Any, grad_entropy: Any) -> tuple[Any, None, None]:
        """Gradient with respect to the logits alone."""
        logits, actions, weight, probability = ctx.saved_tensors
        entropy = grad_entropy.unsqueeze(2) * weight * (logits * probability * (1.0 - probability))
        return grad_log_prob.unsqueeze(2) * (actions - probability) - entropy, None, None


class CategoricalHeads:
    """Independent masked categorical heads.

    Heads of more than two choices are computed only for rows that have a choice to make.

    Args:
        sizes: choices of each head.
        entropy_weights: weight of each head's entropy.
        curve_head: head whose logits are a normal curve over its levels; -1 for none.
        curve_start: mean of the untrained curve, as a share of the highest level.
    """

    dtype = th.int64

    def __init__(
        self, sizes: list[int], entropy_weights: list[float], curve_head: int = -1, curve_start: float = 0.5
    ) -> None:
        self.num_heads, self.entropy_weights, self.curve_start = len(sizes), th.tensor(entropy_weights), curve_start
        self.groups: list[HeadGroup] = []
        logits_at = mask_at = 0
        kinds = [(size, head == curve_head) for head, size in enumerate(sizes)]
        for (size, is_curve), run in groupby(range(len(sizes)), key=kinds.__getitem__):
            heads = list(run)
            count = len(heads)
            num_logits = count if size == BINARY else count * (CURVE_LOGITS if is_curve else size)
            mask_width = count if size == BINARY else count * size + 1
            group = HeadGroup(
                size,
                slice(heads[0], heads[-1] + 1),
                slice(logits_at, logits_at + num_logits),
                slice(mask_at, mask_at + mask_width),
                is_curve,
            )
            self.groups.append(group)
            logits_at, mask_at = logits_at + num_logits, mask_at + mask_width
        self.num_logits, self.mask_width = logits_at, mask_at

    def encode_masks(self, masks: Any, out: Any) -> None:
        """Write (P, R, mask_width), offsets of logits and whether a row has a choice, from masks (P, R, H, C)."""
        for group in self.groups:
            mask = masks[:, :, group.heads, : group.size]
            if group.size == BINARY:
                out[:, :, group.mask] = MASKED_LOGIT * (mask[..., 1] - mask[..., 0])
                continue
            encoded = out[:, :, group.mask]
            encoded[:, :, :-1] = (MASKED_LOGIT * (mask.float() - 1.0)).flatten(2)
            encoded[:, :, -1] = (mask.sum(dim=3) > 1).any(dim=2)

    def _masked_logits(self, group: HeadGroup, logits: Any, mask: Any) -> tuple[Any, Any]:
        """Indices of the K rows that have a choice, and their masked logits (K, H, size)."""
        at = mask[:, :, group.mask.stop - 1].nonzero(as_tuple=True)
        own = logits[:, :, group.logits][at]
        own = self.curve_logits(own) if group.is_curve else own.unflatten(1, (-1, group.size))
        return at, own + mask[:, :, group.mask][at][:, :-1].unflatten(1, (-1, group.size))

    def curve_logits(self, parameters: Any) -> Any:
        """Logits (K, 1, levels) of a normal curve from its mean and width (K, 2), so that neighbours learn together."""
        mean, width = parameters[:, :1], parameters[:, 1:]
        levels = th.arange(POOL_LEVELS) - (POOL_LEVELS - 1) * (self.curve_start + 0.5 * mean)
        return (-0.5 * (levels / (INITIAL_CURVE_WIDTH * width.clamp(-3.0, 1.0).exp())).square()).unsqueeze(1)

    def sample(self, logits: Any, mask: Any, generator: Any) -> tuple[Any, Any]:
        """Actions (P, R, H) and their log-probability (P, R); without a generator the most likely actions."""
        sampled, log_prob = [], th.zeros(logits.shape[:2])
        for group in self.groups:
            if group.size == BINARY:
                own = logits[:, :, group.logits] + mask[:, :, group.mask]
                threshold = 0.5 if generator is None else th.rand(own.shape, generator=generator)
                is_second = th.sigmoid(own) > threshold
                sampled.append(is_second.long())
                log_prob -= functional.softplus(th.where(is_second, -own, own)).sum(dim=2)
                continue
            only_legal = mask[:, :, group.mask][:, :, :-1].unflatten(2, (-1, group.size)).argmax(dim=3)
            at, own = self._masked_logits(group, logits, mask)
            if len(own):
                noisy = own
                if generator is not None:  # the Gumbel-max trick
                    noisy = own - th.empty_like(own).exponential_(generator=generator).log()
                only_legal[at] = best = noisy.argmax(dim=2)
                log_prob[at] += th.log_softmax(own, dim=2).gather(2, best.unsqueeze(2)).sum(dim=(1, 2))
            sampled.append(only_legal)
        return sampled[0] if len(sampled) == 1 else th.cat(sampled, dim=2), log_prob

    def evaluate_actions(self, logits: Any, mask: Any, actions: Any) -> tuple[Any, Any]:
        """Log-probability of actions and weighted entropy, both (P, R)."""
        log_prob, entropy = th.zeros(logits.shape[:2]), th.zeros(logits.shape[:2])
        for group in self.groups:
            weight = self.entropy_weights[group.heads]
            if group.size == BINARY:
                own = logits[:, :, group.logits] + mask[:, :, group.mask]
                group_log_prob, group_entropy = BernoulliHeads.apply(own, actions[:, :, group.heads], weight)
                log_prob, entropy = log_prob + group_log_prob, entropy + group_entropy
                continue
            at, own = self._masked_logits(group, logits, mask)
            if len(own):
                log_probs = th.log_softmax(own, dim=2)
                taken = actions[:, :, group.heads][at].unsqueeze(2)
                log_prob = log_prob.index_put(at, log_probs.gather(2, taken).sum(dim=(1, 2)), accumulate=True)
                entropy = entropy.index_put(at, -(log_probs.exp() * log_probs).sum(dim=2) @ weight, accumulate=True)
        return log_prob, entropy


class DiagonalGaussian(nn.Module):
    """Independent normal variables with learned, state-independent standard deviations.

    The environment clips actions to [-1, 1].
    """

    dtype = th.float32
    mask_width = 0

    def __init__(self, policies: int, num_heads: int, log_std: float = -0.5) -> None:
        super().__init__()
        self.num_heads = self.num_logits = num_heads
        self.log_std = nn.Parameter(th.full((policies, 1, num_heads), log_std))

    def encode_masks(self, masks: Any, out: Any) -> None:
        """Do nothing: continuous actions have no mask."""

    def sample(self, means: Any, mask: Any, generator: Any) -> tuple[Any, Any]:
        """Actions (P, R, H) and their log-density (P, R); without a generator the means."""
        noise = 0.0 if generator is None else th.randn(means.shape, generator=generator)
        actions = means + self.log_std.exp() * noise
        return actions, self.evaluate_actions(means, mask, actions)[0]

    def evaluate_actions(self, means: Any, mask: Any, actions: Any) -> tuple[Any, Any]:
        """Log-density of actions and entropy, both (P, R)."""
        standardised = (actions - means) * (-self.log_std).exp()
        log_prob = -(0.5 * standardised.square() + self.log_std + HALF_LOG_TWO_PI).sum(dim=2)
        return log_prob, (self.log_std + 0.5 + HALF_LOG_TWO_PI).sum(dim=2).expand_as(log_prob)
