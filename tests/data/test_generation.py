"""Synthetic days: the payments of a run with the same seed, at times inside their ticks."""

from datetime import date, time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simcash_env.config import load_scenario
from simcash_env.data import generate, write_payments
from simcash_env.data.generation import dates_from
from simcash_env.errors import DataError
from simcash_env.evaluation.arrivals import arrived_payments
from tests.data.systems import system


def facts(payments: Any) -> list[tuple[Any, ...]]:
    names = ("day", "submitted", "sender", "receiver", "amount_cents", "priority", "deadline", "divisible")
    rows = payments.table.select(names).to_pylist()
    return [tuple(row[name] for name in names) for row in rows]


def test_generation_days_are_the_runs_of_consecutive_seeds() -> None:
    config = load_scenario(system())
    payments = generate(config, days=2, seed=5)
    rows = facts(payments)
    first, last = date(2026, 1, 5), date(2026, 1, 6)
    for day, seed in ((first, 5), (last, 6)):
        run = arrived_payments(config, seed)
        ticks = payments.calendar.tick_of(payments.integers("submitted"))
        mine = [(tick, *row[2:6]) for tick, row in zip(ticks.tolist(), rows, strict=True) if row[0] == day]
        names = run.bank_ids
        theirs = zip(run.arrival_tick.tolist(), run.sender.tolist(), run.receiver.tolist(), run.cents.tolist(),
                     run.priority.tolist(), strict=True)  # fmt: skip
        assert mine == [(tick, names[one], names[other], *rest) for tick, one, other, *rest in theirs]


def test_generation_days_of_a_run_of_several_days_follow_each_other() -> None:
    rows = system()
    rows["simulation"]["num_days"] = 2
    rows["banks"] = [{**bank, "arrivals": None} for bank in rows["banks"]]
    event = {"type": "payment", "from_bank": "A", "to_bank": "B", "amount": 7, "deadline_in": 3, "divisible": True}
    rows["events"] = [event | {"tick": 2}, event | {"tick": 19, "deadline_in": 9}]
    payments = generate(rows, days=3, seed=0)
    assert facts(payments) == [
        (date(2026, 1, 5), time(8, 12), "A", "B", 7, 5, time(8, 30), True),
        (date(2026, 1, 6), time(8, 54), "A", "B", 7, 5, None, True),
        (date(2026, 1, 7), time(8, 12), "A", "B", 7, 5, time(8, 30), True),
    ]
    assert payments.currency == "EUR"
    assert payments.source == "generated from system"


def test_generation_uniform_times_lie_in_the_tick_and_repeat() -> None:
    start, spread = (generate(system(), days=2, seed=1, times=times) for times in ("start", "uniform"))
    ticks = [payments.calendar.tick_of(payments.integers("submitted")) for payments in (start, spread)]
    assert np.array_equal(np.sort(ticks[0]), np.sort(ticks[1]))
    assert not np.array_equal(start.integers("submitted"), spread.integers("submitted"))
    assert spread.table.equals(generate(system(), days=2, seed=1, times="uniform").table)
    assert sorted(spread.integers("amount_cents")) == sorted(start.integers("amount_cents"))


def test_generation_uses_the_seed_of_the_scenario_and_skips_weekends() -> None:
    assert generate(system(), days=1).table.equals(generate(system(), days=1, seed=3).table)
    assert dates_from(date(2026, 1, 9), 3) == [date(2026, 1, 9), date(2026, 1, 12), date(2026, 1, 13)]


@pytest.mark.parametrize(
    ("arguments", "place", "rule"),
    [
        ({"days": 0}, "days", "from 1 to 10,000"),
        ({"days": 2, "seed": 2**63 - 1}, "seed", "minus|- days"),
        ({"days": 1, "times": "late"}, "times", "start or uniform"),
    ],
)
def test_generation_arguments_refused(arguments: dict[str, Any], place: str, rule: str) -> None:
    with pytest.raises(DataError, match=rule) as refused:
        generate(system(), **arguments)
    assert refused.value.faults[0].path == place


def test_generation_of_recorded_arrivals_refused(tmp_path: Path) -> None:
    write_payments(generate(system(), days=2), tmp_path / "payments.parquet")
    rows = system() | {"arrivals": {"recorded": {"file": str(tmp_path / "payments.parquet"), "days": "all"}}}
    with pytest.raises(DataError, match="must have random arrivals only"):
        generate(rows, days=1)


def test_generation_without_payments_refused() -> None:
    rows = system()
    rows["banks"] = [{"id": "A"}, {"id": "B"}]
    with pytest.raises(DataError, match="must have payments"):
        generate(rows, days=1)
