"""The boxes of BIS Working Paper 1310, exactly: ``python -m benchmarks.literature.bis1310``.

Aldasoro and Desai (2025) put three small decisions of a cash manager to a language model. Here each decision is a
scenario of three periods whose payments arrive with the probabilities of the paper; expected costs are exact sums over
all outcomes. Prices of Boxes 1 and 2, which the paper does not give, are those of Box 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from benchmarks.literature.study import Results, Study, panels, table
from simcash_env import Simulation
from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.evaluation.outcomes import SEED, expectation, outcomes
from simcash_env.literal import literal_label, literal_legend, literal_plot
from simcash_env.registry import load
from simcash_env.schema.limits import POOL_LEVELS

DOLLAR: Final = 100_000
"""Cents of a dollar of the paper, so that every cost is a whole number of cents."""
BOX3: Final = "bis-box3-v1"
POOL_DOLLARS: Final = 20
POOLS: Final = (0, 5, 10, 15)
TIMINGS: Final = ("same period", "next period")
"""When money received can be used."""

URGENT: Final = (0.5, 0.2, 0.1, 0.05, 0.01, 0.005, 0.0025, 0.001)
"""Probabilities of the urgent payment in the paper's Table 2."""
SAME_ANSWER: Final = (10, 10, 10, 10, 10, 10, 9, 7)
"""Of ten runs of the language model, those that delayed both payments (Table 2)."""

Plan = tuple[int, ...]
"""For each payment that is queued at the start, the first tick in which it is released; others as they arrive."""


def box(queued: Sequence[int], *, urgent: float, received: float | None = None) -> ScenarioConfig:
    """Box 1, or with a payment of $2 that may be received, Box 2; liquidity is $10.

    Args:
        queued: dollars of the payments in the queue.
        urgent: probability of an urgent payment of $10 in period 2.
        received: probability of receiving $2 in period 1.
    """
    rows = load(BOX3).model_dump(mode="json", exclude_none=True)
    name = "box 1" if received is None else "box 2"
    ends = {"from_bank": "FOCAL", "to_bank": "COUNTERPARTY"}
    back = {"from_bank": "COUNTERPARTY", "to_bank": "FOCAL"}
    events: list[dict[str, Any]] = [
        {"type": "payment", "tick": 0, **ends, "amount": dollars * DOLLAR, "deadline_in": 3} for dollars in queued
    ]
    if received is not None:
        events.append(
            {"type": "payment", "tick": 0, **back, "amount": 2 * DOLLAR, "deadline_in": 3, "probability": received}
        )
    urgent_payment = {"type": "payment", "tick": 1, **ends, "amount": 10 * DOLLAR, "deadline_in": 2, "priority": 9}
    events.append({**urgent_payment, "probability": urgent})
    borrowing = [event for event in rows["events"] if event["type"] == "credit_limit_change"]
    focal = {"id": "FOCAL", "opening_balance": 10 * DOLLAR, "policy": {"type": "external"}}
    banks = [bank for bank in rows["banks"] if bank["id"] == "COUNTERPARTY"]
    switches = {"queue1_ordering": "priority_deadline"}
    return load_scenario(
        {**rows, "name": name, "banks": [*banks, focal], "events": events + borrowing, "switches": switches}
    )


def box3(timing: str) -> ScenarioConfig:
    """Box 3, with money received usable in the same or in the next period."""
    config = load(BOX3)
    switches = {"deferred_crediting": timing == TIMINGS[1], "queue1_ordering": "priority_deadline"}
    return config.model_copy(update={"switches": config.switches.model_copy(update=switches)})


def cost_of(config: ScenarioConfig, plan: Plan, level: int | None = None) -> Fraction:
    """Expected cents that a plan costs the bank.

    Args:
        config: the scenario; FOCAL decides.
        plan: when its queued payments are released.
        level: of the pool, where it has one.
    """

    def run(outcome: ScenarioConfig) -> tuple[int]:
        simulation = Simulation(outcome, seed=SEED, events=False)
        simulation.open_tick()
        start = dict(zip(simulation.queue1("FOCAL"), plan, strict=True))
        levels = None if level is None else {"FOCAL": level}
        for tick in range(simulation.num_ticks):
            simulation.open_tick()
            chosen = [tx for tx in simulation.queue1("FOCAL") if tick >= start.get(tx, 0)]
            simulation.tick({"FOCAL": dict.fromkeys(chosen, "release")}, pool_levels=levels if tick == 0 else None)
        return (sum(simulation.costs("FOCAL").values()),)

    return expectation(outcomes(config), run)[0]


def dollars(cents: Fraction) -> float:
    """Cents as dollars of the paper."""
    return float(cents / DOLLAR)


def run() -> dict[str, Any]:
    """All boxes; costs in dollars."""
    sends: Mapping[str, Plan] = {"neither": (1, 1), "one": (0, 1), "both": (0, 0)}
    first = [
        {"urgent": urgent, "answers": answers, **{name: dollars(cost_of(box((1, 1), urgent=urgent), plan))
         for name, plan in sends.items()}}
        for urgent, answers in zip(URGENT, SAME_ANSWER, strict=True)
    ]  # fmt: skip
    plans: Mapping[str, Plan] = {"neither": (1, 1), "$1": (0, 1), "$2": (1, 0), "both": (0, 0)}
    second = [
        {"received": received, "urgent": urgent, **{
            name: dollars(cost_of(box((1, 2), urgent=urgent, received=received), plan)) for name, plan in plans.items()
        }}
        for received, urgent in ((0.9, 0.5), (0.1, 0.5), (0.5, 0.5), (0.95, 0.5), (0.9, 0.9), (0.9, 0.1), (0.9, 0.01))
    ]  # fmt: skip
    third = {
        timing: [
            {"pool": level * POOL_DOLLARS / (POOL_LEVELS - 1), **box3_costs(timing, level)}
            for level in range(POOL_LEVELS)
        ]
        for timing in TIMINGS
    }
    return {"box1": first, "break_even": float(break_even()), "box2": second, "box3": third}


def box3_costs(timing: str, level: int) -> dict[str, float]:
    """Cost of releasing at once with a pool level, and of the best moment to release the queued payment."""
    config = box3(timing)
    costs = [cost_of(config, (tick,), level) for tick in range(3)]
    return {"at_once": dollars(costs[0]), "best": dollars(min(costs)), "best_tick": costs.index(min(costs))}


def break_even() -> Fraction:
    """Probability of the urgent payment at which holding and sending both payments of Box 1 cost the same.

    Expected costs are linear in the probability, so two of them give the line.
    """
    (low_hold, low_send), (high_hold, high_send) = (
        [cost_of(box((1, 1), urgent=urgent), plan) for plan in ((1, 1), (0, 0))] for urgent in (0.0, 1.0)
    )
    gain, loss = low_hold - low_send, high_send - high_hold
    return gain / (gain + loss)


def markdown(results: Results) -> str:
    """The tables of the three boxes."""
    by_pool = {timing: {row["pool"]: row for row in rows} for timing, rows in results["box3"].items()}
    third = table(
        ("liquidity", *(f"{timing}, released at once" for timing in by_pool), "best moment of release"),
        [
            (f"${pool}", *(f"{rows[pool]['at_once']:.5f}" for rows in by_pool.values()),
             " / ".join(f"period {rows[pool]['best_tick'] + 1}: {rows[pool]['best']:.5f}"
                        for rows in by_pool.values()))
            for pool in POOLS
        ],
    )  # fmt: skip
    first = table(
        ("urgent payment", "send neither", "send one", "send both", "cheapest", "language model sends neither"),
        [
            (f"{row['urgent']:.4g}", *(f"{row[name]:.5f}" for name in ("neither", "one", "both")),
             cheapest(row, ("neither", "one", "both")), f"{row['answers']} of 10")
            for row in results["box1"]
        ],
    )  # fmt: skip
    names = ("neither", "$1", "$2", "both")
    second = table(
        ("$2 received", "urgent payment", *(f"send {name}" for name in names), "cheapest"),
        [
            (f"{row['received']:.3g}", f"{row['urgent']:.3g}", *(f"{row[name]:.5f}" for name in names),
             cheapest(row, names))
            for row in results["box2"]
        ],
        left=2,
    )  # fmt: skip
    about_first = (
        "Box 1: expected cost in dollars of what is sent in period 1, by the probability of the urgent payment. Sending"
        f" and holding both cost the same at a probability of {results['break_even']:.4f}."
    )
    about_second = (
        "Box 2: expected cost in dollars of what is sent in period 1, by the probabilities of receiving $2 in period 1 "
        "and of the urgent payment. The first row is the Box."
    )
    about_third = "Box 3: expected cost in dollars by liquidity; the best moment of release for both timings."
    return f"{about_third}\n\n{third}\n\n{about_first}\n\n{first}\n\n{about_second}\n\n{second}"


def cheapest(row: Mapping[str, Any], names: Sequence[str]) -> str:
    """The plans of a row that cost least; several in a tie."""
    least = min(row[name] for name in names)
    return ", ".join(name for name in names if row[name] == least)


@literal_plot()
def draw(results: Results) -> Any:
    """Box 3 by liquidity, Box 1 by probability, Box 2 by what is sent."""
    drawn, (left, middle, right) = panels(3)
    for (timing, rows), style in zip(results["box3"].items(), ("-o", "--s"), strict=True):
        left.plot(
            [row["pool"] for row in rows],
            [row["at_once"] for row in rows],
            style,
            markersize=4,
            label=literal_label(timing),
        )
    left.set(title="Box 3: liquidity", xlabel="liquidity in dollars", ylabel="expected cost in dollars", ylim=(0, None))
    literal_legend(left, title="money received is usable")
    for name, style in zip(("neither", "one", "both"), ("-o", "--s", ":^"), strict=True):
        urgent, costs = [[row[key] for row in results["box1"]] for key in ("urgent", name)]
        middle.plot(urgent, costs, style, markersize=4, label=literal_label(f"send {name}"))
    middle.axvline(results["break_even"], color="0.6", linewidth=1)
    middle.set(title="Box 1: precaution", xlabel="probability of the urgent payment", xscale="log", ylim=(0, None))
    literal_legend(middle)
    names = ("neither", "$1", "$2", "both")
    right.bar(names, [results["box2"][0][name] for name in names], color=["C7", "C1", "C7", "C7"])
    right.set(title="Box 2: what to send in period 1")
    right.set_xlabel("orange: the language model's answer")
    return drawn


STUDY: Final = Study("bis-boxes", "benchmarks.literature.bis1310", markdown, draw)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the results, table and figure."""
    STUDY.finish(STUDY.parser(__doc__).parse_args(arguments), run)


if __name__ == "__main__":
    main()
