"""Evaluation and tuning on two local Ray nodes of one processor each, against one.

Run it: ``.adapters/rllib/bin/python -m benchmarks.ray_nodes``, after ``make adapters LIBRARIES=rllib``. Rounds on one
node and on both follow each other, so that what the machine's neighbours do falls on both; their results are compared.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

import numpy as np

from simcash_env import __version__, load_scenario
from simcash_env.config.policies import FifoPolicy
from simcash_env.evaluation.evaluate import with_common_policy
from simcash_env.evaluation.grid_search import best_common_share, mean_costs
from simcash_env.evaluation.policy_families import FAMILIES, family_members
from simcash_env.evaluation.seeds import training_seeds, validation_seeds
from simcash_env.machine import commit, machine

COMMAND: Final = "python -m benchmarks.ray_nodes"
SCENARIO: Final = "castro-12period-v0"
TASKS: Final = 16
DAYS: Final = 20_000
"""Validation days of a task of the evaluation."""
TUNING_DAYS, TUNING_STEPS, MEMBERS = 500, (0.05, 0.01), 4
"""Training days, steps of the search and policies of each family, in the tuning."""
SHARE: Final = 0.1
"""Of every bank's pool, in the evaluation."""
NODE_BYTES: Final = 100_000_000


class Task(NamedTuple):
    """What a node does on its own: plays days with shares of the pools, or searches a policy's share."""

    kind: str
    number: int


class Done(NamedTuple):
    """Result of a task and the seconds of its process."""

    result: tuple[float, ...]
    processor_s: float


class Played(NamedTuple):
    """Seconds until all tasks are done, processor seconds of the node that worked most, and results in order."""

    seconds: float
    busiest_s: float
    results: list[tuple[float, ...]]


class Row(NamedTuple):
    """A kind of work on one node and on two: median seconds, and the processor seconds of the node that worked most."""

    work: str
    tasks: int
    one_s: float
    two_s: float
    one_processor_s: float
    two_processor_s: float

    @property
    def efficiency(self) -> float:
        """Speed-up divided by the number of nodes."""
        return self.one_s / self.two_s / 2

    @property
    def processor_efficiency(self) -> float:
        """Speed-up, divided by the number of nodes, that processors without other work would allow."""
        return self.one_processor_s / self.two_processor_s / 2


def work(days: int, tuning_days: int) -> dict[str, list[tuple[Task, int]]]:
    """Tasks by kind, with the number of days that each plays."""
    trials = len(FAMILIES) * MEMBERS
    return {
        "evaluation": [(Task("evaluation", number), days) for number in range(TASKS)],
        "tuning": [(Task("tuning", number), tuning_days) for number in range(trials)],
    }


def perform(task: Task, days: int) -> Done:
    """Do a task in this process."""
    config, began = load_scenario(SCENARIO), time.process_time()
    if task.kind == "evaluation":
        played, seeds = with_common_policy(config, FifoPolicy()), validation_seeds(days, skip=task.number * days)
        costs = mean_costs(played, seeds, np.full((1, len(config.banks)), SHARE))
        result = tuple(costs[0].tolist())
    else:
        members = family_members(config, FAMILIES[task.number // MEMBERS])
        policy = members[task.number % MEMBERS % len(members)]
        result = best_common_share(with_common_policy(config, policy), training_seeds(days), TUNING_STEPS)
    return Done(result, time.process_time() - began)


def run(tasks: Sequence[tuple[Task, int]], nodes: Sequence[str]) -> Played:
    """Do all tasks on these nodes; each takes the next one when it is free."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    remote: Any = ray.remote(num_cpus=1)(perform)
    running: dict[Any, tuple[int, str]] = {}
    busy = dict.fromkeys(nodes, 0.0)
    results: list[tuple[float, ...]] = [()] * len(tasks)
    began = time.perf_counter()
    waiting, free = list(enumerate(tasks))[::-1], list(nodes)
    while waiting or running:
        while waiting and free:
            (number, task), node = waiting.pop(), free.pop()
            placed = remote.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False))
            running[placed.remote(*task)] = number, node
        ready, _ = ray.wait(list(running))
        for reference in ready:
            number, node = running.pop(reference)
            done = ray.get(reference)
            results[number] = done.result
            busy[node] += done.processor_s
            free.append(node)
    return Played(time.perf_counter() - began, max(busy.values()), results)


def measure(rounds: int, days: int, tuning_days: int) -> list[Row]:
    """A row a kind of work.

    Raises:
        RuntimeError: one node and two give different results.
    """
    import ray
    from ray.cluster_utils import Cluster

    room = {"num_cpus": 1, "object_store_memory": NODE_BYTES, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=room)
    try:
        cluster.add_node(**room)
        cluster.wait_for_nodes()
        ray.init(address=cluster.address, log_to_driver=False, runtime_env={"env_vars": {"OMP_NUM_THREADS": "1"}})
        nodes = [node["NodeID"] for node in ray.nodes()]
        rows = []
        for kind, tasks in work(days, tuning_days).items():
            for node in nodes:
                run(tasks[:1], [node])  # loads what is compiled
            found = [(run(tasks, nodes[:1]), run(tasks, nodes)) for _ in range(rounds)]
            if any(one.results != two.results for one, two in found):
                message = f"{kind}: one node and two give different results"
                raise RuntimeError(message)
            seconds = [median(each[at].seconds for each in found) for at in (0, 1)]
            processor = [median(each[at].busiest_s for each in found) for at in (0, 1)]
            rows.append(Row(kind, len(tasks), *seconds, *processor))
        return rows
    finally:
        ray.shutdown()
        cluster.shutdown()


def as_markdown(rows: Sequence[Row], rounds: int) -> str:
    """A table for the documentation."""
    header = ["work", "tasks", "s, one node", "s, two nodes", "efficiency"]
    header += ["processor s, one node", "processor s, busier of two", "efficiency in processor time"]
    lines = [
        f"| {' | '.join(header)} |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {row.work} | {row.tasks} | {row.one_s:.2f} | {row.two_s:.2f} | {row.efficiency:.0%}"
        f" | {row.one_processor_s:.2f} | {row.two_processor_s:.2f} | {row.processor_efficiency:.0%} |"
        for row in rows
    ]
    origin = f"Version {__version__}, {commit()} on {machine()}: `{COMMAND}`."
    return "\n".join([*lines, "", f"`{SCENARIO}`; medians of {rounds} rounds, in turn.", origin])


def main() -> None:
    """Measure, and print or write the table."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="rounds on one node and on two")
    parser.add_argument("--days", type=int, default=DAYS, help="days of a task of the evaluation")
    parser.add_argument("--tuning-days", type=int, default=TUNING_DAYS, help="days on which a tuning task is scored")
    parser.add_argument("--out", type=Path, help="write the table to this file, not to the screen")
    given = parser.parse_args()
    text = as_markdown(measure(given.rounds, given.days, given.tuning_days), given.rounds)
    if given.out:
        given.out.write_text(text + "\n", encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
