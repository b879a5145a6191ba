"""Tune a script on training days and score it on test days that the search has not seen.

python examples/ideas/tune_a_script.py
"""

from simcash_env.evaluation.evaluate import evaluate_policy
from simcash_env.evaluation.grid_search import tune
from simcash_env.evaluation.seeds import held_out_seeds, training_seeds
from simcash_env.evaluation.statistics import Interval
from simcash_env.registry import load


def main(scenario: str = "2b-3t-v0", days: int = 100) -> Interval:
    """Return the mean cost of the tuned script in cents on the test days."""
    config = load(scenario)
    tuned = tune(config, "liquidity_reserve", training_seeds(days))
    found = evaluate_policy(config, tuned.policy, held_out_seeds(days), tuned.shares).total()
    print(f"{scenario}: {tuned.describe()}: {found} cents a day")
    return found


if __name__ == "__main__":
    main()
