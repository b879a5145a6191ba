"""The rows of the comparison: name, action, and the function that trains; libraries are imported when a row runs."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

from simcash_env.envs.actions import Language
from training.algorithms.contest import BUDGET, Contest

LABELS_SHARE: Final = 100
"""Budget of the other rows divided by that of expert iteration, which plays many futures for each decision."""


class Row(NamedTuple):
    """A row.

    Attributes:
        title: in tables.
        action: kind of action.
        place: module and function that trains.
        library: that must be installed.
        is_capped: pools are cut to the ``largest_share`` of the scenario's settings.
        budget: decisions of banks.
        more: what the row knows or uses beyond the budget.
    """

    title: str
    action: Language
    place: tuple[str, str]
    library: str = "torch"
    is_capped: bool = True
    budget: int = BUDGET
    more: str = ""


ROWS: Final = {
    "ippo": Row("PPO, one policy for all banks", "queue", ("ours", "shared")),
    "ippo-own": Row("PPO, a policy for each bank", "queue", ("ours", "own")),
    "mappo": Row("PPO, central critic", "queue", ("ours", "central")),
    "ippo-imitate": Row(
        "PPO after imitation", "queue", ("ours", "imitating"), more="the expert of the scenario's settings"
    ),
    "ippo-rank-script": Row("PPO around a script", "rank", ("ours", "rank_from_script"), is_capped=False),
    "ippo-rank-search": Row(
        "PPO around a full search", "rank", ("ours", "rank_from_search"), is_capped=False,
        more="constants of the full search",
    ),
    "expert-iteration": Row(
        "Expert iteration", "queue", ("ours", "expert_iteration"), budget=BUDGET // LABELS_SHARE,
        more="rollouts of the base policy and its pool share",
    ),
    "cmaes": Row("CMA-ES on constants", "rank", ("ours", "search"), "cmaes", is_capped=False),
    "sb3-ppo": Row("SB3 PPO", "queue", ("sb3", "plain"), "stable_baselines3"),
    "sb3-maskable-ppo": Row("SB3 MaskablePPO", "queue", ("sb3", "masked"), "sb3_contrib"),
    "benchmarl-mappo": Row("BenchMARL MAPPO", "budget", ("benchmarl", "mappo"), "benchmarl"),
    "benchmarl-ippo": Row("BenchMARL IPPO", "budget", ("benchmarl", "ippo"), "benchmarl"),
    "benchmarl-qmix": Row("BenchMARL QMIX", "budget", ("benchmarl", "qmix"), "benchmarl"),
    "benchmarl-iql": Row("BenchMARL IQL", "budget", ("benchmarl", "iql"), "benchmarl"),
    "benchmarl-masac": Row("BenchMARL MASAC", "rank", ("benchmarl", "masac"), "benchmarl"),
}  # fmt: skip
"""Rows by the name that results have."""


def is_installed(name: str) -> bool:
    """Whether the library of a row can be imported here."""
    return find_spec(ROWS[name].library) is not None


def play(name: str, scenario: str, seed: int, folder: Path, budget: int | None = None) -> Contest:
    """Train and evaluate one run."""
    row = ROWS[name]
    contest = Contest(scenario, seed, row.action, row.budget if budget is None else budget, row.is_capped)
    module, function = row.place
    contest.run(getattr(import_module(f"training.algorithms.{module}"), function), folder)
    return contest
