"""Liquidity saving: bilateral offsets and cycles, in rounds."""

from dataclasses import dataclass
from itertools import combinations, pairwise

from tests.oracle.settlement import pass_queue2, pay
from tests.oracle.world import Bank, Payment, World

MAX_ROUNDS = 3
SHORTEST_CYCLE = 3


def save_liquidity(world: World) -> None:
    """At most three rounds; the end is an empty Queue 2 or a round in which nothing settled, by whatever step."""
    for _ in range(MAX_ROUNDS):
        before = world.counters.settled_value
        if world.queue2:
            run_round(world)
        if world.counters.settled_value == before:
            return


def run_round(world: World) -> None:
    """Run each algorithm once, with its Queue-2 pass."""
    for algorithm in world.config.lsm.algorithms:
        if algorithm == "bilateral":
            may_have_moved = offset_pairs(world) > 0
        elif algorithm == "cycles":
            cycles = find_cycles(world)
            settle_cycles(world, cycles)
            may_have_moved = bool(cycles)
        else:
            may_have_moved = settle_prefixes(world) > 0
        if may_have_moved:
            pass_queue2(world)


def release(world: World, payments: list[Payment]) -> int:
    """Settle these Queue-2 payments together; returns their value."""
    value = sum(payment.remaining for payment in payments)
    for payment in payments:
        world.queue2.remove(payment)
        pay(world, payment)
    world.report.num_lsm_releases += len(payments)
    world.counters.lsm_released_count += len(payments)
    world.counters.lsm_released_value += value
    return value


def edges(world: World) -> dict[tuple[str, str], list[Payment]]:
    """Queue 2 by ordered pair of banks, each in queue order."""
    found: dict[tuple[str, str], list[Payment]] = {}
    for payment in world.queue2:
        found.setdefault((payment.sender, payment.receiver), []).append(payment)
    return found


def value_of(payments: list[Payment]) -> int:
    """Total of what remains."""
    return sum(payment.remaining for payment in payments)


def offset_pairs(world: World) -> int:
    """Try every pair with payments both ways, the largest offset first; all of a pair settles or none."""
    queued = edges(world)
    pairs = [(a, b) for a, b in queued if a < b and (b, a) in queued]
    pairs.sort(key=lambda pair: (-min(value_of(queued[pair]), value_of(queued[pair[::-1]])), pair))
    return sum(offset_pair(world, a, b, queued) for a, b in pairs)


def offset_pair(world: World, a: str, b: str, queued: dict[tuple[str, str], list[Payment]]) -> int:
    """Settle one pair whole if the net payer can fund the difference and both gross sums are within limits."""
    forth, back = value_of(queued[a, b]), value_of(queued[b, a])
    net_payer = world.banks[a if forth > back else b]
    is_funded = net_payer.balance - abs(forth - back) >= -net_payer.overdraft_limit()
    is_funded &= net_payer.can_fund(queued[(a, b) if forth > back else (b, a)], min(forth, back))
    longest = max(len(queued[a, b]), len(queued[b, a]))
    if is_funded and may_pay_each_other(world, a, b, forth, back) and longest <= most_of_each(world, longest):
        return release(world, queued[a, b] + queued[b, a])
    return offset_best_prefixes(world, a, b, queued) if world.config.lsm.bilateral == "subset" else 0


def most_of_each(world: World, longest: int) -> int:
    """Payments of each bank that one offset may settle."""
    return longest if world.config.lsm.max_offset_payments is None else world.config.lsm.max_offset_payments


def may_pay_each_other(world: World, a: str, b: str, forth: int, back: int) -> bool:
    """Whether both sums are within both banks' limits."""
    return world.banks[a].within_limits(b, forth, back) and world.banks[b].within_limits(a, back, forth)


def offset_best_prefixes(world: World, a: str, b: str, queued: dict[tuple[str, str], list[Payment]]) -> int:
    """Settle the two prefixes of greatest total value that both banks can fund within their limits."""
    best: tuple[int, list[Payment]] = (0, [])
    for first in range(1, min(len(queued[a, b]), most_of_each(world, len(queued[a, b]))) + 1):
        for second in range(1, min(len(queued[b, a]), most_of_each(world, len(queued[b, a]))) + 1):
            there, here = queued[a, b][:first], queued[b, a][:second]
            forth, back = value_of(there), value_of(here)
            is_funded = world.banks[a].can_fund(there, back) and world.banks[b].can_fund(here, forth)
            if is_funded and may_pay_each_other(world, a, b, forth, back):
                best = max(best, (forth + back, there + here), key=lambda found: found[0])
    return release(world, best[1])


def settle_prefixes(world: World) -> int:
    """Take the last payment out of any bank that is short or over a limit until none is; settle the rest at once."""
    active = list(world.queue2)
    while True:
        bank = next((bank for bank in world.banks.values() if must_shrink(bank, active)), None)
        if bank is None:
            return release(world, active)
        active.remove([payment for payment in active if payment.sender == bank.id][-1])


def must_shrink(bank: Bank, active: list[Payment]) -> bool:
    """Whether a bank with payments to take out is short or over a limit."""
    paid = [payment for payment in active if payment.sender == bank.id]
    received = [payment for payment in active if payment.receiver == bank.id]
    if not paid:
        return False
    if not bank.can_fund(paid, value_of(received)):
        return True
    if not bank.within_total_limit(value_of(paid), value_of(received)):
        return True
    pairs = {payment.receiver for payment in paid}
    return not all(
        bank.within_pair_limit(
            other,
            value_of([payment for payment in paid if payment.receiver == other]),
            value_of([payment for payment in received if payment.sender == other]),
        )
        for other in pairs
    )


@dataclass(frozen=True)
class Cycle:
    """A candidate: banks in paying order from the smallest id, and the payments edge by edge."""

    banks: tuple[str, ...]
    payments: tuple[Payment, ...]

    def order(self) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
        """Largest value first, then by bank ids, then by payment ids."""
        return (-value_of(list(self.payments)), self.banks, tuple(payment.id for payment in self.payments))


def find_cycles(world: World) -> list[Cycle]:
    """Every candidate in the Queue 2 of this moment, in the order in which they are attempted."""
    queued = edges(world)
    return sorted(find_triangles(world, queued) + find_long_cycles(world), key=Cycle.order)


def find_triangles(world: World, queued: dict[tuple[str, str], list[Payment]]) -> list[Cycle]:
    """Cycles of three banks, in both rotations; each edge carries all its payments."""
    cycles = []
    for u, v, w in combinations(world.banks, 3):
        for banks in ((u, v, w), (u, w, v)):
            steps = [queued.get(step, []) for step in pairwise((*banks, banks[0]))]
            if all(steps):
                cycles.append(Cycle(banks, tuple(payment for step in steps for payment in step)))
    return cycles


def find_long_cycles(world: World) -> list[Cycle]:
    """Cycles of four and more banks made of single payments, each once, found from its smallest bank.

    No work is spent where no cycle can be: with fewer than three banks that both pay and are paid, with no more than
    three banks at all, from a bank that nobody pays.
    """
    paid, paying = {p.receiver for p in world.queue2}, {p.sender for p in world.queue2}
    longest = min(world.config.lsm.max_cycle_length, len(world.banks))
    if longest <= SHORTEST_CYCLE or len(paid & paying) < SHORTEST_CYCLE:
        return []
    search = RingSearch(world)
    for start in world.banks:
        if start in paid:
            search.extend([start], [])
    world.report.cycle_work_limit_hit |= search.is_cut_short
    return search.cycles


class RingSearch:
    """A depth-first walk over single payments that stops at the work limit."""

    def __init__(self, world: World) -> None:
        """Prepare the walk over one picture of Queue 2."""
        self.longest = world.config.lsm.max_cycle_length
        self.steps_left = world.config.lsm.cycle_work_limit
        self.is_cut_short = False
        self.cycles: list[Cycle] = []
        self.outgoing: dict[str, list[Payment]] = {name: [] for name in world.banks}
        for payment in world.queue2:
            self.outgoing[payment.sender].append(payment)

    def extend(self, banks: list[str], path: list[Payment]) -> None:
        """Try every payment of the last bank as the next edge."""
        for payment in self.outgoing[banks[-1]]:
            if self.steps_left == 0:
                self.is_cut_short = True
                return
            self.steps_left -= 1
            receiver = payment.receiver
            if receiver == banks[0]:
                if len(banks) > SHORTEST_CYCLE:
                    self.cycles.append(Cycle(tuple(banks), (*path, payment)))
            elif receiver > banks[0] and receiver not in banks and len(banks) < self.longest:
                self.extend([*banks, receiver], [*path, payment])


def settle_cycles(world: World, cycles: list[Cycle]) -> None:
    """Attempt the candidates in order while the tick's attempts last."""
    for cycle in cycles:
        if any(payment.id not in world.payments for payment in cycle.payments):
            continue
        if world.cycle_attempts >= world.config.lsm.max_cycles_per_tick:
            break
        world.cycle_attempts += 1
        if can_settle_cycle(world, cycle):
            release(world, list(cycle.payments))


def can_settle_cycle(world: World, cycle: Cycle) -> bool:
    """Every net payer can fund its net outflow, and each payment alone is within its sender's limits."""
    net = dict.fromkeys(cycle.banks, 0)
    for payment in cycle.payments:
        net[payment.sender] -= payment.remaining
        net[payment.receiver] += payment.remaining
    for name, cents in net.items():
        bank = world.banks[name]
        if cents < 0 and (bank.available_liquidity() < -cents or bank.balance + cents < -bank.overdraft_limit()):
            return False
        own = [payment for payment in cycle.payments if payment.sender == name]
        if not bank.can_fund(own, value_of([payment for payment in cycle.payments if payment.receiver == name])):
            return False
    if world.config.switches.limits_basis == "gross":
        return all(world.banks[p.sender].within_limits(p.receiver, p.remaining) for p in cycle.payments)
    paid = [value_of([p for p in cycle.payments if p.sender == name]) for name in cycle.banks]
    return all(
        world.banks[name].within_pair_limit(following, cents) and world.banks[name].within_total_limit(cents, before)
        for name, following, cents, before in zip(
            cycle.banks, (*cycle.banks[1:], cycle.banks[0]), paid, (paid[-1], *paid[:-1]), strict=True
        )
    )
