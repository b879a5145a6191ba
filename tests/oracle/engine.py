"""The tick as a list of steps, and the picture of the world between ticks."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from simcash_env.config import ScenarioConfig
from tests.oracle.arrivals import add_to_queue1, arrive, given_deadline, requested_deadline
from tests.oracle.collateral import move_collateral, run_collateral_timers, run_collateral_trees
from tests.oracle.costs import accrue_costs, penalty
from tests.oracle.day import end_day, set_pool_levels, set_pool_shares, start_day
from tests.oracle.decisions import check_actions, decide
from tests.oracle.limits import limits_row, set_limits
from tests.oracle.lsm import save_liquidity
from tests.oracle.queue1 import escalate_priorities, order_queue1
from tests.oracle.scheduled import run_scheduled_events
from tests.oracle.settlement import apply_deferred_credits, order_queue2, pass_queue2, settle_submitted
from tests.oracle.trees import register_names, revoke_from_queue2, run_bank_trees
from tests.oracle.world import (
    COST_KINDS,
    DEFAULT_PRIORITY,
    RTGS_RANK,
    Bank,
    Decision,
    Payment,
    TickReport,
    World,
    build_world,
)

Actions = Mapping[str, Mapping[str, Decision]]


class Oracle:
    """The rules of a tick, one function each, run in order on plain Python objects.

    In a tick without actions external banks release every payment, or hold it where ``external`` is ``"hold"``.
    """

    def __init__(self, config: ScenarioConfig, external: str = "release") -> None:
        """Build the world before the first tick."""
        self.world: World = build_world(config)
        for bank in self.world.banks.values():
            if bank.config.policy.type == "tree":
                bank.registers = dict.fromkeys(register_names(bank.config.policy.definition), 0.0)
        self._is_open = False
        self.external = external

    @property
    def last(self) -> TickReport:
        """What happened in the tick that closed last."""
        return self.world.report

    @property
    def current_tick(self) -> int:
        """Ticks closed so far."""
        return self.world.tick

    @property
    def num_ticks(self) -> int:
        """Ticks in the whole run."""
        return self.world.end_tick

    def submit(
        self,
        sender: str,
        receiver: str,
        amount: int,
        deadline: int | None = None,
        priority: int = DEFAULT_PRIORITY,
        divisible: bool = False,
        *,
        rtgs_priority: str = "normal",
        deadline_tick: int | None = None,
        deadline_in: int | None = None,
    ) -> str:
        """Give a payment from outside: it arrives in the coming tick; returns its id."""
        if rtgs_priority not in RTGS_RANK or sender == receiver or amount <= 0:
            msg = f"no payment: {sender} {receiver} {amount} {rtgs_priority}"
            raise ValueError(msg)
        world = self.world
        due = given_deadline(world, requested_deadline(world, deadline_tick or deadline, deadline_in))
        payment = add_to_queue1(
            world, sender, receiver, amount, due, priority, divisible=divisible, rtgs_priority=rtgs_priority
        )
        return payment.id

    def tick(self, actions: Actions | None = None, *, pool_levels: Mapping[str, int] | None = None) -> TickReport:
        """One whole tick."""
        self.open_tick()
        return self.close_tick(actions, pool_levels)

    def open_tick(self) -> None:
        """Up to where a learning bank observes: day start, scheduled events, arrivals."""
        if self._is_open:
            msg = "the tick is already open"
            raise RuntimeError(msg)
        self._is_open = True
        world = self.world
        world.report = TickReport()
        world.cycle_attempts = 0
        for bank in world.banks.values():
            bank.tick_costs = dict.fromkeys(COST_KINDS, 0)
        start_day(world)
        run_scheduled_events(world)
        arrive(world)

    def close_tick(
        self,
        actions: Actions | None = None,
        pool_levels: Mapping[str, int] | None = None,
        collateral: Mapping[str, int] | None = None,
        orders: Mapping[str, tuple[str, int, int] | None] | None = None,
        sub_limits: Mapping[str, int] | None = None,
        send_limits: Mapping[str, int | Mapping[str, int | None] | None] | None = None,
        pool_shares: Mapping[str, int] | None = None,
    ) -> TickReport:
        """The rest of the tick, from the decisions on."""
        if not self._is_open:
            msg = "the tick is not open"
            raise RuntimeError(msg)
        world = self.world
        world.releases_by_default = actions is None and self.external == "release"
        check_actions(world, actions or {})
        move_collateral(world, collateral or {})
        set_pool_levels(world, pool_levels or {})
        set_pool_shares(world, pool_shares or {})
        set_limits(world, sub_limits or {}, send_limits or {})
        for name, order in sorted((orders or {}).items()):
            assert world.market is not None
            world.market.set_aside(name, order)
        for bank in world.banks.values():
            bank.committed = {}
        run_collateral_trees(world, "strategic_collateral_tree")
        run_bank_trees(world)
        run_collateral_timers(world)
        escalate_priorities(world)
        order_queue1(world)
        decide(world, actions or {})
        revoke_from_queue2(world, actions or {})
        settle_submitted(world)
        order_queue2(world)
        pass_queue2(world)
        save_liquidity(world)
        run_market(world)
        run_collateral_trees(world, "end_of_tick_collateral_tree")
        apply_deferred_credits(world)
        accrue_costs(world)
        end_day(world)
        world.lsm_by_tick.append(world.report.num_lsm_releases)
        world.tick += 1
        self._is_open = False
        return world.report

    def tick_costs(self, bank: str) -> dict[str, int]:
        """One bank's costs by kind in the tick that closed last."""
        market = self.world.market
        interest = {} if market is None else {"interest": market.accrued_now.get(bank, 0)}
        return self.world.banks[bank].tick_costs | interest

    def snapshot(self) -> dict[str, Any]:
        """The whole state between ticks as plain values."""
        world = self.world
        return {
            "tick": world.tick,
            "rng_state": world.rng.state,
            "banks": {
                name: _bank_row(bank) | limits_row(world, bank) | _interest(world, bank)
                for name, bank in world.banks.items()
            },
            "queue1": {name: [payment.id for payment in bank.queue1] for name, bank in world.banks.items()},
            "queue2": [payment.id for payment in world.queue2],
            "payments": {name: _payment_row(payment) for name, payment in world.payments.items()},
            "counters": asdict(world.counters),
        }


def run_market(world: World) -> None:
    """Loans that are due, scripted traders, orders that expire."""
    if world.market is not None:
        world.market.tick = world.tick
        queued = {name: sum(p.remaining for p in world.queued() if p.sender == name) for name in world.banks}
        world.market.run(queued)
        for name, owed in world.market.failed if world.is_day_end() else ():
            world.banks[name].charge("eod_penalty", penalty(world.config.costs.eod_penalty, owed))


def _bank_row(bank: Bank) -> dict[str, Any]:
    return {
        "balance": bank.balance,
        "credit_limit": bank.credit_limit,
        "posted_collateral": bank.posted_collateral,
        "timers": [(timer.cents, timer.due_tick) for timer in bank.timers],
        "allocated_pool": bank.allocated_pool,
        "outflow_total": bank.outflow_total(),
        "outflow": {name: cents for name, cents in bank.outflow.items() if cents},
        "registers": dict(bank.registers),
        "costs": dict(bank.costs),
    }


def _interest(world: World, bank: Bank) -> dict[str, Any]:
    """Costs with interest, where there is a market."""
    if world.market is None:
        return {}
    return {"costs": {**bank.costs, "interest": world.market.accrued.get(bank.id, 0)}}


def _payment_row(payment: Payment) -> dict[str, Any]:
    row = asdict(payment)
    del row["id"], row["open_children"]
    return row
