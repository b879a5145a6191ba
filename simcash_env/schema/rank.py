"""The numbers of a ``rank`` action: one row for each component, in the order of the action.

``COMPONENTS`` is the only list of them. Size, bounds and default of the action, how a number is decoded, and the
documentation table follow from it. The rule that reads them is ``agents/rank.py``. To add a component, add a row here
and the line that uses it there.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from simcash_env.errors import ActionError
from simcash_env.schema.codes import PPM
from simcash_env.schema.limits import HIGHEST_PRIORITY, TYPICAL_PAYMENTS, TYPICAL_TICKS


class Feature(NamedTuple):
    """A number from 0 to 1 (``net``: from -1 to 1) that the score of a payment weighs."""

    name: str
    meaning: str


FEATURES: Final = (
    Feature("urgency", "1 / (1 + ticks to the deadline); 1 at and after the deadline"),
    Feature("overdue", "1 once the engine has marked the payment overdue, else 0"),
    Feature("size", "a / (a + the bank's mean payment), a: remaining amount"),
    Feature("priority", f"priority / {HIGHEST_PRIORITY}"),
    Feature("age", f"t / (t + {TYPICAL_TICKS}), t: ticks since arrival"),
    Feature("offset", "q / (q + a), q: value from the receiver to the bank in Queue 2"),
    Feature(
        "net",
        f"p / (abs(p) + {TYPICAL_PAYMENTS} mean payments), p: paid to the receiver today less received from it",
    ),
    Feature("liquidity", "a / (a + available liquidity)"),
)
"""What the score weighs, in the order of the weights."""

_TICKS: Final = f"t / (t + {TYPICAL_TICKS}), t: ticks"


class Component(NamedTuple):
    """One number of a ``rank`` action.

    Attributes:
        name: as ``RANK`` and ``RankAction.encode`` have it.
        low: lowest value, a whole number.
        high: highest value, a whole number.
        default: value with which, all others at theirs, the action releases everything in queue order.
        unit: of the value, for the documentation.
        meaning: for the documentation.
    """

    name: str
    low: int
    high: int
    default: float
    unit: str
    meaning: str


COMPONENTS: Final = (
    *(Component(f"weight_{one.name}", -1, 1, 0.0, "weight", one.meaning) for one in FEATURES),
    Component("balance_share", 0, 2, 1.0, "share", "of the balance above zero, for the budget"),
    Component("credit_share", 0, 1, 0.0, "share", "of the overdraft limit that is left, for the budget"),
    Component(
        "unfunded_share", 0, 1, 1.0, "share", "of a submitted payment beyond the budget that counts against the budget"
    ),
    Component(
        "submit_score", -1, 1, 1.0, "score", "submit payments whose score over the sum of absolute weights is higher"
    ),
    Component("submit_urgent", 0, 1, 0.0, _TICKS, "submit payments with fewer ticks to the deadline; 0: none, 1: all"),
    Component(
        "submit_priority", 0, 1, 1.0, f"priority / {HIGHEST_PRIORITY}", "submit payments of higher priority; 1: none"
    ),
    Component(
        "submit_small",
        0,
        1,
        0.0,
        "share",
        "submit payments up to this share of available liquidity less the sum so far",
    ),
    Component("submit_offset", 0, 1, 1.0, "offset", "submit payments whose feature `offset` is higher; 1: none"),
    Component(
        "submit_closing", 0, 1, 1.0, _TICKS, "submit everything with fewer ticks left in the day; 0: never, 1: always"
    ),
    Component(
        "split_parts",
        0,
        1,
        0.0,
        "parts",
        "split a payment beyond the budget while anything of it is left: share of the way from 1 part, no split, to"
        " `max_split` parts",
    ),
)

NUM_COMPONENTS: Final = len(COMPONENTS)
NUM_WEIGHTS: Final = len(FEATURES)
"""The weights come first."""
LOWS_PPM: Final = tuple(one.low * PPM for one in COMPONENTS)
SPANS: Final = tuple(one.high - one.low for one in COMPONENTS)


def _numbers() -> Any:
    names = [one.name for one in COMPONENTS]
    return namedtuple("Numbers", names)(*range(len(names)))  # noqa: PYI024 - names are data


RANK: Final = _numbers()
"""The position of every component, by name: ``RANK.balance_share``."""


def within_ticks(ticks: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the value of a component in ticks that means: with at most this number of ticks left.

    The value is ``t / (t + 8)`` for a number of ticks ``t``, here one half above the last tick that is within.

    Args:
        ticks: whole numbers; negative for none, infinity for all.
    """
    past = np.maximum(np.asarray(ticks, np.float64) + 0.5, 0.0)
    with np.errstate(invalid="ignore"):
        share = past / (past + TYPICAL_TICKS)
    return np.where(np.isinf(past), 1.0, share)


def action_number(name: str, value: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the number from -1 to 1 of an action for a value of a component.

    Raises:
        ActionError: no component of this name, or a value out of bounds.
    """
    if name not in RANK._fields:
        message = f"rank.{name}: unknown component; components are {', '.join(RANK._fields)}"
        raise ActionError(message)
    one, given = COMPONENTS[RANK._fields.index(name)], np.asarray(value, np.float64)
    if not ((given >= one.low) & (given <= one.high)).all():
        message = f"rank.{name}: must be from {one.low} to {one.high}, got {value!r}"
        raise ActionError(message)
    number: npt.NDArray[np.float64] = 2.0 * (given - one.low) / (one.high - one.low) - 1.0
    return number


def component_values(numbers: npt.ArrayLike) -> Mapping[str, npt.NDArray[np.float64]]:
    """Return the values by name of numbers (..., components) from -1 to 1."""
    given = np.asarray(numbers, np.float64)
    return {
        one.name: one.low + (given[..., place] + 1.0) / 2.0 * (one.high - one.low)
        for place, one in enumerate(COMPONENTS)
    }


def rank_table() -> tuple[tuple[str, ...], ...]:
    """Return the rows of the documentation table: position, name, bounds, default, unit, meaning."""
    return tuple(
        (str(place), f"`{one.name}`", f"{one.low} to {one.high}", f"{one.default:g}", one.unit, one.meaning)
        for place, one in enumerate(COMPONENTS)
    )
