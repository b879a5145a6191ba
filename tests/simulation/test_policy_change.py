"""A bank that changes its policy during a run: from then on as if it had always followed it, and names stay right."""

import pytest
from hypothesis import given, settings

from simcash_env.errors import ActionError, ConfigError
from simcash_env.simulation import Simulation
from tests import strategies
from tests.budget import examples
from tests.records.worlds import tree_of
from tests.worlds import busy


def rest_of(simulation):
    simulation.run_to_completion()
    return simulation.summary(), list(simulation.events())


@settings(max_examples=examples(20, 60), deadline=None)
@given(config=strategies.scenarios())
def test_policies_of_any_scenario_set_before_the_run_make_the_same_run(config):
    changed = Simulation(config)
    for bank in config.banks:
        changed.set_policy(bank.id, "fifo")
    for bank in config.banks:
        changed.set_policy(bank.id, bank.policy)
    assert rest_of(changed) == rest_of(Simulation(config))


def test_change_holds_from_the_next_decision_on():
    simulation = Simulation(busy(scripted=3), seed=4)
    simulation.run(3)
    simulation.set_policy("ALFA", {"type": "deadline", "urgency_threshold": 0})
    assert simulation.policy("ALFA") == {"type": "deadline", "urgency_threshold": 0}
    held = [event for event in simulation.tick().events if event.kind == "PolicyHold"]
    assert {event.bank for event in held} == {"ALFA"}
    simulation.open_tick()
    simulation.set_policy("ALFA", "external")
    released = dict.fromkeys(simulation.queue1("ALFA"), "release")
    submitted = [event for event in simulation.tick({"ALFA": released}).events if event.kind == "PolicySubmit"]
    assert [event.tx for event in submitted if event.bank == "ALFA"] == list(released)


def test_policy_change_events_keep_their_names_through_changes_and_saving(tmp_path):
    simulation = Simulation(busy(scripted=3), seed=4)
    simulation.set_policy("BRAVO", tree_of("older", "bank_state_kept"))
    simulation.run(2)
    simulation.set_policy("ALFA", tree_of("first", "bank_state_first"))
    simulation.run(2)
    simulation.set_policy("ALFA", tree_of("second", "bank_state_second"))
    simulation.save(tmp_path / "saved")
    loaded = Simulation.load(tmp_path / "saved")
    simulation.run(2)
    loaded.run(2)
    assert list(loaded.events()) == list(simulation.events())
    registers = [
        (event.tick, event.details["register"], event.details["millionths"] // 10**6)
        for event in simulation.events()
        if event.kind == "StateRegisterSet"
    ]
    assert registers == [
        (0, "bank_state_kept", 1),
        (1, "bank_state_kept", 2),
        (2, "bank_state_first", 1),
        (2, "bank_state_kept", 3),
        (3, "bank_state_first", 2),
        (3, "bank_state_kept", 4),
        (4, "bank_state_second", 1),  # a new policy remembers nothing; the other bank's goes on counting
        (4, "bank_state_kept", 5),
        (5, "bank_state_second", 2),
        (5, "bank_state_kept", 6),
    ]
    roots = {
        (event.tick, str(event.details["path"]).split(" > ")[0])
        for event in simulation.events()
        if event.kind == "TreeDecision" and event.bank == "ALFA" and event.tx
    }
    assert roots <= {(2, "first"), (3, "first"), (4, "second"), (5, "second")}
    assert {name for _, name in roots} == {"first", "second"}


@pytest.mark.parametrize(
    ("bank", "policy", "error", "said"),
    [
        ("ZULU", "fifo", ActionError, "unknown bank 'ZULU'; banks are ALFA, BRAVO, CHARLIE"),
        ("ALFA", "fiffo", ConfigError, "banks.0.policy: must be one of fifo"),
        ("ALFA", {"type": "deadline"}, ConfigError, "banks.0.policy.urgency_threshold: is required"),
        ("ALFA", {"type": "tree", "file": "nowhere.json"}, ConfigError, "banks.0.policy.file: cannot be read"),
    ],
)
def test_policy_that_cannot_be_run_changes_nothing(bank, policy, error, said):
    simulation = Simulation(busy(scripted=3), seed=4)
    simulation.run(2)
    straight = simulation.fork()
    with pytest.raises(error, match=said):
        simulation.set_policy(bank, policy)
    assert rest_of(simulation) == rest_of(straight)


def test_policy_change_saved_run_needs_no_tree_file(tmp_path):
    import json

    file = tmp_path / "tree.json"
    file.write_text(json.dumps(tree_of("urgent", "bank_state_seen")["tree"]))
    simulation = Simulation(busy(scripted=3), seed=4)
    simulation.set_policy("ALFA", {"type": "tree", "file": str(file)})
    simulation.run(3)
    simulation.save(tmp_path / "saved")
    file.unlink()
    assert rest_of(Simulation.load(tmp_path / "saved")) == rest_of(simulation)
