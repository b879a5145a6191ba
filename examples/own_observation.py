"""A user-defined observation: three named numbers for each bank.

Run it: python -m examples.own_observation
"""

from typing import Any

import numpy as np

from simcash_env import simcash_v0
from simcash_env.envs.batch_view import BatchView
from simcash_env.envs.observations import Observation


class Cushion(Observation):
    """Liquidity, queued value and expected value, each over a day's expected outflow of the bank."""

    low, high = -np.inf, np.inf

    def names(self, vec: BatchView) -> tuple[str, ...]:
        """Return one name per entry."""
        return ("liquidity", "queued", "expected")

    def write(self, vec: BatchView, out: Any) -> None:
        """Write the entries of all copies and banks from the columns (N, banks) of the state."""
        state, banks = vec.columns(), vec.learners
        scale = vec.scenario.view.bank_flow_scale_cents[banks]
        out[:, :, 0] = (state.bank_balance_cents + state.bank_credit_limit_cents)[:, banks] / scale
        out[:, :, 1] = state.bank_queue1_cents[:, banks] / scale
        out[:, :, 2] = state.bank_expected_cents[:, banks] / scale


def main() -> None:
    """Print the observations of two ticks."""
    env = simcash_v0.parallel_env("ten-banks-v0", observation=Cushion(), max_cycles=2)
    observations, _ = env.reset(seed=1)
    print("bank".ljust(12), *(name.rjust(10) for name in env.observation_layout))
    while env.agents:
        for bank in env.agents[:3]:
            print(bank.ljust(12), *(f"{entry:10.3f}" for entry in observations[bank]))
        observations, *_ = env.step({bank: np.zeros_like(env.action_space(bank).sample()) for bank in env.agents})


if __name__ == "__main__":
    main()
