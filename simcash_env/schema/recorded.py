"""How recorded payments lie in memory: one array of 64-bit words that every copy and variant reads.

First one word for each tick of each recorded day, and one more: the word at which the tick's payments begin. Then two
words for each payment: its amount in cents, and everything else, packed. Bank numbers are those of the data set.
"""

from __future__ import annotations

from typing import Final

PAYMENT_WORDS: Final = 2
"""Words of one payment."""

BANK_BITS: Final = 11
"""Bits of a bank number."""

RECEIVER_SHIFT: Final = BANK_BITS
OFFSET_SHIFT: Final = 2 * BANK_BITS
OFFSET_BITS: Final = 20
"""Bits of the ticks from arrival to deadline; a day has fewer ticks than these can count."""

PRIORITY_SHIFT: Final = OFFSET_SHIFT + OFFSET_BITS
PRIORITY_BITS: Final = 4
DIVISIBLE_SHIFT: Final = PRIORITY_SHIFT + PRIORITY_BITS

BANK_MASK: Final = 2**BANK_BITS - 1
OFFSET_MASK: Final = 2**OFFSET_BITS - 1
PRIORITY_MASK: Final = 2**PRIORITY_BITS - 1
