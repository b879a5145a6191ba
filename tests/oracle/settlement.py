"""Settlement: how money moves, gross settlement, and the Queue-2 pass."""

from tests.oracle.world import RTGS_RANK, Payment, World


def pay(world: World, payment: Payment) -> None:
    """Move one payment's money, count the outflow, and close the payment."""
    sender = world.banks[payment.sender]
    sender.balance -= payment.amount
    sender.outflow[payment.receiver] = sender.outflow.get(payment.receiver, 0) + payment.amount
    inflow = world.banks[payment.receiver].inflow
    inflow[payment.sender] = inflow.get(payment.sender, 0) + payment.amount
    if world.config.switches.deferred_crediting:
        world.deferred[payment.receiver] = world.deferred.get(payment.receiver, 0) + payment.amount
    else:
        world.banks[payment.receiver].balance += payment.amount
    world.counters.settled_count += 1
    world.counters.settled_value += payment.amount
    world.report.num_settlements += 1
    world.report.settled.append(payment.id)
    payment.remaining = 0
    if payment.parent is not None:
        world.payments[payment.parent].remaining -= payment.amount
    close(world, payment)


def close(world: World, payment: Payment) -> None:
    """A settled or dropped payment is gone; with the last child goes the parent."""
    del world.payments[payment.id]
    if payment.parent is not None:
        parent = world.payments[payment.parent]
        parent.open_children -= 1
        if parent.open_children == 0:
            del world.payments[parent.id]


def can_settle(world: World, payment: Payment) -> bool:
    """Enough liquidity, and within both of the sender's limits."""
    sender = world.banks[payment.sender]
    return sender.can_fund([payment], 0) and sender.within_limits(payment.receiver, payment.remaining)


def settle_submitted(world: World) -> None:
    """Gross settlement of what was submitted, in order; the rest joins Queue 2."""
    for payment in world.to_submit:
        payment.submitted_tick = world.tick
        if can_settle(world, payment):
            pay(world, payment)
        elif not offset_at_entry(world, payment):
            payment.place = "queue2"
            world.queue2.append(payment)
    world.to_submit.clear()


def offset_at_entry(world: World, payment: Payment) -> bool:
    """Settle an unfunded payment with the fewest first payments the other way that let both fund their net."""
    sender, receiver = world.banks[payment.sender], world.banks[payment.receiver]
    is_funded = sender.can_fund([payment], 0)
    if is_funded or not world.config.switches.entry_disposition_offsetting:
        return False
    waiting = [p for p in world.queue2 if (p.sender, p.receiver) == (receiver.id, sender.id)]
    for count in range(1, len(waiting) + 1):
        back = sum(p.remaining for p in waiting[:count])
        if sender.can_fund([payment], back) and receiver.can_fund(waiting[:count], payment.remaining):
            if not (
                sender.within_limits(receiver.id, payment.remaining, back)
                and receiver.within_limits(sender.id, back, payment.remaining)
            ):
                return False
            world.counters.lsm_released_value += payment.remaining + back
            for other in waiting[:count]:
                world.queue2.remove(other)
            for settled in (payment, *waiting[:count]):
                pay(world, settled)
            world.report.num_lsm_releases += count + 1
            world.counters.lsm_released_count += count + 1
            return True
    return False


def order_queue2(world: World) -> None:
    """In priority mode: by declared RTGS priority, then by submission tick, else as queued."""
    if world.config.switches.queue2_priority_mode:
        world.queue2.sort(key=lambda p: (RTGS_RANK[p.rtgs_priority], p.submitted_tick))


def pass_queue2(world: World) -> None:
    """One pass from the front; what is blocked blocks nobody behind it."""
    for payment in list(world.queue2):
        if payment.overdue_since is None and world.tick > payment.deadline_tick:
            payment.overdue_since = world.tick
        if can_settle(world, payment):
            world.queue2.remove(payment)
            pay(world, payment)


def apply_deferred_credits(world: World) -> None:
    """Credits held back during the tick reach their receivers."""
    for name, cents in world.deferred.items():
        world.banks[name].balance += cents
    world.deferred.clear()
