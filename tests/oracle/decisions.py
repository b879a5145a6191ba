"""What each bank decides about its Queue-1 payments, and what becomes of the decisions."""

from collections.abc import Mapping

from simcash_env.config.policies import LiquidityAwarePolicy, LiquidityReservePolicy, LiquiditySplittingPolicy
from tests.oracle.costs import drop_payment
from tests.oracle.trees import Verdict, judge
from tests.oracle.world import MIN_PARTS, Bank, Decision, Payment, World, is_legal_split

SPLITTING_URGENT_TICKS = 5


def decide(world: World, actions: Mapping[str, Mapping[str, Decision]]) -> None:
    """Every bank judges its whole Queue 1 against one snapshot; then its decisions are applied in queue order.

    What a bank has released so far is the one thing that its later decisions can see.
    """
    for bank in world.banks.values():
        given = actions.get(bank.id, {})
        bank.charged = {}
        decisions = []
        for payment in bank.queue1:
            verdict = verdict_on(world, bank, payment, given)
            commit(bank, payment, verdict)
            decisions.append((payment, verdict))
        for payment, verdict in decisions:
            apply_verdict(world, bank, payment, verdict)


def commit(bank: Bank, payment: Payment, verdict: Verdict) -> None:
    """Count what a decision releases at once."""
    released = 0
    if verdict.verb == "release":
        released = payment.remaining
    elif verdict.verb == "split":
        released = sum(shares(payment, verdict.parts)[: verdict.now])
    bank.committed[payment.receiver] = bank.committed.get(payment.receiver, 0) + released


def check_actions(world: World, actions: Mapping[str, Mapping[str, Decision]]) -> None:
    """Only external banks are told what to do, and only about payments in their Queue 1."""
    for name, given in actions.items():
        bank = world.banks[name]
        own = [payment for payment in world.queue2 if payment.sender == name]
        waiting = {payment.id for payment in [*bank.queue1, *own]}
        if bank.config.policy.type != "external" or not waiting.issuperset(given):
            msg = f"no such decision for {name}: {sorted(given)}"
            raise ValueError(msg)


def verdict_on(world: World, bank: Bank, payment: Payment, given: Mapping[str, Decision]) -> Verdict:
    """The decision on one payment: from outside, of a tree, of a named policy, or of a staggered split before."""
    if payment.release_tick is not None:
        return Verdict("release" if world.tick >= payment.release_tick else "wait")
    if bank.config.policy.type == "tree":
        return judge(world, bank, payment)
    decision = decision_on(world, bank, payment, given)
    if isinstance(decision, str):
        return Verdict(decision)
    parts = decision[1]
    if not is_legal_split(world, payment, parts):
        return Verdict("hold")
    return Verdict("split", payment.priority, parts, parts)


def decision_on(world: World, bank: Bank, payment: Payment, given: Mapping[str, Decision]) -> Decision:
    """The decision of a named policy, or the one given."""
    policy = bank.config.policy
    if policy.type == "external":
        return "release" if world.releases_by_default else given.get(payment.id, "hold")
    if policy.type == "fifo":
        return "release"
    if policy.type == "deadline":
        return deadline_policy(world, payment, policy.urgency_threshold)
    if policy.type == "liquidity_aware":
        return liquidity_aware_policy(world, bank, payment, policy)
    if policy.type == "liquidity_reserve":
        return liquidity_reserve_policy(world, bank, payment, policy)
    if policy.type == "liquidity_splitting":
        return liquidity_splitting_policy(world, bank, payment, policy)
    if policy.type == "mock_splitting":
        return ("split", policy.num_splits)
    msg = f"the oracle has no policy {policy.type}"
    raise NotImplementedError(msg)


def ticks_left(world: World, payment: Payment) -> int:
    """Ticks to the deadline, negative when past."""
    return payment.deadline_tick - world.tick


def drops_now(world: World, payment: Payment) -> bool:
    """Under the reference's rules three named policies drop what has reached its deadline."""
    return world.config.rules.set == "simcash" and ticks_left(world, payment) <= 0


def deadline_policy(world: World, payment: Payment, urgency: int) -> Decision:
    """Release when urgent."""
    if drops_now(world, payment):
        return "drop"
    return "release" if ticks_left(world, payment) <= urgency else "hold"


def effective_liquidity(bank: Bank) -> int:
    """The published formula: balance plus unsecured credit left, an overdraft counted twice."""
    return bank.balance + bank.credit_limit - max(-bank.balance, 0)


def liquidity_aware_policy(world: World, bank: Bank, payment: Payment, policy: LiquidityAwarePolicy) -> Decision:
    """Urgent: release when affordable. Otherwise release while the buffer stays (no buffer: when affordable)."""
    if drops_now(world, payment):
        return "drop"
    urgent = ticks_left(world, payment) <= policy.urgency_threshold
    if urgent or policy.target_buffer == 0:
        return "release" if effective_liquidity(bank) >= payment.remaining else "hold"
    return "release" if bank.balance - payment.remaining >= policy.target_buffer else "hold"


def liquidity_reserve_policy(world: World, bank: Bank, payment: Payment, policy: LiquidityReservePolicy) -> Decision:
    """As liquidity_aware, but what was released in this tick counts, and the buffer stays: with credit when urgent."""
    urgent = ticks_left(world, payment) <= policy.urgency_threshold
    funds = bank.available_liquidity() if urgent else bank.balance
    left = funds - sum(bank.committed.values()) - payment.remaining
    return "release" if left >= policy.target_buffer else "hold"


def liquidity_splitting_policy(
    world: World, bank: Bank, payment: Payment, policy: LiquiditySplittingPolicy
) -> Decision:
    """Release what the balance covers; else split, in more parts when urgent; with an empty account hold."""
    if drops_now(world, payment):
        return "drop"
    if bank.balance >= payment.remaining:
        return "release"
    if bank.balance <= 0:
        return "hold"
    parts = policy.max_splits if ticks_left(world, payment) <= SPLITTING_URGENT_TICKS else MIN_PARTS
    if world.config.rules.set == "standard" and policy.min_split_amount > 0:
        parts = min(parts, payment.remaining // policy.min_split_amount)
    return ("split", parts) if parts >= MIN_PARTS else "hold"


def apply_verdict(world: World, bank: Bank, payment: Payment, verdict: Verdict) -> None:
    """Carry out one decision."""
    if verdict.verb == "split":
        bank.queue1.remove(payment)
        split(world, bank, payment, verdict)
        return
    if verdict.priority is not None:
        payment.priority = verdict.priority
    if verdict.verb in {"release", "drop"}:
        bank.queue1.remove(payment)
    if verdict.verb == "release":
        payment.release_tick = None
        world.to_submit.append(payment)
    elif verdict.verb == "drop":
        drop_payment(world, payment)


def shares(payment: Payment, parts: int) -> list[int]:
    """Amounts of the parts of a split, the remainder on the last."""
    share = payment.remaining // parts
    return [share] * (parts - 1) + [payment.remaining - share * (parts - 1)]


def split(world: World, bank: Bank, parent: Payment, verdict: Verdict) -> None:
    """Replace a payment by parts, submitted in its place; of a staggered split the others wait in Queue 1.

    The parts of an overdue payment are overdue since the same tick: its deadline penalty has been charged. In SimCash
    a part is judged anew.
    """
    for number, amount in enumerate(shares(parent, verdict.parts)):
        child = Payment(
            id=world.next_id(),
            sender=parent.sender,
            receiver=parent.receiver,
            amount=amount,
            remaining=amount,
            arrival_tick=parent.arrival_tick,
            deadline_tick=parent.deadline_tick,
            priority=int(verdict.priority or 0),
            original_priority=int(verdict.priority or 0),
            rtgs_priority=parent.rtgs_priority,
            divisible=parent.divisible,
            parent=parent.id,
            overdue_since=parent.overdue_since if world.config.rules.set == "standard" else None,
        )
        world.payments[child.id] = child
        world.report.children.append(child)
        if number < verdict.now:
            world.to_submit.append(child)
        else:
            child.release_tick = world.tick + (number - verdict.now + 1) * verdict.gap
            bank.queue1.append(child)
    parent.place = "split"
    parent.open_children = verdict.parts
    bank.charge("split_friction", world.config.costs.split_friction_cost * (verdict.parts - 1))
