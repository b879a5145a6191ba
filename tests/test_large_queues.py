"""Large queues: every payment settles as in a naive engine, and costs no more work the more payments wait."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from simcash_env.errors import SimulationError
from simcash_env.simulation import Simulation
from simcash_env.simulation.engine import Engine
from simcash_env.simulation.event_log import tx_number
from tests.both import Both, named, penniless
from tests.drawing import Row
from tests.operations import SIZES
from tests.worlds import busy, quiet

ROOT = Path(__file__).resolve().parent.parent

LINES_PER_PAYMENT = 400
LINES_OF: dict[str, float] = {"trees that ask for other payments": 800, "scheduled events": 1}
"""Most lines of rules that one more waiting payment, or one more event, may add to a tick, where it is another number.

A rule that scanned the queue for each pair of banks took 600 and more with 760 payments on 20 banks, one that scanned it
for each payment 2,000 to 13,000.
"""


def test_growth_lines_per_waiting_payment() -> None:
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    words = [sys.executable, "-m", "tests.operations"]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    small, large = SIZES
    added = {name: (most - few) / (large - small) for name, (few, most) in json.loads(done.stdout).items()}
    assert {name: lines for name, lines in added.items() if lines > LINES_OF.get(name, LINES_PER_PAYMENT)} == {}


ALGORITHMS = [
    {"algorithms": ["bilateral"]},
    {"algorithms": ["bilateral"], "bilateral": "subset"},
    {"algorithms": ["cycles"], "max_cycle_length": 3, "max_cycles_per_tick": 50},
    {"algorithms": ["cycles", "bilateral"], "cycle_work_limit": 500, "max_cycles_per_tick": 50},
    {"algorithms": ["bilateral", "cycles", "prefix"], "bilateral": "subset", "cycle_work_limit": 500},
]


@pytest.mark.parametrize("lsm", ALGORITHMS, ids=lambda lsm: "-".join([*lsm["algorithms"], lsm.get("bilateral", "all")]))
@pytest.mark.parametrize("limits", [None, "gross", "net"])
@pytest.mark.parametrize("at_entry", [False, True])
def test_long_chains_settle_as_in_the_oracle(lsm: Row, limits: str | None, *, at_entry: bool) -> None:
    """Dozens of payments a pair, in both directions and mixed order, some of them beyond their sender's limits."""
    draw = random.Random(f"{lsm} {limits} {at_entry}")
    banks: dict[str, Row] = {letter: {"opening_balance": draw.randint(0, 40)} for letter in "ABCD"}
    if limits is not None:
        banks["A"] |= {"multilateral_limit": 900, "bilateral_limits": {"B": 250, "C": 30}}
        banks["C"] |= {"bilateral_limits": {"B": 19}}
    switches = {"entry_disposition_offsetting": at_entry, "limits_basis": limits or "gross"}
    run = Both(banks, lsm=lsm, switches=switches)
    for _ in range(3):
        for _ in range(80):
            sender, receiver = draw.sample("ABCD", 2)
            run.submit(sender + receiver, draw.choice([1, 20, draw.randint(1, 60)]))
        run.tick()
    run.run(2)
    if limits is None:
        assert run.simulation.inspect()["counters"]["lsm_released_value"] > 0


@pytest.mark.parametrize("mode", ["all", "subset"])
def test_bilateral_offset_order_of_settlement_is_that_of_the_queue(mode: str) -> None:
    """Payments of both directions settle in turn as they stand in the queue, each from another tick."""
    run = Both(penniless("ABC"), lsm={"algorithms": ["bilateral"], "bilateral": mode})
    names = []
    for pair, cents in (("AB", 10), ("BA", 4), ("AB", 4)):
        names.append(run.submit(pair, cents))
        assert run.tick().num_settlements == 0
    names += [run.submit(pair, cents) for pair, cents in (("AC", 50), ("BA", 10), ("BC", 1))]
    if mode == "subset":
        run.submit("BA", 90)
    result = run.tick()
    assert [event.tx for event in named(result, "LsmPaymentSettled")] == [names[at] for at in (0, 1, 2, 4)]


def test_cycle_order_of_settlement_is_that_of_the_queue_edge_by_edge() -> None:
    run = Both(penniless("ABC"), lsm={"algorithms": ["cycles"]})
    names = [run.submit(pair, 10) for pair in ("CA", "BC", "AB", "BC", "AB", "CA")]
    result = run.tick()
    assert [event.tx for event in named(result, "LsmPaymentSettled")] == [names[at] for at in (2, 4, 1, 3, 0, 5)]


ENTRY: Row = {"lsm": {"algorithms": []}, "switches": {"entry_disposition_offsetting": True}}


def test_entry_disposition_meets_what_joined_the_queue_in_the_same_tick() -> None:
    """B's payments, which joined the queue a moment before, are what C's and A's are offset against."""
    run = Both(penniless("ABC"), **ENTRY)
    waiting = [run.submit("BC", cents) for cents in (10, 10)]
    run.tick()
    waiting += [run.submit("BC", cents) for cents in (10, 70)]
    offset = [run.submit("CB", cents) for cents in (20, 10, 60)]
    result = run.tick()
    settled = [event.tx for event in named(result, "LsmPaymentSettled")]
    assert settled == [offset[0], waiting[0], waiting[1], offset[1], waiting[2]]
    assert run.waiting() == ["BC", "CB"]


@pytest.mark.parametrize(("credit", "settled"), [(0, 0), (4, 0), (5, 6), (1_000, 6)])
def test_entry_disposition_shortest_prefix_decides(credit: int, settled: int) -> None:
    """Five payments of 9 let the sender of 40 fund its net; longer prefixes ask more of the receiver, never less."""
    run = Both({"A": {}, "B": {"credit_limit": credit if credit < 9 else 5}}, **ENTRY)
    for _ in range(12):
        run.submit("BA", 9)
    run.tick()
    run.submit("AB", 40)
    assert run.tick().num_lsm_releases == settled


def test_entry_disposition_after_a_list_has_been_used_up() -> None:
    run = Both(penniless("AB"), **ENTRY)
    first = [run.submit("AB", 5), run.submit("BA", 5)]
    second = [run.submit("AB", 7), run.submit("AB", 3), run.submit("BA", 10)]
    result = run.tick()
    assert len(named(result, "EntryDispositionOffset")) == 2
    assert {event.tx for event in named(result, "LsmPaymentSettled")} == {*first, *second}


def test_scheduled_events_run_in_file_order_whether_they_repeat_or_not() -> None:
    """Also where the rows for payments run out in the middle of a tick."""
    ticks = [3, 1, 0, 3, 1, 3, 2, 0, 1, 3]
    every = [None, 1, 3, None, None, 2, 1, None, 2, None]
    payment = {"type": "payment", "from_bank": "A", "to_bank": "B", "amount": 1, "deadline": 2}
    events = [{**payment, "tick": tick, "every": gap} for tick, gap in zip(ticks, every, strict=True)] * 3
    run = Both({"A": {}, "B": {}}, events=events)
    for tick in range(6):
        due = [
            number
            for number, event in enumerate(events)
            if event["tick"] == tick
            or (event["every"] and tick > event["tick"] and (tick - event["tick"]) % event["every"] == 0)
        ]
        ran = [event.details["event_number"] for event in named(run.tick(), "ScenarioEventExecuted")]
        assert ran == due


def test_scheduled_events_take_no_payment_rows_before_they_are_due() -> None:
    payment = {"type": "payment", "from_bank": "ALFA", "to_bank": "BRAVO", "amount": 1, "deadline": 2}
    many = Simulation(quiet(events=[{**payment, "tick": tick % 30} for tick in range(3_000)]))
    assert many._engine.state.pay_id.size == Simulation(quiet())._engine.state.pay_id.size
    assert many.run_to_completion().arrived >= 3_000


@pytest.mark.parametrize(
    ("tx", "number"),
    [
        ("tx_00000001", 1), ("tx_123456789", 123_456_789), ("tx_1", None), ("tx_000000001", None), ("1", None),
        ("tx_", None), ("tx_-0000001", None), ("tx_\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661", None),
        ("tx_" + "9" * 30, None), ("tx_0000000\u00b2", None), (1, None), (None, None),
    ],
)  # fmt: skip
def test_tx_number_reads_what_tx_name_writes(tx: object, number: int | None) -> None:
    assert tx_number(tx) == number


def test_decisions_look_at_the_payments_once_however_many_are_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    rows = Engine.live_rows

    def counted(engine: Engine) -> list[int]:
        calls.append(engine)
        return rows(engine)

    simulation = Simulation(busy(rate=12.0))
    simulation.open_tick()
    actions = {bank: dict.fromkeys(simulation.queue1(bank), "release") for bank in ("ALFA", "BRAVO")}
    assert sum(map(len, actions.values())) > 10
    monkeypatch.setattr(Engine, "live_rows", counted)
    monkeypatch.setattr(Engine, "queue1_rows", None)
    simulation.tick(actions)
    assert len(calls) == 1


def test_transactions_for_day_are_those_that_are_found_one_by_one() -> None:
    simulation = Simulation(busy(scripted=3, rate=6.0, wealth=800))
    simulation.run_to_completion()
    seen = []
    for day in range(2):
        payments = simulation.transactions_for_day(day)
        assert payments == [simulation.transaction(payment.id) for payment in payments]
        assert all(payment.arrival_tick // 6 == day for payment in payments)
        seen += [payment.id for payment in payments]
    assert seen == [str(event.tx) for event in simulation.events() if event.kind == "Arrival"]
    assert {payment.status for payment in simulation.transactions_for_day(1)} >= {"settled", "queue2"}
    with pytest.raises(SimulationError, match="day"):
        simulation.transactions_for_day(7)


def test_lookup_of_a_row_that_is_free_again_finds_the_ended_payment() -> None:
    simulation = Simulation(quiet())
    simulation.run(3)
    ended = [str(event.tx) for event in simulation.events() if event.kind == "Arrival"]
    assert ended
    assert {simulation.transaction(tx).status for tx in ended} == {"settled"}
