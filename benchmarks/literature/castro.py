"""All games of Castro et al. (2025): ``python -m benchmarks.literature.castro [--seeds 3] [--days 200]``.

Liquidity games of 2 and 12 periods, a sweep of the price of delay, reversed prices, the choice of payments with free
liquidity, both choices together with divisible payments and with one that is not, and the planner. Equilibria are
exact on the grid of the paper (21 levels of each choice); banks learn with the package's own learner.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import torch as th

from benchmarks.literature.castro_games import (
    BANKS,
    BASE,
    HUNDREDTH,
    POOL_CENTS,
    REVERSED,
    THREE_PERIODS,
    TWO_PERIODS,
    Prices,
    known_demand,
    random_demand,
)
from benchmarks.literature.study import Report, Results, Study, panels, table
from simcash_env.config import FifoPolicy, ScenarioConfig
from simcash_env.envs.vector import SimCashVec, make_vec
from simcash_env.evaluation.equilibrium import LEVELS, Game, Strategy
from simcash_env.evaluation.evaluate import with_common_policy
from simcash_env.evaluation.rollout import run_scripted
from simcash_env.evaluation.seeds import held_out_seeds, training_seeds
from simcash_env.learning.ippo import train
from simcash_env.learning.settings import TrainingSettings
from simcash_env.literal import literal_console, literal_label, literal_legend, literal_plot
from simcash_env.schema.codes import COST_COLUMNS

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

SEEDS, DAYS, TUNING_DAYS = 3, 200, 200
ALL: Final = len(LEVELS) - 1
"""The highest level of liquidity, and the budget that sends everything."""
DELAY: Final = COST_COLUMNS.index("delay")

SWEEP: Final = ("0.01", "0.05", "0.1", "0.15", "0.2", "0.25", "0.3")
"""Prices of delay in section 6.4, with liquidity at 0.1 and borrowing at 0.4."""
PAIRS: Final = {"equal": (2.0, 2.0), "unequal": (1.2, 2.8)}
"""Mean payments per period of A and B; B has the higher demand in the paper's first pair."""
CHEAP_DELAY: Final = Prices.of("0.2", "0.1", "0.4")
FREE: Final = Prices.of("0", "0.2", "0.4")

LEARNER: Final[Mapping[str, Any]] = {
    "num_envs": 128, "max_queue_slots": 1, "action": "budget", "policies": "own", "pool_head": "level",
    "hidden": (32, 32),
}  # fmt: skip
"""One policy for each bank, as in the paper; the action is the share of what is due that is sent, in 21 levels."""
GAME_STEPS: Final = 50_000
DAY_STEPS: Final = 300_000
INTRADAY_STEPS: Final = (3_072, 12_288, 49_152, 196_608)
JOINT_STEPS: Final = (768, 3_072, 6_144, 12_288, 24_576, 49_152)

PAPERS_DAYS: Final = 2_048
"""Days of training of the joint game, here; in the paper 200 episodes of 10."""

JOINT: Final = {
    "divisible, r_c < r_d": (BASE, (), "about 25 %", "up to 10 %"),
    "divisible, r_d < r_c": (CHEAP_DELAY, (), "about 20 %", "up to 25 %"),
    "B's second payment whole, r_c < r_d": (BASE, (("B", 1),), "B slightly below A", "B more than A"),
}
"""Prices, payments that are not divisible, and what the paper reports of liquidity and of delayed value."""


class Played(NamedTuple):
    """What policies did on some days.

    Attributes:
        cents: (days, banks) cost.
        shares: (days, banks) pool shares.
        sent: (periods, banks) mean share of what was due that banks chose to send, NaN where nothing was.
        delay: (periods, banks) mean cost of delay.
    """

    cents: F64
    shares: F64
    sent: F64
    delay: F64


def batch(config: ScenarioConfig, copies: int) -> SimCashVec:
    """Copies of a game in which both banks choose budgets."""
    return make_vec(config, copies, learners=BANKS, max_queue_slots=1, action="budget", autoreset="disabled")


def joint_choices(vec: SimCashVec, heads: I64) -> I64:
    """Budget and pool level as the one number that a budget action is."""
    found: I64 = np.ravel_multi_index(tuple(np.moveaxis(heads, 2, 0)), tuple(vec.action_nvec.tolist()))
    return found


def send_everything(masks: Any) -> None:
    """Leave only the budget that sends everything, in place; where nothing is due only nothing can be sent."""
    is_due = masks[..., 0, ALL] > 0
    masks[..., 0, :ALL][is_due] = 0


def play(policy: Any, config: ScenarioConfig, seeds: Sequence[int], *, sample: int | None, is_forced: bool) -> Played:
    """Play a learned policy.

    Args:
        policy: of both banks.
        config: the game.
        seeds: one a day.
        sample: seed of the actions, None for the most likely ones.
        is_forced: banks send everything; the policy chooses liquidity alone.
    """
    vec, generator = batch(config, len(seeds)), None if sample is None else th.Generator().manual_seed(sample)
    vec.reset(list(seeds))
    cents, sent, delay, shares = np.zeros((len(seeds), 2)), [], [], np.zeros((len(seeds), 2))
    for tick in range(vec.num_ticks):
        masks = vec.masks.copy()
        if is_forced:
            send_everything(masks)
        heads = policy.act(vec.observations, masks, *([] if generator is None else [generator]))
        if tick == 0 and "pool" in vec.head_index:
            shares = heads[:, :, vec.head_index["pool"]] / ALL
        is_due = masks[:, :, 0, ALL] > 0
        sent.append([mean_where(heads[:, bank, 0] / ALL, is_due[:, bank]) for bank in (0, 1)])
        vec.step(joint_choices(vec, heads))
        cents += vec.costs.sum(axis=2)
        delay.append(vec.costs[:, :, DELAY].mean(axis=0).tolist())
    return Played(cents, shares, np.array(sent), np.array(delay))


def mean_where(values: F64, chosen: npt.NDArray[np.bool_]) -> float:
    """Mean of some values; NaN of none."""
    return float(values[chosen].mean()) if chosen.any() else float("nan")


def learn(config: ScenarioConfig, steps: int, seed: int, *, is_forced: bool = False, **settings: Any) -> Any:
    """A policy of both banks after a number of decisions."""
    given = TrainingSettings(
        scenario=config.name,
        total_steps=steps,
        **{**LEARNER, "steps_per_rollout": config.simulation.num_ticks, **settings},
    )
    return train(given, seed, config=config, restrict=send_everything if is_forced else None).policy


def two_periods(num_seeds: int) -> dict[str, Any]:
    """Section 6.3, with the prices of the paper and with those of appendix E.4 reversed."""
    found: dict[str, Any] = {}
    for name, prices in (("r_c < r_b", BASE), ("r_c > r_b", REVERSED)):
        config = known_demand(TWO_PERIODS, prices)
        equilibria = Game(config, [1]).equilibria([Strategy(share) for share in LEVELS])
        learned = [play(learn(config, GAME_STEPS, seed, is_forced=True), config, [1], sample=None, is_forced=True)
                   for seed in range(num_seeds)]  # fmt: skip
        found[name] = {
            "equilibria": [
                {"shares": [choice.share for choice in profile], "costs": (cents / POOL_CENTS).tolist()}
                for profile, cents in equilibria
            ],
            "learned": [
                {"shares": one.shares[0].tolist(), "costs": (one.cents[0] / POOL_CENTS).tolist()} for one in learned
            ],
        }
    return found


def day_costs(config: ScenarioConfig, seeds: Sequence[int]) -> F64:
    """(days, levels of A, levels of B, banks) cost of every pair of shares in units of the pool."""
    pairs = np.array(list(product(LEVELS, repeat=2)))
    released = with_common_policy(config, FifoPolicy())
    cents = run_scripted(released, np.repeat(seeds, len(pairs)).tolist(), np.tile(pairs, (len(seeds), 1))).sum(axis=2)
    found: F64 = cents.reshape(len(seeds), len(LEVELS), len(LEVELS), 2) / POOL_CENTS
    return found


def known_day_equilibria(costs: F64) -> F64:
    """(days, banks) costs in equilibrium if banks know the day's payments; NaN on days without a pure equilibrium.

    Of several equilibria of a day the one that costs both banks together least.
    """
    is_stable = (costs[..., 0] == costs[..., 0].min(axis=1, keepdims=True)) & (
        costs[..., 1] == costs[..., 1].min(axis=2, keepdims=True)
    )
    total = np.where(is_stable, costs.sum(axis=3), np.inf).reshape(len(costs), -1)
    best = costs.reshape(len(costs), -1, 2)[np.arange(len(costs)), total.argmin(axis=1)]
    found: F64 = np.where(np.isfinite(total.min(axis=1))[:, None], best, np.nan)
    return found


def twelve_periods(prices: Prices, rates: tuple[float, float], days: int) -> dict[str, Any]:
    """Section 6.4: the equilibrium in constant shares, on days that it was not computed on, and the planner."""
    config = random_demand(prices, rates)
    game = Game(config, training_seeds(TUNING_DAYS))
    profile = game.follow_best_responses((Strategy(0.5), Strategy(0.5)), [Strategy(share) for share in LEVELS])
    costs = day_costs(config, held_out_seeds(days))
    planned = costs.sum(axis=3).reshape(days, -1).min(axis=1)
    known = known_day_equilibria(costs)
    found: dict[str, Any] = {
        "planner": {"mean": float(planned.mean()), "min": float(planned.min()), "max": float(planned.max())},
        "known_day": np.nanmean(known, axis=0).tolist(),
        "days_without_equilibrium": int(np.isnan(known[:, 0]).sum()),
        "shares": None,
    }
    if profile is not None:
        at = [LEVELS.index(choice.share) for choice in profile]
        played = costs[:, at[0], at[1]]
        found |= {
            "shares": [choice.share for choice in profile],
            "costs": played.mean(axis=0).tolist(),
            "quartiles": np.quantile(played, (0.25, 0.5, 0.75), axis=0).T.tolist(),
        }
    return found


def sweep(days: int, report: Report) -> dict[str, Any]:
    """Both pairs of banks at all prices of delay, and with reversed prices."""
    found: dict[str, Any] = {}
    for pair, rates in PAIRS.items():
        report(f"12 periods, {pair} demand")
        rows = [
            {"delay": float(delay), **twelve_periods(Prices.of("0.1", delay, "0.4"), rates, days)} for delay in SWEEP
        ]
        found[pair] = {"sweep": rows, "reversed": twelve_periods(REVERSED, rates, days)}
    return found


def learned_days(num_seeds: int, days: int) -> dict[str, list[dict[str, Any]]]:
    """Policies that learn the liquidity of random days, at the paper's prices."""
    found = {}
    for pair, rates in PAIRS.items():
        config, rows = random_demand(BASE, rates), []
        for seed in range(num_seeds):
            policy = learn(config, DAY_STEPS, seed, is_forced=True, num_envs=512)
            one = play(policy, config, held_out_seeds(days), sample=None, is_forced=True)
            rows.append(
                {"costs": (one.cents / POOL_CENTS).mean(axis=0).tolist(), "shares": one.shares.mean(axis=0).tolist()}
            )
        found[pair] = rows
    return found


def intraday(num_seeds: int, days: int) -> list[dict[str, Any]]:
    """Appendix A: liquidity is free and ample, banks learn what share of their payments to send."""
    config, rows = random_demand(FREE, PAIRS["unequal"], pool=False), []
    for steps, seed in product(INTRADAY_STEPS, range(num_seeds)):
        one = play(learn(config, steps, seed), config, held_out_seeds(days), sample=seed, is_forced=False)
        rows.append({
            "days": steps // (2 * config.simulation.num_ticks), "seed": seed,
            "costs": (one.cents / POOL_CENTS).mean(axis=0).tolist(), "sent": one.sent.mean(axis=1).tolist(),
        })  # fmt: skip
    return rows


def joint(num_seeds: int, report: Report) -> dict[str, Any]:
    """Section 7.2: liquidity and payments together."""
    found = {}
    for name, (prices, whole, liquidity, delayed) in JOINT.items():
        report(f"joint game, {name}")
        config = known_demand(THREE_PERIODS, prices, HUNDREDTH, whole=whole)
        rows = []
        for steps, seed in product(JOINT_STEPS, range(num_seeds)):
            one = play(learn(config, steps, seed), config, [1] * 200, sample=seed, is_forced=False)
            due = float(prices.delay * THREE_PERIODS[0][0]) * POOL_CENTS
            rows.append({
                "days": steps // (2 * config.simulation.num_ticks), "seed": seed,
                "costs": (one.cents / POOL_CENTS).mean(axis=0).tolist(), "shares": one.shares.mean(axis=0).tolist(),
                "delayed": (one.delay[0] / due).tolist(),
            })  # fmt: skip
        paper, settled = {"liquidity": liquidity, "delayed": delayed}, [settle(config, level) for level in STARTS]
        found[name] = {"paper": paper, "learned": rows, "equilibria": settled}
    return found


STARTS: Final = (ALL // 5, ALL // 2)
"""Pool levels from which replies start: 0.2, what the first period's payments need, and half of the pool."""
PLANS: Final = np.array(list(product(range(ALL, -1, -1), range(ALL, -1, -1), range(ALL + 1))))
"""All plans of a bank in the joint game: budgets of the first two periods, pool level; the last period sends all."""


def replies(config: ScenarioConfig, plans: Sequence[I64], bank: int) -> F64:
    """Cents of a bank for every plan of its own, the other keeping to its plan."""
    vec = batch(config, len(PLANS))
    vec.reset([1] * len(PLANS))
    cents, level = np.zeros(len(PLANS)), vec.head_index["pool"]
    chosen = [np.tile(plan, (len(PLANS), 1)) for plan in plans]
    chosen[bank] = PLANS
    for tick in range(vec.num_ticks):
        heads = np.zeros((len(PLANS), 2, 2), np.int64)
        for at, plan in enumerate(chosen):
            heads[:, at, 0] = plan[:, tick] if tick < 2 else ALL
            heads[:, at, level] = plan[:, 2] if tick == 0 else 0
        heads[..., 0] *= vec.masks[:, :, 0, ALL] > 0
        vec.step(joint_choices(vec, heads))
        cents += vec.costs[:, bank].sum(axis=1)
    return cents


def settle(config: ScenarioConfig, level: int, rounds: int = 20) -> dict[str, Any] | None:
    """Let the banks reply in turn with their cheapest of all plans until neither changes; None if they go on.

    A plan changes only for a cheaper one, so that a start that is an equilibrium is what is found.

    Args:
        config: a joint game.
        level: of both pools at the start; both banks send everything.
        rounds: replies of each bank, at most.
    """
    plans = [np.array([ALL, ALL, level])] * 2
    for _ in range(rounds):
        before = [plan.tolist() for plan in plans]
        costs = []
        for bank in (0, 1):
            found = replies(config, plans, bank)
            own = float(found[(plans[bank] == PLANS).all(axis=1)][0])
            if found.min() < own:
                plans[bank] = PLANS[int(found.argmin())]
            costs.append(float(found.min()) / POOL_CENTS)
        if [plan.tolist() for plan in plans] == before:
            return {
                "shares": [plan[2].item() / ALL for plan in plans],
                "costs": costs,
                "sent": [(plan[:2] / ALL).tolist() for plan in plans],
            }
    return None


def run(num_seeds: int, days: int, report: Report) -> dict[str, Any]:
    """All games; money in units of the pool."""
    report("two periods")
    first = two_periods(num_seeds)
    found = sweep(days, report)
    report("learning liquidity over 12 periods")
    learned = learned_days(num_seeds, days)
    report("learning payments with free liquidity")
    return {
        "seeds": num_seeds, "days": days, "two_periods": first, "twelve_periods": found, "learned_days": learned,
        "intraday": intraday(num_seeds, days), "joint": joint(num_seeds, report),
    }  # fmt: skip


def percent(values: Sequence[float]) -> str:
    """Shares of A and B in per cent."""
    return " / ".join(f"{100 * value:.1f}".removesuffix(".0") + " %" for value in values)


def costs_text(values: Sequence[float]) -> str:
    """Costs of A and B in units of the pool."""
    return " / ".join(f"{value:.4f}" for value in values)


def equilibrium_text(settled: Mapping[str, Any] | None) -> str:
    """An equilibrium of the joint game."""
    if settled is None:
        return "replies do not settle"
    return f"{percent(settled['shares'])}, sent in period 1 {percent([one[0] for one in settled['sent']])}"


def at_base(results: Results, pair: str) -> Mapping[str, Any]:
    """The row of the sweep with the paper's baseline price of delay."""
    rows = results["twelve_periods"][pair]["sweep"]
    found: Mapping[str, Any] = next(row for row in rows if row["delay"] == float(BASE.delay))
    return found


def last(rows: Sequence[Mapping[str, Any]], most: int | None = None) -> list[Mapping[str, Any]]:
    """The rows of the longest training, or of the longest of at most a number of days."""
    days = {row["days"] for row in rows}
    found = max(day for day in days if most is None or day <= max(most, min(days)))
    return [row for row in rows if row["days"] == found]


def mean_of(rows: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    """Mean over rows of a figure of A and B."""
    return np.mean([row[name] for row in rows], axis=0).tolist()  # type: ignore[no-any-return]


def markdown(results: Results) -> str:
    """One table of the games with known equilibria, one of the sweep, one of joint learning."""
    known = []
    for name, game in results["two_periods"].items():
        paper = "0 % / 20 %, cost 0 / 0.02" if name == "r_c < r_b" else "less liquidity than with r_c < r_b"
        equilibria = "; ".join(
            f"{percent(one['shares'])}, cost {costs_text(one['costs'])}" for one in game["equilibria"]
        )
        equal = sum(one["shares"] in [each["shares"] for each in game["equilibria"]] for one in game["learned"])
        known.append((f"2 periods, {name}", paper, equilibria, f"{equal} of {len(game['learned'])} runs at it"))
    final = last(results["intraday"])
    worst = max(sum(row["costs"]) for row in final)
    known.append((
        "payments with free liquidity", "x → 1, cost → 0", "x = 1, cost 0",
        f"x = {np.mean([np.mean(row['sent']) for row in final]):.3f}, cost of the worst run {worst:.4f}",
    ))  # fmt: skip
    for name, game in results["joint"].items():
        paper, rows = game["paper"], game["learned"]
        exact = "; ".join(dict.fromkeys(equilibrium_text(settled) for settled in game["equilibria"]))
        known.append((
            f"joint, {name}", f"liquidity {paper['liquidity']}, delayed {paper['delayed']}", exact,
            "; ".join(
                f"{own[0]['days']:,} days: {percent(mean_of(own, 'shares'))}, "
                f"delayed {percent(mean_of(own, 'delayed'))}"
                for own in (last(rows, PAPERS_DAYS), last(rows))
            ),
        ))  # fmt: skip
    games = table(("game", "paper", "equilibrium here (A / B)", "learned here (A / B)"), known, left=4)
    prices_of = []
    for pair, found in results["twelve_periods"].items():
        for row in [*found["sweep"], {**found["reversed"], "delay": None}]:
            name = "reversed" if row["delay"] is None else f"{row['delay']:.2f}"
            planner = row["planner"]
            prices_of.append((
                pair, name, "-" if row["shares"] is None else percent(row["shares"]),
                "-" if row["shares"] is None else costs_text(row["costs"]), costs_text(row["known_day"]),
                f"{planner['mean']:.4f} ({planner['min']:.4f} to {planner['max']:.4f})",
            ))  # fmt: skip
    heads = (
        "demand", "r_d", "equilibrium shares (A / B)", "cost (A / B)", "cost if the day is known (A / B)",
        "planner, A + B (least to most)",
    )  # fmt: skip
    prices = table(heads, prices_of, left=2)
    learned = table(
        ("demand", "learned shares (A / B)", "cost (A / B)", "A + B", "equilibrium in constant shares, A + B"),
        [
            (pair, percent(mean_of(own, "shares")), costs_text(mean_of(own, "costs")),
             f"{sum(mean_of(own, 'costs')):.4f}",
             f"{sum(at_base(results, pair)['costs']):.4f}")
            for pair, own in results["learned_days"].items()
        ],
    )  # fmt: skip
    notes = (
        f"Costs in units of the pool, means over {results['days']} test days; learned policies: mean over seeds 0 to "
        f"{results['seeds'] - 1}. Joint learning: means of sampled actions after a number of days of training."
    )
    about = "Twelve periods, liquidity at 0.1 and borrowing at 0.4; reversed: 0.4 and 0.1 with delay at 0.2."
    learning = "Twelve periods, policies that learn liquidity, with delay at 0.2."
    return f"{games}\n\n{about}\n\n{prices}\n\n{learning}\n\n{learned}\n\n{notes}"


@literal_plot()
def draw(results: Results) -> Any:
    """Cost by price of delay, payments with free liquidity, and joint learning."""
    drawn, (top, right, low, last_panel) = panels(2, 2, width=5.2)
    for pair, style in zip(results["twelve_periods"], ("-", "--"), strict=True):
        rows = [row for row in results["twelve_periods"][pair]["sweep"] if row["shares"] is not None]
        for bank, color in ((0, "C0"), (1, "C1")):
            costs = [row["costs"][bank] for row in rows]
            top.plot([row["delay"] for row in rows], costs, f"{style}o", color=color, markersize=4,
                     label=literal_label(f"{BANKS[bank]}, {pair} demand"))  # fmt: skip
    top.axvline(0.1, color="0.6", linewidth=1)
    top.set(
        title="12 periods: cost in equilibrium",
        xlabel="price of delay (line: price of liquidity)",
        ylabel="cost / pool",
        ylim=(0, 0.075),
    )
    literal_legend(top, fontsize="small", loc="upper right", ncols=2)
    for pair, color in zip(results["twelve_periods"], ("C0", "C1"), strict=True):
        rows = results["twelve_periods"][pair]["sweep"]
        delays = [row["delay"] for row in rows]
        right.plot(
            delays,
            [row["planner"]["mean"] for row in rows],
            color=color,
            alpha=0.35,
            linewidth=5,
            label=literal_label(f"planner, {pair}"),
        )
        right.plot(
            delays,
            [sum(row["known_day"]) for row in rows],
            "--",
            color=color,
            label=literal_label(f"day known, {pair}"),
        )
        right.plot(
            *zip(*[(row["delay"], sum(row["costs"])) for row in rows if row["shares"] is not None], strict=True),
            "-o",
            color=color,
            markersize=4,
            label=literal_label(f"constant shares, {pair}"),
        )
        own = sum(mean_of(results["learned_days"][pair], "costs"))
        right.plot([0.2], [own], "*", color=color, markersize=11, label=literal_label(f"learned, {pair}"))
    right.set(title="12 periods: A + B and the planner", xlabel="price of delay", ylabel="cost / pool", ylim=(0, 0.1))
    literal_legend(right, fontsize="x-small", ncols=2, loc="upper center")
    rows = results["intraday"]
    days = sorted({row["days"] for row in rows})
    for bank, color in ((0, "C0"), (1, "C1")):
        means = [np.mean([row["costs"][bank] for row in rows if row["days"] == day]) for day in days]
        low.plot(days, means, "-o", color=color, markersize=4, label=literal_label(f"cost of {BANKS[bank]}"))
    sent = [np.mean([row["sent"] for row in rows if row["days"] == day]) for day in days]
    other = low.twinx()
    other.plot(days, sent, "--s", color="C2", markersize=4, label="share sent")
    other.set(ylim=(0, 1.05), ylabel="share of what is due that is sent")
    low.set(
        title="Free liquidity: learning to send",
        xlabel="days of training",
        ylabel="cost / pool",
        xscale="log",
        ylim=(0, None),
    )
    literal_legend(low, handles=[*low.lines, *other.lines], fontsize="small", loc="center right")
    for (name, game), color in zip(results["joint"].items(), ("C0", "C1", "C2"), strict=True):
        days = sorted({row["days"] for row in game["learned"]})
        by_day = [[row for row in game["learned"] if row["days"] == day] for day in days]
        last_panel.plot(
            days,
            [np.mean([row["shares"] for row in own]) for own in by_day],
            "-o",
            color=color,
            markersize=4,
            label=literal_label(f"liquidity: {name}"),
        )
        last_panel.plot(
            days,
            [np.mean([row["delayed"] for row in own]) for own in by_day],
            "--s",
            color=color,
            markersize=4,
            label="delayed in period 1",
        )
    last_panel.axvline(PAPERS_DAYS, color="0.6", linewidth=1, label="the paper's days of training")
    last_panel.set(
        title="Liquidity and payments together", xlabel="days of training", ylabel="share", xscale="log", ylim=(0, None)
    )
    literal_legend(last_panel, fontsize="x-small", loc="upper right")
    return drawn


STUDY: Final = Study("castro-games", "benchmarks.literature.castro", markdown, draw)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the results, table and figure."""
    parser = STUDY.parser(__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="Number of trainings of each kind.")
    parser.add_argument("--days", type=int, default=DAYS, help="Number of test days.")
    given = parser.parse_args(arguments)
    report: Callable[[str], None] = literal_console(stderr=True).print
    STUDY.finish(given, lambda: run(given.seeds, given.days, report))


if __name__ == "__main__":
    main()
