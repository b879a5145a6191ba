"""The components of the rank action: one table gives size, bounds, decoding, default and documentation."""

import numpy as np
import pytest

from simcash_env.errors import ActionError
from simcash_env.schema.rank import (
    COMPONENTS,
    FEATURES,
    LOWS_PPM,
    NUM_COMPONENTS,
    NUM_WEIGHTS,
    RANK,
    SPANS,
    action_number,
    component_values,
    rank_table,
    within_ticks,
)


def test_rank_components_begin_with_one_weight_for_each_feature():
    assert [one.name for one in COMPONENTS[:NUM_WEIGHTS]] == [f"weight_{feature.name}" for feature in FEATURES]
    assert not any(one.name.startswith("weight") for one in COMPONENTS[NUM_WEIGHTS:])


def test_rank_numbers_and_bounds_follow_from_the_table():
    assert list(RANK) == list(range(NUM_COMPONENTS))
    for place, one in enumerate(COMPONENTS):
        assert getattr(RANK, one.name) == place
        assert (LOWS_PPM[place], SPANS[place]) == (one.low * 10**6, one.high - one.low)
        assert one.low <= one.default <= one.high


@pytest.mark.parametrize("one", COMPONENTS, ids=lambda one: one.name)
def test_rank_number_of_a_bound_is_a_bound_of_the_box(one):
    assert action_number(one.name, [one.low, one.high]).tolist() == [-1.0, 1.0]
    middle = (one.low + one.high) / 2
    assert action_number(one.name, middle) == 0.0


def test_rank_values_of_numbers_are_what_the_numbers_were_made_of():
    numbers = [float(action_number(one.name, one.default)) for one in COMPONENTS]
    found = component_values(np.array(numbers))
    assert {name: round(float(value), 9) for name, value in found.items()} == {
        one.name: one.default for one in COMPONENTS
    }


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("balance_share", 2.1, r"rank\.balance_share: must be from 0 to 2, got 2\.1"),
        ("submit_small", -0.1, r"rank\.submit_small: must be from 0 to 1"),
        ("weight_net", np.nan, r"rank\.weight_net: must be from -1 to 1, got nan"),
        ("weight_luck", 0.0, r"rank\.weight_luck: unknown component; components are weight_urgency, "),
    ],
)
def test_rank_value_that_is_none_is_refused(name, value, said):
    with pytest.raises(ActionError, match=said):
        action_number(name, value)


def test_rank_ticks_lie_between_those_within_and_those_beyond():
    shares = within_ticks([-1, 0, 1, 7, np.inf])
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    for ticks, share in zip((0, 1, 7), shares[1:4], strict=True):
        assert ticks / (ticks + 8) < share < (ticks + 1) / (ticks + 9)


def test_rank_components_in_the_documentation_are_those_of_the_table(pytestconfig):
    page = (pytestconfig.rootpath / "docs" / "environment.md").read_text(encoding="utf-8")
    for row in rank_table():
        assert f"| {' | '.join(row)} |" in page
