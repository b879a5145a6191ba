"""What waiting, credit, collateral and failure cost, in exact integers."""

from simcash_env.config.costs import BpsPenalty
from tests.oracle.exact import MILLION, as_fraction, round_half_away, thousandths
from tests.oracle.settlement import close
from tests.oracle.world import Bank, Payment, World, bps_share

URGENT_FROM = 8
NORMAL_FROM = 4


def rate(world: World, unit: str) -> int:
    """A cost rate per tick in 10⁻⁶ units; a rate per day is divided by the ticks of a day."""
    costs = world.config.costs
    per_day = getattr(costs, unit.replace("per_tick", "per_day"))
    if per_day is not None:
        return round_half_away(as_fraction(per_day) * MILLION / world.ticks_per_day)
    return round_half_away(as_fraction(getattr(costs, unit)) * MILLION)


def penalty(rule: int | BpsPenalty, amount: int) -> int:
    """A fixed number of cents, or basis points of an amount."""
    return rule if isinstance(rule, int) else bps_share(amount, rule.bps)


def accrue_costs(world: World) -> None:
    """The tick's costs, banks in order."""
    for bank in world.banks.values():
        overdraft = max(-bank.balance, 0) * rate(world, "overdraft_bps_per_tick")
        bank.charge("overdraft", (overdraft + 5 * 10**9) // 10**10)
        judge_deadlines(world, bank)
        bank.charge("delay", delay_cost(world, bank))
        posted = bank.posted_collateral * rate(world, "collateral_cost_per_tick_bps")
        bank.charge("collateral", (posted + 5 * 10**9) // 10**10)
        pool = bank.allocated_pool * rate(world, "liquidity_cost_per_tick_bps")
        bank.charge("liquidity", (pool + 5 * 10**9) // 10**10)


def own_queue2(world: World, bank: Bank) -> list[Payment]:
    """The bank's payments in Queue 2."""
    return [payment for payment in world.queue2 if payment.sender == bank.id]


def judge_deadlines(world: World, bank: Bank) -> None:
    """What is found queued past its deadline for the first time is penalised, or dropped where that is the rule."""
    late = [p for p in bank.queue1 + own_queue2(world, bank) if world.tick > p.deadline_tick]
    for payment in late:
        if world.config.rules.deadline_mode == "drop":
            (bank.queue1 if payment.place == "queue1" else world.queue2).remove(payment)
            drop_payment(world, payment)
            continue
        if payment.overdue_since is None:
            payment.overdue_since = world.tick
        if payment.overdue_since == world.tick:
            bank.charge("deadline_penalty", penalty(world.config.costs.deadline_penalty, payment.amount))


def drop_payment(world: World, payment: Payment) -> None:
    """A payment that has left its queue is given up, at the drop penalty: by default what it escapes by that.

    What has been overdue since an earlier tick has been charged its deadline penalty, and escapes only the other one.
    """
    costs = world.config.costs
    if costs.drop_penalty is None:
        cents = penalty(costs.eod_penalty, payment.remaining)
        if payment.overdue_since is None or payment.overdue_since == world.tick:
            cents += penalty(costs.deadline_penalty, payment.amount)
    else:
        cents = penalty(costs.drop_penalty, payment.remaining)
    world.banks[payment.sender].charge("drop_penalty", cents)
    world.counters.dropped_count += 1
    world.counters.dropped_value += payment.remaining
    world.report.dropped.append(payment.id)
    close(world, payment)


def delay_cost(world: World, bank: Bank) -> int:
    """On what waits in Queue 1 (and Queue 2 where the rules say so), rounded once per bank."""
    waiting = list(bank.queue1)
    if world.config.rules.delay_cost_scope == "both":
        waiting += own_queue2(world, bank)
    weighted = sum(payment.remaining * delay_weight(world, payment) for payment in waiting)
    return (weighted * rate(world, "delay_cost_per_tick_per_cent") + 5 * 10**8) // 10**9


def delay_weight(world: World, payment: Payment) -> int:
    """Thousandths: more when overdue, and by priority band."""
    costs = world.config.costs
    overdue = 1000 if payment.overdue_since is None else thousandths(costs.overdue_delay_multiplier)
    bands = costs.priority_delay_multipliers
    if bands is None:
        band = 1000
    elif payment.priority >= URGENT_FROM:
        band = thousandths(bands.urgent)
    elif payment.priority >= NORMAL_FROM:
        band = thousandths(bands.normal)
    else:
        band = thousandths(bands.low)
    return overdue * band // 1000


def charge_end_of_day(world: World) -> None:
    """The end-of-day penalty on what is still unsettled (or only on what is overdue)."""
    only_overdue = world.config.rules.eod_penalty_scope == "overdue"
    for payment in world.queued():
        if not only_overdue or payment.deadline_tick < world.tick:
            cents = penalty(world.config.costs.eod_penalty, payment.remaining)
            world.banks[payment.sender].charge("eod_penalty", cents)
