"""Offsets, cycles and entry disposition; what the reference does instead is in each test's comment."""

import pytest

from tests.both import Both, kinds, named, penniless

PAIRS, CYCLES = {"algorithms": ["bilateral"]}, {"algorithms": ["cycles"]}
NOTHING = {"algorithms": []}


def test_g12_a_pair_that_cannot_settle_is_no_release() -> None:
    # the reference logs and counts the pair, and goes on for three rounds
    run = Both({"A": {"opening_balance": 9}, "B": {}}, lsm=PAIRS, switches={"algorithm_sequencing": True})
    run.submit("AB", 30)
    run.submit("BA", 20)
    result = run.tick()
    assert (result.num_lsm_releases, result.num_settlements, result.queue2_size) == (0, 0, 2)
    assert "LsmBilateralOffset" not in kinds(result)
    assert kinds(result)["AlgorithmExecution"] == 1


@pytest.mark.parametrize(("bilateral", "waiting"), [("all", ["AB", "AB", "AB", "BA"]), ("subset", ["AB"])])
def test_g13_a_pair_settles_its_best_subset(bilateral: str, waiting: list[str]) -> None:
    # the reference settles all of a pair or nothing; the first of each side alone would be 61 cents, not 69
    run = Both({"A": {"opening_balance": 7}, "B": {"opening_balance": 1}}, lsm={**PAIRS, "bilateral": bilateral})
    for pair, amount in (("AB", 30), ("AB", 8), ("BA", 31), ("AB", 40)):
        run.submit(pair, amount)
    run.tick()
    assert run.waiting() == waiting
    assert run.balances() == ([0, 8] if bilateral == "subset" else [7, 1])


@pytest.mark.parametrize("cycle", ["AB BC CA", "AC CB BA"])
def test_g17_cycles_of_three_are_found_in_both_rotations(cycle: str) -> None:
    # the reference never finds the second
    run = Both(penniless("ABC"), lsm=CYCLES)
    for pair in cycle.split():
        run.submit(pair, 100)
    assert run.tick().num_lsm_releases == 3


def test_g22_g25_g77_each_long_cycle_is_found_once() -> None:
    # in the reference the first cycle's three copies use up the two attempts
    run = Both(penniless("ABCDEFGH"), lsm={**CYCLES, "max_cycles_per_tick": 2})
    for amount, cycle in ((200, "AB BC CD DA"), (100, "EF FG GH HE")):
        for pair in cycle.split():
            run.submit(pair, amount)
    assert run.tick().num_lsm_releases == 8


@pytest.mark.parametrize(("money", "value", "waiting"), [(2, 102, ["CD", "DA"]), (0, 100, ["CE", "EA"])])
def test_g22_g25_g77_cycles_go_by_value_then_by_ids(money: int, value: int, waiting: list[str]) -> None:
    # A B C D and A B C E share two payments; the second is found first, as CE waits before CD
    run = Both({**penniless("ABDE"), "C": {"opening_balance": money}}, lsm=CYCLES)
    for pair, amount in (("AB", 100), ("BC", 100), ("CE", value), ("EA", value), ("CD", 100), ("DA", 100)):
        run.submit(pair, amount)
    assert run.tick().num_lsm_releases == 4
    assert run.waiting() == waiting


def test_g22_g25_g77_a_long_queue_is_not_skipped() -> None:
    # the reference searches no cycle of four where more than a hundred payments wait
    run = Both(penniless("ABCDX"), lsm=CYCLES)
    for _ in range(110):
        run.submit("XA", 5)
    for pair in ("AB", "BC", "CD", "DA"):
        run.submit(pair, 100)
    assert run.tick().num_lsm_releases == 4


@pytest.mark.parametrize(("limit", "is_hit"), [(3, True), (100_000, False)])
def test_g22_g25_g77_a_work_limit_that_is_hit_says_so(limit: int, is_hit: bool) -> None:
    run = Both(penniless("ABCD"), lsm={**CYCLES, "cycle_work_limit": limit})
    for pair in ("AB", "BC", "CD", "DA"):
        run.submit(pair, 100)
    result = run.tick()
    assert (result.cycle_work_limit_hit, result.num_lsm_releases) == (is_hit, 0 if is_hit else 4)


def test_g26_what_settles_between_the_algorithms_is_logged_and_counted() -> None:
    # the offset's 20 cents reach A and pay C: the reference says neither
    run = Both({"A": {}, "B": {"opening_balance": 20}, "C": {}}, lsm=PAIRS)
    for pair, amount in (("AB", 30), ("BA", 50), ("AC", 20)):
        run.submit(pair, amount)
    result = run.tick()
    (released,) = named(result, "Queue2LiquidityRelease")
    assert (released.bank, released.counterparty, released.amount) == ("A", "C", 20)
    assert (result.num_settlements, result.num_lsm_releases) == (3, 2)


@pytest.mark.parametrize("basis", ["gross", "net"])
def test_g27_limits_are_gross_or_net_and_say_what_they_block(basis: str) -> None:
    # the reference knows gross only, and an offset that a limit blocks is silent
    banks = {"A": {"bilateral_limits": {"B": 50}}, "B": {}}
    run = Both(banks, lsm=PAIRS, switches={"limits_basis": basis})
    run.submit("AB", 100)
    run.submit("BA", 100)
    result = run.tick()
    assert result.num_lsm_releases == (2 if basis == "net" else 0)
    blocked = [(event.bank, event.counterparty, event.amount) for event in named(result, "BilateralLimitExceeded")]
    assert blocked == ([] if basis == "net" else [("A", "B", 100)])


@pytest.mark.parametrize("basis", ["gross", "net"])
def test_g27_a_limit_that_blocks_a_cycle_says_so(basis: str) -> None:
    banks = {"A": {"multilateral_limit": 50}, "B": {}, "C": {}}
    run = Both(banks, lsm=CYCLES, switches={"limits_basis": basis})
    for pair in ("AB", "BC", "CA"):
        run.submit(pair, 100)
    result = run.tick()
    assert result.num_lsm_releases == (3 if basis == "net" else 0)
    assert ("MultilateralLimitExceeded" in kinds(result)) == (basis == "gross")


@pytest.mark.parametrize(("incoming", "queued"), [("AB", "BA"), ("BA", "AB")])
def test_g28_g29_an_unfunded_payment_is_offset_at_entry(incoming: str, queued: str) -> None:
    # the reference only renames an event, by ids and not by time, and does nothing without bilateral offsets
    run = Both(penniless("AB"), lsm=NOTHING, switches={"entry_disposition_offsetting": True})
    for amount in (30, 40, 50):
        run.submit(queued, amount)
    assert run.tick().queue2_size == 3
    name = run.submit(incoming, 70)
    result = run.tick()
    assert (result.num_settlements, result.queue2_size) == (3, 1)
    (event,) = named(result, "EntryDispositionOffset")
    assert (event.bank, event.counterparty, event.tx, event.amount) == (*incoming, name, 70)
    assert event.details == {"queued": 2, "queued_cents": 70}
    assert [run.simulation.transaction(tx).amount for tx in run.simulation.queue2()] == [50]


def test_g28_g29_where_no_prefix_does_the_payment_queues() -> None:
    run = Both(penniless("AB"), lsm=NOTHING, switches={"entry_disposition_offsetting": True})
    run.submit("BA", 30)
    run.tick()
    run.submit("AB", 70)
    result = run.tick()
    assert (result.num_settlements, result.queue2_size) == (0, 2)


def test_g77_g79_cycle_attempts_are_counted_over_the_whole_tick() -> None:
    # two equal cycles, one attempt: the reference has one in each of its rounds and settles both
    run = Both(penniless("ABCDEF"), lsm={**CYCLES, "max_cycles_per_tick": 1, "max_cycle_length": 3})
    for pair in ("DE", "EF", "FD", "AB", "BC", "CA"):
        run.submit(pair, 100)
    assert run.tick().num_lsm_releases == 3
    assert run.waiting() == ["DE", "EF", "FD"]
