"""Offsets of two banks: all that waits, or the best subset."""

from typing import Any

import pytest

from tests.both import Both, named, penniless

PAIRS: dict[str, Any] = {"algorithms": ["bilateral"]}

NET: dict[str, Any] = {"limits_basis": "net"}

LIMITED: dict[str, Any] = {
    "bilateral": {"bilateral_limits": {"B": 10}},
    "multilateral": {"multilateral_limit": 10, "bilateral_limits": {"C": 1_000}},
}


@pytest.mark.parametrize("limits", LIMITED)
@pytest.mark.parametrize(("there", "settles"), [(105, 2), (106, 0)])
def test_bilateral_offset_within_net_limits_counts_both_ways(limits: str, there: int, settles: int) -> None:
    banks = {"A": {"opening_balance": 12, **LIMITED[limits]}, "B": {}, "C": {}}
    run = Both(banks, lsm=PAIRS, switches=NET)
    run.submit("AB", there)
    run.submit("BA", 95)
    assert run.tick().num_settlements == settles


def test_bilateral_pair_of_single_cents_settles() -> None:
    for how in ("all", "subset"):
        run = Both(penniless("AB"), lsm={**PAIRS, "bilateral": how}, switches={"algorithm_sequencing": True})
        run.submit("AB", 1)
        run.submit("BA", 1)
        (told,) = named(run.tick(), "AlgorithmExecution")
        assert run.waiting() == []
        assert 2 in told.details.values()


def test_bilateral_subset_takes_the_best_prefixes_and_says_what_it_settled() -> None:
    """A can fund one cent: of A's 5, 6, 20 and B's 4, 6, 3 it takes 5 and 6 against 4 and 6."""
    banks = {"A": {"opening_balance": 1}, "B": {}, "C": {}}
    run = Both(banks, lsm={**PAIRS, "bilateral": "subset"}, switches={"algorithm_sequencing": True})
    for pair, cents in (("AB", 5), ("BA", 4), ("AB", 6), ("BA", 6), ("AB", 20), ("BA", 30)):
        run.submit(pair, cents)
    result = run.tick()
    (told,) = named(result, "LsmBilateralOffset")
    assert (told.amount, sorted(told.details.values())) == (10, [10, 11])
    assert run.waiting() == ["AB", "BA"]
    assert 4 in named(result, "AlgorithmExecution")[0].details.values()


SUBSETS = {"algorithms": ["bilateral"], "bilateral": "subset"}


@pytest.mark.parametrize("cents", [(2, 1), (1, 2)])
def test_bilateral_smallest_subset_is_offset_though_the_rest_is_beyond_the_banks(cents: tuple[int, int]) -> None:
    there, back = cents
    run = Both(
        {"A": {"opening_balance": max(there - back, 0)}, "B": {"opening_balance": max(back - there, 0)}}, lsm=SUBSETS
    )
    run.submit("AB", there)
    run.submit("BA", back)
    run.submit("BA", 100)
    assert run.tick().num_lsm_releases == 2
    assert run.waiting() == ["BA"]


def test_bilateral_what_one_bank_can_pay_alone_is_no_offset() -> None:
    """A's payment is funded once the larger offset has brought it money: the pass that follows pays it gross."""
    run = Both({**penniless("AB"), "C": {"opening_balance": 10}}, lsm=SUBSETS)
    for pair, cents in (("CA", 30), ("AC", 20), ("AB", 10), ("BA", 50)):
        run.submit(pair, cents)
    result = run.tick()
    assert (result.num_lsm_releases, result.num_settlements, run.waiting()) == (2, 3, ["BA"])


@pytest.mark.parametrize(
    ("most", "kind", "waiting"),
    [(2, "all", []), (1, "all", ["AB", "AB", "BA"]), (2, "subset", []), (1, "subset", ["AB"]), (None, "all", [])],
)
def test_bilateral_offset_settles_at_most_so_many_payments_of_each_bank(most, kind, waiting):
    lsm = {"algorithms": ["bilateral"], "bilateral": kind, "max_offset_payments": most}
    world = Both(penniless("AB"), lsm=lsm)
    world.submit("AB", 50)
    world.submit("AB", 10)
    world.submit("BA", 60 if waiting == [] or kind == "all" else 50)
    world.tick()
    assert world.waiting() == waiting
