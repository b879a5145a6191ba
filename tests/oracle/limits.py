"""Limits that banks set during the run."""

from collections.abc import Mapping
from typing import Any

from tests.oracle.world import Bank, World

SendLimit = int | Mapping[str, int | None] | None


def has_sub_limits(world: World) -> bool:
    """Whether any bank has a sub-limit or may set one."""
    return world.config.actions.sub_limit or any(bank.config.sub_limit is not None for bank in world.banks.values())


def set_limits(world: World, sub_limits: Mapping[str, int], send_limits: Mapping[str, SendLimit]) -> None:
    """What learners decided: liquidity reserved for priority payments, limits towards all banks or towards some."""
    for name, cents in sub_limits.items():
        assert has_sub_limits(world)
        world.banks[name].sub_limit = cents
    for name, given in send_limits.items():
        assert world.config.actions.send_limit != "none"
        bank = world.banks[name]
        if not isinstance(given, Mapping):
            bank.total_limit = given
            continue
        for other, limit in given.items():
            bank.pair_limits.pop(other, None)
            if limit is not None:
                bank.pair_limits[other] = limit


def limits_row(world: World, bank: Bank) -> dict[str, Any]:
    """The limits in force, where banks may set them."""
    row: dict[str, Any] = {}
    if has_sub_limits(world):
        row["sub_limit"] = bank.sub_limit
    if world.config.actions.send_limit != "none":
        row |= {"send_limit": bank.total_limit, "bilateral_send_limits": dict(bank.pair_limits)}
    return row
