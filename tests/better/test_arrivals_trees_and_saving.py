"""Random arrivals, the tree language, saved runs, and what is counted."""

from typing import Any

import pytest

from simcash_env.cli import main
from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.config.trees.language import FIELDS, PAYMENT_FIELDS
from simcash_env.errors import ConfigError
from simcash_env.simulation import Simulation
from tests.better.test_costs_and_splits import leaf, tree
from tests.both import EXTERNAL, Both, named, penniless
from tests.config.worlds import NATIVE, SIMCASH, changed, faults

EVEN = {"amount": {"type": "uniform", "min": 1, "max": 9}}
BANDS = {
    band: {"rate_per_tick": 3.0, **EVEN, "deadline_offset_min": 2, "deadline_offset_max": 6}
    for band in ("urgent", "normal", "low")
}
SEEN = {"key": {"value": "bank_state_seen"}, "value": {"value": 1}}


def eventful() -> ScenarioConfig:
    """Everything that the reference's checkpoints forget: bands, rates, RTGS priorities, registers, timers, costs."""
    policy = tree(leaf("Release", "go"))
    policy["tree"] |= {
        "bank_tree": {"type": "action", "node_id": "count", "action": "AddState", "parameters": SEEN},
        "strategic_collateral_tree": leaf("PostCollateral", "post", amount=9, auto_withdraw_after_ticks=3),
    }
    bank = {"policy": policy, "credit_limit": 20, "max_collateral_capacity": 60, "arrival_bands": BANDS}
    return load_scenario(
        {
            "format": 1,
            "name": "eventful",
            "simulation": {"ticks_per_day": 6, "num_days": 2, "seed": 8},
            "banks": [{"id": "A", **bank}, {"id": "B", **bank}, {"id": "C", "policy": EXTERNAL}],
            "switches": {"queue2_priority_mode": True},
            "priority_escalation": {"start_ticks": 3},
            "costs": {"delay_cost_per_tick_per_cent": 0.1},
            "events": [{"type": "global_arrival_rate_change", "tick": 2, "multiplier": 0.5}],
        }
    )


def test_g76_g80_a_saved_run_resumes_exactly() -> None:
    # the reference loses costs, RTGS and original priorities, registers, timers and changed rates; bands fall silent
    straight, resumed = Simulation(eventful()), Simulation(eventful(), seed=99)
    for rank in ("normal", "urgent", "highly_urgent"):
        straight.submit_transaction("A", "C", 50, 12, rtgs_priority=rank)
    straight.run(4)
    inside = straight.inspect()["banks"]["A"]
    assert inside["registers"] == {"bank_state_seen": 4.0}
    assert len(inside["timers"]) > 1
    assert len(straight.queue2()) > 3
    resumed.restore(straight.snapshot())
    while not straight.is_over:
        ours, theirs = straight.tick(), resumed.tick()
        assert list(ours.events) == list(theirs.events)
        assert straight.inspect() == resumed.inspect()
    assert straight.summary() == resumed.summary()


@pytest.mark.parametrize(
    "event",
    [
        {"type": "global_arrival_rate_change", "multiplier": 0.0},
        {"type": "arrival_rate_change", "bank": "A", "multiplier": 0.0},
    ],
)
def test_s8_rate_changes_reach_bands(event: dict[str, Any]) -> None:
    # in the reference they change banks with one stream only
    run = Both({"A": {"arrival_bands": BANDS}, "B": {}}, events=[{"tick": 2, **event}])
    before, after = run.run(2), run.run(4)
    assert all(result.num_arrivals > 0 for result in before)
    assert sum(result.num_arrivals for result in after) == 0


def test_s8_an_interval_of_nothing_is_refused() -> None:
    # the reference's process ends there
    assert [fault.path for fault in faults(changed(NATIVE, "events.0.every", 0))] == ["events.0.every"]
    schedule = {"type": "Repeating", "start_tick": 1, "interval": 0}
    found = faults(changed(SIMCASH, "scenario_events.0.schedule", schedule))
    assert [fault.path for fault in found] == ["scenario_events.0.schedule.interval"]


def test_s10_poisson_is_exact_at_any_rate() -> None:
    # the reference's product of uniforms runs out of doubles near 745 a tick
    source = {"rate_per_tick": 1_000.0, **EVEN, "deadline_range": [1, 2]}
    run = Both({"A": {"arrivals": source, "opening_balance": 10**6}, "B": {}}, lsm={"algorithms": []})
    counts = [result.num_arrivals for result in run.run(6)]
    five_sigma = 5 * (6 * 1_000) ** 0.5
    assert abs(sum(counts) - 6_000) < five_sigma < 6 * (1_000 - 745)


def test_s10_priorities_weights_and_ids_are_what_they_say() -> None:
    # the reference turns a drawn 0 into 5, gives an unlisted bank weight 1, and draws ids at random
    priority = {"type": "categorical", "values": [7, 0, 9], "weights": [0.0, 1.0, 0.0]}
    source = {"rate_per_tick": 9.0, **EVEN, "deadline_range": [1, 2], "priority": priority}
    source["counterparty_weights"] = {"C": 2.0}
    run = Both({"A": {"arrivals": source}, "B": {}, "C": {}})
    arrived = [event for result in run.run(6) for event in named(result, "Arrival")]
    assert {event.details["priority"] for event in arrived} == {0}
    assert {event.counterparty for event in arrived} == {"C"}
    assert [event.tx for event in arrived] == [f"tx_{number:08d}" for number in range(1, len(arrived) + 1)]
    assert len(arrived) > 30


def asking(fields: list[str], action: dict[str, Any], name: str) -> dict[str, Any]:
    """A tree that asks every field before it acts."""
    tree = action
    for place, field in enumerate(fields):
        condition = {"op": ">=", "left": {"field": field}, "right": {"value": -1e300}}
        other = {**action, "node_id": f"{name}{place} other"}
        node = {"type": "condition", "node_id": f"{name}{place}", "condition": condition}
        tree = {**node, "on_true": tree, "on_false": other}
    return tree


PER_TREE = 90  # a tree may be a hundred conditions deep


@pytest.mark.parametrize("half", [0, 1])
def test_s11_every_field_works_in_every_tree(half: int) -> None:
    # the reference lets some fields through that do not exist, and fails on others, in the middle of a run
    own = sorted(set(FIELDS) - PAYMENT_FIELDS)[half::2]
    every = sorted(FIELDS)[half::2]
    assert len(every) <= PER_TREE
    policy = tree(asking(every, leaf("Release", "go"), "p"))
    policy["tree"] |= {
        "bank_tree": asking(own, leaf("NoAction", "none"), "b"),
        "strategic_collateral_tree": asking(own, leaf("PostCollateral", "post", amount=5), "s"),
        "end_of_tick_collateral_tree": asking(own, leaf("WithdrawCollateral", "back", amount=5), "e"),
    }
    bank = {"policy": policy, "credit_limit": 30, "opening_balance": 20}
    run = Both({"A": bank, "B": bank, "C": {}})
    for pair in ("AB", "BA", "AC", "BC"):
        run.submit(pair, 25)
    ends = {event.details["path"].rsplit(" > ")[-1] for event in named(run.tick(), "TreeDecision")}
    assert ends == {"go", "none", "post", "back"}


def test_s11_a_bad_tree_is_refused_when_it_is_loaded() -> None:
    # the reference finds out at the first payment, and its process ends
    policy = tree({**leaf("Release", "go"), "action": "Relaese"})
    with pytest.raises(ConfigError, match=r"node 'go': unknown action, got 'Relaese'\. Did you mean Release") as caught:
        load_scenario(changed(NATIVE, "banks.1.policy", policy))
    assert caught.value.faults[0].path == "banks.1.policy.tree.payment_tree.action"


def test_s11_a_tree_can_be_drawn(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "tree.json"
    file.write_text('{"payment_tree": {"type": "action", "node_id": "go", "action": "Release"}}')
    with pytest.raises(SystemExit, match="0"):
        main(["policies", "show", str(file)])
    assert "Release" in capsys.readouterr().out


def test_s11_a_bank_knows_what_it_has_released_in_this_tick() -> None:
    # with the reference's fields all three are released against one balance, as in the recorded case g37
    left = {"compute": {"op": "-", "left": {"field": "balance"}, "right": {"field": "committed_value"}}}
    to_this = {"op": "<=", "left": {"field": "committed_to_counterparty"}, "right": {"value": 60}}
    covered = {"op": "<=", "left": {"field": "remaining_amount"}, "right": left}
    condition = {"op": "and", "conditions": [covered, to_this]}
    careful = {"type": "condition", "node_id": "covered?", "condition": condition}
    careful |= {"on_true": leaf("Release", "go"), "on_false": leaf("Hold", "wait")}
    run = Both({"A": {"opening_balance": 150, "policy": tree(careful)}, "B": {}, "C": {}})
    for pair in ("AB", "AB", "AB", "AC"):
        run.submit(pair, 50)
    assert [event.counterparty for event in named(run.tick(), "PolicySubmit")] == ["B", "B", "C"]


def test_s12_s13_a_delay_ends_with_its_settlement() -> None:
    # the reference's delays of what has settled grow with the length of the run
    run = Both({"A": {}, "B": {"opening_balance": 10}}, ticks=4, days=2)
    name = run.submit("AB", 10)
    run.run(2)
    run.submit("BA", 10)
    delays = []
    for _ in range(4):
        run.tick()
        payment = run.simulation.transaction(name)
        assert payment.settled_tick is not None
        delays.append(payment.settled_tick - payment.arrival_tick)
    assert delays == [2, 2, 2, 2]


def test_s12_s13_the_last_tick_of_a_day_counts_for_that_day() -> None:
    # the reference's daily counts are all 0, and the last tick's balances go to the next day
    run = Both(penniless("AB"), ticks=2, days=2)
    run.tick()
    name = run.submit("AB", 10)
    (ended,) = named(run.tick(), "EndOfDay")
    assert (ended.tick, ended.details["queued"], ended.amount) == (1, 1, 10)
    assert [payment.id for payment in run.simulation.transactions_for_day(0)] == [name]
    assert run.simulation.transactions_for_day(1) == []
