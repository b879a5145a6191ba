"""Reordering queued payments to need less liquidity: ``python -m benchmarks.literature.reordering``.

McMahon and others (2024) collect payments into batches and settle each batch in an order that needs little liquidity.
Here the payments of ``lynx-2019-v0`` are settled one by one as they arrive, in batches whose order a greedy rule
chooses, and in batches that settle at once, as offsetting would. Liquidity is what banks need so that nothing waits
beyond its batch: the sum over banks of the largest net debit of the day.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.literature.study import Report, Results, Study, panels, table
from simcash_env.data.generation import generate
from simcash_env.evaluation.seeds import FIRST_TEST_SEED
from simcash_env.literal import literal_console, literal_label, literal_legend, literal_plot
from simcash_env.registry import load

I64 = npt.NDArray[np.int64]

SCENARIO: Final = "lynx-2019-v0"
DAYS: Final = 10
BATCHES: Final = (10, 35, 70, 140, 280)
PAPERS_BATCH: Final = 70
PAPERS_SAVING_M: Final = 240.0
"""Million CAD of liquidity saved per day with batches of 70, at a mean delay of 90 seconds, as the paper reports."""
LAST_HEADS: Final = ("saved by settling at once", "greedy order's share of that", "paper, CAD m")
CENTS_M: Final = 100_000_000
MICROSECONDS: Final = 1_000_000


class Day:
    """The payments of a day in order of arrival.

    Attributes:
        senders: (payments,) numbers of banks.
        receivers: likewise.
        cents: (payments,) amounts.
        seconds: (payments,) time of the day.
        num_banks: number of banks.
    """

    def __init__(self, senders: I64, receivers: I64, cents: I64, seconds: npt.NDArray[np.float64]) -> None:
        self.senders, self.receivers, self.cents, self.seconds = senders, receivers, cents, seconds
        self.num_banks = int(max(senders.max(), receivers.max())) + 1


class Positions:
    """Net positions of banks, and the largest net debit of each so far, in cents."""

    def __init__(self, num_banks: int) -> None:
        self.net = np.zeros(num_banks, np.int64)
        self.debit = np.zeros(num_banks, np.int64)

    def copy(self) -> Positions:
        """An independent copy."""
        other = Positions(len(self.net))
        other.net[:], other.debit[:] = self.net, self.debit
        return other

    def settle(self, day: Day, row: int) -> None:
        """Settle one payment."""
        sender = day.senders[row]
        self.net[sender] -= day.cents[row]
        self.net[day.receivers[row]] += day.cents[row]
        self.debit[sender] = max(self.debit[sender], -self.net[sender])

    def settle_together(self, day: Day, rows: I64) -> None:
        """Settle payments at the same moment: only net amounts need liquidity."""
        np.subtract.at(self.net, day.senders[rows], day.cents[rows])
        np.add.at(self.net, day.receivers[rows], day.cents[rows])
        self.debit = np.maximum(self.debit, -self.net)


def reordered(day: Day, rows: I64, before: Positions) -> list[int]:
    """The greedy order of a batch.

    The next payment is the one that takes its sender least below what the sender needs in any order: its largest net
    debit so far, or its net position after the batch. Of several, first the one whose receiver has most left to send,
    which it may then fund; then the first that arrived.
    """
    after, positions = before.copy(), before.copy()
    after.settle_together(day, rows)
    left, order = np.array(rows), []
    while len(left):
        senders, receivers, cents = day.senders[left], day.receivers[left], day.cents[left]
        unavoidable = np.maximum(positions.debit, after.debit)[senders]
        extra = np.maximum(cents - positions.net[senders] - unavoidable, 0)
        to_send = np.bincount(senders, cents, day.num_banks)
        at = int(np.lexsort((np.arange(len(left)), -to_send[receivers], extra))[0])
        order.append(int(left[at]))
        positions.settle(day, order[-1])
        left = np.delete(left, at)
    return order


def settle_reordered(day: Day, rows: I64, before: Positions) -> Positions:
    """Settle a batch in the greedy order, or as it arrived where that needs less liquidity."""
    found = []
    for order in (reordered(day, rows, before), rows.tolist()):
        positions = before.copy()
        for row in order:
            positions.settle(day, row)
        found.append(positions)
    return min(found, key=lambda positions: int(positions.debit.sum()))


def liquidity(day: Day, batch: int, how: str) -> int:
    """Cents of liquidity that all banks need together.

    Args:
        day: the payments.
        batch: payments of a batch.
        how: ``arrival``: in order of arrival; ``reordered``: by the greedy rule; ``together``: a batch settles at once.
    """
    positions, num_payments = Positions(day.num_banks), len(day.cents)
    for first in range(0, num_payments, batch):
        rows = np.arange(first, min(first + batch, num_payments))
        if how == "together":
            positions.settle_together(day, rows)
        elif how == "reordered":
            positions = settle_reordered(day, rows, positions)
        else:
            for row in rows:
                positions.settle(day, int(row))
    return int(positions.debit.sum())


def mean_wait_seconds(day: Day, batch: int) -> float:
    """Mean time from arrival to the moment when the batch is full, or the last payment of the day has come."""
    ends = np.minimum(np.arange(len(day.cents)) // batch * batch + batch - 1, len(day.cents) - 1)
    return float((day.seconds[ends] - day.seconds).mean())


def days_of(scenario: str, count: int) -> list[Day]:
    """Random days of a scenario, payments at random times within their ticks."""
    found = generate(load(scenario), days=count, seed=FIRST_TEST_SEED, times="uniform").table
    dates = found["day"].to_pandas()
    senders, receivers = (found[name].cast("string").to_pandas() for name in ("sender", "receiver"))
    banks = {bank: number for number, bank in enumerate(sorted({*senders, *receivers}))}
    columns = (
        senders.map(banks).to_numpy(np.int64),
        receivers.map(banks).to_numpy(np.int64),
        found["amount_cents"].to_numpy(),
        found["submitted"].cast("int64").to_numpy() / MICROSECONDS,
    )
    days = []
    for date in sorted(set(dates)):
        rows = np.flatnonzero(dates == date)
        rows = rows[np.argsort(columns[3][rows], kind="stable")]
        days.append(Day(*(column[rows] for column in columns)))
    return days


def run(days: int, report: Report) -> dict[str, Any]:
    """Liquidity by batch size and order; cents."""
    found: list[dict[str, Any]] = []
    played = days_of(SCENARIO, days)
    arrival = [liquidity(day, 1, "arrival") for day in played]
    for batch in BATCHES:
        report(f"batches of {batch}")
        found.append({
            "batch": batch,
            "reordered": [liquidity(day, batch, "reordered") for day in played],
            "together": [liquidity(day, batch, "together") for day in played],
            "wait_seconds": float(np.mean([mean_wait_seconds(day, batch) for day in played])),
        })  # fmt: skip
    value = float(np.mean([day.cents.sum() for day in played]))
    return {"days": days, "arrival": arrival, "value": value, "batches": found}


def millions(cents: Sequence[float]) -> str:
    """Mean of some days in millions, with half of its 95 % interval."""
    values = np.array(cents) / CENTS_M
    return f"{values.mean():,.0f} ± {1.96 * values.std(ddof=1) / len(values) ** 0.5:,.0f}"


def saved(results: Results, batch: dict[str, Any], how: str) -> list[float]:
    """Cents of liquidity that a batch saves, by day."""
    return [before - after for before, after in zip(results["arrival"], batch[how], strict=True)]


def markdown(results: Results) -> str:
    """Liquidity saved by batch size."""
    rows = []
    for batch in results["batches"]:
        ordered, together = (saved(results, batch, how) for how in ("reordered", "together"))
        paper = f"{PAPERS_SAVING_M:.0f}" if batch["batch"] == PAPERS_BATCH else ""
        share = f"{np.sum(ordered) / max(np.sum(together), 1):.0%}"
        seconds = f"{batch['wait_seconds']:.0f}"
        rows.append((str(batch["batch"]), seconds, millions(ordered), millions(together), share, paper))
    heads = ("payments of a batch", "mean wait, seconds", "saved by the greedy order, CAD m", *LAST_HEADS)
    notes = (
        f"In order of arrival banks need CAD {millions(results['arrival'])} m for CAD "
        f"{results['value'] / CENTS_M:,.0f} m of payments a day. Means over {results['days']} test days of "
        f"`{SCENARIO}`, with 95 % intervals."
    )
    return f"{table(heads, rows, left=0)}\n\n{notes}"


@literal_plot()
def draw(results: Results) -> Any:
    """Liquidity saved by size of the batch."""
    drawn, (panel,) = panels(1, width=6.0)
    sizes = [batch["batch"] for batch in results["batches"]]
    for how, style, label in (("reordered", "-o", "reordered"), ("together", "--s", "batch settles at once")):
        means = [np.mean(saved(results, batch, how)) / CENTS_M for batch in results["batches"]]
        panel.plot(sizes, means, style, markersize=4, label=literal_label(label))
    panel.plot([PAPERS_BATCH], [PAPERS_SAVING_M], "*", color="C3", markersize=12, label="McMahon et al.")
    panel.set(xlabel="payments of a batch", ylabel="liquidity saved per day, CAD m", ylim=(0, None))
    literal_legend(panel)
    return drawn


STUDY: Final = Study("reordering", "benchmarks.literature.reordering", markdown, draw)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the results, table and figure."""
    parser = STUDY.parser(__doc__)
    parser.add_argument("--days", type=int, default=DAYS, help="Number of test days.")
    given = parser.parse_args(arguments)
    STUDY.finish(given, lambda: run(given.days, literal_console(stderr=True).print))


if __name__ == "__main__":
    main()
