"""Warnings about scenarios that are no game: nothing is to be gained by deciding anything but releasing at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from simcash_env.amounts import amount_text
from simcash_env.compile.scales import expected_flow
from simcash_env.config import DeadlinePolicy, FifoPolicy, LiquidityAwarePolicy, ScenarioConfig
from simcash_env.config.costs import BpsPenalty
from simcash_env.config.library import policy_names, policy_path
from simcash_env.config.policies import LiquidityReservePolicy, LiquiditySplittingPolicy, PolicyConfig, TreePolicy
from simcash_env.evaluation.evaluate import deciding_banks, evaluate_policy
from simcash_env.evaluation.grid_search import COARSE_SHARES, HALF, has_pool
from simcash_env.evaluation.policy_families import buffers, longest_deadline, mean_payment_cents
from simcash_env.evaluation.seeds import training_seeds

NUM_DAYS: Final = 20
"""Runs on which policies are compared with FIFO."""
MOST_BANK_TICKS: Final = 4_000_000
MOST_PAYMENTS: Final = 60_000
"""Bank-ticks and payments that one policy may take; a larger scenario is played on fewer days, at least two."""
FEW_TICKS: Final = 3
PART_OF_DAY: Final = 4
"""A penalty below the delay cost of ``FEW_TICKS`` is a warning; on short days, of a quarter of the day."""
SHARES: Final = (None, HALF, 0.2, 0.1, 0.05)
"""Shares of every pool that are tried; None is what the scenario allocates."""
PPM_OF_BPS: Final = 10_000


@dataclass(frozen=True)
class GameWarning:
    """Something that makes a scenario no game.

    Attributes:
        path: key of the scenario; empty for the scenario as a whole.
        text: what was found.
    """

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}" if self.path else self.text


def price_warnings(config: ScenarioConfig) -> list[GameWarning]:
    """Warnings that follow from the prices alone: free overdrafts, penalties cheaper than a few ticks of delay."""
    return [*_free_overdraft(config), *_cheap_penalties(config)]


def _free_overdraft(config: ScenarioConfig) -> Iterator[GameWarning]:
    ticks = config.simulation.ticks_per_day
    deciding = deciding_banks(config)
    on_credit = [bank.id for bank in config.banks if bank.id in deciding and bank.credit_limit]
    if on_credit and not config.costs.overdraft_rate_ppm(ticks):
        yield GameWarning(
            "costs.overdraft_bps_per_tick",
            f"an overdraft costs nothing, and {len(on_credit)} deciding banks have a credit limit: "
            "a bank has little reason to wait for incoming payments",
        )


def _cheap_penalties(config: ScenarioConfig) -> Iterator[GameWarning]:
    costs, payment = config.costs, mean_payment_cents(config)
    delay = costs.delay_rate_ppm(config.simulation.ticks_per_day) * payment / 1e6
    if not payment or not delay:
        return
    ticks = min(FEW_TICKS, max(config.simulation.ticks_per_day // PART_OF_DAY, 1))
    few = f"{ticks} ticks" if ticks > 1 else "a tick"
    for name in ("deadline_penalty", "eod_penalty"):
        penalty = getattr(costs, name)
        cents = payment * penalty.bps / PPM_OF_BPS if isinstance(penalty, BpsPenalty) else float(penalty)
        if 0 < cents < ticks * delay:
            yield GameWarning(
                f"costs.{name}",
                f"{amount_text(cents)} for a mean payment of {amount_text(payment)} is less than {few} of its delay "
                f"({amount_text(ticks * delay)}): the penalty hardly matters",
            )


def game_warnings(config: ScenarioConfig, num_days: int = NUM_DAYS) -> list[GameWarning]:
    """Warnings about a scenario, those included that playing it shows: FIFO costs least of all policies tried.

    Policies are tried on training days until one costs less than FIFO with the pool as configured.

    Args:
        config: the scenario.
        num_days: runs for each policy; fewer for a large scenario.
    """
    found = price_warnings(config)
    bank_ticks = len(config.banks) * config.simulation.num_ticks
    payments = sum(expected_flow(config, bank)[0] for bank in config.banks) * config.simulation.num_days
    most = min(MOST_BANK_TICKS // bank_ticks, int(MOST_PAYMENTS // max(payments, 1.0)))
    days = training_seeds(max(min(num_days, most), 2))
    fifo = float(evaluate_policy(config, FifoPolicy(), days).totals().mean())
    tried = 0
    for policy, share in tried_policies(config):
        shares = None if share is None else [share] * len(config.banks)
        tried += 1
        if float(evaluate_policy(config, policy, days, shares).totals().mean()) < fifo:
            return found
    text = (
        f"FIFO costs {amount_text(fifo)} a run, and none of {tried} other policies and pool shares costs less on "
        f"{len(days)} days: a bank gains nothing by deciding"
    )
    return [*found, GameWarning("", text)]


def tried_policies(config: ScenarioConfig) -> Iterator[tuple[PolicyConfig, float | None]]:
    """Policies with the share of every pool, those first that are the best in most scenarios."""
    longest, sizes = longest_deadline(config), buffers(config)
    urgencies = tuple(dict.fromkeys((1, 2, max(longest // 4, 1), max(longest // 2, 1), longest)))
    policies: list[PolicyConfig] = [LiquidityReservePolicy(target_buffer=0, urgency_threshold=0), FifoPolicy()]
    for urgency in urgencies:
        policies.append(LiquidityReservePolicy(target_buffer=0, urgency_threshold=urgency))
        policies += (
            TreePolicy(file=str(policy_path(name)), parameters={"urgent_ticks": float(urgency)})
            for name in policy_names()
        )
        policies.append(DeadlinePolicy(urgency_threshold=urgency))
        policies.append(LiquidityAwarePolicy(target_buffer=sizes[len(sizes) // 2], urgency_threshold=urgency))
    policies.append(LiquiditySplittingPolicy(max_splits=4, min_split_amount=1))
    if has_pool(config):
        yield from ((FifoPolicy(), share) for share in reversed(COARSE_SHARES))
    for share in SHARES if has_pool(config) else SHARES[:1]:
        for policy in policies:
            if share is not None or policy.type != "fifo":
                yield policy, share
