"""Priority escalation and the order of Queue 1."""

from tests.oracle.exact import round_double
from tests.oracle.world import MAX_PRIORITY, World


def escalate_priorities(world: World) -> None:
    """Linear escalation: the nearer the deadline, the higher above the priority a payment started with."""
    rule = world.config.priority_escalation
    if rule is None:
        return
    for payment in world.queued():
        left = max(0, payment.deadline_tick - world.tick)
        if left > rule.start_ticks:
            continue
        closeness = 1.0 - left / rule.start_ticks if rule.start_ticks else 1.0
        if rule.curve == "exponential":
            closeness = (16.0**closeness - 1.0) / 15.0
        elif rule.curve == "step":
            closeness = 1.0
        boosted = min(MAX_PRIORITY, payment.original_priority + round_double(rule.max_boost * closeness))
        payment.priority = max(payment.priority, boosted)


def order_queue1(world: World) -> None:
    """By priority, then deadline, where so configured; the order stays."""
    if world.config.switches.queue1_ordering == "priority_deadline":
        for bank in world.banks.values():
            bank.queue1.sort(key=lambda payment: (-payment.priority, payment.deadline_tick))
