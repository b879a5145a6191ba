"""Side by side with other tools: ``python -m benchmarks.peers [--json | --quick]``, with the extra ``bench``.

Everything in one run:

- **simulators**: PSSimPy and ``Simulation`` settle the same payments of one day gross, in periods of 15 minutes, with
  money for all of them; both end with the same balances, which is checked;
- **environments**: PettingZoo's SISL (``pursuit_v5``) and MPE (``simple_spread_v3``) and ``parallel_env`` with ten
  agents; the batch of ``make_vec``, and batches of JaxMARL and Jumanji (``benchmarks/jax_batches.py``) with as many
  copies;
- **learners**: our PPO, that of Stable-Baselines3 on the same batch, and PPO in CleanRL's pattern on Gymnasium's batch
  (``benchmarks/training.py``).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from benchmarks import faces, jax_batches, speed, training
from simcash_env import __version__, simcash_v0
from simcash_env.config import ScenarioConfig
from simcash_env.machine import machine
from simcash_env.simulation import Simulation

COMMAND: Final = "python -m benchmarks.peers"
NUM_BANKS: Final = 10
PAYMENTS: Final = 20_000
PERIODS: Final = 36
PERIOD_MINUTES: Final = 15
OPENS_AT_HOUR: Final = 8
MONEY_CENTS: Final = 10**9
LARGEST_CENTS: Final = 100_000
ROUNDS: Final = 3
LEARNERS: Final = ("castro-12period-v0", "ten-banks-v0")

Payment = tuple[int, int, int, int]
"""Period, sender, receiver and cents."""


def payments(number: int) -> list[Payment]:
    """Random payments, in order of their periods."""
    draw = random.Random(1)
    found = []
    for at in range(number):
        sender, receiver = draw.sample(range(NUM_BANKS), 2)
        found.append((at * PERIODS // number, sender, receiver, draw.randint(1, LARGEST_CENTS)))
    return found


def play_pssimpy(day: Sequence[Payment]) -> tuple[float, list[int]]:
    """Seconds of PSSimPy's run, and its balances at the end; it writes its logs into the current folder."""
    from PSSimPy.queues import FIFOQueue
    from PSSimPy.simulator import BasicSim

    names = [f"BANK_{bank:02}" for bank in range(NUM_BANKS)]
    minutes = [period * PERIOD_MINUTES for period, *_ in day]
    columns = {
        "time": [f"{OPENS_AT_HOUR + at // 60:02}:{at % 60:02}" for at in minutes],
        "sender_account": [names[sender] for _, sender, _, _ in day],
        "recipient_account": [names[receiver] for _, _, receiver, _ in day],
        "amount": [cents for *_, cents in day],
    }
    accounts = {"id": names, "owner": names, "balance": [MONEY_CENTS] * NUM_BANKS}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        simulator = BasicSim("day", {"name": names}, accounts, columns, queue=FIFOQueue())
        began = time.perf_counter()
        simulator.run()
        seconds = time.perf_counter() - began
    return seconds, [int(simulator.accounts[name].balance) for name in names]


def play_ours(day: Sequence[Payment], *, events: bool) -> tuple[float, list[int]]:
    """Seconds of our run of the same payments, and its balances at the end."""
    names = [f"BANK_{bank:02}" for bank in range(NUM_BANKS)]
    config = ScenarioConfig.model_validate(
        {
            "format": 1,
            "name": "day",
            "simulation": {"ticks_per_day": PERIODS, "num_days": 1},
            "banks": [{"id": name, "opening_balance": MONEY_CENTS, "policy": {"type": "fifo"}} for name in names],
            "events": [
                {
                    "type": "payment", "tick": period, "from_bank": names[sender],
                    "to_bank": names[receiver], "amount": cents,
                }
                for period, sender, receiver, cents in day
            ],
            "lsm": {"algorithms": []},
        }
    )  # fmt: skip
    simulation = Simulation(config, events=events)
    began = time.perf_counter()
    simulation.run_to_completion()
    return time.perf_counter() - began, [simulation.balance(name) for name in names]


def simulators(number: int, rounds: int) -> dict[str, float]:
    """Payments a second of each, best round.

    Raises:
        RuntimeError: the balances at the end differ.
    """
    day = payments(number)
    players: dict[str, Callable[[], tuple[float, list[int]]]] = {
        "PSSimPy, `BasicSim`": lambda: play_pssimpy(day),
        "simcash_env, `Simulation` with its event log": lambda: play_ours(day, events=True),
        "simcash_env, `Simulation(events=False)`": lambda: play_ours(day, events=False),
    }
    best = dict.fromkeys(players, float("inf"))
    for _ in range(rounds):
        ends = []
        for name, play in players.items():
            seconds, balances = play()
            best[name] = min(best[name], seconds)
            ends.append(balances)
        if ends != [ends[0]] * len(ends):
            message = f"balances at the end differ: {ends}"
            raise RuntimeError(message)
    return {name: number / seconds for name, seconds in best.items()}


def environments(rounds: int) -> dict[str, float]:
    """Agent-steps a second of each, best of alternating rounds."""
    from mpe2 import simple_spread_v3
    from pettingzoo.sisl import pursuit_v5

    spread = simple_spread_v3.parallel_env(N=faces.AGENTS, max_cycles=1_000)
    pursuit = pursuit_v5.parallel_env(n_pursuers=faces.AGENTS, max_cycles=1_000)
    own = simcash_v0.parallel_env(faces.SCENARIO)
    own.reset(seed=1)
    batch, banks = speed.simcash_batch(speed.FEW_COPIES)
    in_a_call = faces.AGENTS * speed.FEW_COPIES * jax_batches.STEPS
    steps: dict[str, tuple[Callable[[], Any], int, int]] = {
        "MPE, `simple_spread_v3`": (faces.stepping(spread, dict.fromkeys(spread.possible_agents, 1)), faces.AGENTS, 3),
        "SISL, `pursuit_v5`": (faces.stepping(pursuit, dict.fromkeys(pursuit.possible_agents, 1)), faces.AGENTS, 3),
        "simcash_env, `parallel_env`": (faces.stepping(own, faces.ones(own)), faces.AGENTS, 100),
        f"JaxMARL, `MPE_simple_spread_v3`, {speed.FEW_COPIES} copies": (
            jax_batches.jaxmarl(faces.AGENTS, speed.FEW_COPIES), in_a_call, 1,
        ),
        f"Jumanji, `RobotWarehouse`, {speed.FEW_COPIES} copies": (
            jax_batches.jumanji(faces.AGENTS, speed.FEW_COPIES), in_a_call, 1,
        ),
        f"simcash_env, `make_vec` with {speed.FEW_COPIES} copies": (batch, banks, 100),
    }  # fmt: skip
    for step, _, _ in steps.values():
        speed.timed(step, 5)
    found = [{name: speed.timed(step, calls) for name, (step, _, calls) in steps.items()} for _ in range(rounds)]
    return {name: agents / min(times[name] for times in found) for name, (_, agents, _) in steps.items()}


def learners(scenarios: Sequence[str], rounds: int) -> dict[str, float]:
    """Decisions a second of a training from nothing, by learner and scenario."""
    rows = [row for scenario in scenarios for row in training.measure(scenario, rounds)]
    return {f"{row['learner']} on `{row['scenario']}`": row["steps_per_s"] for row in rows}


def measure(*, is_quick: bool) -> dict[str, dict[str, float]]:
    """All figures, by group and name."""
    warnings.simplefilter("ignore")  # others' deprecations are not the matter here
    return {
        "payments per second": simulators(360 if is_quick else PAYMENTS, 1 if is_quick else ROUNDS),
        "agent-steps per second": environments(2 if is_quick else 50),
        "decisions per second of training": learners(() if is_quick else LEARNERS, 1),
    }


def as_markdown(groups: Mapping[str, Mapping[str, float]]) -> str:
    """A table for each group, with the ratio to its first row."""
    lines: list[str] = []
    for unit, rows in groups.items():
        if not rows:
            continue
        first = next(iter(rows.values()))
        lines += [f"| | {unit} | ratio |", "|---|---:|---:|"]
        lines += [f"| {name} | {value:,.0f} | {value / first:,.3g} |" for name, value in rows.items()]
        lines.append("")
    return "\n".join([*lines, f"Version {__version__} on {machine()}: `{COMMAND}`."])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--quick", action="store_true", help="small sizes, no learners")
    given = parser.parse_args()
    groups = measure(is_quick=given.quick)
    print(json.dumps(groups) if given.json else as_markdown(groups))


if __name__ == "__main__":
    main()
