"""Scheduled events: what a scenario does to the world at a given tick."""

from simcash_env.config.events import EventConfig
from tests.oracle.arrivals import add_to_queue1, default_deadline, given_deadline, new_payment, requested_deadline
from tests.oracle.exact import MILLION, millionths
from tests.oracle.world import DEFAULT_PRIORITY, Bank, World


def run_scheduled_events(world: World) -> None:
    """Run what is due now, in file order."""
    for event in world.config.events:
        if is_due(event, world.tick):
            run_event(world, event)


def is_due(event: EventConfig, tick: int) -> bool:
    """At its tick, and every so many ticks after it where it repeats."""
    if event.every is None:
        return tick == event.tick
    return tick >= event.tick and (tick - event.tick) % event.every == 0


def run_event(world: World, event: EventConfig) -> None:
    """Do one event."""
    match event.type:
        case "payment":
            if event.probability is not None and world.rng.uniform() >= event.probability:
                return
            offset = event.deadline if event.deadline_in is None else event.deadline_in
            deadline = requested_deadline(world, event.deadline_tick, offset)
            add_to_queue1(
                world,
                event.from_bank,
                event.to_bank,
                event.amount,
                given_deadline(world, deadline),
                event.priority,
                divisible=event.divisible,
            )
        case "direct_transfer":
            move(world, event.from_bank, event.to_bank, event.amount)
        case "scheduled_settlement":
            settle_scheduled(world, event.from_bank, event.to_bank, event.amount)
        case "collateral_adjustment":
            adjust_collateral(world.banks[event.bank], event.delta)
        case "credit_limit_change":
            bank = world.banks[event.bank]
            bank.credit_limit = max(0, bank.credit_limit + event.delta)
        case "global_arrival_rate_change":
            change_all_rates(world, event.multiplier)
        case "arrival_rate_change":
            change_rate(world.banks[event.bank], event.multiplier)
        case "counterparty_weight_change":
            change_weight(world, world.banks[event.bank], event.counterparty, event.weight)
        case "deadline_window_change":
            change_deadline_windows(world, event.min_multiplier, event.max_multiplier)


def move(world: World, sender: str, receiver: str, amount: int) -> None:
    """Money changes hands at once, whatever the balance, limits and deferral."""
    world.banks[sender].balance -= amount
    world.banks[receiver].balance += amount


def settle_scheduled(world: World, sender: str, receiver: str, amount: int) -> None:
    """At once where the sender can fund it; else it waits at the end of Queue 2."""
    if world.banks[sender].available_liquidity() >= amount:
        move(world, sender, receiver, amount)
        return
    deadline = given_deadline(world, default_deadline(world))
    payment = new_payment(world, sender, receiver, amount, deadline, DEFAULT_PRIORITY)
    payment.place = "queue2"
    payment.submitted_tick = world.tick
    world.queue2.append(payment)


def adjust_collateral(bank: Bank, delta: int) -> None:
    """Posts are clipped to capacity, withdrawals to what is not in use."""
    if delta >= 0:
        bank.posted_collateral += min(delta, max(0, bank.capacity() - bank.posted_collateral))
    else:
        bank.posted_collateral -= min(-delta, bank.spare_collateral())


def change_all_rates(world: World, multiplier: float) -> None:
    """Every rate becomes its base times the multiplier; an earlier global change is replaced."""
    for bank in world.banks.values():
        for source in bank.sources:
            source.rate = source.base_rate * multiplier


def change_rate(bank: Bank, multiplier: float) -> None:
    """One bank's rate and its base change for good."""
    for source in bank.sources:
        source.rate = source.base_rate = source.rate * multiplier


def change_weight(world: World, bank: Bank, counterparty: str, weight: float) -> None:
    """Set one weight; a bank that chose evenly first has weight 1 for every other bank."""
    for source in bank.sources:
        if not source.weights:
            source.weights = {name: 1.0 for name in world.banks if name != bank.id}
        source.weights[counterparty] = weight


def change_deadline_windows(world: World, min_multiplier: float, max_multiplier: float) -> None:
    """Stretch or shrink the range of deadlines, from where it is now; never below one tick, never inverted."""
    for bank in world.banks.values():
        for source in bank.sources:
            source.deadline_low = max(1, scaled(source.deadline_low, min_multiplier))
            source.deadline_high = max(source.deadline_low, scaled(source.deadline_high, max_multiplier))


def scaled(ticks: int, multiplier: float) -> int:
    """R(ticks * multiplier), exactly."""
    return (ticks * millionths(multiplier) + MILLION // 2) // MILLION
