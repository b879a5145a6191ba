"""Sub-limits and send limits: which payments may use which liquidity, what banks may change, what is refused."""

import numpy as np
import pytest

from simcash_env import Simulation, make_vec
from simcash_env.cli.stepping import StepInput
from simcash_env.errors import ActionError
from simcash_env.records.facts import RunFacts
from simcash_env.records.parquet import ParquetSink
from simcash_env.records.reading import open_record
from simcash_env.records.recorder import Recorder
from simcash_env.records.replay import replay
from simcash_env.schema.codes import SEND_LIMIT_CHOICES, SUB_LIMIT_CHOICES
from simcash_env.service.requests import TickOrders
from simcash_env.simulation.decisions import arguments_of
from tests.both import EXTERNAL, Both, kinds, named, penniless
from tests.worlds import busy

URGENT = {"priority": 8}


def released(world, *names):
    """Every bank that is external releases these payments in the coming tick."""
    actions = {}
    for name in names:
        sender = world.simulation.transaction(name).sender
        actions.setdefault(sender, {})[name] = "release"
    return world.tick(actions)


@pytest.mark.parametrize(("amount", "settles"), [(60, True), (61, False)])
def test_sub_limit_keeps_active_payments_above_the_reserve(amount, settles):
    world = Both({"A": {"opening_balance": 100, "sub_limit": 40}, "B": {}})
    world.submit("AB", amount)
    world.tick()
    assert world.waiting() == ([] if settles else ["AB"])


def test_sub_limit_leaves_everything_to_priority_payments():
    world = Both({"A": {"opening_balance": 100, "sub_limit": 40}, "B": {}})
    world.submit("AB", 100, **URGENT)
    world.tick()
    assert world.waiting() == []


def test_sub_limit_leaves_everything_to_urgent_rtgs_priorities():
    world = Both({"A": {"opening_balance": 100, "sub_limit": 100}, "B": {}})
    world.submit("AB", 99, priority=0, rtgs_priority="urgent")
    world.submit("AB", 1, priority=0)
    world.tick()
    assert world.waiting() == ["AB"]
    assert world.balances() == [1, 99]


def test_sub_limit_counts_unused_credit_as_liquidity():
    world = Both({"A": {"credit_limit": 100, "sub_limit": 40}, "B": {}})
    world.submit("AB", 60)
    world.submit("AB", 1)
    world.tick()
    assert world.balances() == [-60, 60]


def test_sub_limit_lets_a_receipt_release_what_waits():
    world = Both({"A": {"opening_balance": 40, "sub_limit": 40}, "B": {"opening_balance": 10}})
    world.submit("AB", 10)
    world.tick()
    assert world.waiting() == ["AB"]
    world.submit("BA", 10)
    world.tick()
    assert world.waiting() == []


@pytest.mark.parametrize(
    ("priorities", "waiting"), [((8, 8), []), ((8, 5), ["AB", "AB", "BA"]), ((5, 8), ["AB", "AB", "BA"])]
)
def test_bilateral_offset_uses_the_reserve_if_all_the_payers_payments_have_priority(priorities, waiting):
    banks = {"A": {"opening_balance": 20, "sub_limit": 20}, "B": {}}
    world = Both(banks, switches={"queue1_ordering": "fifo"})
    world.submit("AB", 40, priority=priorities[0])
    world.submit("AB", 40, priority=priorities[1])
    world.submit("BA", 65)
    world.tick()
    assert world.waiting() == waiting


def test_bilateral_subset_settles_the_prefix_that_keeps_the_reserve():
    world = Both({"A": {"opening_balance": 20, "sub_limit": 20}, "B": {}}, lsm={"bilateral": "subset"})
    world.submit("AB", 40, **URGENT)
    world.submit("AB", 25)
    world.submit("BA", 30)
    world.tick()
    assert world.waiting() == ["AB"]
    assert world.balances() == [10, 10]


def test_bilateral_offset_asks_nothing_of_the_net_receiver():
    world = Both({"A": {"opening_balance": 5, "sub_limit": 1_000}, "B": {"opening_balance": 10}})
    world.submit("AB", 40)
    world.submit("BA", 50)
    world.tick()
    assert world.waiting() == []


@pytest.mark.parametrize(("priority", "waiting"), [(8, []), (7, ["AB", "BC", "CA"])])
def test_cycle_keeps_the_reserve_of_a_net_payer(priority, waiting):
    world = Both({"A": {"opening_balance": 10, "sub_limit": 10}, "B": {}, "C": {}}, lsm={"algorithms": ["cycles"]})
    world.submit("AB", 30, priority=priority)
    world.submit("BC", 25)
    world.submit("CA", 20)
    world.tick()
    assert world.waiting() == waiting


@pytest.mark.parametrize(("priority", "waiting"), [(8, []), (7, ["AB", "BA"])])
def test_prefix_set_keeps_the_reserve_of_a_net_payer(priority, waiting):
    world = Both({"A": {"opening_balance": 10, "sub_limit": 10}, "B": {}}, lsm={"algorithms": ["prefix"]})
    world.submit("AB", 30, priority=priority)
    world.submit("BA", 20)
    world.tick()
    assert world.waiting() == waiting


@pytest.mark.parametrize(("priority", "waiting"), [(8, []), (7, ["AB", "BA"])])
def test_entry_disposition_keeps_the_reserve_of_both_sides(priority, waiting):
    world = Both(
        {"A": {"opening_balance": 10, "sub_limit": 10}, "B": {}},
        lsm={"algorithms": []},
        switches={"entry_disposition_offsetting": True},
    )
    world.submit("AB", 30, priority=priority)
    world.tick()
    world.submit("BA", 20)
    world.tick()
    assert world.waiting() == waiting


def test_sub_limit_priority_is_a_setting():
    world = Both({"A": {"opening_balance": 100, "sub_limit": 40}, "B": {}}, switches={"sub_limit_priority": 5})
    world.submit("AB", 100, priority=5)
    world.tick()
    assert world.waiting() == []


def simulation(**parts):
    banks = {"A": {"opening_balance": 100, "policy": EXTERNAL}, "B": {"opening_balance": 100}, **penniless("C")}
    return Both(banks, **parts).simulation


def test_sub_limit_set_during_the_run_holds_from_its_tick_and_writes_an_event():
    run = simulation(actions={"sub_limit": True})
    run.submit_transaction("A", "B", 80, 5)
    name = run.submit_transaction("A", "B", 15, 5)
    tx = "tx_00000001"
    result = run.tick({"A": {tx: "release", name: "release"}}, sub_limits={"A": 30})
    assert (run.sub_limit("A"), run.sub_limit("B")) == (30, 0)
    assert run.queue2() == [tx]
    (event,) = named(result, "SubLimitSet")
    assert (event.bank, event.amount, event.details) == ("A", 30, {"old_cents": 0})
    result = run.tick({}, sub_limits={"A": 6})
    assert run.queue2() == [tx]
    assert "SubLimitSet" not in kinds(run.tick({}, sub_limits={"A": 6})), "the same limit again is no change"
    assert run.tick({}, sub_limits={"A": 0}).num_settlements == 1


def test_send_limit_set_during_the_run_replaces_the_limit_of_the_file():
    banks = {
        "A": {
            "opening_balance": 100,
            "multilateral_limit": 10,
            "bilateral_limits": {"C": 7},
            "policy": EXTERNAL,
        },
        **penniless("BC"),
    }
    run = Both(banks, actions={"send_limit": "multilateral"}).simulation
    assert (run.send_limit("A"), run.send_limit("A", "C"), run.send_limit("B"), run.send_limit("A", "B")) == (
        10,
        7,
        None,
        None,
    )
    to_b, to_c = run.submit_transaction("A", "B", 50, 6), run.submit_transaction("A", "C", 8, 6)
    run.tick({"A": {to_b: "release", to_c: "release"}})
    assert run.queue2() == [to_b, to_c]
    result = run.tick({}, send_limits={"A": 58})
    assert run.queue2() == [to_c]
    assert [(e.amount, e.counterparty, e.details) for e in named(result, "SendLimitSet")] == [
        (58, None, {"old_cents": 10})
    ]
    result = run.tick({}, send_limits={"A": {"C": None, "B": 0}})
    assert run.queue2() == []
    assert [(e.amount, e.counterparty, e.details["old_cents"]) for e in named(result, "SendLimitSet")] == [
        (0, "B", -1),
        (None, "C", 7),
    ]
    assert (run.send_limit("A", "B"), run.send_limit("A", "C")) == (0, None)
    run.tick({}, send_limits={"A": None})
    assert run.send_limit("A") is None


def test_limits_of_the_file_are_told_where_banks_do_not_set_them():
    banks = {"A": {"multilateral_limit": 10, "bilateral_limits": {"B": 7}}, "B": {}}
    run = Both(banks).simulation
    assert (run.send_limit("A"), run.send_limit("A", "B"), run.send_limit("B", "A"), run.sub_limit("A")) == (
        10,
        7,
        None,
        0,
    )
    assert Both({"A": {}, "B": {}}).simulation.send_limit("A", "B") is None


def test_net_send_limit_counts_receipts():
    banks = {"A": {"opening_balance": 100, "policy": EXTERNAL}, "B": {"opening_balance": 50}}
    run = Both(banks, actions={"send_limit": "multilateral"}, switches={"limits_basis": "net"}).simulation
    name = run.submit_transaction("A", "B", 60, 6)
    run.tick({"A": {name: "release"}}, send_limits={"A": 20})
    assert run.queue2() == [name]
    run.submit_transaction("B", "A", 40, 6)
    run.tick({})
    assert run.queue2() == []


@pytest.mark.parametrize(
    ("parts", "decisions", "message"),
    [
        ({}, {"sub_limits": {"A": 5}}, r"sub_limits\.A: the scenario has no sub-limits"),
        ({}, {"send_limits": {"A": 5}}, r"send_limits\.A: banks do not set limits in this scenario"),
        ({"sub_limit": True}, {"sub_limits": {"A": -1}}, r"sub_limits\.A: must be a whole number of cents from 0"),
        ({"sub_limit": True}, {"sub_limits": {"A": None}}, r"sub_limits\.A: must be a whole number"),
        ({"sub_limit": True}, {"sub_limits": {"B": 1}}, r"sub_limits\.B: this bank follows its policy"),
        ({"sub_limit": True}, {"sub_limits": {"X": 1}}, r"unknown bank 'X'"),
        ({"send_limit": "bilateral"}, {"send_limits": {"A": 1.5}}, r"send_limits\.A: must be null or a whole number"),
        ({"send_limit": "bilateral"}, {"send_limits": {"A": {"B": -2}}}, r"send_limits\.A\.B: must be null or"),
        ({"send_limit": "bilateral"}, {"send_limits": {"A": {"A": 1}}}, r"send_limits\.A\.A: must name another bank"),
        ({"send_limit": "bilateral"}, {"send_limits": {"A": {"X": 1}}}, r"send_limits\.A\.X: must name another bank"),
        ({"send_limit": "bilateral"}, {"send_limits": [1]}, r"send_limits: must be a mapping"),
    ],
)
def test_limits_that_cannot_be_set_are_refused_before_anything_changes(parts, decisions, message):
    run = simulation(actions=parts)
    run.open_tick()
    before = run.digest()
    with pytest.raises(ActionError, match=message):
        run.tick({}, **decisions)
    assert run.digest() == before


def test_heads_set_the_amounts_that_the_table_names():
    config = busy(scripted=0, banks=2, rate=0.0, sub_limit=True, send_limit="multilateral", ticks=6, days=2)
    vec = make_vec(config, max_queue_slots=2)
    vec.reset(1)
    bank = 0
    view = vec.scenario.view
    liquidity = 4_000 + 4_000 + 980 + 12_000
    flow = int(view.bank_flow_scale_cents[bank])
    seen = dict(zip(vec.observation_layout, range(vec.num_features), strict=True))
    amounts = {2: liquidity >> 4, 3: liquidity >> 3, 4: liquidity >> 2, 5: liquidity >> 1, 6: liquidity, 1: 0}
    limits = {2: 0, 3: flow >> 5, 4: flow >> 4, 7: flow >> 1, 8: flow, 1: -1}
    assert max(amounts) == SUB_LIMIT_CHOICES - 1
    assert max(limits) == SEND_LIMIT_CHOICES - 1
    for reserve, limit in zip(amounts, limits, strict=True):
        actions = np.zeros(vec.actions.shape, np.int64)
        actions[0, bank, vec.head_index["sub_limit"]] = reserve
        actions[0, bank, vec.head_index["send_limit"]] = limit
        vec.step(actions)
        state = vec.state(0)
        assert (state.sub_limit_cents[bank], state.send_limit_cents[bank]) == (amounts[reserve], limits[limit])
        assert not vec.masks[0, bank, vec.head_index["sub_limit"], reserve], "it is in force"
        assert vec.features[0, bank, seen["sub_limit"]] == pytest.approx(
            amounts[reserve] / (amounts[reserve] + flow), rel=1e-6
        )
    assert vec.features[0, bank, seen["send_limit"]] == 1.0
    assert vec.features[0, bank, seen["bilateral_send_limit"]] == 1.0
    assert vec.features[0, bank, seen["outflow_limit_left"]] == 1.0


def test_bilateral_head_sets_the_limit_towards_every_other_bank():
    config = busy(scripted=0, banks=3, rate=0.0, send_limit="bilateral")
    vec = make_vec(config, max_queue_slots=2, normalize=False)
    vec.reset(1)
    actions = np.zeros(vec.actions.shape, np.int64)
    actions[0, 1, vec.head_index["send_limit"]] = 8
    vec.step(actions)
    flow = int(vec.scenario.view.bank_flow_scale_cents[1])
    assert vec.state(0).pair_send_limit_cents.tolist() == [-1, -1, -1, flow, -1, flow, -1, -1, -1]
    at = vec.observation_layout.index("bilateral_send_limit")
    assert vec.observations[0, :, at].tolist() == [1e30, flow, 1e30]
    assert vec.observations[0, 1, vec.observation_layout.index("sub_limit")] == 0
    assert vec.state(0).send_limit_cents.tolist() == [-1, -1, -1]


def test_scenarios_without_limits_have_neither_heads_nor_entries_nor_columns():
    vec = make_vec(busy(scripted=0))
    assert not {"sub_limit", "send_limit"} & set(vec.head_index)
    assert not {"sub_limit", "send_limit", "bilateral_send_limit"} & set(vec.observation_layout)
    state = Simulation(busy())._engine.state
    assert [len(state.sub_limit_cents), len(state.send_limit_cents), len(state.pair_send_limit_cents)] == [0, 0, 0]


def test_snapshot_keeps_the_limits_that_were_set():
    run = simulation(actions={"sub_limit": True, "send_limit": "bilateral"})
    run.tick({}, sub_limits={"A": 7}, send_limits={"A": {"B": 9}})
    other = simulation(actions={"sub_limit": True, "send_limit": "bilateral"})
    other.restore(run.snapshot())
    assert (other.sub_limit("A"), other.send_limit("A", "B")) == (7, 9)
    assert other.digest() == run.digest()


LIMITS = {"sub_limits": {"A": 7}, "send_limits": {"A": {"B": 9, "C": None}}}


@pytest.mark.parametrize("model", [StepInput, TickOrders], ids=["file of actions", "HTTP"])
def test_decisions_from_files_and_over_http_set_limits(model):
    run = simulation(actions={"sub_limit": True, "send_limit": "bilateral"})
    given = model.model_validate({"actions": {}, **LIMITS}).model_dump(exclude={"transactions"})
    run.tick(**arguments_of(given))
    assert (run.sub_limit("A"), run.send_limit("A", "B"), run.send_limit("A", "C")) == (7, 9, None)


def test_limits_are_recorded_and_replayed(tmp_path):
    run, path = simulation(actions={"sub_limit": True, "send_limit": "bilateral"}), tmp_path / "run.parquet"
    with Recorder(run, [ParquetSink(path, RunFacts.of(run))]) as recorder:
        recorder.tick({}, **LIMITS)
        recorder.tick({}, send_limits={"A": 11})
        while not run.is_over:
            recorder.tick()
    record = open_record(path)
    found = replay(record)
    record.close()
    assert found.is_equal, found.difference
