"""The optional heads of an action: one row for each, in the order in which they follow the heads of the queue.

``HEADS`` is the only list of optional heads. Which heads an action has, their sizes and positions, the order in which a
continuous action runs through their choices and the documentation table follow from it. To add a head, add a row here
and its two branches in ``agents/heads.py``: what a choice becomes (``decode_head``) and which choices would be carried
out (``write_head_mask``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from simcash_env.schema.codes import (
    COLLATERAL_CHOICES,
    MARKET_CHOICES,
    REVOKE_CHOICES,
    SEND_LIMIT_CHOICES,
    SUB_LIMIT_CHOICES,
    RtgsPriority,
    SendLimitScope,
)
from simcash_env.schema.layout import positions
from simcash_env.schema.limits import POOL_LEVELS


class Head(NamedTuple):
    """One optional head. Choice 0 of every head changes nothing.

    Attributes:
        name: as in ``head_index`` of a batch.
        size: number of choices.
        is_present: of a scenario's arrays and the numbers of the learning banks.
        ascending: all choices in the order in which a continuous action runs through them.
        subject: what the head decides, for the documentation.
        choices: what the choices are, for the documentation.
        condition: when the head is present, for the documentation.
    """

    name: str
    size: int
    is_present: Callable[[Any, npt.NDArray[np.int64]], bool]
    ascending: tuple[int, ...]
    subject: str
    choices: str
    condition: str


_POSTS: Final = COLLATERAL_CHOICES // 2
_BIDS: Final = MARKET_CHOICES // 2

HEADS: Final = (
    Head(
        "rtgs_priority",
        len(RtgsPriority),
        lambda view, learners: bool(view.orders_queue2_by_priority[0]),
        tuple(range(len(RtgsPriority))),
        "RTGS priority of all payments released in this tick",
        "0 normal · 1 urgent · 2 highly urgent",
        "`switches.queue2_priority_mode`",
    ),
    Head(
        "pool",
        POOL_LEVELS,
        lambda view, learners: bool(view.bank_pool_cents[learners].any()),
        tuple(range(POOL_LEVELS)),
        "share of the liquidity pool",
        f"0 to {POOL_LEVELS - 1}, in steps of {100 // (POOL_LEVELS - 1)} %",
        "a learning bank has a `liquidity_pool`",
    ),
    Head(
        "collateral",
        COLLATERAL_CHOICES,
        lambda view, learners: bool(view.offers_collateral[0]),
        (*range(COLLATERAL_CHOICES - 1, _POSTS, -1), *range(_POSTS + 1)),
        "collateral",
        "0 keep · 1, 2, 3 post a quarter, half, all of what may be posted · 4, 5, 6 withdraw a quarter, half, all of"
        " what may be withdrawn",
        "`actions.collateral`",
    ),
    Head(
        "revoke",
        REVOKE_CHOICES,
        lambda view, learners: bool(view.offers_revoke[0]),
        tuple(range(REVOKE_CHOICES)),
        "the bank's payments in Queue 2",
        "0 keep · 1 revoke the largest · 2 revoke all · 3, 4, 5 revoke all and make their RTGS priority normal, urgent,"
        " highly urgent",
        "`actions.revoke`; 3 to 5 with `switches.queue2_priority_mode`",
    ),
    Head(
        "sub_limit",
        SUB_LIMIT_CHOICES,
        lambda view, learners: bool(view.offers_sub_limit[0]),
        tuple(reversed(range(SUB_LIMIT_CHOICES))),
        "sub-limit: liquidity reserved for priority payments",
        "0 keep · 1 none · 2 to 6 a 16th, an 8th, a quarter, half, all of the opening balance, overdraft limit and"
        " liquidity pool",
        "`actions.sub_limit`",
    ),
    Head(
        "send_limit",
        SEND_LIMIT_CHOICES,
        lambda view, learners: view.send_limit_scope[0] != SendLimitScope.NONE,
        (*range(2, SEND_LIMIT_CHOICES), 1, 0),
        "limit on what the bank sends per day, net under `limits_basis: net`",
        "0 keep · 1 no limit · 2 nothing · 3 to 8 a 32nd, a 16th, an 8th, a quarter, half, all of the expected outflow"
        " of a day",
        "`actions.send_limit`: `multilateral` limits all banks together, `bilateral` each bank",
    ),
    Head(
        "market",
        MARKET_CHOICES,
        lambda view, learners: bool(view.market_offers_orders.any()),
        (*range(MARKET_CHOICES - 1, _BIDS, -1), *range(_BIDS + 1)),
        "order in the market",
        "0 none · 1 to 9 bid · 10 to 18 ask: three rates, from the lowest; per rate three sizes, from the smallest",
        "the scenario has a [`market`](market.md), and `actions.market` is not false",
    ),
)


HEAD: Final = positions("HeadNumbers", (head.name for head in HEADS))
"""The number of every optional head, by name: ``HEAD.pool``."""


class HeadIndex(dict[str, int]):
    """Position of every optional head by name. Finds a head under its older name too; lists the current names only."""

    OLDER: ClassVar = {"recall": "revoke"}

    def __missing__(self, name: str) -> int:
        """The position under the current name.

        Raises:
            KeyError: there is no such head.
        """
        if self.OLDER.get(name) not in self:
            raise KeyError(name)
        return self[self.OLDER[name]]

    def __contains__(self, name: object) -> bool:
        """True if there is a head of this current or older name."""
        return super().__contains__(self.OLDER.get(str(name), name))

    def get(self, name: str, default: Any = None) -> Any:
        """The position of a head of this current or older name, else the default."""
        return super().get(self.OLDER.get(name, name), default)


def heads_of(view: Any, learners: npt.NDArray[np.int64]) -> tuple[Head, ...]:
    """The optional heads that these banks have in a scenario, in their order."""
    return tuple(head for head in HEADS if head.is_present(view, learners))


def head_numbers(heads: tuple[Head, ...]) -> npt.NDArray[np.int64]:
    """The same heads as kernels read them."""
    return np.array([HEADS.index(head) for head in heads], np.int64)


def head_table() -> tuple[tuple[str, str, str], ...]:
    """Return the rows of the documentation table: subject, choices, condition of presence."""
    return tuple((head.subject, head.choices, head.condition) for head in HEADS)
