"""A batch that asks for memory ahead plays as its copies do alone."""

import numpy as np
import pytest

from simcash_env import make_vec
from simcash_env.agents.ahead import CACHED_WORDS

COPIES = 180


@pytest.mark.parametrize("action", ["queue", "rank"])
def test_ahead_batch_beyond_the_cache_plays_as_its_copies_alone(action):
    vec = make_vec("ten-banks-v0", COPIES, action=action, max_ticks=12)
    assert vec.state_rows()[0].size > CACHED_WORDS
    looked_at = (0, 1, COPIES // 2, COPIES - 2, COPIES - 1)
    alone = {copy: make_vec("ten-banks-v0", 1, action=action, max_ticks=12) for copy in looked_at}
    vec.reset(seed=[7 * copy for copy in range(COPIES)])
    for copy, single in alone.items():
        single.reset(seed=7 * copy)
    vec.single_action_space.seed(1)
    for _ in range(15):
        actions = np.array([[vec.single_action_space.sample() for _ in range(10)] for _ in range(COPIES)])
        seen = [np.array(part, copy=True) for part in vec.step(actions)]
        for copy, single in alone.items():
            for part, own in zip(seen, single.step(actions[copy : copy + 1]), strict=True):
                assert np.array_equal(part[copy], own[0])
