"""People and trained policies that decide for banks of a simulation in the service."""

import asyncio
import json
from pathlib import Path

import pytest

from simcash_env.config import load_scenario
from simcash_env.errors import ActionError, SnapshotError
from simcash_env.learning.checkpoint import find_checkpoint
from simcash_env.learning.evaluate import evaluate_checkpoint
from simcash_env.service.held import Held, Origin
from simcash_env.service.history import inputs_from, replay_tick, take_inputs
from simcash_env.service.keeper import Keeper
from simcash_env.service.seats import Deciders, Seats, open_policy, require_fit, seated
from simcash_env.service.settings import Settings

SEED = 900_001  # of the validation seeds


def begun(name, seats, seed=SEED, external="hold"):
    """A simulation with these seats, whose banks are external."""
    config = load_scenario(name)
    ids = {*seats.people, *seats.trained}
    banks = tuple(
        bank.model_copy(update={"policy": bank.policy if bank.id not in ids else type(bank.policy)(type="external")})
        for bank in config.banks
    )
    config = config.model_copy(update={"banks": banks})
    if seats.trained:
        config, _ = seated(config, seats)
    origin = Origin(config, seed, events=True, external=external, seats=seats)
    return Held("one", "now", origin, origin.new_run())


class Never:
    """Stands for an event that is never set."""

    def is_set(self):
        return False


def play(held, count, orders=None):
    return held.advance(count, orders or {}, stopping=Never(), room=lambda: True)


@pytest.mark.parametrize(
    "name",
    [
        "castro-12period-v0",  # pools cut to 30 %
        "crisis-v0",
        "2b-3t-v0-rank",
        "crisis-v0-rank",  # no pool
        pytest.param("5b-12t-v0-rank", marks=pytest.mark.slow),
        pytest.param("castro-12period-v0-rank", marks=pytest.mark.slow),
        pytest.param("core-periphery-50-v0-rank", marks=pytest.mark.slow),
        pytest.param("target2-day-v0", marks=pytest.mark.slow),  # splits and RTGS priorities
        pytest.param("target2-day-v0-rank", marks=pytest.mark.slow),
        pytest.param("lynx-day-v0", marks=pytest.mark.slow),
        pytest.param("2b-3t-v0", marks=pytest.mark.slow),
    ],
)
def test_seats_trained_policy_costs_what_its_evaluation_says(name):
    policy = open_policy(name)
    seats = Seats(trained=require_fit(policy, load_scenario(policy.scenario)), checkpoint=name)
    held = begun(policy.scenario, seats)
    play(held, held.run.num_ticks)
    evaluation = evaluate_checkpoint(find_checkpoint(Path(name)), [SEED]).evaluation
    for bank, row in zip(evaluation.bank_ids, evaluation.cents[0].tolist(), strict=True):
        assert list(held.run.costs(bank).values()) == row
    track = held.origin.new_run()  # repeated from inputs, without the policy
    left = inputs_from(json.loads(json.dumps(held.inputs)), 0)
    while not track.is_over:
        replay_tick(track, take_inputs(left, track.current_tick))
    assert track.summary() == held.run.summary()


def test_seats_person_decides_next_to_a_trained_policy():
    seats = Seats(people=("BANK_A",), trained=("BANK_B",), checkpoint="castro-12period-v0")
    held = begun("castro-12period-v0", seats, seed=3)
    desk = held.deciders.desk(held.run, "BANK_A")
    assert desk["bank"] == "BANK_A"
    assert desk["pool"]["levels"] == list(range(21))
    assert [payment["id"] for payment in desk["payments"]] == held.run.queue1("BANK_A")
    assert all(payment["choices"] == ["hold", "release"] for payment in desk["payments"])
    first = desk["payments"][0]["id"]
    play(held, 1, {"actions": {"BANK_A": {first: "release"}}, "pool_levels": {"BANK_A": 10}})
    (given,) = [entry["orders"] for entry in held.inputs]
    assert given["actions"]["BANK_A"] == {first: "release"}
    assert set(given["actions"]) == {"BANK_A", "BANK_B"}
    assert given["pool_levels"] == {"BANK_A": 10}
    assert set(given["pool_shares"]) == {"BANK_B"}
    assert first not in held.run.queue1("BANK_A")
    assert held.deciders.desk(held.run, "BANK_A")["pool"] is None  # only at the start of the day


def test_seats_choices_of_a_person_follow_the_scenario():
    held = begun("target2-day-v0", Seats(people=("BANK_01",)))
    play(held, 20)
    desk = held.deciders.desk(held.run, "BANK_01")
    offered = {str(choice) for payment in desk["payments"] for choice in payment["choices"]}
    assert {"hold", "release"} <= offered
    assert desk["queued"] == len(held.run.queue1("BANK_01"))


def test_seats_scenario_and_banks_must_be_those_of_the_policy():
    with pytest.raises(ActionError, match="was trained on scenario castro-12period-v0, got crisis-v0"):
        seated(load_scenario("crisis-v0"), Seats(trained=("BANK_A",), checkpoint="castro-12period-v0"))
    with pytest.raises(ActionError, match="bis-box3-v0-seed0: was not trained for COUNTERPARTY"):
        seated(load_scenario("bis-box3-v0"), Seats(trained=("COUNTERPARTY",), checkpoint="bis-box3-v0"))
    with pytest.raises(SnapshotError, match="nowhere"):
        open_policy("nowhere")


class Bidder:
    """Bids in the market and holds every payment."""

    max_queue_slots = 8
    action = "queue"

    @property
    def agent(self):
        return self

    def act(self, vec):
        actions = vec.actions.astype("int64") * 0
        actions[:, :, vec.head_index["market"]] = 1
        return actions


def test_seats_orders_of_a_trained_policy_reach_the_market(monkeypatch):
    config = load_scenario("money-market-v0")
    ids = tuple(bank.id for bank in config.banks)
    monkeypatch.setattr("simcash_env.service.seats.open_policy", lambda _: Bidder())
    monkeypatch.setattr("simcash_env.service.seats.require_fit", lambda *_: ids)
    origin = Origin(config, 1, events=True, external="hold", seats=Seats(trained=ids[:2], checkpoint="mine"))
    held = Held("one", "now", origin, origin.new_run())
    play(held, 1)
    (given,) = [entry["orders"] for entry in held.inputs]
    assert set(given["orders"]) == set(given["actions"]) == set(ids[:2])
    assert {order[0] for order in given["orders"].values()} == {"bid"}
    assert "pool_shares" not in given


def test_seats_are_kept_with_the_simulation(tmp_path):
    from simcash_env.service.viewer import View, read_view

    settings = Settings(db=tmp_path / "runs.db")
    keeper = Keeper(settings)
    keeper.load()
    policies = {"BANK_A": {"type": "person"}, "BANK_B": {"type": "trained", "checkpoint": "castro-12period-v0"}}
    view = View(scenario="castro-12period-v0", seed=3, policies=policies)
    held = asyncio.run(keeper.add(lambda: (read_view(view, keeper), None)))
    keeper.tick(held, 2, {})
    asyncio.run(keeper.close())
    again = Keeper(settings)
    again.load()
    restored = again.held[held.id]
    assert restored.origin.seats == Seats(("BANK_A",), ("BANK_B",), "castro-12period-v0")
    keeper_tick = again.tick(restored, 1, {})
    assert len(keeper_tick) == 1
    assert "BANK_B" in restored.inputs[-1]["orders"]["actions"]
    asyncio.run(again.close())


def test_seats_nobody_decides_by_default():
    assert not Seats().decides
    assert Seats.of_row(Seats(("A",)).as_row()) == Seats(("A",))
    assert Deciders(Seats(), load_scenario("castro-12period-v0")).decided(None, {"actions": {}}) == {"actions": {}}
