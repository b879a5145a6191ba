"""A day of random legal actions in the PettingZoo environment, and what it costs each bank.

python examples/ideas/random_day.py
"""

from simcash_env import simcash_v0


def main(seed: int = 1) -> dict[str, int]:
    """Play the day and return the cost of each bank in cents."""
    env = simcash_v0.parallel_env("castro-12period-v0")
    observations, infos = env.reset(seed=seed)
    for bank in env.agents:
        env.action_space(bank).seed(seed)
    cents = dict.fromkeys(env.agents, 0)
    while env.agents:
        actions = {bank: env.action_space(bank).sample(infos[bank]["action_mask"]) for bank in env.agents}
        observations, rewards, terminations, truncations, infos = env.step(actions)
        for bank, info in infos.items():
            cents[bank] += int(info["costs"].sum())
    print(cents)
    return cents


if __name__ == "__main__":
    main()
