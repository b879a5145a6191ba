"""What each bank decides about its Queue-1 payments, and what becomes of the decisions."""

from collections.abc import Mapping

from simcash_env.config.policies import LiquidityAwarePolicy, LiquiditySplittingPolicy
from tests.oracle.costs import drop_payment
from tests.oracle.world import Bank, Decision, Payment, World

SPLITTING_URGENT_TICKS = 5
MIN_PARTS = 2


def decide(world: World, actions: Mapping[str, Mapping[str, Decision]]) -> None:
    """Every bank judges its whole Queue 1 against one snapshot; then its decisions are applied in queue order."""
    for bank in world.banks.values():
        given = actions.get(bank.id, {})
        decisions = [(payment, decision_on(world, bank, payment, given)) for payment in bank.queue1]
        for payment, decision in decisions:
            apply_decision(world, bank, payment, decision)


def check_actions(world: World, actions: Mapping[str, Mapping[str, Decision]]) -> None:
    """Only external banks are told what to do, and only about payments in their Queue 1."""
    for name, given in actions.items():
        bank = world.banks[name]
        waiting = {payment.id for payment in bank.queue1}
        if bank.config.policy.type != "external" or not waiting.issuperset(given):
            msg = f"no such decision for {name}: {sorted(given)}"
            raise ValueError(msg)


def decision_on(world: World, bank: Bank, payment: Payment, given: Mapping[str, Decision]) -> Decision:
    """The decision of the bank's policy on one payment; an illegal split is a hold."""
    policy = bank.config.policy
    if policy.type == "external":
        decision = given.get(payment.id, "hold")
    elif policy.type == "fifo":
        decision = "release"
    elif policy.type == "deadline":
        decision = deadline_policy(world, payment, policy.urgency_threshold)
    elif policy.type == "liquidity_aware":
        decision = liquidity_aware_policy(world, bank, payment, policy)
    elif policy.type == "liquidity_splitting":
        decision = liquidity_splitting_policy(world, bank, payment, policy)
    elif policy.type == "mock_splitting":
        decision = ("split", policy.num_splits)
    else:
        msg = f"the oracle has no policy {policy.type}"
        raise NotImplementedError(msg)
    if isinstance(decision, tuple) and not is_legal_split(world, payment, decision[1]):
        return "hold"
    return decision


def ticks_left(world: World, payment: Payment) -> int:
    """Ticks to the deadline, negative when past."""
    return payment.deadline_tick - world.tick


def gives_up(world: World, payment: Payment) -> bool:
    """Under the reference's rules two named policies drop what has reached its deadline."""
    return world.config.rules.set == "simcash" and ticks_left(world, payment) <= 0


def deadline_policy(world: World, payment: Payment, urgency: int) -> Decision:
    """Release when urgent."""
    if gives_up(world, payment):
        return "drop"
    return "release" if ticks_left(world, payment) <= urgency else "hold"


def effective_liquidity(bank: Bank) -> int:
    """The published formula: balance plus unsecured credit left, an overdraft counted twice."""
    return bank.balance + bank.credit_limit - max(-bank.balance, 0)


def liquidity_aware_policy(world: World, bank: Bank, payment: Payment, policy: LiquidityAwarePolicy) -> Decision:
    """Urgent: release when affordable. Otherwise release while the buffer stays (no buffer: when affordable)."""
    if gives_up(world, payment):
        return "drop"
    urgent = ticks_left(world, payment) <= policy.urgency_threshold
    if urgent or policy.target_buffer == 0:
        return "release" if effective_liquidity(bank) >= payment.remaining else "hold"
    return "release" if bank.balance - payment.remaining >= policy.target_buffer else "hold"


def liquidity_splitting_policy(
    world: World, bank: Bank, payment: Payment, policy: LiquiditySplittingPolicy
) -> Decision:
    """Release what the balance covers; else split, in more parts when urgent; with an empty account hold."""
    if bank.balance >= payment.remaining:
        return "release"
    if bank.balance <= 0:
        return "hold"
    parts = policy.max_splits if ticks_left(world, payment) <= SPLITTING_URGENT_TICKS else MIN_PARTS
    if world.config.rules.set == "standard" and policy.min_split_amount > 0:
        parts = min(parts, payment.remaining // policy.min_split_amount)
    return ("split", parts) if parts >= MIN_PARTS else "hold"


def is_legal_split(world: World, payment: Payment, parts: int) -> bool:
    """At least two parts of at least a cent, never of a child, and only of divisible payments where that matters."""
    return (
        MIN_PARTS <= parts <= payment.remaining
        and payment.parent is None
        and (world.config.rules.split_scope == "any" or payment.divisible)
    )


def apply_decision(world: World, bank: Bank, payment: Payment, decision: Decision) -> None:
    """Carry out one decision."""
    if decision == "hold":
        return
    bank.queue1.remove(payment)
    if decision == "release":
        world.to_submit.append(payment)
    elif decision == "drop":
        drop_payment(world, payment)
    else:
        split(world, bank, payment, decision[1])


def split(world: World, bank: Bank, parent: Payment, parts: int) -> None:
    """Replace a payment by equal parts, the remainder on the last, submitted in its place."""
    share = parent.remaining // parts
    for part in range(parts):
        amount = share if part < parts - 1 else parent.remaining - share * (parts - 1)
        child = Payment(
            id=world.next_id(),
            sender=parent.sender,
            receiver=parent.receiver,
            amount=amount,
            remaining=amount,
            arrival_tick=parent.arrival_tick,
            deadline_tick=parent.deadline_tick,
            priority=parent.priority,
            original_priority=parent.priority,
            rtgs_priority=parent.rtgs_priority,
            divisible=parent.divisible,
            parent=parent.id,
        )
        world.payments[child.id] = child
        world.report.children.append(child)
        world.to_submit.append(child)
    parent.place = "split"
    parent.open_children = parts
    bank.charge("split_friction", world.config.costs.split_friction_cost * (parts - 1))
