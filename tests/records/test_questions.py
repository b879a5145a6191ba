"""The views of a DuckDB record and the queries that the page shows, against what the event log says, row by row."""

import re
from collections import Counter, defaultdict
from pathlib import Path

import duckdb
import pytest

from simcash_env.records.database import DatabaseRecord, DatabaseSink
from simcash_env.records.facts import RunFacts
from simcash_env.records.recorder import Recorder
from simcash_env.records.tables import TABLES, VIEWS
from simcash_env.simulation import Simulation
from tests.worlds import busy

PAGE = Path(__file__).parents[2] / "docs" / "records.md"
QUERIES = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
MECHANISMS = {
    "EntryDispositionOffset": "entry_disposition",
    "LsmBilateralOffset": "bilateral",
    "LsmCycleSettlement": "cycles",
    "LsmPrefixSettlement": "prefix",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run in which every mechanism releases something, and its record."""
    path = tmp_path_factory.mktemp("questions") / "runs.duckdb"
    parts = {
        "lsm": {"algorithms": ["bilateral", "cycles", "prefix"], "bilateral": "subset"},
        "switches": {"entry_disposition_offsetting": True},
    }
    config = busy(banks=4, scripted=4, ticks=24, days=3, rate=2.0, wealth=1_500, pool=None, **parts)
    simulation = Simulation(config, seed=5)
    with Recorder(simulation, [DatabaseSink(path, RunFacts.of(simulation))]) as recorder:
        while not simulation.is_over:
            recorder.tick()
    record = DatabaseRecord(path)
    yield simulation, record.connection
    record.close()


def ask(connection, query):
    return connection.sql(query).fetchall()


def settlements(simulation):
    """Every settled payment with its mechanism, told by the header that stands before it."""
    header = None
    for event in simulation.events():
        header = MECHANISMS.get(event.kind, header)
        if event.kind == "RtgsImmediateSettlement":
            yield event, "gross"
        elif event.kind == "Queue2LiquidityRelease":
            yield event, "queue2"
        elif event.kind == "LsmPaymentSettled":
            yield event, header


def test_questions_what_each_mechanism_released(run):
    simulation, connection = run
    counts, cents = Counter(), Counter()
    for event, mechanism in settlements(simulation):
        counts[mechanism] += 1
        cents[mechanism] += event.amount
    assert set(counts) == {"gross", "queue2", *MECHANISMS.values()}
    found = ask(connection, "SELECT mechanism, payments, cents FROM released_by_mechanism WHERE run = 1")
    assert {name: (number, value) for name, number, value in found} == {
        name: (counts[name], cents[name]) for name in counts
    }
    summary = simulation.summary()
    assert (sum(counts.values()), sum(cents.values())) == (summary.settled, summary.settled_cents)


def test_questions_what_a_mechanism_released_is_what_its_own_events_say(run):
    simulation, connection = run
    said = Counter()
    for event in simulation.events():
        if event.kind == "LsmBilateralOffset":
            said["bilateral"] += int(event.details["cents_there"]) + int(event.details["cents_back"])
        elif event.kind == "EntryDispositionOffset":
            said["entry_disposition"] += event.amount + int(event.details["queued_cents"])
        elif event.kind in {"LsmCycleSettlement", "LsmPrefixSettlement"}:
            said[MECHANISMS[event.kind]] += event.amount
    found = dict(
        ask(connection, "SELECT mechanism, cents FROM released_by_mechanism WHERE mechanism NOT IN ('gross', 'queue2')")
    )
    assert found == said


def test_questions_who_waited_on_whom(run):
    simulation, connection = run
    queued, waits = {}, defaultdict(list)
    for event in simulation.events():
        if event.kind == "QueuedRtgs":
            queued[event.tx] = event
        elif event.tx in queued and event.kind in {"Queue2LiquidityRelease", "LsmPaymentSettled"}:
            start = queued.pop(event.tx)
            waits[start.counterparty, start.bank].append((event.tick - start.tick, start.amount))
    for start in queued.values():
        waits[start.counterparty, start.bank].append((simulation.num_ticks - start.tick, start.amount))
    expected = {}
    for pair, rows in waits.items():
        later = [(ticks, cents) for ticks, cents in rows if ticks > 0]
        if later:
            ticks = [wait for wait, _ in later]
            total = sum(wait * cents for wait, cents in later)
            expected[pair] = (len(later), sum(c for _, c in later), sum(ticks) / len(ticks), max(ticks), total)
    found = ask(connection, "SELECT * EXCLUDE (run) FROM who_waited_on_whom")
    assert {row[:2]: row[2:] for row in found} == {pair: pytest.approx(row) for pair, row in expected.items()}
    assert len(expected) > 6


def test_questions_costs_by_kind_and_hour(run):
    simulation, connection = run
    cents = Counter()
    for event in simulation.events():
        if event.kind == "CostAccrual":
            cents[event.details["cost"], 6 + event.tick % 24 * 12 // 24] += event.amount
    found = ask(connection, "SELECT cost, hour, cents FROM cost_by_kind_and_hour")
    assert {(cost, hour): value for cost, hour, value in found} == cents
    assert sum(cents.values()) == simulation.summary().total_cost
    assert {hour for _, hour in cents} == set(range(6, 18))


def test_questions_throughput_by_hour(run):
    """Shares were of what settled, so that a system which settles little reached 100 % too."""
    simulation, connection = run
    settled, arrived = Counter(), Counter()
    for event, _ in settlements(simulation):
        settled[6 + event.tick % 24 * 12 // 24] += event.amount
    for event in simulation.events():
        if event.kind == "Arrival":
            arrived[6 + event.tick % 24 * 12 // 24] += event.amount
    found = ask(
        connection,
        "SELECT hour, arrived_cents, settled_cents, share_so_far, due_cents, never_settled_cents "
        "FROM throughput_by_hour ORDER BY hour",
    )
    due, total = sum(arrived.values()), sum(settled.values())
    assert [row[:3] for row in found] == [(hour, arrived[hour], settled[hour]) for hour in range(6, 18)]
    so_far = 0
    for hour, _, value, share, *whole in found:
        so_far += value
        assert share == pytest.approx(so_far / due), hour
        assert whole == [due, due - total]
    assert found[-1][3] == pytest.approx(total / due)
    assert total < due


def test_questions_value_due_is_what_settled_what_was_dropped_and_what_waits(run):
    simulation, connection = run
    summary = simulation.summary()
    (found,) = ask(connection, "SELECT * EXCLUDE (run) FROM value_due")
    due, arrived, settled, dropped, waiting, never = found
    assert due == arrived == settled + dropped + waiting
    assert settled == summary.settled_cents
    assert waiting == sum(simulation.sample(("queue1_cents", "queue2_cents")).ravel().tolist())
    assert never == due - settled


def test_questions_value_due_of_a_record_that_begins_in_the_middle(tmp_path):
    simulation = Simulation(busy(ticks=24, days=1, wealth=500, pool=None), seed=5)
    for _ in range(12):
        simulation.tick()
    waiting = int(simulation.sample(("queue1_cents", "queue2_cents")).sum())
    with Recorder(simulation, [DatabaseSink(tmp_path / "r.duckdb", RunFacts.of(simulation))]) as recorder:
        while not simulation.is_over:
            recorder.tick()
    record = DatabaseRecord(tmp_path / "r.duckdb")
    ((due, arrived),) = ask(record.connection, "SELECT due_cents, arrived_cents FROM value_due")
    shares = ask(record.connection, "SELECT share_so_far FROM throughput_by_hour")
    record.close()
    assert due == arrived + waiting
    assert waiting > 0
    assert max(share for (share,) in shares) <= 1


def test_questions_views_of_an_older_file_are_written_anew(tmp_path):
    path = tmp_path / "r.duckdb"
    simulation = Simulation(busy(), seed=1)
    DatabaseSink(path, RunFacts.of(simulation)).finish(RunFacts.of(simulation))
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE OR REPLACE VIEW throughput_by_hour AS SELECT 1 AS share_of_what_settled")
        connection.execute("DROP VIEW value_due")
    DatabaseSink(path, RunFacts.of(simulation)).finish(RunFacts.of(simulation))
    with duckdb.connect(str(path)) as connection:
        columns = [row[0] for row in ask(connection, "DESCRIBE throughput_by_hour")]
    assert "due_cents" in columns


def test_questions_life_of_every_payment(run):
    simulation, connection = run
    found = {row[0]: row[1:] for row in ask(connection, "SELECT * EXCLUDE (run) FROM payments")}
    arrivals = [event for event in simulation.events() if event.kind == "Arrival"]
    assert len(found) >= len(arrivals)
    for arrival in arrivals:
        payment = simulation.transaction(arrival.tx)
        arrived, sender, receiver, cents, deadline, released, settled, dropped, overdue = found[int(arrival.tx[3:])]
        assert (arrived, sender, receiver, cents) == (arrival.tick, payment.sender, payment.receiver, payment.amount)
        assert (deadline, settled, overdue) == (payment.deadline_tick, payment.settled_tick, payment.overdue_since)
        assert released is not None
        assert dropped is None


@pytest.mark.parametrize("query", QUERIES)
def test_questions_every_query_of_the_page_answers(run, query):
    _, connection = run
    assert ask(connection, query)


def test_questions_page_shows_every_table_and_view():
    text = PAGE.read_text(encoding="utf-8")
    assert len(QUERIES) >= 8
    for name in (*TABLES, *VIEWS):
        assert f"`{name}`" in text, name


def test_questions_guideline_query_of_the_page_fails_a_run_that_settles_less_than_half(tmp_path):
    """Settled value was compared with itself, so that 45 % settled in the first tick passed the guideline."""
    payments = [
        {"type": "payment", "tick": 0, "from_bank": "A", "to_bank": "B", "amount": cents, "deadline": 24}
        for cents in (45, 55)
    ]
    document = {
        "format": 1,
        "name": "less-than-half",
        "simulation": {"ticks_per_day": 24, "num_days": 1},
        "banks": [{"id": "A", "opening_balance": 45}, {"id": "B", "opening_balance": 0}],
        "events": payments,
    }
    path = tmp_path / "r.duckdb"
    simulation = Simulation(document, events="tick")
    with Recorder(simulation, [DatabaseSink(path, RunFacts.of(simulation))]) as recorder:
        while not simulation.is_over:
            recorder.tick()
    (query,) = (query for query in QUERIES if "half_by_noon" in query)
    record = DatabaseRecord(path)
    assert ask(record.connection, query) == [(False, False, 55)]
    record.close()
