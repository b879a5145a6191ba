"""The game of a person who decides for a bank: prices in words, and a score against scripted policies."""

import json

import pytest

from simcash_env.config import load_scenario
from simcash_env.config.changes import with_changes
from simcash_env.evaluation.known_scripts import UNKNOWN, known_script
from simcash_env.registry import load
from simcash_env.service.game import prices, score
from simcash_env.service.held import Held, Origin
from simcash_env.service.keeper import Keeper
from simcash_env.service.refusals import Refusal
from simcash_env.service.settings import Settings
from simcash_env.service.viewer import View, read_view
from simcash_env.simulation import Simulation
from tests.worlds import busy

GAME = "castro-12period-v0"


def begun(**view):
    """A run of the viewer; nothing is decided yet."""
    keeper = Keeper(Settings())
    origin = read_view(View(seed=3, **view), keeper)
    return Held("one", "now", origin, origin.new_run())


def play(held, decide):
    """Play to the end; ``decide`` returns the orders of the open tick."""
    while not held.run.is_over:
        orders = decide(held)
        held.advance(1, orders, stopping=NEVER, room=lambda: True)
    return held


class Never:
    """Stands for an event that is never set."""

    def is_set(self):
        return False


NEVER = Never()


def release_all(held):
    return {"actions": {"BANK_A": dict.fromkeys(held.run.queue1("BANK_A"), "release")}}


def hold_all(held):
    return {"actions": {"BANK_A": {}}}


def test_game_prices_are_those_of_the_scenario_in_words():
    assert prices(load(GAME), "BANK_A") == [
        {"what": "liquidity from the pool", "price": "0.83 % per tick"},
        {"what": "a payment that waits", "price": "20 % of its amount per tick, 5 times as much after its deadline"},
        {"what": "a payment that misses its deadline", "price": "500.00"},
        {"what": "a payment that is unpaid when the day ends", "price": "1,000.00"},
    ]
    found = {row["what"]: row["price"] for row in prices(busy(collateral=True), "ALFA")}
    assert found == {
        "liquidity from the pool": "0.15 % per tick",
        "a negative balance": "0.4 % per tick",
        "posted collateral": "0.3 % per tick",
        "a payment that waits": "1 % of its amount per tick, 5 times as much after its deadline",
        "a payment that misses its deadline": "3.00",
        "a payment that is unpaid when the day ends": "5 % of its amount",
        "each part of a split beyond the first": "0.25",
    }
    free = {"delay_cost_per_tick_per_cent": 0.0, "deadline_penalty": 0, "eod_penalty": 0, "drop_penalty": 700}
    changes = {f"costs.{name}": value for name, value in free.items()} | {"costs.overdue_delay_multiplier": 1.0}
    cheap = with_changes(busy(pool=None), changes)
    assert {row["what"] for row in prices(cheap, "ALFA")} == {
        "a negative balance", "each part of a split beyond the first", "a payment that is dropped",
    }  # fmt: skip


def test_game_score_compares_with_fifo_and_the_best_tuned_policy_on_the_same_day():
    held = play(begun(scenario=GAME, policies={"BANK_A": {"type": "person"}}), release_all)
    found = score(held)
    assert (found["bank"], found["note"]) == ("BANK_A", "")
    you, fifo, best = found["rows"]
    assert you["cents"] == sum(held.run.costs("BANK_A").values())
    assert fifo["cents"] == you["cents"]  # who releases everything plays FIFO
    known = known_script(load(GAME))
    assert best["name"] == known.name
    assert best["policy"] == "liquidity_reserve (target_buffer 0.00, urgency_threshold 0), 12.5 % of the pool"
    banks = {bank.id: bank for bank in held.origin.config.banks}
    own = {"policy": known.policy, "liquidity_allocation_fraction": known.shares[0]}
    rows = (banks["BANK_A"].model_copy(update=own), banks["BANK_B"])
    other = Simulation(held.origin.config.model_copy(update={"banks": rows}), seed=3)
    other.run_to_completion()
    assert best["cents"] == sum(other.costs("BANK_A").values())
    assert best["cents"] < fifo["cents"]


def test_game_other_external_banks_follow_fifo():
    held = begun(scenario=GAME, policies={"BANK_A": {"type": "person"}})
    assert [bank.policy.type for bank in held.origin.config.banks] == ["external", "fifo"]
    play(held, hold_all)
    assert not held.run.queue1("BANK_B")


def test_game_payments_submitted_by_hand_are_in_every_run_of_the_score():
    held = begun(scenario=GAME, policies={"BANK_A": {"type": "person"}})
    held.submit({"sender": "BANK_A", "receiver": "BANK_B", "amount": 300_000, "deadline": 5})
    play(held, release_all)
    you, fifo, _ = score(held)["rows"]
    assert you["cents"] == fifo["cents"]


def test_game_trained_policies_play_on_in_the_score():
    policies = {"BANK_A": {"type": "person"}, "BANK_B": {"type": "trained", "checkpoint": "castro-12period-v0-rank"}}
    held = play(begun(scenario=GAME, policies=policies), release_all)
    you, fifo, best = score(held)["rows"]
    assert you["cents"] == fifo["cents"]
    assert best["cents"] < fifo["cents"]


@pytest.mark.parametrize("change", [{"name": "mine"}, {"costs": {"deadline_penalty": 7}}], ids=["own", "changed"])
def test_game_score_says_where_no_tuned_policy_is_known(change):
    scenario = load_scenario(GAME).model_dump(mode="json")
    scenario["costs"] |= change.get("costs", {})
    scenario |= {"name": change.get("name", GAME)}
    held = play(begun(text=json.dumps(scenario), policies={"BANK_A": {"type": "person"}}), release_all)
    found = score(held)
    assert [row["name"] for row in found["rows"]] == ["you", "fifo"]
    assert found["note"] == UNKNOWN


def test_game_score_needs_a_person_and_a_run_that_is_over():
    held = begun(scenario=GAME, policies={"BANK_A": {"type": "person"}})
    with pytest.raises(Refusal, match=r"must be a run that is over; 0 ticks have been closed"):
        score(held)
    unplayed = Origin(load(GAME), 3, events=True)
    with pytest.raises(Refusal, match="must be a run in which a person decides"):
        score(Held("two", "now", unplayed, unplayed.new_run()))


def test_game_is_for_one_person():
    policies = {"BANK_A": {"type": "person"}, "BANK_B": {"type": "person"}}
    with pytest.raises(Refusal, match="policies: a person decides for one bank of a run, got 'BANK_A, BANK_B'"):
        begun(scenario=GAME, policies=policies)
