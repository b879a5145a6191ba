"""The picture of a run: what is drawn where there is little or much to draw, and what cannot be drawn is refused."""

import sys

import duckdb
import numpy as np
import pytest

from simcash_env.errors import RecordError, WriteError
from simcash_env.records import picture as picturing
from simcash_env.records.columns import BANK_TICKS
from simcash_env.records.drawing import picture_of
from simcash_env.records.facts import RunFacts
from simcash_env.records.picture import Picture
from simcash_env.records.plots import MAX_BARS, draw, largest_banks, require_format
from simcash_env.records.reading import open_record
from simcash_env.records.recorder import Recorder
from simcash_env.schema.codes import NUM_COSTS
from simcash_env.simulation import Simulation
from tests.budget import slow_but
from tests.records.worlds import recorded, sign_anew
from tests.worlds import busy, quiet

DAY_LINE = "stroke: #d9d9d9"


def drawn(picture, folder):
    """The words and strokes of the drawing."""
    draw(picture, folder / "run.svg")
    return (folder / "run.svg").read_text(encoding="utf-8")


def picture_of_a_run(config):
    simulation = Simulation(config, events="tick")
    picture = Picture(RunFacts.of(simulation))
    with Recorder(simulation, [picture]) as recorder:
        while not simulation.is_over:
            recorder.tick()
    return picture


def many_banks(count):
    rows = {
        "format": 1,
        "name": "many",
        "simulation": {"ticks_per_day": 4, "num_days": 1},
        "banks": [{"id": f"BANK_{number:02d}", "opening_balance": 5} for number in range(count)],
    }
    return Simulation(rows, events="tick")


def test_plots_long_run_is_drawn_through_every_so_many_ticks(tmp_path, monkeypatch):
    monkeypatch.setattr(picturing, "MAX_POINTS", 5)
    picture = Picture(RunFacts.of(Simulation(busy())).after(ticks=24, num_events=0))
    samples = np.arange(24 * len(BANK_TICKS) * 3).reshape(24, len(BANK_TICKS), 3)
    for first in range(0, 24, 3):
        picture.add_samples(first, samples[first : first + 3])
    assert picture.ticks.tolist() == [0, 8, 16]
    assert np.array_equal(picture.balances, samples[::8, BANK_TICKS.index("balance_cents")])
    assert np.array_equal(picture.queue2, samples[::8, BANK_TICKS.index("queue2_cents")].sum(axis=1))
    assert "time of day (every 8th tick)" in drawn(picture, tmp_path)


@pytest.mark.parametrize(("days", "lines"), [(3, 2), (32, 31), (33, 0)])
def test_plots_ends_of_days_are_marked_up_to_a_month(tmp_path, days, lines):
    told = drawn(picture_of_a_run(quiet(ticks=2, days=days)), tmp_path)
    assert told.count(DAY_LINE) == 2 * lines, "under the balances and under the queues"


@pytest.mark.parametrize(
    ("banks", "said"), [(3, "wider and darker: more"), (9, "receiver; white: nothing"), (21, "1 others")]
)
def test_plots_run_of_no_tick_says_that_there_is_nothing_to_see(tmp_path, banks, said):
    told = drawn(Picture(RunFacts.of(many_banks(banks))), tmp_path)
    for text in (said, "no tick (running)", "nothing was charged", "nothing waited at the end of a tick"):
        assert text in told
    assert "median" not in told


def test_plots_of_many_banks_the_middle_and_the_dearest_are_drawn(tmp_path):
    simulation = many_banks(21)
    picture = Picture(RunFacts.of(simulation))
    picture.add_samples(0, np.ones((4, len(BANK_TICKS), 21), np.int64))
    picture.bank_costs[:] = np.arange(21 * NUM_COSTS).reshape(21, NUM_COSTS)
    told = drawn(picture, tmp_path)
    for text in ("median of 21 banks", "Costs by bank, the most expensive 20 of 21", "BANK_20"):
        assert text in told
    assert told.count("<!-- BANK_00 -->") == 2, "a sender and a receiver of the heat map, and no bar of costs"


def test_plots_picture_of_a_run_that_failed_says_so(tmp_path):
    class FullDisk(Picture):
        def write(self, chunk, facts):
            message = "full: cannot be written: No space left on device"
            raise WriteError(message)

    simulation = Simulation(busy(scripted=3), seed=4)
    facts = RunFacts.of(simulation)
    picture = Picture(facts)
    recorder = Recorder(simulation, [picture, FullDisk(facts)])
    recorder.tick()
    with pytest.raises(WriteError, match="No space left"):
        recorder.close()
    assert (picture.facts.status, picture.facts.ticks) == ("failed", 1)
    assert "(failed)" in drawn(picture, tmp_path)


def test_plots_without_matplotlib_the_message_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(RecordError, match=r"plots need matplotlib: pip install 'simcash-env\[plots\]'"):
        require_format(tmp_path / "run.png")


@pytest.mark.parametrize("ending", slow_but({".png"}, ".png", ".svg", ".pdf"))
def test_plots_record_of_events_alone_is_run_again_and_gives_the_same_drawing(tmp_path, ending):
    recorded(tmp_path)
    drawings, seen = [], []
    for file in ("run.parquet", "runs.duckdb"):
        record = open_record(tmp_path / file)
        path = tmp_path / f"run{ending}"
        draw(picture_of(record, seen.append), path)
        drawings.append(path.read_bytes())
        record.close()
    assert seen == list(range(1, 13)), "of the one that is run again"
    assert drawings[0] == drawings[1]


def test_plots_record_of_events_alone_that_does_not_repeat_is_not_drawn(tmp_path):
    recorded(tmp_path)
    sign_anew(tmp_path / "run.parquet", digest="0" * 64)
    record = open_record(tmp_path / "run.parquet")
    with pytest.raises(RecordError, match=r"run\.parquet: holds events alone, and its run does not repeat here"):
        picture_of(record)
    record.close()


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM bank_ticks WHERE tick = 3 AND bank = 'ALFA'", "ALTER TABLE bank_ticks DROP balance_cents"],
)
def test_plots_damaged_table_of_balances_is_named(tmp_path, statement):
    recorded(tmp_path)
    with duckdb.connect(str(tmp_path / "runs.duckdb")) as connection:
        connection.execute(statement)
    record = open_record(tmp_path / "runs.duckdb")
    with pytest.raises(RecordError, match=r"runs\.duckdb: its table bank_ticks cannot be read, it may be damaged"):
        picture_of(record)
    record.close()


def test_plots_throughput_is_drawn_of_what_was_due_and_tells_what_never_settled(tmp_path):
    """Settled and arrived value were each drawn as shares of their own sum, so that both ended at 1."""
    picture = picture_of_a_run(busy(ticks=24, days=1, wealth=300, pool=None))
    arrived, settled = int(picture.arrived.sum()), int(picture.settled.sum())
    assert picture.due == arrived
    assert picture.carried_in == 0
    assert picture.never_settled == arrived - settled > 0
    text = drawn(picture, tmp_path)
    assert f"settled ({100 * (arrived - settled) / arrived:.1f} % of what was due never did)" in text
    assert "share of the value that was due" in text


def test_plots_throughput_of_a_record_from_the_middle_counts_what_waited(tmp_path):
    simulation = Simulation(busy(ticks=24, days=1, wealth=300, pool=None), events="tick")
    for _ in range(12):
        simulation.tick()
    waiting = int(simulation.sample(("queue1_cents", "queue2_cents")).sum())
    picture = Picture(RunFacts.of(simulation))
    with Recorder(simulation, [picture]) as recorder:
        while not simulation.is_over:
            recorder.tick()
    assert picture.carried_in == waiting > 0
    assert picture.due == waiting + int(picture.arrived.sum())
    assert "never did" in drawn(picture, tmp_path)


def test_plots_liquidity_and_throughput_by_bank_follow_from_the_payments(tmp_path):
    picture = picture_of_a_run(busy(ticks=24, days=1, wealth=300, pool=None))
    assert np.array_equal(picture.paid.sum(axis=0), picture.network.sum(axis=1))
    assert np.array_equal(picture.received.sum(axis=0), picture.network.sum(axis=0))
    assert int(picture.due_by_bank.sum()) == picture.due
    debits = np.cumsum(picture.paid - picture.received, axis=0)
    assert np.array_equal(picture.net_debits, np.maximum(debits, 0))
    text = drawn(picture, tmp_path)
    for said in (
        "Liquidity used: net debits since the day began",
        "largest ones, summed",
        "Throughput by bank, all days",
    ):
        assert said in text


def test_plots_heat_map_joins_all_but_the_largest_banks(tmp_path):
    picture = Picture(RunFacts.of(many_banks(30)))
    picture.network[:] = np.arange(900).reshape(30, 30)
    network, names = largest_banks(picture.network, picture.facts.bank_ids)
    assert network.shape == (MAX_BARS + 1, MAX_BARS + 1)
    assert network.sum() == picture.network.sum()
    assert (names[0], names[-1]) == ("BANK_29", "10 others")
    assert "10 others" in drawn(picture, tmp_path)


def test_plots_axis_of_ticks_ends_with_the_run(tmp_path):
    text = drawn(picture_of_a_run(quiet(ticks=12, days=1)), tmp_path)
    assert text.count("<!-- 06:00 -->") == 6, "at the left end of the time axes, and never for a tick after the last"
