"""Search an expert for behaviour cloning: ``python -m training.expert SCENARIO``.

Tunes ``urgent_first`` and its pool shares on training days and prints the lines for a file in ``configs/training``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, Final

import yaml

from simcash_env.evaluation.grid_search import tune
from simcash_env.evaluation.seeds import training_seeds
from simcash_env.learning.expert import search_expert
from simcash_env.registry import load

FAMILY: Final = "liquidity_reserve"
DAYS, TUNING_DAYS = 1_000, 200


def main(arguments: Sequence[str] | None = None) -> None:
    """Search and print."""
    parser = argparse.ArgumentParser(prog="python -m training.expert", description=__doc__)
    parser.add_argument("scenario", help="an id or a file, with pools")
    parser.add_argument("--largest-share", type=float, default=0.3, help="of the pool that a learner may choose")
    given: Any = parser.parse_args(arguments)
    config = load(given.scenario)
    tuned = tune(config, FAMILY, training_seeds(TUNING_DAYS))
    expert, cents = search_expert(
        config, tuned.shares or (0.5,) * len(config.banks), given.largest_share, training_seeds(DAYS)
    )
    print(f"# {tuned.describe()}: {tuned.training_cents:,.0f} cents of a training day; with this expert {cents:,.0f}")
    print(yaml.safe_dump({"expert": expert.model_dump(mode="json", exclude={"noise"})}, sort_keys=False))


if __name__ == "__main__":
    main()
