"""Liquidity saving at the edges of its rules: how often, what runs when little waits, what settles first."""

import pytest

from tests.both import Both, kinds, named, penniless

PAIRS, CYCLES, PREFIX = ({"algorithms": [name]} for name in ("bilateral", "cycles", "prefix"))
REPORTED = {"algorithm_sequencing": True}


def executions(result: object) -> int:
    """How many algorithms said that they ran."""
    return kinds(result).get("AlgorithmExecution", 0)


def test_three_rounds_are_all() -> None:
    """One cent goes from hand to hand; as the larger offset is tried first, a round carries it one bank on."""
    run = Both({**penniless("BCDE"), "A": {"opening_balance": 1}}, lsm=PAIRS)
    for low, high, cents in (("A", "B", 10), ("B", "C", 20), ("C", "D", 30), ("D", "E", 40)):
        run.submit(low + high, cents + 1)
        run.submit(high + low, cents)
    run.tick()
    assert run.waiting() == ["DE", "ED"]
    run.tick()
    assert run.waiting() == []


def test_an_algorithm_runs_while_a_single_payment_waits_and_not_when_none_does() -> None:
    run = Both({"A": {"opening_balance": 5}, "B": {}}, lsm={"algorithms": ["bilateral", "cycles"]}, switches=REPORTED)
    assert executions(run.tick()) == 0
    run.submit("AB", 5)
    assert executions(run.tick()) == 0
    run.submit("AB", 5)
    assert executions(run.tick()) == 2


def test_an_algorithm_after_one_that_emptied_the_queue_does_not_run() -> None:
    run = Both(penniless("AB"), lsm={"algorithms": ["bilateral", "cycles"]}, switches=REPORTED)
    run.submit("AB", 5)
    run.submit("BA", 5)
    (only,) = named(run.tick(), "AlgorithmExecution")
    assert only.details["algorithm"] == "bilateral"


def test_a_round_that_settled_is_followed_by_another_while_one_payment_waits() -> None:
    run = Both(penniless("ABC"), lsm=PAIRS, switches=REPORTED)
    for pair in ("AB", "BA", "AC"):
        run.submit(pair, 5)
    assert executions(run.tick()) == 2


def test_what_a_cycle_frees_is_paid_at_once() -> None:
    run = Both({**penniless("BCD"), "A": {"opening_balance": 1}}, lsm=CYCLES)
    for pair, cents in (("AB", 11), ("BC", 10), ("CA", 10), ("BD", 1)):
        run.submit(pair, cents)
    result = run.tick()
    assert (result.num_lsm_releases, result.num_settlements, run.waiting()) == (3, 4, [])


def test_what_a_set_frees_is_paid_at_once() -> None:
    """A large payment blocks its bank's others from the set, and not from the pass that follows."""
    run = Both({**penniless("BCD"), "A": {"opening_balance": 1}}, lsm=PREFIX)
    for pair, cents in (("AB", 11), ("BA", 10), ("BD", 100), ("BC", 1)):
        run.submit(pair, cents)
    run.tick()
    assert run.waiting() == ["BD"]


@pytest.mark.parametrize(("limit", "settled"), [(3, 0), (4, 4)])
def test_the_search_for_a_cycle_looks_at_as_many_payments_as_its_limit_says(limit: int, settled: int) -> None:
    run = Both(penniless("ABCD"), lsm={"algorithms": ["cycles"], "max_cycle_length": 4, "cycle_work_limit": limit})
    for pair in ("AB", "BC", "CD", "DA"):
        run.submit(pair, 5)
    assert run.tick().num_lsm_releases == settled


def test_of_cycles_of_one_total_and_the_same_first_banks_the_shorter_goes_first() -> None:
    run = Both(
        {"A": {"opening_balance": 2}, "D": {"opening_balance": 10}, **penniless("BCE")},
        lsm={"algorithms": ["cycles"], "max_cycle_length": 5},
    )
    for pair, cents in (("DE", 12), ("EA", 8), ("DA", 20), ("BC", 10), ("CD", 10), ("AB", 10)):
        run.submit(pair, cents)
    run.tick()
    assert run.waiting() == ["DE", "EA"]


def test_a_bank_beyond_its_credit_takes_part_in_a_cycle_that_costs_it_nothing() -> None:
    cut = {"type": "credit_limit_change", "tick": 1, "bank": "A", "delta": -30}
    run = Both({"A": {"credit_limit": 30}, **penniless("BCD")}, lsm=CYCLES, events=[cut])
    run.submit("AD", 20)
    run.tick()
    for pair in ("AB", "BC", "CA"):
        run.submit(pair, 5)
    assert run.tick().num_lsm_releases == 3
    assert run.balances() == [-20, 0, 0, 20]


@pytest.mark.parametrize(
    "sizes", [(3, 7, 1, 8, 2, 6, 4, 5), (4, 5, 8, 7, 3, 1, 6, 2), (2, 6, 7, 4, 1, 3, 5, 8), (1, 2, 3, 4, 5, 6, 7, 8)]
)
@pytest.mark.parametrize("most", [5, 8])
def test_cycles_go_in_order_of_their_totals_however_many_there_are(sizes: tuple[int, ...], most: int) -> None:
    letters = [chr(ord("A") + number) for number in range(24)]
    run = Both(
        penniless("".join(letters)), lsm={"algorithms": ["cycles"], "max_cycles_per_tick": most}, switches=REPORTED
    )
    for place, cents in enumerate(sizes):
        one, two, three = letters[3 * place : 3 * place + 3]
        for pair in (one + two, two + three, three + one):
            run.submit(pair, cents)
    found = [[event.amount for event in named(result, "LsmCycleSettlement")] for result in run.run(2)]
    totals = [24, 21, 18, 15, 12, 9, 6, 3]
    assert found == [totals[:most], totals[most:]]


@pytest.mark.parametrize(("credit", "settled"), [(0, 0), (1, 3), (2, 3)])
def test_a_bank_may_use_its_credit_for_what_a_cycle_costs_it(credit: int, settled: int) -> None:
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
def test_a_cycle_may_use_a_limit_up_to_the_last_cent(
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


def test_a_set_leaves_a_single_cent_out_that_a_limit_forbids() -> None:
    run = Both({"A": {"bilateral_limits": {"B": 0}}, "B": {}}, lsm=PREFIX)
    run.submit("AB", 1)
    run.submit("BA", 1)
    assert run.tick().num_lsm_releases == 0


SUBSETS = {"algorithms": ["bilateral"], "bilateral": "subset"}


@pytest.mark.parametrize("cents", [(2, 1), (1, 2)])
def test_the_smallest_subset_is_offset_though_the_rest_is_beyond_the_banks(cents: tuple[int, int]) -> None:
    there, back = cents
    run = Both(
        {"A": {"opening_balance": max(there - back, 0)}, "B": {"opening_balance": max(back - there, 0)}}, lsm=SUBSETS
    )
    run.submit("AB", there)
    run.submit("BA", back)
    run.submit("BA", 100)
    assert run.tick().num_lsm_releases == 2
    assert run.waiting() == ["BA"]


def test_what_one_bank_can_pay_alone_is_no_offset() -> None:
    """A's payment is funded once the larger offset has brought it money: the pass that follows pays it gross."""
    run = Both({**penniless("AB"), "C": {"opening_balance": 10}}, lsm=SUBSETS)
    for pair, cents in (("CA", 30), ("AC", 20), ("AB", 10), ("BA", 50)):
        run.submit(pair, cents)
    result = run.tick()
    assert (result.num_lsm_releases, result.num_settlements, run.waiting()) == (2, 3, ["BA"])


@pytest.mark.parametrize("rules", ["standard", "simcash"])
def test_liquidity_saving_goes_on_after_a_retry_that_settled(rules: str) -> None:
    """The rounds ended where offsets and cycles had moved nothing, whatever the passes after them had settled."""
    credit = {"type": "credit_limit_change", "tick": 2, "bank": "D", "delta": 142}
    run = Both(penniless("ABCD"), lsm=CYCLES, rules=rules, events=[credit], costs={"eod_penalty": 0})
    for pairs in ((("BC", 100), ("CD", 300)), (("AB", 100), ("DA", 100), ("DB", 106))):
        for pair, cents in pairs:
            run.submit(pair, cents)
        run.tick()
    assert run.waiting() == ["BC", "CD", "AB", "DA", "DB"]
    run.tick()
    assert run.waiting() == ["CD", "DB"]
    assert run.balances() == [0, 0, 100, -100]


def test_liquidity_saving_goes_on_after_a_retry_at_the_end_of_the_day() -> None:
    """The last settlement of the day is the same procedure: credits that are deferred have landed by then."""
    credit = {"type": "credit_limit_change", "tick": 2, "bank": "D", "delta": 142}
    switches = {"deferred_crediting": True}
    run = Both(penniless("ABCD"), ticks=3, lsm=CYCLES, events=[credit], switches=switches)
    for pairs in ((("BC", 100), ("CD", 300)), (("AB", 100), ("DA", 100), ("DB", 106))):
        for pair, cents in pairs:
            run.submit(pair, cents)
        run.tick()
    run.tick()  # D pays A in the tick; the money lands, and A pays B in the last settlement, where it is deferred too
    assert run.waiting() == ["BC", "CD", "DB"]
