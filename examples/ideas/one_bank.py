"""One bank learns, the other follows its script: a day in the Gymnasium environment that holds everything back.

python examples/ideas/one_bank.py
"""

import gymnasium
import numpy as np


def main(seed: int = 1) -> float:
    """Hold every payment for a day and return the sum of rewards."""
    env = gymnasium.make("simcash_env:SimCash/Castro12-v0")
    observation, info = env.reset(seed=seed)
    hold = np.zeros(env.action_space.shape, np.int64)  # choice 0 of every head changes nothing
    total, is_over = 0.0, False
    while not is_over:
        observation, reward, terminated, truncated, info = env.step(hold)
        total += float(reward)
        is_over = terminated or truncated
    print(f"sum of rewards of the bank that holds everything: {total:.1f}")
    return total


if __name__ == "__main__":
    main()
