"""The masked heads of ``simcash_env/learning/distributions.py`` against one plain categorical distribution a head."""

import pytest
import torch as th
from torch.distributions import Categorical

from simcash_env.learning.distributions import MASKED_LOGIT, CategoricalHeads

SIZES = [2, 2, 2, 21, 3, 3]
WEIGHTS = [1.0, 1.0, 1.0, 2.0, 0.5, 0.5]
POLICIES, ROWS = 2, 40


def drawn_masks(generator):
    """At least one legal choice a head; of the long heads most rows have only one."""
    masks = th.zeros(POLICIES, ROWS, len(SIZES), max(SIZES), dtype=th.int8)
    for head, size in enumerate(SIZES):
        masks[:, :, head, :size] = th.rand(POLICIES, ROWS, size, generator=generator) < 0.5
        if size > 2:
            masks[:, : ROWS // 2, head, :size] = 0
        masks[:, :, head, 0] |= masks[:, :, head].sum(dim=2) == 0
    return masks


def plain(heads, numbers, masks):
    """A list of Categorical, one a head."""
    found = []
    for group in heads.groups:
        own = numbers[:, :, group.logits]
        if group.size == 2:
            scores = th.stack([th.zeros_like(own), own], dim=3)
        elif group.is_curve:
            scores = heads.curve_logits(own.flatten(0, 1)).unflatten(0, own.shape[:2])
        else:
            scores = own.unflatten(2, (-1, group.size))
        legal = masks[:, :, group.heads, : group.size]
        found += [
            Categorical(logits=scores[:, :, at] + MASKED_LOGIT * (legal[:, :, at] - 1.0))
            for at in range(legal.shape[2])
        ]
    return found


@pytest.mark.parametrize("curve", [-1, 3])
def test_distributions_categorical_heads_agree_with_plain_categoricals_and_their_gradients(curve):
    generator = th.Generator().manual_seed(0)
    heads = CategoricalHeads(SIZES, WEIGHTS, curve, 0.25)
    assert heads.num_logits == (2 if curve == 3 else 21) + 3 + 6
    masks = drawn_masks(generator)
    legal = th.zeros(POLICIES, ROWS, heads.mask_width)
    heads.encode_masks(masks, legal)
    numbers = th.randn(POLICIES, ROWS, heads.num_logits, generator=generator, requires_grad=True)
    actions, log_prob = heads.sample(numbers.detach(), legal, generator)
    assert masks.gather(3, actions.unsqueeze(3)).all()
    judged, entropy = heads.evaluate_actions(numbers, legal, actions)
    assert th.allclose(judged, log_prob, atol=1e-5)
    theirs = plain(heads, numbers, masks)
    wanted = sum(head.log_prob(actions[:, :, at]) for at, head in enumerate(theirs))
    spread = sum(weight * head.entropy() for weight, head in zip(WEIGHTS, theirs, strict=True))
    assert th.allclose(judged, wanted, atol=1e-5)
    assert th.allclose(entropy, spread, atol=1e-5)
    weigh = th.randn(POLICIES, ROWS, generator=generator)
    ours = th.autograd.grad((judged * weigh + 0.3 * entropy).sum(), numbers)[0]
    others = th.autograd.grad((wanted * weigh + 0.3 * spread).sum(), numbers)[0]
    assert (ours - others).abs().max() < 1e-4 * others.abs().max()
    best = heads.sample(numbers.detach(), legal, None)[0]
    assert th.equal(best, th.stack([head.probs.argmax(dim=2) for head in theirs], dim=2))


def test_distributions_categorical_heads_sample_with_their_probabilities():
    generator = th.Generator().manual_seed(1)
    heads, rows = CategoricalHeads([2, 4], [1.0, 1.0]), 100_000
    numbers = th.tensor([0.7, 0.0, 1.0, -1.0, 0.5]).expand(1, rows, 5)
    legal = th.zeros(1, rows, heads.mask_width)
    masks = th.tensor([[1, 1, 0, 0], [1, 1, 0, 1]], dtype=th.int8).expand(1, rows, 2, 4)
    heads.encode_masks(masks, legal)
    actions, _ = heads.sample(numbers, legal, generator)
    yes = th.sigmoid(th.tensor(0.7))
    wanted = th.softmax(th.tensor([0.0, 1.0, -th.inf, 0.5]), dim=0)
    four_sigma = 2.0 / rows**0.5
    assert abs(actions[0, :, 0].float().mean() - yes) < four_sigma
    seen = th.bincount(actions[0, :, 1], minlength=4) / rows
    assert (seen - wanted).abs().max() < four_sigma
