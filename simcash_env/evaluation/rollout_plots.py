"""Figures for which policies are played again: balances over the day, and what they cost among one another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from simcash_env.config import ScenarioConfig
from simcash_env.evaluation.contenders import Contender
from simcash_env.evaluation.crossplay import cross_play
from simcash_env.evaluation.equilibrium import Game, Strategy
from simcash_env.evaluation.evaluate import deciding_banks, with_common_policy
from simcash_env.evaluation.grid_search import has_pool
from simcash_env.evaluation.plots import draw_cross_play, plot_balances
from simcash_env.evaluation.run_columns import record_run

RECORDED: Final = 50
"""Test days whose balances are shown."""

CROSSED, MOST_CROSSED, MOST_BANKS = 50, 5, 10
"""Test days and policies of the cross-play; with more banks than that it is left out."""


def draw_played(played: Sequence[Contender], folder: Path) -> list[Path]:
    """Of every scenario the balances of a bank under the kernel's cheapest policy, and cross-play of the best."""
    paths = []
    for scenario in dict.fromkeys(one.evaluation.scenario for one in played):
        own = [one for one in played if one.evaluation.scenario == scenario and one.kernel_policy is not None]
        own.sort(key=lambda one: float(one.evaluation.totals().mean()))
        if own:
            paths.append(draw_fan(own[0], folder / f"{scenario}-balances.png"))
        if len(own) > 1 and len(deciding_banks(own[0].config)) in range(2, MOST_BANKS + 1):
            paths.append(draw_crossed(own[:MOST_CROSSED], folder / f"{scenario}-cross-play.png"))
    return paths


def draw_fan(best: Contender, path: Path) -> Path:
    """Balances of the first deciding bank over the day."""
    config = with_played_shares(best)
    records = [record_run(config, seed) for seed in best.evaluation.seeds[:RECORDED]]
    bank = records[0].bank_ids.index(deciding_banks(config)[0])
    return plot_balances(records, bank, f"{best.evaluation.scenario}, {best.policy}", path)


def with_played_shares(one: Contender) -> ScenarioConfig:
    """The scenario with the policy and the pool shares that it was played with."""
    if one.kernel_policy is None:
        message = f"{one.policy} does not run in the kernel"
        raise ValueError(message)
    config = with_common_policy(one.config, one.kernel_policy)
    if one.shares is None:
        return config
    shares = dict(zip(sorted(bank.id for bank in config.banks), one.shares, strict=True))
    banks = tuple(
        bank.model_copy(update={"liquidity_allocation_fraction": shares[bank.id]}) if bank.liquidity_pool else bank
        for bank in config.banks
    )
    return config.model_copy(update={"banks": banks})


def draw_crossed(own: Sequence[Contender], path: Path) -> Path:
    """What one bank pays with the row's policy among banks with the column's, on some test days.

    Pool shares go with the policies: the mean of those that the banks had.
    """
    game = Game(own[0].config, own[0].evaluation.seeds[:CROSSED])
    strategies = [Strategy(mean_share(one), one.kernel_policy) for one in own if one.kernel_policy is not None]
    names = [f"{one.policy}\npool {100 * mean_share(one):.3g} %" if has_pool(one.config) else one.policy for one in own]
    return draw_cross_play(cross_play(game, strategies), names, own[0].evaluation.scenario, path)


def mean_share(one: Contender) -> float:
    """Of the deciding banks' pool shares."""
    deciding = deciding_banks(one.config)
    shares = [bank.liquidity_allocation_fraction for bank in with_played_shares(one).banks if bank.id in deciding]
    return float(sum(shares) / len(shares))
