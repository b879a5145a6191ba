"""Learning on recorded days: ``python -m training.recorded_days [--steps 6000000] [--seeds 2]``.

The sample data set stands for recorded payments. Its first six days are for training, the next two for validation, the
last two for testing. Two policies are trained with the same settings: one on the training days, each part of a day
drawn from a random one (block bootstrap), the other on a generator that was calibrated to the training days. Both are
compared with scripted policies that were tuned on the training days; the script was chosen on the validation days.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simcash_env import __version__
from simcash_env.config import FifoPolicy, ScenarioConfig, load_scenario
from simcash_env.data import Payments, derived_liquidity, sample, write_payments
from simcash_env.data.calibration import calibrate
from simcash_env.evaluation.evaluate import evaluate_policy
from simcash_env.evaluation.grid_search import Tuned, tune
from simcash_env.evaluation.plots import figure, save
from simcash_env.evaluation.policy_families import Family
from simcash_env.evaluation.seeds import held_out_seeds, training_seeds, validation_seeds
from simcash_env.evaluation.statistics import bootstrap_interval, paired_difference
from simcash_env.files import write_atomically
from simcash_env.learning.evaluate import evaluate_learned
from simcash_env.learning.ippo import train
from simcash_env.learning.settings import TrainingSettings
from simcash_env.literal import literal_console, literal_plot
from simcash_env.machine import commit, machine
from training.publish import FOLDER

I64 = npt.NDArray[np.int64]

COMMAND: Final = "python -m training.recorded_days"
FIGURE: Final = FOLDER.parent / "assets" / "recorded-days.png"
STEPS, SEEDS = 6_000_000, 2
TUNING_DAYS, VALIDATION_DAYS, TEST_DAYS = 20, 20, 100
"""Days drawn from those of each part by block bootstrap."""

BLOCK_TICKS: Final = 12
"""An hour: parts of a drawn day come from different recorded days."""

SCRIPTS: Final[tuple[Family, ...]] = (
    "deadline", "liquidity_aware", "liquidity_reserve", "balance_first", "priority_first", "offset_seeker",
)  # fmt: skip
LIQUIDITY: Final = "share-of-outflow:0.05"
"""Opening balance; credit up to the upper bound of the bank's liquidity need, at a price."""

COSTS: Final = {
    "overdraft_bps_per_tick": 0.05, "delay_cost_per_tick_per_cent": 0.000002, "deadline_penalty": {"bps": 1},
    "eod_penalty": {"bps": 5},
}  # fmt: skip
"""Credit of a day costs 6.6 basis points, delay of a day 2.6."""

SETTINGS: Final[Mapping[str, Any]] = {
    "action": "threshold", "bank_id": True, "max_queue_slots": 4, "imitate_rate": 2e-3, "gamma": 0.9,
    "expert": {"policy": {"type": "balance_thresholds", "urgent_ticks": 1}}, "num_envs": 32, "steps_per_rollout": 33,
    "num_epochs": 2, "num_minibatches": 8, "learning_rate": 1e-3, "entropy": 0.0, "max_grad_norm": 5.0,
    "activation": "relu", "hidden": (32, 32),
}  # fmt: skip
"""Thresholds do not grow with the queue; a script is imitated first. Chosen on validation days among seven settings."""

IMITATED_SHARE: Final = 0.25
"""Of the steps."""

Report = Callable[[str], None]


@dataclass(frozen=True)
class Sources:
    """The scenarios of the study: recorded days by part, and the calibrated generator."""

    train: ScenarioConfig
    validation: ScenarioConfig
    test: ScenarioConfig
    generator: ScenarioConfig
    test_days: Mapping[str, ScenarioConfig]


def make_sources(payments: Payments, folder: Path) -> Sources:
    """Write the payments into a folder and make the scenarios that play them.

    Args:
        payments: the recorded days.
        folder: for the payments table, which the scenarios read.
    """
    path = folder / "payments.parquet"
    write_payments(payments, path)
    base = base_scenario(payments)

    def recorded(days: Any, resample: Mapping[str, Any] | None = None) -> ScenarioConfig:
        keys = {"file": str(path), "days": days, **(resample or {})}
        return load_scenario({**base, "arrivals": {"recorded": keys}})

    blocks = {"resample": "blocks", "block_ticks": BLOCK_TICKS}
    test = recorded("test", blocks)
    dates = sorted({str(day) for day in payments.table["day"].to_pylist()})
    return Sources(
        train=recorded("train", blocks),
        validation=recorded("validation", blocks),
        test=test,
        generator=load_scenario(calibrate(payments, base=base).scenario),
        test_days={day: recorded([day]) for day in dates[-(len(dates) // 5) :]},
    )


def base_scenario(payments: Payments) -> dict[str, Any]:
    """Hours, banks and prices, without arrivals."""
    calendar = payments.calendar
    opening, credit = (derived_liquidity(payments, rule) for rule in (LIQUIDITY, "upper-bound:1.0"))
    return {
        "format": 1, "name": "recorded-days", "currency": payments.currency,
        "simulation": {"ticks_per_day": calendar.ticks_per_day, "num_days": 1, "open": "07:00", "close": "18:00"},
        "banks": [
            {"id": bank, "opening_balance": opening[bank], "credit_limit": credit[bank], "policy": {"type": "external"}}
            for bank in sorted(opening)
        ],
        "costs": COSTS,
        "lsm": {"algorithms": ["bilateral", "cycles"]},
    }  # fmt: skip


def best_script(sources: Sources, report: Report, families: Sequence[Family]) -> tuple[str, Tuned]:
    """The scripted policy that is cheapest on the validation days, tuned on the training days."""
    found = {}
    for family in families:
        report(f"tuning {family}")
        found[family] = tune(sources.train, family, training_seeds(TUNING_DAYS))
    days = validation_seeds(VALIDATION_DAYS)
    costs = {name: evaluate_policy(sources.validation, one.policy, days).totals().mean() for name, one in found.items()}
    best = min(costs, key=lambda name: float(costs[name]))
    return best, found[best]


def run(steps: int, num_seeds: int, report: Report) -> dict[str, Any]:
    """Tune, train and compare; costs in cents."""
    with tempfile.TemporaryDirectory() as folder:
        sources = make_sources(sample(), Path(folder))
        name, tuned = best_script(sources, report, SCRIPTS)
        imitated = int(IMITATED_SHARE * steps)
        settings = TrainingSettings(scenario="recorded-days", total_steps=steps, imitate_steps=imitated, **SETTINGS)
        played: dict[str, Callable[[ScenarioConfig, Sequence[int]], I64]] = {
            "FIFO": lambda config, days: evaluate_policy(config, FifoPolicy(), days).totals(),
            f"tuned: {name}": lambda config, days: evaluate_policy(config, tuned.policy, days).totals(),
        }
        for source, config in (("recorded days", sources.train), ("generator", sources.generator)):
            policies = []
            for seed in range(num_seeds):
                report(f"training on {source}, seed {seed}")
                policies.append(train(settings, seed, config=config).policy)
            played[f"learned on {source}"] = mean_of(policies)
        report("evaluating")
        return {
            "version": __version__, "command": COMMAND, "commit": commit(), "machine": machine(),
            "steps": steps, "seeds": num_seeds, "script": {"policy": name, "parameters": tuned.describe()},
            "test_days": TEST_DAYS, "rows": compared(sources, played),
        }  # fmt: skip


def mean_of(policies: Sequence[Any]) -> Callable[[ScenarioConfig, Sequence[int]], I64]:
    """Cost of each day as the mean over policies that differ by their seed only."""
    return lambda config, days: np.mean(
        [evaluate_learned(policy, config, days)[0].totals() for policy in policies], axis=0
    )


def compared(sources: Sources, played: Mapping[str, Callable[[ScenarioConfig, Sequence[int]], I64]]) -> list[Any]:
    """One row for each policy: resampled test days with intervals, and every recorded test day."""
    days = held_out_seeds(TEST_DAYS)
    totals = {name: play(sources.test, days) for name, play in played.items()}
    script = next(name for name in played if name.startswith("tuned"))
    return [
        {
            "policy": name,
            "total": asdict(bootstrap_interval(totals[name])),
            "to_script": asdict(paired_difference(totals[name], totals[script])),
            "by_day": {day: float(play(config, days[:1])[0]) for day, config in sources.test_days.items()},
        }
        for name, play in played.items()
    ]


def markdown(results: Mapping[str, Any]) -> str:
    """The table with its notes."""
    days = list(results["rows"][0]["by_day"])
    heads = ["policy", "resampled test days", "difference to the tuned script", *days]
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "---:|" * (len(heads) - 1)]
    for row in results["rows"]:
        total, change = row["total"], row["to_script"]
        cells = [
            row["policy"],
            f"{total['mean'] / 100:,.0f} ({total['low'] / 100:,.0f} to {total['high'] / 100:,.0f})",
            ""
            if row["policy"].startswith("tuned")
            else f"{change['mean'] / 100:+,.0f} ({change['low'] / 100:+,.0f} to {change['high'] / 100:+,.0f})",
            *(f"{row['by_day'][day] / 100:,.0f}" for day in days),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    script, steps = results["script"], f"{results['steps']:,}"
    notes = f"""
Cost of a day in EUR, all banks, on days that neither training nor tuning used: {results["test_days"]} days, resampled
by the hour from the recorded test days, with 95 % intervals (differences are paired by day), and each recorded test
day. Intervals do not cover days other than the recorded ones. Learned policies: independent PPO, mean over seeds 0 to
{results["seeds"] - 1} of {steps} steps each. Script: {script["policy"]}, {script["parameters"] or "no parameters"}.
Version {results["version"]}, commit {results["commit"]}, `{results["command"]}`; {results["machine"]}."""
    return "\n".join([*lines, notes])


@literal_plot()
def draw(results: Mapping[str, Any], path: Path) -> Path:
    """Cost of each policy on the resampled test days, with intervals."""
    rows = results["rows"]
    drawn, axes = figure(height=1.2 + 0.5 * len(rows))
    means = np.array([row["total"]["mean"] for row in rows]) / 100
    ends = np.array([[row["total"]["low"], row["total"]["high"]] for row in rows]).T / 100
    axes.errorbar(means, np.arange(len(rows)), xerr=np.abs(ends - means), fmt="o", capsize=4, color="C0")
    axes.set_yticks(np.arange(len(rows)), [row["policy"] for row in rows])
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("cost of a test day in EUR, all banks, with 95 % interval")
    return save(drawn, path)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the study and write its table, figure and data."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=STEPS, help="Bank decisions of each training.")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="Number of trainings of each kind.")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="Folder of the results.")
    parser.add_argument("--figure", type=Path, default=FIGURE, help="Figure to write.")
    given: Any = parser.parse_args(arguments)
    results = run(given.steps, given.seeds, literal_console(stderr=True).print)
    given.folder.mkdir(parents=True, exist_ok=True)
    write_atomically(given.folder / "recorded-days.json", (json.dumps(results, indent=1) + "\n").encode())
    write_atomically(given.folder / "recorded-days.md", (markdown(results) + "\n").encode())
    draw(results, given.figure)


if __name__ == "__main__":
    main()
