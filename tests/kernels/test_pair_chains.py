"""Payments of two banks in the order of Queue 2."""

import pytest

from tests.both import Both, named, penniless


@pytest.mark.parametrize("mode", ["all", "subset"])
def test_pair_chains_bilateral_offset_order_of_settlement_is_that_of_the_queue(mode: str) -> None:
    """Payments of both directions settle in turn as they stand in the queue, each from another tick."""
    run = Both(penniless("ABC"), lsm={"algorithms": ["bilateral"], "bilateral": mode})
    names = []
    for pair, cents in (("AB", 10), ("BA", 4), ("AB", 4)):
        names.append(run.submit(pair, cents))
        assert run.tick().num_settlements == 0
    names += [run.submit(pair, cents) for pair, cents in (("AC", 50), ("BA", 10), ("BC", 1))]
    if mode == "subset":
        run.submit("BA", 90)
    result = run.tick()
    assert [event.tx for event in named(result, "LsmPaymentSettled")] == [names[at] for at in (0, 1, 2, 4)]
