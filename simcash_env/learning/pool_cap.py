"""A finer choice of the pool share: the same scenario, in which no more than a part of each pool may be allocated."""

from __future__ import annotations

from simcash_env.config import ScenarioConfig


def with_largest_share(config: ScenarioConfig, largest: float) -> ScenarioConfig:
    """The scenario with pools cut to a share of them, so that the 21 levels of a learner reach from 0 to ``largest``.

    Nothing else changes: what level k allocates costs, and pays for, exactly what those cents would of the whole pool.
    Only who allocates more than ``largest`` must look at the scenario itself. Pools are charged for what is allocated,
    never for what is not.

    Args:
        config: the scenario.
        largest: over 0 to 1; 1 is the scenario itself.
    """
    if largest == 1.0:
        return config
    banks = tuple(
        bank if bank.liquidity_pool is None
        else bank.model_copy(update={"liquidity_pool": round(bank.liquidity_pool * largest)})
        for bank in config.banks
    )  # fmt: skip
    return config.model_copy(update={"banks": banks})
