"""Which cycle goes first."""

import pytest

from tests.both import Both, named, penniless

REPORTED = {"algorithm_sequencing": True}


def test_of_cycles_of_one_total_and_the_same_first_banks_the_shorter_goes_first() -> None:
    run = Both(
        {"A": {"opening_balance": 2}, "D": {"opening_balance": 10}, **penniless("BCE")},
        lsm={"algorithms": ["cycles"], "max_cycle_length": 5},
    )
    for pair, cents in (("DE", 12), ("EA", 8), ("DA", 20), ("BC", 10), ("CD", 10), ("AB", 10)):
        run.submit(pair, cents)
    run.tick()
    assert run.waiting() == ["DE", "EA"]


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
