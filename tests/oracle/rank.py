"""The rule of the ``rank`` action: score, sort, walk down; exact fractions instead of millionths wherever they allow."""

from collections.abc import Mapping

from simcash_env.config.rules import ActionConfig
from tests.oracle.exact import MILLION
from tests.oracle.world import MIN_PARTS, Bank, Decision, Payment, World, is_legal_split

TYPICAL = 8
EXACT_BITS, DROPPED_BITS = 53, 10
WEIGHTS = ("urgency", "overdue", "size", "priority", "age", "offset", "net", "liquidity")


def part_of(part: int, whole: int) -> int:
    """A part of a whole in millionths, floored; large numbers lose ten bits first."""
    if whole.bit_length() > EXACT_BITS:
        part, whole = part >> DROPPED_BITS, whole >> DROPPED_BITS
    return part * MILLION // whole


def waiting_for(world: World, bank: Bank, receiver: str) -> int:
    """What a receiver has in Queue 2 for this bank."""
    return sum(p.remaining for p in world.queue2 if p.sender == receiver and p.receiver == bank.id)


def ticks_left(world: World, payment: Payment) -> int:
    """Ticks to the deadline, none after it."""
    return max(payment.deadline_tick - world.tick, 0)


def features(world: World, bank: Bank, payment: Payment, mean: int, available: int) -> dict[str, int]:
    """All features of a payment in millionths."""
    cents, age = payment.remaining, world.tick - payment.arrival_tick
    net = bank.outflow.get(payment.receiver, 0) - bank.inflow.get(payment.receiver, 0)
    queued = waiting_for(world, bank, payment.receiver)
    towards = part_of(abs(net), abs(net) + TYPICAL * mean)
    return {
        "urgency": MILLION // (1 + ticks_left(world, payment)),
        "overdue": MILLION * (payment.overdue_since is not None),
        "size": part_of(cents, cents + mean),
        "priority": payment.priority * MILLION // 10,
        "age": part_of(age, age + TYPICAL),
        "offset": part_of(queued, queued + cents),
        "net": towards if net >= 0 else -towards,
        "liquidity": part_of(cents, cents + available),
    }


def is_within(ticks: int, share: int) -> bool:
    """Whether a number of ticks t has t / (t + 8) below a share in millionths."""
    return ticks * MILLION < share * (ticks + TYPICAL)


def rank_decisions(
    world: World, bank: Bank, values: Mapping[str, int], mean: int, offers: ActionConfig, pool: int | None
) -> dict[str, Decision]:
    """What a rank action decides on each payment of a bank's Queue 1.

    Args:
        world: opened, before any decision.
        bank: the deciding bank.
        values: of the components by name, in millionths.
        mean: the bank's mean payment in cents.
        offers: the scenario's actions.
        pool: share of the liquidity pool that the same action allocates, in millionths; None where it sets none.
    """
    balance = bank.balance
    if pool is not None:
        balance += (bank.config.liquidity_pool or 0) * pool // MILLION - bank.allocated_pool
    limit = bank.overdraft_limit()
    available = max(balance + limit, 0)
    budget = max(balance, 0) * values["balance_share"] // MILLION
    budget += max(limit - max(-balance, 0), 0) * values["credit_share"] // MILLION
    seen = {p.id: features(world, bank, p, mean, available) for p in bank.queue1}
    scores = {tx: sum(values[f"weight_{name}"] * own[name] for name in WEIGHTS) for tx, own in seen.items()}
    total = sum(abs(values[f"weight_{name}"]) for name in WEIGHTS)
    parts = 1 + (2 * values["split_parts"] * (offers.max_split - 1) + MILLION) // (2 * MILLION)
    left_in_day = world.last_tick_of_day - world.tick
    spent, found = 0, dict[str, Decision]()
    for payment in sorted(bank.queue1, key=lambda p: -scores[p.id]):  # stable: ties in queue order
        cents, own = payment.remaining, seen[payment.id]
        is_submitted = (
            is_within(left_in_day, values["submit_closing"])
            or scores[payment.id] > values["submit_score"] * total
            or cents <= max(available - spent, 0) * values["submit_small"] // MILLION
            or is_within(ticks_left(world, payment), values["submit_urgent"])
            or payment.priority * MILLION > 10 * values["submit_priority"]
            or own["offset"] > values["submit_offset"]
        )
        if spent + cents <= budget:
            found[payment.id] = "release"
            spent += cents
        elif is_submitted:
            found[payment.id] = "release"
            spent += cents * values["unfunded_share"] // MILLION
        elif parts >= MIN_PARTS and spent < budget and is_legal_split(world, payment, parts):
            found[payment.id] = ("split", parts)
            share = cents // parts
            spent += share * min((budget - spent) // share, parts)
        else:
            found[payment.id] = "hold"
    return found
