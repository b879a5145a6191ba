"""Ask for the memory of the copies that step next, so that a batch beyond the cache does not wait for it.

Nothing is read or written: results do not depend on it. A copy's accounts say where its payments lie, so accounts are
asked for two copies ahead and payments, observations and masks one copy ahead.
"""

from __future__ import annotations

from typing import Final

from simcash_env.agents.observation import SLOTS_AT
from simcash_env.agents.tables import Arena, Buffers, Shape
from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels._numba.vectors import prefetch
from simcash_env.kernels._numba.views import part
from simcash_env.kernels.tables import open_state
from simcash_env.schema.arrays import State
from simcash_env.schema.codes import NONE
from simcash_env.schema.layout import WORD_BYTES, layout_of

ENTRY_BYTES: Final = 4
PAYMENT_BYTES: Final = layout_of(State).columns["pay_id"].stride
PAYMENTS_BASE: Final = 2 * layout_of(State).axes.index("pay")
"""Where the sizes of a state row say at which word its payments begin."""

MOST_WORDS: Final = 1_024
"""Of a copy's state that are asked for: a quarter of a first-level cache."""
CACHED_WORDS: Final = 131_072
"""State of a batch that stays in a second-level cache anyway, 1 MiB."""


@kernel
def is_beyond_cache(arena: Arena) -> bool:
    """True if the batch's state is so large that a copy has left the cache when its turn comes again."""
    return arena.states.shape[0] > CACHED_WORDS


@kernel
def ask_for_copies(arena: Arena, buffers: Buffers, shape: Shape, following: int, later: int) -> None:
    """Ask for what the copy of the next turn needs, and for the accounts of the one of the turn after it."""
    width, num_copies = arena.templates.shape[0] // shape.window.num_variants, buffers.pending.shape[0]
    words = min(arena.state_sizes[PAYMENTS_BASE], MOST_WORDS)
    prefetch(arena.states, later * width, words * WORD_BYTES)
    state = open_state(part(arena.states, following * width, width), arena.state_sizes)
    num_learners, num_entries = shape.window.learners.shape[0], shape.window.num_entries
    for index in range(num_learners):
        prefetch(buffers.observations, (following * num_learners + index) * num_entries, SLOTS_AT * ENTRY_BYTES)
        ask_for_payment(state, state.bank_queue1_head[shape.window.learners[index]])
    ask_for_payment(state, state.queue2_head[0])
    ask_for_payment(state, state.free_head[0])
    mask_bytes, num_costs = buffers.masks.shape[0] // num_copies, buffers.costs.shape[0] // num_copies
    prefetch(buffers.masks, following * mask_bytes, mask_bytes)
    prefetch(buffers.costs, following * num_costs, num_costs * WORD_BYTES)


@kernel
def ask_for_payment(state: State, row: int) -> None:
    """Ask for a payment's row, if there is one."""
    if row != NONE:
        prefetch(state.pay_id, row, PAYMENT_BYTES)
