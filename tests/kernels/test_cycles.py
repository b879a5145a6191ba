"""Cycles of payments: which are found, what limits and credit allow, in which order their payments settle."""

import pytest

from tests.both import Both, named, penniless

CYCLES = {"algorithms": ["cycles"]}


def test_cycle_of_single_cents_settles() -> None:
    for cycle in ("AB BC CA", "AB BC CD DA"):
        run = Both(penniless("ABCD"), lsm={"algorithms": ["cycles"]}, switches={"algorithm_sequencing": True})
        for pair in cycle.split():
            run.submit(pair, 1)
        result = run.tick()
        assert run.waiting() == []
        (told,) = named(result, "AlgorithmExecution")
        assert len(cycle.split()) in told.details.values()


def test_cycles_what_a_cycle_frees_is_paid_at_once() -> None:
    run = Both({**penniless("BCD"), "A": {"opening_balance": 1}}, lsm=CYCLES)
    for pair, cents in (("AB", 11), ("BC", 10), ("CA", 10), ("BD", 1)):
        run.submit(pair, cents)
    result = run.tick()
    assert (result.num_lsm_releases, result.num_settlements, run.waiting()) == (3, 4, [])


@pytest.mark.parametrize(("limit", "settled"), [(3, 0), (4, 4)])
def test_cycles_search_for_a_cycle_looks_at_as_many_payments_as_its_limit_says(limit: int, settled: int) -> None:
    run = Both(penniless("ABCD"), lsm={"algorithms": ["cycles"], "max_cycle_length": 4, "cycle_work_limit": limit})
    for pair in ("AB", "BC", "CD", "DA"):
        run.submit(pair, 5)
    assert run.tick().num_lsm_releases == settled


def test_cycles_bank_beyond_its_credit_takes_part_in_a_cycle_that_costs_it_nothing() -> None:
    cut = {"type": "credit_limit_change", "tick": 1, "bank": "A", "delta": -30}
    run = Both({"A": {"credit_limit": 30}, **penniless("BCD")}, lsm=CYCLES, events=[cut])
    run.submit("AD", 20)
    run.tick()
    for pair in ("AB", "BC", "CA"):
        run.submit(pair, 5)
    assert run.tick().num_lsm_releases == 3
    assert run.balances() == [-20, 0, 0, 20]


@pytest.mark.parametrize(("credit", "settled"), [(0, 0), (1, 3), (2, 3)])
def test_cycles_bank_may_use_its_credit_for_what_a_cycle_costs_it(credit: int, settled: int) -> None:
    run = Both({"A": {"credit_limit": credit}, **penniless("BC")}, lsm=CYCLES)
    for pair, cents in (("AB", 11), ("BC", 10), ("CA", 10)):
        run.submit(pair, cents)
    assert run.tick().num_lsm_releases == settled


@pytest.mark.parametrize("letters", ["ABC", "ABCD"])
@pytest.mark.parametrize(
    ("basis", "limit", "cents", "passes"),
    [
        ("gross", "bilateral_limits", 10, True),
        ("gross", "bilateral_limits", 9, False),
        ("gross", "multilateral_limit", 10, True),
        ("gross", "multilateral_limit", 9, False),
        ("net", "bilateral_limits", 10, True),
        ("net", "bilateral_limits", 9, False),
        ("net", "multilateral_limit", 0, True),
    ],
)
def test_cycle_may_use_a_limit_up_to_the_last_cent(
    letters: str, basis: str, limit: str, cents: int, *, passes: bool
) -> None:
    """What a bank receives in a cycle comes from another than it pays: only the limit over all banks nets it."""
    run = Both(
        {"A": {limit: {"B": cents} if limit == "bilateral_limits" else cents}, **penniless(letters[1:])},
        lsm={"algorithms": ["cycles"], "max_cycle_length": 4},
        switches={"limits_basis": basis},
    )
    for sender, receiver in zip(letters, letters[1:] + letters[0], strict=True):
        run.submit(sender + receiver, 10)
    assert run.tick().num_lsm_releases == (len(letters) if passes else 0)


def test_cycle_order_of_settlement_is_that_of_the_queue_edge_by_edge() -> None:
    run = Both(penniless("ABC"), lsm={"algorithms": ["cycles"]})
    names = [run.submit(pair, 10) for pair in ("CA", "BC", "AB", "BC", "AB", "CA")]
    result = run.tick()
    assert [event.tx for event in named(result, "LsmPaymentSettled")] == [names[at] for at in (2, 4, 1, 3, 0, 5)]
