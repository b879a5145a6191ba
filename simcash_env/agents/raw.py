"""The raw numbers behind an observation, for scripted agents that decide through the public face."""

from __future__ import annotations

from typing import Final

from simcash_env.agents.heads import unlendable
from simcash_env.kernels._numba.jit import entry
from simcash_env.kernels.ledger import available_liquidity, effective_liquidity
from simcash_env.kernels.market.choices import order_cents, rate_of, side_of
from simcash_env.kernels.tables import open_scenario, open_state
from simcash_env.schema.arrays import I64
from simcash_env.schema.codes import NONE

SLOT_NUMBERS: Final = ("present", "amount", "remaining", "ticks_to_deadline", "priority")
ACCOUNT_NUMBERS: Final = ("balance", "available_liquidity", "effective_liquidity")


@entry
def read_queues(
    scenario_rows: I64,
    scenario_sizes: I64,
    variants: I64,
    arena: I64,
    state_sizes: I64,
    learners: I64,
    slots: I64,
    accounts: I64,
) -> None:
    """Fill ``slots`` (numbers, N, L, K) and ``accounts`` (numbers, N, L), both zero before."""
    for copy in range(arena.shape[0]):
        scenario = open_scenario(scenario_rows[variants[copy]], scenario_sizes)
        state = open_state(arena[copy], state_sizes)
        for index in range(learners.shape[0]):
            bank = learners[index]
            accounts[0, copy, index] = state.bank_balance_cents[bank]
            accounts[1, copy, index] = available_liquidity(scenario, state, bank)
            accounts[2, copy, index] = effective_liquidity(state, bank)
            slot, row = 0, state.bank_queue1_head[bank]
            while row != NONE and slot < slots.shape[3]:
                slots[0, copy, index, slot] = 1
                slots[1, copy, index, slot] = state.pay_amount_cents[row]
                slots[2, copy, index, slot] = state.pay_remaining_cents[row]
                slots[3, copy, index, slot] = state.pay_deadline_tick[row] - state.tick[0]
                slots[4, copy, index, slot] = state.pay_priority[row]
                slot += 1
                row = state.pay_next[row]


@entry
def read_orders(
    scenario_rows: I64,
    scenario_sizes: I64,
    variants: I64,
    arena: I64,
    state_sizes: I64,
    learners: I64,
    choices: I64,
    orders: I64,
) -> None:
    """Fill ``orders`` (N, L, 3), zero before: what ``choices`` (N, L) of the market head mean now, cents 0 for none."""
    for copy in range(arena.shape[0]):
        scenario = open_scenario(scenario_rows[variants[copy]], scenario_sizes)
        state = open_state(arena[copy], state_sizes)
        for index in range(learners.shape[0]):
            bank, choice = learners[index], choices[copy, index]
            cents = order_cents(scenario, state, bank, choice, unlendable(scenario, state, bank))
            if cents > 0:
                orders[copy, index, 0] = side_of(choice)
                orders[copy, index, 1] = rate_of(scenario, choice)
                orders[copy, index, 2] = cents
