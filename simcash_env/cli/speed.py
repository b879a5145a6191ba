"""``simcash bench``: the speed on this machine, and of CartPole measured in the same run."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from simcash_env.cli.choices import AsJson
from simcash_env.cli.examples import examples
from simcash_env.cli.screen import data, notes
from simcash_env.machine import machine

SCENARIO: Final = "ten-banks-v0"
COPIES: Final = 1_024
WARM_UP_STEPS: Final = 100
TITLES: Final = {
    "batch_bank_steps_per_s": (f"batch of {COPIES:,} copies, bank decisions a second", "{:,.0f}"),
    "single_step_us": ("one step of one copy, microseconds", "{:,.2f}"),
    "ticks_per_s": ("Simulation without events, ticks a second", "{:,.0f}"),
    "ticks_with_events_per_s": ("Simulation with events, ticks a second", "{:,.0f}"),
    "cartpole_steps_per_s": (
        f"reference: Gymnasium's CartPole, its own batch of {COPIES:,}, steps a second",
        "{:,.0f}",
    ),
    "batch_over_cartpole": ("ratio of the batch to CartPole", "{:,.2f}"),
}


@examples("simcash bench --json")
def bench(
    rounds: Annotated[int, typer.Option(min=1, max=1_000, help="Number of rounds; the fastest one is reported.")] = 10,
    *,
    as_json: AsJson = False,
) -> None:
    """Measure the speed on this machine, in a few seconds; compiling takes half a minute more."""
    if notes.is_terminal and not as_json:
        with notes.status("measuring"):
            figures = measure(rounds)
    else:
        figures = measure(rounds)
    if as_json:
        typer.echo(json.dumps({**figures, "scenario": SCENARIO, "machine": machine()}))
        return
    table = Table(title=f"{SCENARIO}, best of {rounds}; {machine()}")
    table.add_column("what")
    table.add_column("figure", justify="right")
    for name, (title, form) in TITLES.items():
        table.add_row(title, form.format(figures[name]))
    data.print(table)


def measure(rounds: int) -> dict[str, float]:
    """Measure all figures; each is the best of ``rounds`` interleaved rounds."""
    calls: dict[str, tuple[Callable[[], Any], int, float]] = {
        "cartpole_steps_per_s": (_cartpole(), 20, COPIES),
        "batch_bank_steps_per_s": _batch(),
        "single_step_us": (_single(), 200, 1.0),
        "ticks_per_s": (_ticks(events=False), 200, 1.0),
        "ticks_with_events_per_s": (_ticks(events=True), 200, 1.0),
    }
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, (call, repetitions, _units) in calls.items():
            began = time.perf_counter()
            for _ in range(repetitions):
                call()
            best[name] = min(best[name], (time.perf_counter() - began) / repetitions)
    figures = {name: units / best[name] for name, (_, _, units) in calls.items()}
    figures["single_step_us"] = best["single_step_us"] * 1e6
    figures["batch_over_cartpole"] = figures["batch_bank_steps_per_s"] / figures["cartpole_steps_per_s"]
    return figures


def _cartpole() -> Callable[[], Any]:
    import gymnasium
    import numpy as np

    env = gymnasium.make_vec("CartPole-v1", num_envs=COPIES, vectorization_mode="vector_entry_point")
    env.reset(seed=0)
    actions = np.random.default_rng(0).integers(0, 2, COPIES)
    return lambda: env.step(actions)


def _batch() -> tuple[Callable[[], Any], int, float]:
    import numpy as np

    from simcash_env.envs.vector import make_vec

    vec = make_vec(SCENARIO, COPIES)
    vec.reset(seed=1)
    actions = np.ones(vec.actions.shape, np.int64)
    for _ in range(WARM_UP_STEPS):
        vec.step(actions)
    return lambda: vec.step(actions), 10, COPIES * vec.num_banks


def _single() -> Callable[[], Any]:
    import numpy as np

    from simcash_env.envs.vector import make_vec

    vec = make_vec(SCENARIO, 1)
    vec.reset(seed=1)
    actions = np.ones(vec.actions.shape, np.int64)
    return lambda: vec.step(actions)


def _ticks(*, events: bool) -> Callable[[], Any]:
    """Return a function that runs one tick in which all banks release everything; a finished run restarts."""
    from simcash_env.config import load_scenario
    from simcash_env.simulation import Simulation

    fresh = Simulation(load_scenario(SCENARIO), events="tick" if events else False)
    running = fresh.fork()

    def tick() -> None:
        nonlocal running
        if running.is_over:
            running = fresh.fork()
        running.tick()

    return tick
