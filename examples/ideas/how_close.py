"""How far is a script from what no policy can beat? The gap of its cost to the lower bound.

python examples/ideas/how_close.py
"""

from simcash_env.config import FifoPolicy
from simcash_env.evaluation.bound_validity import decisions_of_policy
from simcash_env.evaluation.evaluate import evaluate_policy
from simcash_env.evaluation.known_bounds import Reference
from simcash_env.evaluation.seeds import held_out_seeds
from simcash_env.registry import load


def main(scenario: str = "castro-12period-v0", share: float = 0.15, days: int = 200) -> float:
    """Return by how much FIFO with this share of the pool costs more than the bound, relative to it."""
    config, seeds = load(scenario), held_out_seeds(days)
    total = evaluate_policy(config, FifoPolicy(), seeds, [share] * len(config.banks)).total()
    reference = Reference(config, seeds)
    gap = reference.gap(total.mean, decisions_of_policy(config, FifoPolicy()))
    print(f"FIFO with {share:.0%} of the pool: {total} cents a day, {gap:.0%} above the bound ({reference.note})")
    return gap


if __name__ == "__main__":
    main()
