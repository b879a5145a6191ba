"""What is liquidity saving worth? The same days with and without bilateral and cycle offsetting.

python examples/ideas/change_a_rule.py
"""

from simcash_env.config import FifoPolicy
from simcash_env.evaluation.evaluate import evaluate_policy
from simcash_env.evaluation.statistics import Interval
from simcash_env.registry import load


def main(days: int = 200) -> Interval:
    """Return the mean change of a day's cost in cents without offsetting, with its interval."""
    seeds = range(1, days + 1)
    scenario = "lynx-day-v0"
    saving = evaluate_policy(load(scenario), FifoPolicy(), seeds)
    without = evaluate_policy(load(scenario, changes={"lsm.algorithms": []}), FifoPolicy(), seeds)
    difference = without.minus(saving)  # paired: seed by seed
    print(f"{scenario}: {saving.total()} cents a day; without offsetting {difference} more")
    return difference


if __name__ == "__main__":
    main()
