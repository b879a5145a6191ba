"""Collateral: what trees post and withdraw, and what comes back by itself."""

from collections.abc import Mapping

from tests.oracle.trees import collateral_decision, definition
from tests.oracle.world import Bank, Timer, World


def run_collateral_trees(world: World, tree: str) -> None:
    """Every bank that has this tree, in order; each decision is carried out at once."""
    for bank in world.banks.values():
        if definition(bank).get(tree) is None:
            continue
        action, cents, ticks = collateral_decision(world, bank, tree)
        if action == "PostCollateral":
            post(world, bank, cents, ticks)
        elif action == "WithdrawCollateral":
            withdraw(world, bank, cents)


def move_collateral(world: World, asks: Mapping[str, int]) -> None:
    """What learners decided: cents to post, or to withdraw where negative."""
    for name, cents in asks.items():
        if cents > 0:
            post(world, world.banks[name], cents, 0)
        elif cents < 0:
            withdraw(world, world.banks[name], -cents)


def post(world: World, bank: Bank, cents: int, ticks: int) -> None:
    """As much as capacity has room for; with a timer what was posted comes back."""
    moved = min(cents, max(0, bank.capacity() - bank.posted_collateral))
    if moved == 0:
        return
    bank.posted_collateral += moved
    bank.last_post_tick = world.tick
    if ticks > 0:
        bank.timers.append(Timer(moved, world.tick + ticks))


def withdraw(world: World, bank: Bank, cents: int) -> int:
    """As much as no credit rests on, once it has been held long enough; returns what came back."""
    posted_at = bank.last_post_tick
    if posted_at is not None and world.tick - posted_at < bank.config.min_holding_ticks:
        return 0
    moved = min(cents, bank.spare_collateral())
    bank.posted_collateral -= moved
    return moved


def run_collateral_timers(world: World) -> None:
    """What is due comes back as far as it can; the rest is due again in the next tick."""
    for bank in world.banks.values():
        for timer in bank.timers:
            if timer.due_tick <= world.tick:
                timer.cents -= withdraw(world, bank, timer.cents)
        bank.timers = [timer for timer in bank.timers if timer.cents > 0]
