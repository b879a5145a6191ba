import pytest
import torch as th
from sb3_contrib.common.maskable.distributions import MaskableMultiCategoricalDistribution

from training.heads import HeadsDistribution, SlotNetwork

CHOICES = [2, 2, 2, 5, 3]


def drawn_world(rows=64, seed=0):
    generator = th.Generator().manual_seed(seed)
    scores = th.randn(rows, sum(CHOICES), generator=generator)
    masks = th.rand(rows, sum(CHOICES), generator=generator) < 0.6
    first = 0
    for count in CHOICES:
        masks[:, first] = True
        first += count
    return scores, masks


@pytest.mark.parametrize("is_masked", [False, True])
def test_the_distribution_is_sb3_contribs(is_masked):
    scores, masks = drawn_world()
    ours = HeadsDistribution(CHOICES).proba_distribution(scores)
    theirs = MaskableMultiCategoricalDistribution(CHOICES).proba_distribution(scores)
    if is_masked:
        ours.apply_masking(masks)
        theirs.apply_masking(masks)
    actions = theirs.sample()
    assert th.allclose(ours.log_prob(actions), theirs.log_prob(actions), atol=1e-5)
    assert th.allclose(ours.entropy(), theirs.entropy(), atol=1e-5)
    assert th.equal(ours.mode(), theirs.mode())


def test_draws_follow_the_probabilities_and_never_the_forbidden():
    scores, masks = drawn_world(rows=1)
    th.manual_seed(3)
    many = HeadsDistribution(CHOICES).proba_distribution(scores.expand(40_000, -1))
    many.apply_masking(masks.expand(40_000, -1))
    actions = many.sample()
    probabilities = [head.exp()[0] for head in many.log_probs]
    flat = [row for group in probabilities for row in group]
    first = 0
    for place, count in enumerate(CHOICES):
        shares = th.bincount(actions[:, place], minlength=count) / len(actions)
        assert th.allclose(shares, flat[place], atol=0.012)
        assert not shares[~masks[0, first : first + count]].any()
        first += count


def test_the_last_heads_entropy_can_count_more():
    scores, _ = drawn_world()
    plain = HeadsDistribution(CHOICES).proba_distribution(scores).entropy()
    heavy = HeadsDistribution(CHOICES, last_entropy=11.0).proba_distribution(scores).entropy()
    last = HeadsDistribution(CHOICES[-1:]).proba_distribution(scores[:, -CHOICES[-1] :]).entropy()
    assert th.allclose(heavy - plain, 10.0 * last, atol=1e-4)


def test_every_slot_is_judged_alike():
    th.manual_seed(1)
    network = SlotNetwork(width=4 + 3 * 5, slots=(4, 3, 5), verbs=2, others=0, hidden=[8])
    network.whole = th.nn.Sequential(th.nn.Linear(19, 8), th.nn.Tanh())
    th.nn.init.zeros_(network.whole[0].weight)
    seen = th.randn(1, 19)
    swapped = th.cat([seen[:, :4], seen[:, 9:14], seen[:, 4:9], seen[:, 14:]], dim=1)
    first, second = network.forward_actor(seen), network.forward_actor(swapped)
    assert th.allclose(first[:, [2, 3, 0, 1, 4, 5]], second)
