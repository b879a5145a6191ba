"""The intraday liquidity market as a step of the tick."""

from __future__ import annotations

from simcash_env.arrays import Scenario, State, Work
from simcash_env.codes import TraderKind
from simcash_env.kernels._jit import kernel
from simcash_env.kernels.market_loans import repay_loans
from simcash_env.kernels.market_orders import expire_orders
from simcash_env.kernels.market_traders import trade_corridor

CORRIDOR = int(TraderKind.CORRIDOR)


@kernel
def run_market(scenario: Scenario, state: State, work: Work) -> None:
    """Where there is a market: repay loans that are due, let scripted traders trade, take out orders that expire."""
    if state.market_next_order.shape[0] == 0:
        return
    for bank in range(scenario.num_banks[0]):
        state.trader_tick_interest_cents[bank] = 0
    repay_loans(scenario, state, work)
    for bank in range(scenario.num_banks[0]):
        if scenario.trader_kind[bank] == CORRIDOR:
            trade_corridor(scenario, state, work, bank)
    expire_orders(state, work)
