import numpy as np
import pytest
import torch as th
from sb3_contrib.common.maskable.distributions import MaskableMultiCategoricalDistribution

from simcash_env import make_vec
from simcash_env.agents.observation_layout import NUM_SLOT, SLOTS_AT
from simcash_env.envs.sb3 import SimCashSB3Vec
from simcash_env.learning.sb3_curriculum import ScarcityFirst
from simcash_env.learning.sb3_heads import FIRST_GAIN, HeadsDistribution, HeadsPolicy, SlotNetwork
from simcash_env.learning.urgency import DEADLINE, LIQUIDITY, REMAINING, WAITING, by_urgency
from simcash_env.schema.codes import POOL_LEVELS

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
    heavy = HeadsDistribution(CHOICES, {len(CHOICES) - 1: 11.0}).proba_distribution(scores).entropy()
    last = HeadsDistribution(CHOICES[-1:]).proba_distribution(scores[:, -CHOICES[-1] :]).entropy()
    assert th.allclose(heavy - plain, 10.0 * last, atol=1e-4)


def network_of(slots=3):
    th.manual_seed(1)
    return SlotNetwork(
        width=SLOTS_AT + slots * NUM_SLOT, slots=(SLOTS_AT, slots, NUM_SLOT), verbs=2, others=0, hidden=[8], flow=24.0
    )


def test_every_slot_is_judged_alike():
    network = network_of()
    first = network.whole[0]
    th.nn.init.zeros_(first.weight)
    seen = th.rand(1, SLOTS_AT + 3 * NUM_SLOT) * 0.9
    start, middle, end = (seen[:, SLOTS_AT + slot * NUM_SLOT :][:, :NUM_SLOT] for slot in range(3))
    swapped = th.cat([seen[:, :SLOTS_AT], middle, start, end], dim=1)
    scores, swapped_scores = network.forward_actor(seen), network.forward_actor(swapped)
    assert not th.allclose(scores[:, :2], scores[:, 2:4])
    assert th.allclose(scores[:, [2, 3, 0, 1, 4, 5]], swapped_scores, atol=1e-6)


def test_liquidity_is_counted_down_by_urgency():
    def shown(value):
        return value / (1.0 + abs(value))

    features, flow = th.zeros(1, SLOTS_AT), 24.0
    features[0, LIQUIDITY] = shown(5.0 / flow)  # 5 mean payments
    features[0, WAITING] = shown(2.0 / flow)
    slots = th.zeros(1, 4, NUM_SLOT)
    for slot, (amount, ticks) in enumerate(((1.0, 6.0), (3.0, 2.0), (0.5, 6.0))):
        slots[0, slot, REMAINING], slots[0, slot, DEADLINE] = shown(amount), ticks / (ticks + 8.0)
    left = by_urgency(features, slots, flow)[0]
    before_and_after = [[2.0, 1.0, 0.0, -1.0], [5.0, 2.0, 3.0, 0.0], [1.0, 0.5, -1.0, -1.5], [0.0, 0.0, 0.0, 0.0]]
    expected = th.tensor([[shown(value) for value in row] for row in before_and_after])
    assert th.allclose(left, expected, atol=1e-4)


def test_scarcity_withholds_large_shares_only_where_a_share_is_chosen():
    vec = make_vec("castro-2period-v0", 2, max_queue_slots=2, final_observations=True)
    env = ScarcityFirst(vec, (1, 3), bank_id=True)
    env.reset()
    free = env.action_masks()
    env.is_scarce = True
    scarce = env.action_masks()
    assert free[:, -POOL_LEVELS:].all()
    assert (scarce[:, -POOL_LEVELS:] == (np.isin(np.arange(POOL_LEVELS), (1, 2, 3)))).all()
    assert (scarce[:, :-POOL_LEVELS] == free[:, :-POOL_LEVELS]).all()
    vec.step(np.concatenate([np.zeros((2, 2, 2), int), np.full((2, 2, 1), 2)], axis=2))
    closed = env.action_masks()[:, -POOL_LEVELS:]
    assert closed[:, 0].all()
    assert not closed[:, 1:].any()


def test_no_mask_allows_everything():
    scores, masks = drawn_world()
    free, masked = (HeadsDistribution(CHOICES).proba_distribution(scores) for _ in range(2))
    free.apply_masking(None)
    masked.apply_masking(th.ones_like(masks))
    actions = free.mode()
    assert th.equal(free.log_prob(actions), masked.log_prob(actions))


def test_drawn_actions_come_with_their_probability():
    scores, _ = drawn_world()
    heads = HeadsDistribution(CHOICES)
    actions, log_prob = heads.log_prob_from_params(scores)
    theirs = MaskableMultiCategoricalDistribution(CHOICES).proba_distribution(scores)
    assert th.allclose(log_prob, theirs.log_prob(actions), atol=1e-5)
    assert th.equal(heads.actions_from_params(scores, deterministic=True), theirs.mode())


@pytest.mark.parametrize("scenario", ["castro-2period-v0", "two-banks-v0"])
def test_an_untrained_policy_draws_about_equally_with_a_pool_and_without(scenario):
    env = SimCashSB3Vec(make_vec(scenario, 4, max_queue_slots=3, final_observations=True))
    parts = {"slots": (SLOTS_AT, 3, NUM_SLOT), "hidden": [8], "flow": 24.0}
    spaces = (env.observation_space, env.action_space, lambda _: 1e-3)
    small, plain = (HeadsPolicy(*spaces, **parts, ortho_init=is_small) for is_small in (True, False))
    assert (small.mlp_extractor.other is None) == ("pool" not in env.vec.head_index)
    sizes = [policy.mlp_extractor.verb.weight.norm().item() for policy in (small, plain)]
    assert sizes[0] == pytest.approx(FIRST_GAIN * 2**0.5)
    assert sizes[1] > 10 * sizes[0]
