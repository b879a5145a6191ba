"""Learning on recorded days: ``python -m training.recorded_days [--steps 6000000] [--seeds 2] [--row TEXT]``.

The sample data set stands for recorded payments. Its first six days are for training, the next two for validation, the
last two for testing. Policies are trained by PPO and by a search over the constants of a rank action, each with the
same settings on two sources: the training days, each part of a day drawn from a random one (block bootstrap), and a
generator that was calibrated to the training days. They are compared with scripted policies that were tuned on the
training days, with a rollout policy whose futures are drawn from the training days, and with a lower bound of each test
day. Settings are chosen on the validation days.

Every row is written when it is finished. A row that the file has with the same settings is kept.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simcash_env.config import FifoPolicy, ScenarioConfig, load_scenario
from simcash_env.data import Payments, derived_liquidity, sample, write_payments
from simcash_env.data.calibration import calibrate
from simcash_env.evaluation.clairvoyant import relaxed_bound
from simcash_env.evaluation.evaluate import evaluate_policy
from simcash_env.evaluation.grid_search import Tuned, tune
from simcash_env.evaluation.lower_bounds import gap
from simcash_env.evaluation.plots import figure, save
from simcash_env.evaluation.policy_families import Family
from simcash_env.evaluation.rollout_policy import (
    RolloutBase,
    RolloutSettings,
    evaluate_rollout,
)
from simcash_env.evaluation.seeds import held_out_seeds, training_seeds, validation_seeds
from simcash_env.evaluation.statistics import bootstrap_interval, paired_difference
from simcash_env.files import write_atomically
from simcash_env.learning.evaluate import evaluate_learned
from simcash_env.learning.ippo import train
from simcash_env.learning.rank_search import train as search
from simcash_env.learning.settings import SearchSettings, TrainingSettings
from simcash_env.literal import literal_console, literal_label, literal_legend, literal_plot
from simcash_env.machine import made_by
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

SEARCH: Final[Mapping[str, int]] = {"generations": 40, "population": 20, "days": 8}
SEARCHED: Final[Mapping[str, tuple[str, ...]]] = {
    "constants": (), "constants, shares by time of day": ("balance_share", "credit_share"),
}  # fmt: skip
"""What a search may move with the time of day; chosen on validation days."""

ROLLOUTS: Final = tuple(
    RolloutSettings(samples=4, candidates=("scripts", "orders"), max_queue_slots=2048, **search)
    for search in ({"banks": "jointly"}, {"banks": "in_turn", "horizon_ticks": 12})
)
"""Candidates are what the other tuned scripts would do, and six orders; chosen on the first validation day."""

BOUND_SECONDS: Final = 900.0
SCRIPT, BOUND = "tuned script", "lower bound"

Report = Callable[[str], None]


@dataclass(frozen=True)
class Sources:
    """The scenarios of the study: recorded days by part, and the calibrated generator."""

    train: ScenarioConfig
    validation: ScenarioConfig
    test: ScenarioConfig
    generator: ScenarioConfig
    validation_days: Mapping[str, ScenarioConfig]
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
    num_test = len(dates) // 5
    return Sources(
        train=recorded("train", blocks),
        validation=recorded("validation", blocks),
        test=test,
        generator=load_scenario(calibrate(payments, base=base).scenario),
        validation_days={day: recorded([day]) for day in dates[-2 * num_test : -num_test]},
        test_days={day: recorded([day]) for day in dates[-num_test:]},
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


Cost = Callable[[ScenarioConfig, Sequence[int]], npt.NDArray[Any]]
"""(days,) cost in cents of a policy in a scenario, all banks."""


@dataclass
class Study:
    """The study's sources, budgets and tuned scripts.

    Attributes:
        sources: scenarios.
        steps: bank decisions of each PPO training.
        num_seeds: PPO trainings and searches of each kind.
        bound_seconds: time limit of the lower bound of a day.
        report: called with what is being done.
        tuned: scripted policies tuned on the training days, the cheapest on the validation days first.
    """

    sources: Sources
    steps: int
    num_seeds: int
    bound_seconds: float
    report: Report
    tuned: dict[Family, Tuned] = field(default_factory=dict)

    def tune_scripts(self) -> None:
        """Tune all families on the training days and rank them on the validation days."""
        found, days = {}, validation_seeds(VALIDATION_DAYS)
        for family in SCRIPTS:
            self.report(f"tuning {family}")
            found[family] = tune(self.sources.train, family, training_seeds(TUNING_DAYS))
        costs = {
            name: float(evaluate_policy(self.sources.validation, one.policy, days).totals().mean())
            for name, one in found.items()
        }
        self.tuned = {name: found[name] for name in sorted(found, key=lambda name: costs[name])}

    @property
    def script(self) -> tuple[Family, Tuned]:
        """Name and parameters of the best tuned script."""
        return next(iter(self.tuned.items()))

    def script_costs(self, config: ScenarioConfig, days: Sequence[int]) -> I64:
        """(days,) cost in cents of the best tuned script."""
        return evaluate_policy(config, self.script[1].policy, days).totals()

    def played(self, cost: Cost) -> dict[str, Any]:
        """Costs of a policy on resampled test days, the difference to the tuned script, and every recorded test day."""
        days = held_out_seeds(TEST_DAYS)
        totals, script = cost(self.sources.test, days), self.script_costs(self.sources.test, days)
        return {
            "total": asdict(bootstrap_interval(totals)),
            "to_script": asdict(paired_difference(totals, script)),
            "by_day": {day: float(cost(config, days[:1])[0]) for day, config in self.sources.test_days.items()},
        }


def fifo_row(study: Study) -> dict[str, Any]:
    """Every payment is released at once."""
    return study.played(lambda config, days: evaluate_policy(config, FifoPolicy(), days).totals())


def script_row(study: Study) -> dict[str, Any]:
    """The best tuned script."""
    name, tuned = study.script
    return {"found": f"{name}, {tuned.describe() or 'no parameters'}", **study.played(study.script_costs)}


def source(study: Study, name: str) -> ScenarioConfig:
    """The scenario to train on."""
    return study.sources.generator if name == "generator" else study.sources.train


def ppo_row(study: Study, name: str) -> dict[str, Any]:
    """Independent PPO, mean over seeds."""
    imitated = int(IMITATED_SHARE * study.steps)
    settings = TrainingSettings(scenario="recorded-days", total_steps=study.steps, imitate_steps=imitated, **SETTINGS)
    policies = []
    for seed in range(study.num_seeds):
        study.report(f"PPO on {name}, seed {seed}")
        policies.append(train(settings, seed, config=source(study, name)).policy)
    return study.played(mean_of(policies))


def rank_row(study: Study, name: str) -> dict[str, Any]:
    """The rank search, mean over seeds; the variant is the cheapest one on the validation days."""
    days, found = validation_seeds(VALIDATION_DAYS), {}
    for variant, by_day in SEARCHED.items():
        settings = TrainingSettings(
            scenario="recorded-days", action="rank", search=SearchSettings.model_validate({**SEARCH, "by_day": by_day})
        )
        policies = []
        for seed in range(study.num_seeds):
            study.report(f"rank search on {name}: {variant}, seed {seed}")
            policies.append(search(settings, seed, config=source(study, name)).policy)
        found[variant] = mean_of(policies)
    validation = {variant: float(cost(study.sources.validation, days).mean()) for variant, cost in found.items()}
    best = min(validation, key=lambda variant: validation[variant])
    return {"found": best, "validation": validation, **study.played(found[best])}


def rollout_row(study: Study) -> dict[str, Any]:
    """The rollout policy on the best tuned script; the settings are the cheapest ones on a validation day."""
    name, tuned = study.script
    others = tuple(one.policy for one in study.tuned.values() if one.policy != tuned.policy)
    base, seeds = RolloutBase(name, tuned.policy, None, others), held_out_seeds(1)
    day, config = next(iter(study.sources.validation_days.items()))
    validation = {}
    for settings in ROLLOUTS:
        study.report(f"rollout of validation day {day}: {settings.describe()}")
        played = evaluate_rollout(config, base, validation_seeds(1), settings)
        validation[settings.describe()] = float(played.totals()[0])
    best = min(ROLLOUTS, key=lambda settings: validation[settings.describe()])
    study.report(f"rollout of the test days: {best.describe()}")
    days = {day: evaluate_rollout(config, base, seeds, best) for day, config in study.sources.test_days.items()}
    return {
        "found": best.describe(), "validation": validation, "total": None, "to_script": None,
        "milliseconds_per_decision": float(np.mean([played.milliseconds_per_decision for played in days.values()])),
        "by_day": {day: float(played.totals()[0]) for day, played in days.items()},
    }  # fmt: skip


def bound_row(study: Study) -> dict[str, Any]:
    """The relaxed clairvoyant bound of every recorded test day; None where the time limit was reached first."""
    by_day = {}
    for day, config in study.sources.test_days.items():
        study.report(f"lower bound of {day}")
        by_day[day] = relaxed_bound(config, held_out_seeds(1)[0], seconds=study.bound_seconds)
    return {"total": None, "to_script": None, "by_day": by_day}


def budgets(steps: int, num_seeds: int, bound_seconds: float) -> dict[str, str]:
    """The budget of every row in words, by row; a stored row is kept if its budget is the same."""
    ppo = f"{num_seeds} seeds, {steps:,} steps each"
    rank = f"{num_seeds} seeds, {SEARCH['generations']} generations of {SEARCH['population']} on {SEARCH['days']} days"
    return {
        "FIFO": "", SCRIPT: f"{len(SCRIPTS)} families, {TUNING_DAYS} days",
        "PPO on recorded days": ppo, "PPO on generator": ppo,
        "rank search on recorded days": rank, "rank search on generator": rank,
        "rollout of the tuned script": "recorded days only",
        BOUND: f"{bound_seconds:g} s a day",
    }  # fmt: skip


ROWS: Final[Mapping[str, Callable[[Study], dict[str, Any]]]] = {
    "FIFO": fifo_row,
    SCRIPT: script_row,
    "PPO on recorded days": lambda study: ppo_row(study, "recorded days"),
    "PPO on generator": lambda study: ppo_row(study, "generator"),
    "rank search on recorded days": lambda study: rank_row(study, "recorded days"),
    "rank search on generator": lambda study: rank_row(study, "generator"),
    "rollout of the tuned script": rollout_row,
    BOUND: bound_row,
}


def mean_of(policies: Sequence[Any]) -> Cost:
    """Cost of each day as the mean over policies that differ by their seed only."""
    return lambda config, days: np.mean(
        [evaluate_learned(policy, config, days)[0].totals() for policy in policies], axis=0
    )


def run(study: Study, path: Path, chosen: Sequence[str], again: Sequence[str]) -> dict[str, Any]:
    """Make the chosen rows that the file does not have with the same budget; costs in cents.

    Args:
        study: sources and budgets.
        path: file of results, written after every row.
        chosen: names of rows.
        again: names of rows that are made even if the file has them.
    """
    stored = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.is_file() else []
    rows = {row["policy"]: row for row in stored}
    allowed = budgets(study.steps, study.num_seeds, study.bound_seconds)
    results: dict[str, Any] = {"command": COMMAND, "test_days": TEST_DAYS, "rows": stored}
    for name in chosen:
        if name not in again and name in rows and rows[name]["budget"] == allowed[name]:
            continue
        if name != BOUND and not study.tuned:
            study.tune_scripts()
        made = made_by()
        rows[name] = {"policy": name, "budget": allowed[name], **made, **ROWS[name](study)}
        results["rows"] = [rows[one] for one in ROWS if one in rows]
        write_atomically(path, (json.dumps(results, indent=1) + "\n").encode())
    return results


def markdown(results: Mapping[str, Any]) -> str:
    """The table with its notes."""
    days = list(results["rows"][0]["by_day"])
    bounds: Mapping[str, float | None] = next(
        (row["by_day"] for row in results["rows"] if row["policy"] == BOUND), dict.fromkeys(days)
    )
    heads = ["policy", "budget", "resampled test days", "difference to the tuned script"]
    heads += [head for day in days for head in (day, "gap to bound")]
    lines = ["| " + " | ".join(heads) + " |", "|---|---|" + "---:|" * (len(heads) - 2)]
    for row in results["rows"]:
        cells = [row["policy"], budget_words(row), interval(row["total"], ",.0f"), interval(row["to_script"], "+,.0f")]
        if row["policy"] == SCRIPT:
            cells[3] = ""
        for day in days:
            cents, bound = row["by_day"][day], bounds[day]
            over = None if bound is None or row["policy"] == BOUND else gap(cents, bound)
            cells += ["not solved" if cents is None else f"{cents / 100:,.0f}", "" if over is None else f"{over:.0%}"]
        lines.append("| " + " | ".join(cells) + " |")
    makers = dict[str, list[str]]()
    for row in results["rows"]:
        makers.setdefault(f"version {row['version']}, commit {row['commit']}, {row['machine']}", []).append(
            row["policy"]
        )
    made = "; ".join(f"{maker}: {', '.join(names)}" for maker, names in makers.items())
    notes = f"""
Cost of a day in EUR, all banks, on days that neither training nor tuning used. Resampled test days:
{results["test_days"]} days drawn hour by hour from the {len(days)} recorded test days, with 95 % intervals; differences
are paired by day. The intervals hold for this resampling only: {len(days)} recorded days are too few for an interval
over days. The last columns have every recorded test day and its gap to the lower bound of the day: banks that know all
arrivals and act as one, with payments settled in fractions. PPO and rank search: mean over seeds, the same settings
for both sources. Made by `{results["command"]}`; {made}."""
    return "\n".join([*lines, notes])


def interval(row: Mapping[str, float] | None, form: str) -> str:
    """Mean and ends in EUR, from cents."""
    if row is None:
        return ""
    mean, low, high = (format(row[key] / 100, form) for key in ("mean", "low", "high"))
    return f"{mean} ({low} to {high})"


def budget_words(row: Mapping[str, Any]) -> str:
    """Budget of a row, what was found with it, and the time of a decision."""
    milliseconds = row.get("milliseconds_per_decision")
    time = "" if milliseconds is None else f"{milliseconds:.2g} ms a decision"
    return "; ".join(part for part in (row["budget"], row.get("found"), time) if part)


@literal_plot()
def draw(results: Mapping[str, Any], path: Path) -> Path:
    """Cost of each policy on the resampled test days, with intervals, and on the recorded ones; the bound of these."""
    rows = results["rows"]
    drawn, axes = figure(height=1.6 + 0.45 * len(rows))
    for place, row in enumerate(rows):
        cents = [one for one in row["by_day"].values() if one is not None]
        axes.plot(
            np.array(cents) / 100, [place] * len(cents), "x", color="C1", label=literal_label("recorded test days")
        )
        if row["total"] is not None:
            mean, low, high = (row["total"][key] / 100 for key in ("mean", "low", "high"))
            ends = [[mean - low], [high - mean]]
            label = "resampled test days, with 95 % interval"
            axes.errorbar(
                mean,
                place,
                xerr=ends,
                fmt="o",
                capsize=4,
                color="C0",
                label=literal_label(label),
            )
    axes.set_yticks(np.arange(len(rows)), [row["policy"] for row in rows])
    handles, labels = axes.get_legend_handles_labels()
    named = dict(zip(labels, handles, strict=True))
    literal_legend(
        axes,
        handles=named.values(),
        labels=named.keys(),
        loc="upper center",
        bbox_to_anchor=(0.5, -0.2),
        ncols=2,
        frameon=False,
    )
    axes.set_xlim(left=0.0)
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("cost of a test day in EUR, all banks")
    return save(drawn, path)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the study and write its table, figure and data."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=STEPS, help="Bank decisions of each training.")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="Number of trainings of each kind.")
    parser.add_argument("--row", action="append", choices=list(ROWS), help="Row to make; repeatable (default: all).")
    parser.add_argument("--again", action="store_true", help="Make rows again that the results have already.")
    parser.add_argument(
        "--bound-seconds", type=float, default=BOUND_SECONDS, help="Time limit of the lower bound of a day."
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="Folder of the results.")
    parser.add_argument("--figure", type=Path, default=FIGURE, help="Figure to write.")
    given: Any = parser.parse_args(arguments)
    chosen = given.row or list(ROWS)
    given.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        sources, report = make_sources(sample(), Path(folder)), literal_console(stderr=True).print
        study = Study(sources, given.steps, given.seeds, given.bound_seconds, report)
        results = run(study, given.folder / "recorded-days.json", chosen, chosen if given.again else ())
    write_atomically(given.folder / "recorded-days.md", (markdown(results) + "\n").encode())
    draw(results, given.figure)


if __name__ == "__main__":
    main()
