"""Every bound, band and grid that more than one part of the package must agree on, each defined here and nowhere else.

Configuration, kernels, bounds, policies, service and documentation import them. A number that only one file needs stays
in that file. The oracle of the tests has numbers of its own, so that a wrong one here is found.
"""

from __future__ import annotations

from typing import Final

# -- priorities --------------------------------------------------------------------------------------------------------

HIGHEST_PRIORITY: Final = 10
"""Priorities of payments run from 0, the least urgent, to this."""

NORMAL_FROM: Final = 4
"""Lowest priority of the normal band; the low band lies below. Delay cost has a multiplier for each band."""

URGENT_FROM: Final = 8
"""Lowest priority of the urgent band, which reaches to the highest priority."""

# -- decision trees ----------------------------------------------------------------------------------------------------

TREE_TOLERANCE: Final = 1e-9
"""Of comparisons, except for strictly less and greater; a denominator of this size counts as zero."""

# -- payments ----------------------------------------------------------------------------------------------------------

MIN_PARTS: Final = 2
"""A split makes at least two payments of one."""

MAX_PARTS: Final = 1_000
"""Largest number of parts of a split: a bound on the payment rows that one decision can ask for."""

DUE_NOW_TICKS: Final = 1
"""A payment is due now with at most this number of ticks to its deadline: the last chance to be on time is near."""

DUE_SOON_TICKS: Final = 4
"""A payment, or a repayment in the market, is due soon with at most this number of ticks left."""

# -- grids of choices --------------------------------------------------------------------------------------------------

POOL_LEVELS: Final = 21
"""A learner chooses its share of the liquidity pool on a grid of 0, 5, ... 100 per cent."""

BUDGET_LEVELS: Final = 21
"""A ``budget`` action chooses the share of the queued value on a grid of 0, 5, ... 100 per cent."""

THRESHOLD_STEPS: Final = 1_000
"""Grid of the ``threshold`` action's numbers from 0 to 1."""

SHARE_STEPS: Final = 1_000_000
"""Grid of a ``rank`` action's numbers, and of a pool share that is chosen as a share and not as a level."""

TYPICAL_TICKS: Final = 8
"""A typical number of ticks: an age, or a time to a deadline, that shows as one half."""

TYPICAL_PAYMENTS: Final = 8
"""A typical net position against one bank, in mean payments: it shows as one half."""

# -- money and time ----------------------------------------------------------------------------------------------------

MAX_CENTS: Final = 10**15
"""Largest single sum of money (ten trillion): thousands of them still add up inside int64."""

MAX_SCENARIO_CENTS: Final = 10**18
"""Largest sum of all money and credit in a scenario."""

MAX_TOTAL_CENTS: Final = 4 * 10**18
"""Totals beyond this stop the run with an error, long before int64 could wrap."""

MAX_TICKS: Final = 10**9
"""Longest run, and longest time between two ticks that a file may name: sums of a few stay far inside int64."""

MAX_TICKS_PER_DAY: Final = 10**6
"""Longest day: rates a day are divided by its ticks and must stay above a millionth of their unit."""

MAX_SEED: Final = 2**63 - 1
"""Largest seed: the random stream is one word of int64, and seeds are not negative."""

# -- rates -------------------------------------------------------------------------------------------------------------

MAX_BPS_PER_TICK: Final = 10_000
"""Largest rate of a tick: the whole amount."""

MAX_CENTS_PER_CENT: Final = 1_000
"""Largest delay cost of a tick, in cents for each cent."""

MAX_RATE_PER_TICK: Final = 10_000.0
"""Largest mean number of payments that a bank sends in a tick."""

MAX_MULTIPLIER: Final = 1_000.0
"""Largest factor."""
