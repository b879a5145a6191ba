"""The set of prefixes that settles at once."""

from tests.both import Both, penniless

PREFIX = {"algorithms": ["prefix"]}


def test_prefix_what_a_set_frees_is_paid_at_once() -> None:
    """A large payment blocks its bank's others from the set, and not from the pass that follows."""
    run = Both({**penniless("BCD"), "A": {"opening_balance": 1}}, lsm=PREFIX)
    for pair, cents in (("AB", 11), ("BA", 10), ("BD", 100), ("BC", 1)):
        run.submit(pair, cents)
    run.tick()
    assert run.waiting() == ["BD"]


def test_prefix_set_leaves_a_single_cent_out_that_a_limit_forbids() -> None:
    run = Both({"A": {"bilateral_limits": {"B": 0}}, "B": {}}, lsm=PREFIX)
    run.submit("AB", 1)
    run.submit("BA", 1)
    assert run.tick().num_lsm_releases == 0
