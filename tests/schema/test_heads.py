"""The optional heads of an action: one table says which there are, in which order, of which sizes."""

import numpy as np
import pytest

from simcash_env.agents import heads as kernels
from simcash_env.envs.vector import make_vec
from simcash_env.schema.heads import HEAD, HEADS, HeadIndex, head_numbers, head_table, heads_of
from simcash_env.schema.limits import SHARE_STEPS
from simcash_env.schema.rank import NUM_COMPONENTS
from tests.envs.test_masks import MARKET
from tests.worlds import busy

EVERYTHING = {
    "priorities": True,
    "pool": 12_000,
    "collateral": True,
    "revoke": True,
    "sub_limit": True,
    "send_limit": "bilateral",
    "market": MARKET,
}
NOTHING = {
    "priorities": False,
    "pool": None,
    "collateral": False,
    "revoke": False,
    "sub_limit": False,
    "send_limit": "none",
    "market": None,
}


@pytest.mark.parametrize("action", ["queue", "budget", "threshold", "rank"])
def test_heads_follow_those_of_the_action_in_the_order_of_the_table(action):
    vec = make_vec(busy(scripted=0, **EVERYTHING), action=action, max_queue_slots=2)
    first = {"queue": 2, "budget": 1, "threshold": 4, "rank": NUM_COMPONENTS}[action]
    assert vec.head_index == {head.name: first + at for at, head in enumerate(HEADS)}
    sizes = {head.name: head.size for head in HEADS} | ({"pool": SHARE_STEPS + 1} if action == "rank" else {})
    assert vec.action_nvec[first:].tolist() == list(sizes.values())
    assert vec._shape.window.heads.tolist() == list(HEAD)


@pytest.mark.parametrize("name", EVERYTHING)
def test_heads_are_present_where_the_scenario_asks_for_them(name):
    vec = make_vec(busy(scripted=0, **{**NOTHING, name: EVERYTHING[name]}))
    found = heads_of(vec.scenario.view, vec.learners)
    assert [head.name for head in found] == [{"priorities": "rtgs_priority"}.get(name, name)]
    assert head_numbers(found).tolist() == [getattr(HEAD, found[0].name)]


def test_heads_run_through_all_their_choices_in_a_continuous_action():
    for head in HEADS:
        assert sorted(head.ascending) == list(range(head.size)), head.name
    by_name = {head.name: head.ascending for head in HEADS}
    assert by_name["collateral"] == (6, 5, 4, 0, 1, 2, 3)
    assert by_name["market"] == (*range(18, 9, -1), *range(10))


def test_heads_in_the_documentation_are_those_of_the_table(pytestconfig):
    page = (pytestconfig.rootpath / "docs" / "environment.md").read_text(encoding="utf-8")
    for row in head_table():
        assert f"| {' | '.join(row)} |" in page


def test_heads_without_a_branch_change_nothing():
    """A number that is none of the table's is decoded to nothing and leaves its mask alone."""
    mask = np.zeros(3, np.int8)
    decode, write = (
        getattr(kernel, "py_func", kernel) for kernel in (kernels.decode_rare_head, kernels.write_rare_mask)
    )
    assert decode(None, None, None, 0, len(HEADS), 1) == 0
    write(None, None, 0, len(HEADS), mask)
    assert not mask.any()


def test_head_index_finds_a_head_by_its_older_name():
    index = HeadIndex({"pool": 2, "revoke": 3})
    assert index["recall"] == index["revoke"] == index.get("recall") == 3
    assert "recall" in index
    assert list(index) == ["pool", "revoke"]
    without = HeadIndex({"pool": 2})
    assert "recall" not in without
    assert without.get("recall") is None
    with pytest.raises(KeyError, match="recall"):
        without["recall"]
    with pytest.raises(KeyError, match="market"):
        without["market"]
