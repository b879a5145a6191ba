"""The schedule of slots, and the states that a slot may go through."""

import itertools

import pytest

from simcash_env.errors import MarketError
from simcash_env.market.slots import TRANSITIONS, Slot, SlotState, schedule_slots
from tests.market.worlds import BANKS, scheduled


def slots_of(config, accounts=BANKS):
    return schedule_slots(config.market, config.market.schedule, accounts)


@pytest.mark.parametrize("pair", list(itertools.product(SlotState, SlotState)), ids=str)
def test_slots_only_the_transitions_of_the_list_are_possible(pair):
    before, after = pair
    slot = Slot(3, "ALFA", "day", "ask", 10, 3.3, "any", 4, state=before)
    if pair in TRANSITIONS:
        slot.move_to(after)
        assert slot.state is after
    else:
        with pytest.raises(MarketError, match=f"slot 3: cannot go from {before} to {after}"):
            slot.move_to(after)
        assert slot.state is before


def test_slots_list_is_the_one_of_the_specification():
    assert {(before.value, after.value) for before, after in TRANSITIONS} == {
        ("pending", "in progress"),
        ("in progress", "completed"),
        ("in progress", "failed"),
        ("in progress", "skipped"),
    }


@pytest.mark.parametrize("distribution", ["round_robin", "same_market", "sequential"])
@pytest.mark.parametrize("count", [2, 3, 4, 5, 8])
@pytest.mark.parametrize("trades", [1, 2, 3])
def test_slots_every_bid_has_an_ask_that_crosses_it(distribution, count, trades):
    names = tuple(f"BANK_{number}" for number in range(count))
    config = scheduled(banks=names, distribution=distribution, trades_per_account=trades)
    slots = slots_of(config, names)
    for slot in slots:
        other = slots[slot.partner]
        assert other.partner == slot.number != other.number
        assert slot.account != other.account
        assert {slot.side, other.side} == {"bid", "ask"}
        assert (slot.amount, slot.market) == (other.amount, other.market)
        assert 100 <= slot.amount <= 900
    bid, ask = (next(slot.rate for slot in slots if slot.side == side) for side in ("bid", "ask"))
    assert (bid, ask) == (3.47, 3.44)
    wanted = trades * (2 if distribution == "round_robin" else 1)
    made = sorted(sum(slot.account == name for slot in slots) for name in names)
    extra = count * trades % 2 * (2 if distribution == "round_robin" else 1)
    assert sum(made) == count * wanted + extra
    assert made[0] == wanted


def test_slots_sides_of_an_account_alternate():
    for count in (2, 3, 4, 5):
        names = tuple(f"BANK_{number}" for number in range(count))
        slots = slots_of(scheduled(banks=names, trades_per_account=4, distribution="same_market"), names)
        for name in names:
            sides = [slot.side for slot in slots if slot.account == name]
            assert all(one != two for one, two in itertools.pairwise(sides))


def test_slots_distributions_over_markets():
    markets = {
        name: [slot.market for slot in slots_of(scheduled(distribution=name, trades_per_account=2))[::2]]
        for name in ("round_robin", "same_market", "sequential")
    }
    assert markets["round_robin"] == ["day", "night"] * 4
    assert markets["same_market"] == ["day"] * 4
    assert markets["sequential"] == ["day", "night"] * 2
    for name in BANKS:
        slots = slots_of(scheduled(distribution="round_robin", trades_per_account=2))
        assert [slot.market for slot in slots if slot.account == name].count("night") == 2


def test_slots_same_seed_draws_the_same_slots():
    first, again = slots_of(scheduled()), slots_of(scheduled())
    other = slots_of(scheduled(seed=8))
    assert first == again
    assert [slot.amount for slot in first] != [slot.amount for slot in other]
