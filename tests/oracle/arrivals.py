"""Arrivals, recorded and random: how many, how large, to whom, by when, how urgent."""

import math

from simcash_env.config.arrivals import (
    ArrivalBandConfig,
    ArrivalConfig,
    CategoricalPriority,
    EmpiricalAmount,
    MixtureAmount,
    UniformPriority,
)
from tests.oracle.exact import round_double
from tests.oracle.world import DEFAULT_PRIORITY, MAX_PRIORITY, Bank, Payment, Source, World

LARGEST_AMOUNT = 10**15
BAND_PRIORITIES = {"urgent": (8, 10), "normal": (4, 7), "low": (0, 3)}


def arrive(world: World) -> None:
    """The tick's recorded payments, then its random ones: banks in id order, all from the one stream."""
    if world.replay is not None:
        world.replay.choose(world.rng, world.tick)
        for given in world.replay.due(world.tick):
            deadline = world.tick + given.ticks_to_deadline
            fields = given.sender, given.receiver, given.amount, deadline, given.priority
            add_to_queue1(world, *fields, divisible=given.divisible)
            world.report.num_arrivals += 1
    for bank in world.banks.values():
        for source in bank.sources:
            if is_silent(world, source):
                continue
            for _ in range(world.rng.poisson(rate_now(world, source))):
                draw_payment(world, bank, source)
                world.report.num_arrivals += 1


def is_silent(world: World, source: Source) -> bool:
    """Under our rules nothing is drawn, not even a count, while events have set every weight to 0."""
    return world.config.rules.set == "standard" and bool(source.weights) and not any(source.weights.values())


def rate_now(world: World, source: Source) -> float:
    """The source's rate, shaped by the time of day and by the day."""
    rate = source.rate
    if source.pattern is not None:
        rate *= source.pattern[world.tick % world.ticks_per_day]
    return rate * world.day_rate_factor


def draw_payment(world: World, bank: Bank, source: Source) -> None:
    """Draw one payment in the fixed order: amount, receiver, deadline, priority."""
    settings = source.settings
    amount = draw_amount(world, settings)
    receiver = draw_receiver(world, bank, source)
    offset = world.rng.integer(source.deadline_low, source.deadline_high)
    priority = draw_priority(world, source)
    deadline = random_deadline(world, world.tick + offset)
    add_to_queue1(world, bank.id, receiver, amount, deadline, priority, divisible=settings.divisible)


def draw_amount(world: World, settings: ArrivalConfig | ArrivalBandConfig) -> int:
    """An amount in cents, at least one."""
    law = settings.amount
    if law.type == "uniform":
        return world.rng.integer(law.min, law.max)
    if law.type == "normal":
        return world.rng.normal_cents(law.mean, law.std_dev)
    if law.type == "lognormal":
        return world.rng.lognormal_cents(law.mean, law.std_dev)
    if law.type == "exponential":
        return world.rng.exponential_cents(law.rate)
    drawn = draw_from_mixture(world, law) if law.type == "mixture" else draw_from_table(world, law)
    largest = LARGEST_AMOUNT if law.max is None else law.max
    return max(1, round_double(min(drawn, float(largest))))


def draw_from_mixture(world: World, law: MixtureAmount) -> float:
    """The component by weight, then a lognormal whose logarithm has the component's mean and deviation."""
    weighted = [part for part in law.components if part.weight > 0.0]
    part = weighted[world.rng.walk([part.weight for part in weighted])]
    return math.exp(part.log_mean + part.log_std_dev * world.rng.standard_normal())


def draw_from_table(world: World, law: EmpiricalAmount) -> float:
    """One uniform: its place between two quantiles, by logarithm; beyond the last, a Pareto tail."""
    drawn = world.rng.uniform()
    shares, logs = law.probabilities, [math.log(cents) for cents in law.quantiles]
    if drawn >= shares[-1]:
        return math.exp(logs[-1] + math.log((1.0 - shares[-1]) / (1.0 - drawn)) / law.tail.exponent)
    place = max(at for at, share in enumerate(shares) if share <= drawn)
    part = (drawn - shares[place]) / (shares[place + 1] - shares[place])
    return math.exp(logs[place] + (logs[place + 1] - logs[place]) * part)


def draw_receiver(world: World, bank: Bank, source: Source) -> str:
    """One of the other banks: evenly in id order, or by weight in the order of the file, what it does not list by id.

    Where every weight is 0, SimCash's rules: a bank that was never given a weight weighs 1; if all were, it is the first.
    """
    others = [name for name in world.banks if name != bank.id]
    if not source.weights:
        return others[world.rng.integer(0, len(others) - 1)]
    order = list(dict.fromkeys([*source.settings.counterparty_weights, *others]))
    weighted = {name: source.weights[name] for name in order if source.weights.get(name, 0.0) > 0.0}
    if not weighted:
        weighted = {name: 1.0 for name in order if name not in source.weights}
    if not weighted:
        weighted = {order[0]: 0.0}
    return list(weighted)[world.rng.walk(list(weighted.values()))]


def draw_priority(world: World, source: Source) -> int:
    """A fixed priority draws nothing; a sampled 0 stays 0; a band draws within its bounds."""
    settings = source.settings
    if isinstance(settings, ArrivalBandConfig):
        return world.rng.integer(*BAND_PRIORITIES[source.kind])
    law = settings.priority
    if isinstance(law, UniformPriority):
        return world.rng.integer(law.min, law.max)
    if isinstance(law, CategoricalPriority):
        return law.values[world.rng.walk(list(law.weights))]
    return law


def random_deadline(world: World, deadline: int) -> int:
    """Random arrivals end with the run, and with their day where the cap is on."""
    deadline = min(deadline, world.end_tick)
    if world.config.switches.deadline_cap_at_eod:
        later = 1 if world.config.rules.deadline_cap == "next_day" else 0
        deadline = min(deadline, world.last_tick_of_day + later)
    return max(deadline, world.tick + 1)


def given_deadline(world: World, deadline: int) -> int:
    """Payments given from outside end with the run, and with the last tick of their day where the cap is on."""
    deadline = min(deadline, world.end_tick)
    if world.config.switches.deadline_cap_at_eod:
        deadline = min(deadline, world.last_tick_of_day)
    return max(deadline, world.tick + 1)


def default_deadline(world: World) -> int:
    """Of a payment that is scheduled or given from outside and names none."""
    return world.tick + max(5, world.ticks_per_day // 10)


def requested_deadline(world: World, tick: int | None, ticks_from_arrival: int | None) -> int:
    """An absolute tick, or so many ticks from the arrival, or the default."""
    if tick is not None:
        return tick
    return default_deadline(world) if ticks_from_arrival is None else world.tick + ticks_from_arrival


def new_payment(world: World, sender: str, receiver: str, amount: int, deadline: int, priority: int) -> Payment:
    """A payment that has just arrived, not in any queue yet."""
    priority = min(priority, MAX_PRIORITY)
    payment = Payment(
        world.next_id(), sender, receiver, amount, amount, world.tick, deadline, priority, original_priority=priority
    )
    world.payments[payment.id] = payment
    world.report.arrived.append(payment)
    world.counters.arrived_count += 1
    world.counters.arrived_value += amount
    return payment


def add_to_queue1(
    world: World,
    sender: str,
    receiver: str,
    amount: int,
    deadline: int,
    priority: int = DEFAULT_PRIORITY,
    *,
    divisible: bool = False,
    rtgs_priority: str = "normal",
) -> Payment:
    """A new payment at the end of its sender's Queue 1."""
    payment = new_payment(world, sender, receiver, amount, deadline, priority)
    payment.divisible = divisible
    payment.rtgs_priority = rtgs_priority
    world.banks[sender].queue1.append(payment)
    return payment
