"""What a decision tree may ask, field by field, from the rules."""

import math
from collections.abc import Callable
from fractions import Fraction

from tests.oracle.costs import own_queue2, penalty, rate
from tests.oracle.exact import MILLION, ceil_div, millionths
from tests.oracle.world import Bank, Payment, World

NO_DEADLINE = float(2**64 - 1)
EOD_RUSH = 0.8
TOP = 5


def field(world: World, bank: Bank, payment: Payment | None, name: str) -> float:
    """The value of a field; of payments only where there is one."""
    if name.startswith("bank_state_"):
        return bank.registers.get(name, 0.0)
    if name in BANK_FIELDS:
        return float(BANK_FIELDS[name](world, bank))
    for prefix, found in (
        ("my_q2_out_value_top_", outgoing),
        ("my_q2_in_value_top_", incoming),
        ("top_cpty_", outgoing),
    ):
        if name.startswith(prefix):
            place = int(name.removeprefix(prefix).removesuffix("_id_hash")) - 1
            largest = ranked(world, bank, found)
            if place >= len(largest):
                return 0.0
            return name_hash(largest[place]) if prefix == "top_cpty_" else float(found(world, bank, largest[place]))
    if name.startswith("my_bilateral_net_q2_top_"):
        place = int(name[-1]) - 1
        largest = ranked(world, bank, lambda *where: abs(net(*where)))
        return float(net(world, bank, largest[place])) if place < len(largest) else 0.0
    if name in ("cost_deadline_penalty", "cost_eod_penalty"):
        rule = getattr(world.config.costs, name.removeprefix("cost_"))
        amount = 0 if payment is None else payment.amount if name == "cost_deadline_penalty" else payment.remaining
        return float(penalty(rule, amount))
    if payment is None:
        msg = f"{name} is a field of payments"
        raise ValueError(msg)
    return float(PAYMENT_FIELDS[name](world, bank, payment))


def between(world: World, sender: str, receiver: str) -> int:
    """Value waiting in Queue 2 from one bank to another."""
    return sum(p.remaining for p in world.queue2 if (p.sender, p.receiver) == (sender, receiver))


def outgoing(world: World, bank: Bank, other: str) -> int:
    """Value in Queue 2 to a counterparty."""
    return between(world, bank.id, other)


def incoming(world: World, bank: Bank, other: str) -> int:
    """Value in Queue 2 from a counterparty."""
    return between(world, other, bank.id)


def net(world: World, bank: Bank, other: str) -> int:
    """The difference, positive where the bank owes more."""
    return outgoing(world, bank, other) - incoming(world, bank, other)


def ranked(world: World, bank: Bank, size: Callable[[World, Bank, str], int]) -> list[str]:
    """Counterparties with something in Queue 2, the largest first, equal ones by id."""
    sizes = {other: size(world, bank, other) for other in world.banks if other != bank.id}
    return sorted((other for other in sizes if sizes[other]), key=lambda other: (-sizes[other], other))


def name_hash(name: str) -> float:
    """FNV-1a, 64 bits."""
    found = 0xCBF29CE484222325
    for byte in name.encode():
        found = ((found ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return float(found)


def per_tick(world: World, unit: str) -> float:
    """A rate as a number."""
    return rate(world, unit) / MILLION


def used(bank: Bank) -> int:
    """Credit in use."""
    return max(-bank.balance, 0)


def queue1_value(bank: Bank) -> int:
    """Value of the own queue."""
    return sum(payment.remaining for payment in bank.queue1)


def nearest_deadline(world: World, bank: Bank) -> float:
    """Of the own payments in Queue 2."""
    return min((float(payment.deadline_tick) for payment in own_queue2(world, bank)), default=NO_DEADLINE)


def ticks_to_nearest(world: World, bank: Bank) -> float:
    """Ticks to it, none when it has passed."""
    nearest = nearest_deadline(world, bank)
    return math.inf if nearest == NO_DEADLINE else max(0.0, nearest - world.tick)


def pressure(world: World, _bank: Bank) -> float:
    """A logistic of payments in Queue 2 over ten a bank; 0 when there are none."""
    if not world.queue2:
        return 0.0
    return 1.0 / (1.0 + math.exp(-2.0 * (len(world.queue2) / (10 * len(world.banks)))))


def liquidity_pressure(_world: World, bank: Bank) -> float:
    """How much of balance, credit and collateral is not balance."""
    total = bank.balance + bank.credit_limit + bank.posted_collateral
    return 1.0 if total == 0 else 1.0 - max(bank.balance, 0) / total


def required_collateral(bank: Bank) -> float:
    """What credit beyond the unsecured limit needs."""
    kept = MILLION - millionths(bank.config.collateral_haircut)
    needed = max(used(bank) - bank.credit_limit, 0)
    return 0.0 if kept == 0 else float(ceil_div(needed * MILLION, kept))


def throughput(world: World, bank: Bank) -> float:
    """Share of today's payments that has settled: outflow over outflow and what waits."""
    settled = bank.outflow_total()
    due = settled + queue1_value(bank) + sum(payment.remaining for payment in own_queue2(world, bank))
    return settled / due if due else 0.0


def passed(world: World) -> float:
    """Share of the day that has passed."""
    return (world.tick % world.ticks_per_day) / world.ticks_per_day


def share(part: int, whole: int) -> float:
    """A share, 0 of nothing."""
    return part / whole if whole > 0 else 0.0


BANK_FIELDS: dict[str, Callable[[World, Bank], float]] = {
    "balance": lambda _, b: b.balance,
    "credit_limit": lambda _, b: b.credit_limit,
    "unsecured_cap": lambda _, b: b.credit_limit,
    "available_liquidity": lambda _, b: b.available_liquidity(),
    "credit_used": lambda _, b: used(b),
    "effective_liquidity": lambda _, b: b.balance + (b.credit_limit - used(b)),
    "credit_headroom": lambda _, b: b.credit_limit - used(b),
    "is_using_credit": lambda _, b: b.balance < 0,
    "liquidity_buffer": lambda *_: 0,
    "incoming_expected_count": lambda *_: 0,
    "liquidity_pressure": liquidity_pressure,
    "is_overdraft_capped": lambda *_: 1,
    "committed_value": lambda _, b: sum(b.committed.values()),
    "posted_collateral": lambda _, b: b.posted_collateral,
    "max_collateral_capacity": lambda _, b: b.capacity(),
    "remaining_collateral_capacity": lambda _, b: b.capacity() - b.posted_collateral,
    "collateral_utilization": lambda _, b: share(b.posted_collateral, b.capacity()),
    "collateral_haircut": lambda _, b: float(Fraction(millionths(b.config.collateral_haircut), MILLION)),
    "required_collateral_for_usage": lambda _, b: required_collateral(b),
    "excess_collateral": lambda _, b: max(0.0, b.posted_collateral - required_collateral(b)),
    "allowed_overdraft_limit": lambda _, b: b.overdraft_limit(),
    "overdraft_headroom": lambda _, b: b.overdraft_limit() - used(b),
    "overdraft_utilization": lambda _, b: share(used(b), b.overdraft_limit()),
    "outgoing_queue_size": lambda _, b: len(b.queue1),
    "queue1_total_value": lambda _, b: queue1_value(b),
    "queue1_liquidity_gap": lambda _, b: max(0, queue1_value(b) - b.available_liquidity()),
    "headroom": lambda _, b: b.available_liquidity() - queue1_value(b),
    "rtgs_queue_size": lambda w, _: len(w.queue2),
    "rtgs_queue_value": lambda w, _: sum(p.remaining for p in w.queue2),
    "queue2_size": lambda w, _: len(w.queue2),
    "queue2_count_for_agent": lambda w, b: len(own_queue2(w, b)),
    "queue2_nearest_deadline": nearest_deadline,
    "ticks_to_nearest_queue2_deadline": ticks_to_nearest,
    "system_queue2_pressure_index": pressure,
    "lsm_run_rate_last_10_ticks": lambda w, _: sum(w.lsm_by_tick[-10:]) / 10,
    "my_throughput_fraction_today": throughput,
    "throughput_gap": lambda w, b: throughput(w, b) - passed(w),
    "cost_overdraft_bps_per_tick": lambda w, _: per_tick(w, "overdraft_bps_per_tick"),
    "cost_delay_per_tick_per_cent": lambda w, _: per_tick(w, "delay_cost_per_tick_per_cent"),
    "cost_collateral_bps_per_tick": lambda w, _: per_tick(w, "collateral_cost_per_tick_bps"),
    "cost_split_friction": lambda w, _: w.config.costs.split_friction_cost,
    "market_best_bid": lambda world, *_: 0 if world.market is None else world.market.best("bid"),
    "market_best_ask": lambda world, *_: 0 if world.market is None else world.market.best("ask"),
    "current_tick": lambda w, _: w.tick,
    "total_agents": lambda w, _: len(w.banks),
    "system_ticks_per_day": lambda w, _: w.ticks_per_day,
    "system_current_day": lambda w, _: w.day,
    "system_tick_in_day": lambda w, _: w.tick % w.ticks_per_day,
    "ticks_remaining_in_day": lambda w, _: w.last_tick_of_day - w.tick,
    "day_progress_fraction": lambda w, _: passed(w),
    "is_eod_rush": lambda w, _: passed(w) >= EOD_RUSH,
    "expected_throughput_fraction_by_now": lambda w, _: passed(w),
    "system_throughput_guidance_fraction_by_tick": lambda w, _: passed(w),
}

PAYMENT_FIELDS: dict[str, Callable[[World, Bank, Payment], float]] = {
    "amount": lambda _w, _b, p: p.amount,
    "remaining_amount": lambda _w, _b, p: p.remaining,
    "settled_amount": lambda _w, _b, p: p.amount - p.remaining,
    "arrival_tick": lambda _w, _b, p: p.arrival_tick,
    "deadline_tick": lambda _w, _b, p: p.deadline_tick,
    "priority": lambda _w, _b, p: p.priority,
    "is_split": lambda _w, _b, p: p.parent is not None,
    "is_divisible": lambda _w, _b, p: p.divisible,
    "is_past_deadline": lambda w, _b, p: w.tick > p.deadline_tick,
    "is_overdue": lambda _w, _b, p: p.overdue_since is not None,
    "is_in_queue2": lambda _w, _b, p: p.place == "queue2",
    "overdue_duration": lambda w, _b, p: 0 if p.overdue_since is None else w.tick - p.overdue_since,
    "ticks_to_deadline": lambda w, _b, p: p.deadline_tick - w.tick,
    "queue_age": lambda w, _b, p: w.tick - p.arrival_tick,
    "cost_delay_this_tx_one_tick": lambda w, _b, p: p.remaining * per_tick(w, "delay_cost_per_tick_per_cent"),
    "cost_overdraft_this_amount_one_tick": lambda w, _b, p: (
        per_tick(w, "overdraft_bps_per_tick") / 10_000 * p.remaining
    ),
    "my_q2_out_value_to_counterparty": lambda w, b, p: outgoing(w, b, p.receiver),
    "my_q2_in_value_from_counterparty": lambda w, b, p: incoming(w, b, p.receiver),
    "my_bilateral_net_q2": lambda w, b, p: net(w, b, p.receiver),
    "tx_counterparty_id": lambda _w, _b, p: name_hash(p.receiver),
    "tx_is_top_counterparty": lambda w, b, p: p.receiver in ranked(w, b, outgoing)[:TOP],
    "committed_to_counterparty": lambda _w, b, p: b.committed.get(p.receiver, 0),
}
