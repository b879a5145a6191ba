"""What waits at the least if payments may settle in fractions, as a function of the share of its pool a bank allocates.

A bank cannot have paid more than its funds: what it allocated, its opening balance, its credit and what it received.
So of all that arrived for it to send, at least the rest waits and is charged for. Where no deadline binds, this is the
cost of the programmes of ``bank_days`` with fractions, to the rounding. It takes microseconds instead of milliseconds;
its mean over thousands of days is the control variate of the days that follow a first observation.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from simcash_env.compile.scenario import CompiledScenario
from simcash_env.config import ScenarioConfig
from simcash_env.evaluation.arrivals import arrived_days, arrived_payments, flows
from simcash_env.evaluation.clairvoyant_bank import pays_from_what_it_had
from simcash_env.evaluation.seeds import fresh_seeds
from simcash_env.evaluation.share_search import NOTHING, OfShare
from simcash_env.evaluation.statistics import F64
from simcash_env.kernels.money import DELAY_SCALE

SHARES: Final = np.linspace(0.0, 1.0, 1_025)
"""Between these shares the cost counts as linear: a control variate may be any function of the day."""
THOUSANDTHS: Final = 1_000


def waiting_cents(config: ScenarioConfig, compiled: CompiledScenario, bank: int, moved: F64) -> OfShare:
    """Mean cost of waiting of a bank with a pool over days.

    Args:
        config: the scenario.
        compiled: the same, compiled.
        bank: number of the bank.
        moved: (days, 2, ticks) cents that arrive for the bank to send and to receive.
    """
    view = compiled.view
    if not view.is_delay_charged_in_queue2[0]:
        return NOTHING  # a payment waits free of charge once it is submitted
    sent, received = np.cumsum(moved[:, 0], axis=1), np.cumsum(moved[:, 1], axis=1)
    if pays_from_what_it_had(config, compiled):
        received -= moved[:, 1]
    missing = sent - received - float(view.bank_opening_balance_cents[bank] + view.bank_credit_limit_cents[bank])
    ordered = np.sort(missing, axis=None)
    allocated = SHARES * float(view.bank_pool_cents[bank])
    first = np.searchsorted(ordered, allocated)
    above = np.concatenate([np.cumsum(ordered[::-1])[::-1], [0.0]])[first]
    waiting = above - allocated * (len(ordered) - first)
    price = int(view.delay_rate_ppm[0]) * THOUSANDTHS / DELAY_SCALE
    return OfShare(SHARES, price * waiting / len(moved))


def sampling_errors(config: ScenarioConfig, compiled: CompiledScenario, moved: F64, count: int) -> list[OfShare]:
    """By how much the mean cost of waiting of each bank is too low on the first days of a sample.

    Its expectation is 0 at every share, so that it may be added to the mean cost of releases on these days.

    Args:
        config: the scenario.
        compiled: the same, compiled.
        moved: (days, 2, banks, ticks) cents that arrive for each bank to send and to receive; all days are alike in
            distribution.
        count: number of the first days; the mean over the others counts as right.
    """
    found = []
    for bank in range(len(config.banks)):
        of_days, right = (
            waiting_cents(config, compiled, bank, part[:, :, bank]) for part in (moved[:count], moved[count:])
        )
        found.append(OfShare(right.shares, right.cents - of_days.cents))
    return found


def own_flows(config: ScenarioConfig, seed: int, count: int) -> F64:
    """(count, 2, banks, ticks) cents that arrive after each bank's own first arrivals of one day.

    What a bank has to send in the first tick is that of the day of the seed, on all days.

    Args:
        config: the scenario.
        seed: of the first arrivals.
        count: number of days, those of ``own_days`` first.
    """
    ticks = config.simulation.num_ticks
    days = np.array([flows(day, ticks) for day in arrived_days(config, fresh_seeds(seed, count))])
    days[:, 0, :, 0] = flows(arrived_payments(config, seed), ticks)[0, :, 0]
    return days
