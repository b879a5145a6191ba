"""The processor: schedules that complete, attempts that fail, and what happens then."""

import pytest

from simcash_env.errors import MarketError
from simcash_env.market.budgets import CREDIT, RESERVES
from simcash_env.market.processor import MarketRun
from simcash_env.market.slots import SlotState
from simcash_env.market.statistics import vwap_percent
from tests.market.worlds import BANKS, scheduled


def started(config, **options):
    return MarketRun.start(config, **options)


@pytest.mark.parametrize("payments", [False, True])
@pytest.mark.parametrize("strategy", ["any", "specific", "sequential"])
@pytest.mark.parametrize("distribution", ["round_robin", "same_market", "sequential"])
def test_processor_completed_schedule_leaves_no_orphan(payments, strategy, distribution):
    run = started(scheduled(payments=payments, strategy=strategy, distribution=distribution))
    while run.cursor < len(run.slots):
        run.step()
    assert run.simulation.orders() == []
    statistics = run.statistics()
    assert (statistics.completed, statistics.open) == (len(run.slots), 0)
    assert statistics.matches == len(run.slots) // 2
    assert statistics.volume == sum(slot.amount for slot in run.slots if slot.side == "bid")
    assert all(slot.filled == slot.amount for slot in run.slots)


def test_processor_statistics_are_those_of_the_trades():
    run = started(scheduled())
    statistics = run.run()
    trades = [(event.amount, event.details["rate"]) for event in run.simulation.events() if event.kind == "MarketTrade"]
    assert statistics.matches == len(trades) == 12
    assert statistics.vwap == vwap_percent(trades)
    assert statistics.orders_created == statistics.attempts == 24
    assert run.is_done
    assert run.simulation.is_over
    assert run.simulation.loans() == []


def test_processor_volume_weighted_rate_of_the_specification():
    assert round(vwap_percent([(100, 33_000), (20, 33_000), (30, 33_000), (30, 33_500)]), 6) == 3.308333
    assert vwap_percent([]) is None


def test_processor_budgets_follow_the_engine_through_every_slot():
    run = started(scheduled(payments=True), slots_per_tick=3)
    more = True
    while more:
        more = run.step()
        for bank in BANKS:
            account, reserves, credit = (
                run.simulation.market_account(bank),
                *(run.ledger.budget(bank, asset) for asset in (RESERVES, CREDIT)),
            )
            assert (reserves.available, reserves.locked) == (run.simulation.balance(bank), account.locked)
            assert (credit.available, credit.locked) == (account.credit_left, account.credit_locked)
    assert len(run.ledger.history) == len(run.slots) + 2
    lent = sum(run.ledger.budget(bank, RESERVES).spent for bank in BANKS)
    assert lent == run.statistics().volume
    owed = sum(event.amount for event in run.simulation.events() if event.kind == "LoanRepaid")
    assert sum(run.ledger.budget(bank, CREDIT).spent for bank in BANKS) == owed >= lent


def poor(**schedule):
    """Nobody can lend: every ask is refused."""
    return scheduled(money=0, market={"credit_lines": dict.fromkeys(BANKS, 10**6)}, trades_per_account=1, **schedule)


def test_processor_failed_attempt_is_retried_with_exponential_backoff():
    waits = []
    retry = {"max_retries": 3, "base_delay": 5, "on_exhausted": "continue"}
    run = started(poor(retry=retry), delay="ms", sleep=waits.append)
    run.step()
    slot = run.slots[0]
    assert (slot.attempts, slot.state) == (4, SlotState.FAILED)
    assert waits == [0.005, 0.010, 0.020]
    assert slot.problem.startswith("order ask ")
    assert "must not lend more than the balance, 0 cents" in slot.problem


def test_processor_in_a_simulation_the_delay_is_in_ticks():
    run = started(poor(retry={"max_retries": 2, "base_delay": 2}))
    run.step()
    assert run.simulation.current_tick == 2 + 4


@pytest.mark.parametrize(
    ("on_exhausted", "states", "stopped"),
    [
        ("skip", [SlotState.SKIPPED, SlotState.SKIPPED], False),
        ("continue", [SlotState.FAILED, SlotState.FAILED], False),
        ("retry", [SlotState.FAILED, SlotState.FAILED], False),
        ("quit", [SlotState.FAILED, SlotState.PENDING], True),
    ],
)
def test_processor_what_happens_when_retries_are_exhausted(on_exhausted, states, stopped):
    retry = {"max_retries": 1, "base_delay": 0, "on_exhausted": on_exhausted}
    run = started(poor(retry=retry))
    run.run()
    assert [slot.state for slot in run.slots[:2]] == states
    assert run.slots[0].attempts == (4 if on_exhausted == "retry" else 2)
    assert (run.is_stopped, run.is_done) == (stopped, not stopped)
    assert run.simulation.orders() == []


def test_processor_person_is_asked_and_obeyed():
    answers, asked = iter(["retry", "skip", "continue", "quit"]), []

    def ask(slot):
        asked.append((slot.number, slot.attempts))
        return next(answers)

    run = started(poor(retry={"max_retries": 0, "base_delay": 0, "on_exhausted": "ask"}), ask=ask)
    run.run()
    assert asked == [(0, 1), (0, 2), (1, 1), (2, 1)]
    states = [slot.state for slot in run.slots[:4]]
    assert states == [SlotState.SKIPPED, SlotState.FAILED, SlotState.FAILED, SlotState.PENDING]
    assert run.is_stopped


def test_processor_without_a_terminal_nobody_can_be_asked():
    run = started(poor(retry={"max_retries": 0, "base_delay": 0, "on_exhausted": "ask"}))
    with pytest.raises(MarketError, match="slot 0: on_exhausted: ask needs a terminal, and none is connected"):
        run.run()


def test_processor_order_that_expired_is_placed_again_when_its_partner_comes():
    run = started(scheduled(good_for="tick", ticks=60), slots_per_tick=1)
    statistics = run.run()
    assert (statistics.completed, statistics.failed) == (24, 0)
    assert statistics.orders_created > 24


def test_processor_wait_that_outlasts_the_run_ends_with_it():
    run = started(poor(ticks=3, retry={"max_retries": 4, "base_delay": 1}))
    statistics = run.run()
    assert (run.is_done, run.simulation.current_tick) == (True, 6)
    assert (statistics.failed, statistics.orders_created) == (len(run.slots), 0)
    assert {slot.attempts for slot in run.slots} == {5}


def test_processor_slot_whose_order_rests_to_the_end_has_failed_and_says_so():
    run = started(scheduled(banks=BANKS[:2], trades_per_account=1, distribution="same_market"))
    first, second = run.slots
    assert run.step()
    better = first.rate + (0.01 if first.side == "bid" else -0.01)
    run.simulation.place_order(first.account, first.side, better, first.amount, book=first.market)
    statistics = run.run()
    assert (first.state, second.state) == (SlotState.FAILED, SlotState.COMPLETED)
    assert first.problem == f"{first.amount} of {first.amount} cents found no counterparty"
    assert (statistics.completed, statistics.failed, statistics.open) == (1, 1, 0)
    assert run.simulation.orders() == []


def test_processor_run_that_was_stopped_stands_still_until_it_is_resumed():
    run = started(poor(retry={"max_retries": 0, "base_delay": 0, "on_exhausted": "quit"}))
    run.run()
    assert (run.step(), run.cursor) == (False, 1)
    run.resume()
    run.run()
    assert (run.cursor, run.slots[1].state, run.is_stopped) == (2, SlotState.FAILED, True)


def test_processor_limit_between_two_accounts_fails_both_of_their_slots():
    limits = {name: dict.fromkeys(set(BANKS) - {name}, 50) for name in BANKS}
    run = started(scheduled(market={"counterparty_limits": limits}, retry={"max_retries": 0}))
    statistics = run.run()
    assert (statistics.completed, statistics.failed) == (0, 24)
    assert run.simulation.events().counts().get("MarketTrade") is None
    assert "found no counterparty" in run.slots[1].problem
    assert run.slots[0].problem == "slot 1, its partner, did not trade"


@pytest.mark.parametrize(("market", "what"), [(None, "no market"), ({}, "a market without a schedule")])
def test_processor_run_needs_a_schedule(market, what):
    config = scheduled()
    plain = None if market is None else config.market.model_copy(update={"schedule": None})
    with pytest.raises(MarketError, match=f"scheduled: needs market.schedule, has {what}"):
        started(config.model_copy(update={"market": plain}))
