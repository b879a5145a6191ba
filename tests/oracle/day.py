"""What begins and ends a day: pool liquidity, penalties, counters."""

import math
from collections.abc import Mapping

from tests.oracle.costs import charge_end_of_day
from tests.oracle.exact import MILLION
from tests.oracle.lsm import save_liquidity
from tests.oracle.settlement import apply_deferred_credits, pass_queue2
from tests.oracle.world import World

POOL_LEVELS = 20


def allocates_today(world: World) -> bool:
    """The pool is allocated on day 0, and on every day under daily reallocation."""
    return world.is_day_start() and (world.day == 0 or world.config.switches.daily_liquidity_reallocation)


def start_day(world: World) -> None:
    """Draw the day's factor of all arrival rates where there is one; allocate the pool by the fraction in force."""
    spread = world.config.simulation.day_factor_log_std
    if world.is_day_start() and spread > 0.0:
        world.day_rate_factor = math.exp(spread * world.rng.standard_normal() - spread * spread / 2.0)
    if allocates_today(world):
        for bank in world.banks.values():
            bank.allocated_pool = bank.pool_share()
            bank.balance += bank.allocated_pool


def set_pool_levels(world: World, levels: Mapping[str, int]) -> None:
    """A learner sets its fraction on a grid of twentieths."""
    for name, level in levels.items():
        if not 0 <= level <= POOL_LEVELS:
            msg = f"{name} cannot set pool level {level}"
            raise ValueError(msg)
    set_pool_shares(world, {name: level * MILLION // POOL_LEVELS for name, level in levels.items()})


def set_pool_shares(world: World, shares: Mapping[str, int]) -> None:
    """A learner sets its fraction in millionths at the first decision after an allocation; the balance follows."""
    for name, share in shares.items():
        bank = world.banks[name]
        is_legal = bank.config.policy.type == "external" and bool(bank.config.liquidity_pool)
        if not (is_legal and allocates_today(world) and 0 <= share <= MILLION):
            msg = f"{name} cannot set a pool share of {share} millionths now"
            raise ValueError(msg)
        bank.pool_fraction = share
        allocation = bank.pool_share()
        bank.balance += allocation - bank.allocated_pool
        bank.allocated_pool = allocation


def end_day(world: World) -> None:
    """On the day's last tick: a last settlement where the rules give one, penalties, counters, pool return."""
    if not world.is_day_end():
        return
    if world.config.rules.end_of_day_settlement:
        pass_queue2(world)
        save_liquidity(world)
        apply_deferred_credits(world)
    charge_end_of_day(world)
    for bank in world.banks.values():
        bank.outflow.clear()
        bank.inflow.clear()
        bank.registers = dict.fromkeys(bank.registers, 0.0)
        if world.config.switches.daily_liquidity_reallocation:
            bank.balance -= bank.allocated_pool
            bank.allocated_pool = 0
