"""Cross-play: what a bank pays when it plays one policy and all others play another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simcash_env.evaluation.equilibrium import Game, Profile, Strategy
from simcash_env.evaluation.grid_search import F64


def cross_play(game: Game, strategies: Sequence[Strategy]) -> F64:
    """(strategies, strategies) mean cents of a bank: it plays the row's strategy, the others the column's.

    Mean over which bank it is. On the diagonal all play the same.
    """
    num_banks, count = len(game.bank_ids), len(strategies)
    profiles: list[Profile] = []
    for own in strategies:
        for other in strategies:
            everybody = [other] * num_banks
            profiles += [(*everybody[:bank], own, *everybody[bank + 1 :]) for bank in range(num_banks)]
    costs = game.costs(profiles).reshape(count, count, num_banks, num_banks)
    own_costs: F64 = np.diagonal(costs, axis1=2, axis2=3).mean(axis=2)
    return own_costs
