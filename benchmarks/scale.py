"""How cost grows with the system: ``python -m benchmarks.scale [--waiting N ...] [--ticks N] [--tree FILE] [--json]``.

Two tables:

* one tick of 50 banks, or two, with 1,000 to 100,000 payments in the central queue (Queue 2), for every algorithm that
  saves liquidity and for entry disposition: a rule that scans the queue again for each payment or pair shows as a ratio
  far above that of the sizes;
* a day of 10, 50 and 200 banks, two payments a bank and tick, bilateral and cycle offsetting on, event log off, every
  bank on FIFO, and with ``--tree`` the same with that decision tree in every bank, next to FIFO in turn.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from simcash_env.config import ScenarioConfig
from simcash_env.simulation import Simulation

SIZES: Final = (10, 50, 200)
WAITING: Final = (1_000, 10_000, 50_000, 100_000)
NUM_BANKS: Final = 50
REPETITIONS: Final = 3
SMALLEST_CENTS: Final = 10_000
ALL_THREE: Final = ("bilateral", "cycles", "prefix")

Payment = tuple[str, str, int]


@dataclass(frozen=True)
class Case:
    """What one tick does with a full central queue.

    Attributes:
        lsm: section ``lsm`` of the scenario.
        offsets_at_entry: as much again arrives in the measured tick and is tried against what waits.
        settles: each pair of banks can offset all that waits between them; else nothing can settle.
        are_large: what arrives in the measured tick is as large as half of what waits.
        num_banks: banks between which the payments are spread.
    """

    name: str
    lsm: dict[str, Any] = field(default_factory=dict)
    offsets_at_entry: bool = False
    settles: bool = False
    are_large: bool = False
    num_banks: int = NUM_BANKS


CASES: Final = (
    Case("no algorithm, nothing settles", {"algorithms": []}),
    Case("bilateral, nothing settles", {"algorithms": ["bilateral"]}),
    Case("bilateral subset, nothing settles", {"algorithms": ["bilateral"], "bilateral": "subset"}),
    Case("cycles, nothing settles", {"algorithms": ["cycles"]}),
    Case("prefix, nothing settles", {"algorithms": ["prefix"]}),
    Case("all three, nothing settles", {"algorithms": ALL_THREE, "bilateral": "subset"}),
    Case("entry disposition, as many submitted, nothing settles", {"algorithms": []}, offsets_at_entry=True),
    Case("entry disposition, as many submitted, all settle", {"algorithms": []}, offsets_at_entry=True, settles=True),
    Case("bilateral, every pair settles", {"algorithms": ["bilateral"]}, settles=True),
    Case("all three, every pair settles", {"algorithms": ALL_THREE, "bilateral": "subset"}, settles=True),
    Case("two banks, all three, nothing settles", {"algorithms": ALL_THREE, "bilateral": "subset"}, num_banks=2),
    Case(
        "two banks, entry disposition, large against small, nothing settles",
        {"algorithms": []},
        offsets_at_entry=True,
        are_large=True,
        num_banks=2,
    ),
)


def scenario(num_banks: int, num_ticks: int, policy: dict[str, Any]) -> ScenarioConfig:
    """Equal banks that can fund about half of what they owe at a time."""
    arrivals = {
        "rate_per_tick": 2.0,
        "amount": {"type": "uniform", "min": 1_000, "max": 100_000},
        "deadline_range": [10, 30],
    }
    return ScenarioConfig.model_validate(
        {
            "format": 1,
            "name": "scale",
            "simulation": {"ticks_per_day": num_ticks, "num_days": 1, "seed": 1},
            "banks": [
                {"id": f"BANK_{n:03}", "opening_balance": 1_000_000, "arrivals": arrivals, "policy": policy}
                for n in range(num_banks)
            ],
            "lsm": {"algorithms": ["bilateral", "cycles"], "max_cycle_length": 3},
        }
    )


def run(config: ScenarioConfig) -> tuple[float, int]:
    """Seconds of a whole run, and its payments."""
    simulation = Simulation(config, events=False)
    began = time.perf_counter()
    summary = simulation.run_to_completion()
    return time.perf_counter() - began, summary.arrived


def measure(num_ticks: int, tree: Path | None) -> list[dict[str, Any]]:
    """A row a size and policy: microseconds a tick and a payment, the best of several runs in turn."""
    policies: dict[str, dict[str, Any]] = {"fifo": {"type": "fifo"}}
    if tree is not None:
        policies[tree.stem] = {"type": "tree", "file": str(tree)}
    run(scenario(2, 2, policies["fifo"]))
    rows = []
    for num_banks in SIZES:
        configs = {name: scenario(num_banks, num_ticks, policy) for name, policy in policies.items()}
        found = [{name: run(config) for name, config in configs.items()} for _ in range(REPETITIONS)]
        for name in policies:
            seconds, payments = min(done[name] for done in found)
            us = seconds * 1e6
            row = {"banks": num_banks, "policy": name, "payments": payments, "us_a_tick": us / num_ticks}
            rows.append({**row, "us_a_payment": us / payments})
    return rows


def central_queue(case: Case) -> ScenarioConfig:
    """Banks without money; where all is to settle, each gets one cent of credit for every other bank in tick 1."""
    names = [f"BANK_{number:02}" for number in range(case.num_banks)]
    credit = [
        {"type": "credit_limit_change", "tick": 1, "bank": name, "delta": case.num_banks - 1}
        for name in names
        if case.settles and not case.offsets_at_entry
    ]
    return ScenarioConfig.model_validate(
        {
            "format": 1,
            "name": "central queue",
            "rules": {"set": "standard", "end_of_day_settlement": False},
            "simulation": {"ticks_per_day": 10, "num_days": 1, "seed": 1},
            "banks": [{"id": name} for name in names],
            "events": credit,
            "lsm": case.lsm,
            "switches": {"entry_disposition_offsetting": case.offsets_at_entry},
        }
    )


def payments(banks: Sequence[str], number: int, *, settles: bool, seed: int = 1) -> Iterator[Payment]:
    """Yield ``number`` payments that go through all pairs of banks in turn.

    If all are to settle, the debts of two banks to each other differ by one cent, which neither has in the first tick.
    Otherwise amounts are random, so that no two sums of them are equal.
    """
    draw = random.Random(seed)
    pairs = [pair for one, other in combinations(banks, 2) for pair in ((one, other), (other, one))]
    for at in range(number):
        sender, receiver = pairs[at % len(pairs)]
        if not settles:
            yield sender, receiver, draw.randint(SMALLEST_CENTS, 10**9)
        elif at < len(pairs):
            yield sender, receiver, SMALLEST_CENTS + int(sender < receiver)
        else:
            yield sender, receiver, SMALLEST_CENTS


def answers(case: Case, banks: Sequence[str], number: int) -> Iterator[Payment]:
    """What is submitted against ``payments``: the same sums back, or other drawn ones."""
    times = max(number // 2, 1) if case.are_large else 1
    for sender, receiver, cents in payments(banks, number, settles=case.settles, seed=1 if case.settles else 2):
        yield receiver, sender, cents * times


def submit_all(simulation: Simulation, handed_in: Iterator[Payment]) -> None:
    """Let all of them arrive in the current tick."""
    for sender, receiver, cents in handed_in:
        simulation.submit_transaction(sender, receiver, cents, deadline=simulation.num_ticks)


def filled(case: Case, number: int) -> Simulation:
    """Return a simulation before the measured tick, with ``number`` payments in the central queue."""
    simulation = Simulation(central_queue(case), events=False)
    submit_all(simulation, payments(simulation.bank_ids, number, settles=case.settles))
    simulation.tick()
    if case.offsets_at_entry:
        submit_all(simulation, answers(case, simulation.bank_ids, number))
    return simulation


def one_tick(case: Case, number: int) -> dict[str, Any]:
    """Milliseconds of processor time of a tick, the best of several, and what settled in it."""
    simulation, seconds, settled = filled(case, number), [], 0
    waiting = simulation.summary().queued
    for _ in range(REPETITIONS):
        copy = simulation.fork()
        began = time.process_time()  # of the processor: other processes add little
        settled = copy.tick().num_settlements
        seconds.append(time.process_time() - began)
    return {"case": case.name, "waiting": number, "queued": waiting, "settled": settled, "ms": min(seconds) * 1e3}


def measure_waiting(sizes: Sequence[int]) -> list[dict[str, Any]]:
    """A row a case and size."""
    rows = []
    for case in CASES:
        one_tick(case, 2)
        rows += [one_tick(case, size) for size in sizes]
    return rows


def waiting_table(rows: Sequence[dict[str, Any]], sizes: Sequence[int]) -> str:
    """Milliseconds by case and size, and how much the last size costs over the first."""
    head = " | ".join(f"{size:,}" for size in sizes)
    growth = f"cost at {sizes[-1]:,} / cost at {sizes[0]:,}"
    lines = [f"| one tick, ms; payments waiting: | {head} | {growth} |", "|---|" + "---:|" * (len(sizes) + 1)]
    for case in CASES:
        ms = [row["ms"] for row in rows if row["case"] == case.name]
        cells = " | ".join(f"{value:,.2f}" for value in ms)
        lines.append(f"| {case.name} | {cells} | {ms[-1] / ms[0]:,.0f} |")
    return "\n".join(lines)


def bank_table(rows: Sequence[dict[str, Any]]) -> str:
    """Microseconds by number of banks and policy."""
    lines = [
        "| banks | policy | payments | microseconds a tick | microseconds a payment |",
        "|---:|---|---:|---:|---:|",
    ]
    for row in rows:
        figures = f"{row['us_a_tick']:,.1f} | {row['us_a_payment']:.3f}"
        lines.append(f"| {row['banks']} | {row['policy']} | {row['payments']:,} | {figures} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--waiting", type=int, nargs="+", default=WAITING, help="payments in the central queue")
    parser.add_argument("--ticks", type=int, default=1_000, help="ticks of the day (default: 1000)")
    parser.add_argument("--tree", type=Path, default=None, help="a tree file to run next to FIFO")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    waiting, banks = measure_waiting(options.waiting), measure(options.ticks, options.tree)
    if options.json:
        print(json.dumps({"waiting": waiting, "banks": banks}))
        return
    print(waiting_table(waiting, options.waiting))
    print(f"\n{NUM_BANKS} banks where no number is given; processor time, best of {REPETITIONS}.")
    print('"As many submitted": the tick also tries as many new payments as wait.\n')
    print(bank_table(banks))
    print("\nBilateral and cycle offsetting on, event log off; `python -m benchmarks.scale`.")


if __name__ == "__main__":
    main()
