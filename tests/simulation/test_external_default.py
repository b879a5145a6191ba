"""External banks in ticks in which nobody decides for them: one default in every face, part of what is saved."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from simcash_env import make_vec
from simcash_env.config.external import default_policy, follow_default
from simcash_env.envs.learners import assign_learners
from simcash_env.errors import ConfigError, RecordError, SnapshotError
from simcash_env.records.facts import RunFacts
from simcash_env.records.reading import open_record
from simcash_env.records.recorder import Recorder
from simcash_env.records.replay import replay
from simcash_env.simulation import Simulation
from simcash_env.simulation.snapshot import read_snapshot
from tests.oracle import Oracle
from tests.records.worlds import sinks_for, tree_of
from tests.runs.test_oracle import compare_tick
from tests.worlds import busy

BUFFER = {"type": "liquidity_aware", "target_buffer": 500, "urgency_threshold": 2}
DEFAULTS: list[Any] = ["release", "hold", "fifo", BUFFER, tree_of("urgent", "bank_state_seen")]
NAMES = ["release", "hold", "fifo", "buffer", "tree"]


@pytest.mark.parametrize("external", ["release", "hold"])
def test_external_default_follows_the_oracle(external: str) -> None:
    config = busy(collateral=True, revoke=True)
    oracle, simulation = Oracle(config, external=external), Simulation(config, external=external)
    for tick in range(simulation.num_ticks):
        actions: dict[str, Any] | None = {} if tick % 3 == 1 else None
        oracle.tick(actions)
        compare_tick(oracle, simulation, simulation.tick(actions))


@pytest.mark.parametrize("external", DEFAULTS, ids=NAMES)
def test_external_default_is_the_run_in_which_the_banks_follow_it(external: Any) -> None:
    config = busy()
    followed = follow_default(config, default_policy(external))
    by_default, by_policy = Simulation(config, external=external), Simulation(followed)
    assert by_default.run_to_completion().digest == by_policy.run_to_completion().digest
    assert [result.total_cost for result in Simulation(config, external=external).run(12)] == [
        result.total_cost for result in Simulation(followed).run(12)
    ]


def test_external_default_without_an_argument_is_to_release() -> None:
    simulation = Simulation(busy())
    assert simulation.external == "release"
    assert simulation.run_to_completion() == Simulation(busy(), external="release").run_to_completion()


def test_external_banks_hold_what_a_mapping_does_not_name() -> None:
    simulation = Simulation(busy())
    simulation.open_tick()
    first = simulation.queue1("ALFA")[:1]
    waiting = [tx for bank in ("ALFA", "BRAVO") for tx in simulation.queue1(bank)]
    simulation.tick({"ALFA": dict.fromkeys(first, "release")})
    assert [tx for bank in ("ALFA", "BRAVO") for tx in simulation.queue1(bank)] == [
        tx for tx in waiting if tx not in first
    ]
    simulation.tick({})
    assert simulation.queue1("ALFA")
    simulation.tick()
    assert not simulation.queue1("ALFA")
    assert not simulation.queue1("BRAVO")


def test_external_default_leaves_other_decisions_to_the_caller() -> None:
    simulation = Simulation(busy(collateral=True))
    before = simulation.posted_collateral("ALFA")
    simulation.tick(pool_levels={"ALFA": 20}, collateral={"ALFA": 10})
    assert simulation.sample(["pool_allocated_cents"])[0, 0] == 12_000
    assert simulation.posted_collateral("ALFA") == before + 10
    assert not simulation.queue1("ALFA")


def test_external_default_reaches_a_bank_that_becomes_external() -> None:
    simulation = Simulation(busy(scripted=3), external="hold")
    assert simulation.notices == ()
    simulation.set_policy("ALFA", "external")
    simulation.run(3)
    assert simulation.queue1("ALFA")
    assert simulation.notices == ("external banks ALFA hold every payment in ticks without actions (external: hold)",)


@pytest.mark.parametrize(
    ("external", "said"),
    [
        ("release", "release every payment in ticks without actions (external: release)"),
        ("hold", "hold every payment in ticks without actions (external: hold)"),
        (BUFFER, "follow the policy liquidity_aware in ticks without actions (external: liquidity_aware)"),
    ],
)
def test_external_default_is_in_the_summary(external: Any, said: str) -> None:
    assert Simulation(busy(), external=external).summary().notices == (f"external banks ALFA, BRAVO {said}",)
    assert Simulation(busy(scripted=3), external=external).summary().notices == ()


def test_external_notice_names_ten_banks_at_most() -> None:
    names = [f"B{number:02}" for number in range(12)]
    rows = [{"id": name, "policy": {"type": "external"}} for name in names]
    config = {"format": 1, "name": "n", "simulation": {"ticks_per_day": 1, "num_days": 1}, "banks": rows}
    (notice,) = Simulation(config).notices
    assert "B09 and 2 more release" in notice


@pytest.mark.parametrize(
    ("external", "said"),
    [
        ("fiffo", "external: must be one of fifo, .*, got 'fiffo'. Did you mean fifo"),
        ("external", "external: must be release, hold or a policy that decides by itself, got 'external'"),
        ({"type": "external"}, "external: must be release, hold or a policy that decides by itself, got 'external'"),
        (7, "external: must be release, hold or a policy that decides by itself, got 7"),
        ("deadline", r"external\.urgency_threshold: is required"),
        ({"type": "deadline", "urgency_threshold": -1}, r"external\.urgency_threshold: must be at least 0, got -1"),
    ],
)
def test_external_default_that_is_none_is_refused(external: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Simulation(busy(), external=external)
    with pytest.raises(ConfigError, match=said):
        assign_learners(busy(), ["ALFA"], external)


@pytest.mark.parametrize("external", DEFAULTS, ids=NAMES)
def test_external_default_is_saved_with_the_run(tmp_path: Any, external: Any) -> None:
    simulation = Simulation(busy(), external=external)
    simulation.run(4)
    simulation.tick({})
    simulation.save(tmp_path / "saved")
    loaded, restored = Simulation.load(tmp_path / "saved"), Simulation(busy())
    restored.restore(simulation.snapshot())
    assert loaded.external == restored.external == simulation.external
    forked = simulation.fork()
    wanted = simulation.run_to_completion()
    assert loaded.run_to_completion() == restored.run_to_completion() == forked.run_to_completion() == wanted


def older(snapshot: bytes, **header: Any) -> bytes:
    """The snapshot with another header; None leaves an entry out."""
    read = read_snapshot(snapshot)
    read.header.update(header)
    for name in [name for name, value in read.header.items() if value is None]:
        del read.header[name]
    return read.to_bytes()


def test_external_banks_hold_in_a_run_saved_before_there_was_a_default(tmp_path: Any) -> None:
    simulation = Simulation(busy(), external="hold")
    simulation.run(3)
    (tmp_path / "saved").write_bytes(older(simulation.snapshot(), external=None))
    loaded = Simulation.load(tmp_path / "saved")
    assert loaded.external == "hold"
    assert loaded.run_to_completion() == simulation.run_to_completion()


@pytest.mark.parametrize("external", ["fiffo", 7, {"type": "external"}])
def test_external_default_of_a_damaged_snapshot_is_refused(tmp_path: Any, external: Any) -> None:
    simulation = Simulation(busy())
    damaged = older(simulation.snapshot(), external=external)
    with pytest.raises(SnapshotError, match="invalid header: external"):
        simulation.restore(damaged)
    (tmp_path / "saved").write_bytes(damaged)
    with pytest.raises(SnapshotError, match="external"):
        Simulation.load(tmp_path / "saved")


@pytest.mark.parametrize("external", DEFAULTS, ids=NAMES)
@pytest.mark.parametrize("file", ["run.parquet", "runs.duckdb"])
def test_external_default_and_decisions_are_recorded(tmp_path: Any, external: Any, file: str) -> None:
    simulation = Simulation(busy(), external=external)
    with Recorder(simulation, sinks_for(tmp_path, simulation)) as recorder:
        for tick in range(simulation.num_ticks):
            if tick == 0:
                recorder.tick(pool_levels={"ALFA": 3})
            else:
                recorder.tick({} if tick % 3 == 1 else None)
    record = open_record(tmp_path / file)
    assert record.facts.external == simulation.external
    kinds = [given.kind for given in record.inputs()]
    assert kinds == ["tick"] * 5
    assert replay(record).is_equal
    record.close()


def test_external_banks_hold_in_records_made_before_there_was_a_default() -> None:
    facts = RunFacts.of(Simulation(busy(), external="hold"))
    content = {name: value for name, value in vars(facts).items() if name != "external"}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    read = RunFacts.from_json(json.dumps({**content, "sha256": digest}))
    assert read.simulation().external == "hold"


@pytest.mark.parametrize(
    ("external", "said"), [(7, "invalid facts of the run: external"), ("fiffo", "cannot run the recorded")]
)
def test_external_default_of_a_damaged_record_is_refused(external: Any, said: str) -> None:
    text = replace(RunFacts.of(Simulation(busy())), external=external).to_json()
    with pytest.raises(RecordError, match=said):
        RunFacts.from_json(text).simulation()


def test_external_banks_that_do_not_learn_follow_the_default_of_the_environment() -> None:
    released, held, buffered = (
        make_vec(busy(), 1, learners=["ALFA"], external=external) for external in ("release", "hold", BUFFER)
    )
    assert [next(b for b in v.config.banks if b.id == "BRAVO").policy.type for v in (released, held, buffered)] == [
        "fifo",
        "tree",
        "liquidity_aware",
    ]
    digests = []
    for vec in (make_vec(busy(), 1, learners=["ALFA"]), released, held):
        vec.reset(seed=3)
        vec.step(vec.actions * 0)
        digests.append(vec.digest(0))
    assert digests[0] == digests[1] != digests[2]
