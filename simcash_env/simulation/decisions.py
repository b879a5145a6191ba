"""What is decided from outside at one tick, by names; validated as a whole before the kernels read any of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np

from simcash_env.config.market import RATE_UNIT, rate_units
from simcash_env.errors import ActionError
from simcash_env.integers import whole, whole_within
from simcash_env.schema.codes import KEEP, NONE, PPM, Place, RtgsPriority, Side, Verb
from simcash_env.schema.limits import MAX_CENTS, POOL_LEVELS, SHARE_STEPS
from simcash_env.simulation.event_log import tx_name, tx_number

if TYPE_CHECKING:
    from simcash_env.compile.scenario import CompiledScenario
    from simcash_env.schema.arrays import I64, State, Work
    from simcash_env.simulation.engine import Engine

Decision: TypeAlias = (
    Literal["release", "hold", "drop", "withdraw"]
    | tuple[Literal["split"], int]
    | tuple[Literal["split"], int, str]
    | tuple[Literal["release", "resubmit"], str]
)
"""A verb, with its number of parts, and with the RTGS priority that the payment gets."""
Actions: TypeAlias = Mapping[str, Mapping[str, Decision]]
Order: TypeAlias = tuple[str, float, int]
"""Side, rate in per cent, cents."""
SendLimit: TypeAlias = int | Mapping[str, int | None] | None
"""Cents towards all banks, or by counterparty; None for no limit."""


VERBS: Final = {"release": Verb.RELEASE, "hold": Verb.HOLD, "drop": Verb.DROP, "withdraw": Verb.WITHDRAW}
WITH_PRIORITY: Final = {"release": Verb.RELEASE, "resubmit": Verb.RESUBMIT}
"""Decisions on a payment that take an RTGS priority alone."""
LEVEL_PPM: Final = PPM // (POOL_LEVELS - 1)
REVOCATIONS: Final = (int(Verb.WITHDRAW), int(Verb.RESUBMIT))
"""Decisions on payments in Queue 2."""


class Decisions(NamedTuple):
    """Decisions by bank: payments, pool levels or shares, collateral to move, market orders, sub-limits, send limits.

    Amounts are cents, levels are 0 to 20, shares from 0 to 1.
    """

    actions: Actions
    pool_levels: Mapping[str, int]
    collateral: Mapping[str, int]
    orders: Mapping[str, Order | None]
    sub_limits: Mapping[str, int]
    send_limits: Mapping[str, SendLimit]
    pool_shares: Mapping[str, float]


def arguments_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of ``Simulation.tick`` from JSON: decisions with parameters, and orders, are tuples again.

    ``actions`` that are missing or null stay None: external banks follow their default then.
    """
    given = content.get("actions")
    actions = None
    if given is not None:
        actions = {
            bank: {tx: tuple(verb) if isinstance(verb, list) else verb for tx, verb in verbs.items()}
            for bank, verbs in given.items()
        }
    orders = {bank: None if order is None else tuple(order) for bank, order in content.get("orders", {}).items()}
    named = ("pool_levels", "collateral", "sub_limits", "send_limits", "pool_shares")
    others = {name: dict(content.get(name, {})) for name in named}
    return {"actions": actions, **others, "orders": orders}


class Coded(NamedTuple):
    """A decision on a payment as the kernels read it."""

    row: int
    verb: int
    rtgs_priority: int  # new RTGS priority of the payment; NONE for no change


def write_decisions(engine: Engine, chosen: Decisions) -> None:
    """Write all of them into the engine's working arrays; what nobody decided on is held, or stays in Queue 2.

    Raises:
        ActionError: a bank that is unknown or follows its policy, a payment in neither of its queues, a decision that
            is none, a value out of range; nothing has been written then.
    """
    require_mappings(chosen)
    numbers = {bank: learner(engine, "actions", bank) for bank in chosen.actions}
    rows = engine.rows_by_id() if any(chosen.actions.values()) else {}
    coded = [
        code(engine, f"actions.{bank}.{tx}", numbers[bank], rows.get(tx_number(tx) or NONE, NONE), decision)
        for bank, verbs in chosen.actions.items()
        for tx, decision in verbs.items()
    ]
    pools = {
        learner(engine, "pool_levels", bank): pool_level(engine, bank, level) * LEVEL_PPM
        for bank, level in chosen.pool_levels.items()
    }
    for name, share in chosen.pool_shares.items():
        number = learner(engine, "pool_shares", name)
        if number in pools:
            message = f"pool_shares.{name}: the bank has a pool level too; give one of them"
            raise ActionError(message)
        pools[number] = pool_share_ppm(engine, name, share)
    moved = {
        learner(engine, "collateral", bank): cents_to_move(bank, cents) for bank, cents in chosen.collateral.items()
    }
    placed = {learner(engine, "orders", bank): order_of(engine, bank, order) for bank, order in chosen.orders.items()}
    reserved = {
        learner(engine, "sub_limits", bank): sub_limit(engine, bank, c) for bank, c in chosen.sub_limits.items()
    }
    limits = [
        limit
        for bank, given in chosen.send_limits.items()
        for limit in send_limits(engine, learner(engine, "send_limits", bank), bank, given)
    ]
    work = engine.work
    work.pay_decision[:] = Verb.HOLD
    work.pay_decision[engine.state.pay_place == Place.QUEUE2] = Verb.WAIT
    work.has_revocations[0] = any(decision.verb in REVOCATIONS for decision in coded)
    for decision in coded:
        work.pay_decision[decision.row] = decision.verb
        if decision.verb == Verb.RESUBMIT:
            work.pay_new_priority[decision.row] = decision.rtgs_priority
        elif decision.rtgs_priority != NONE:
            engine.state.pay_rtgs_priority[decision.row] = decision.rtgs_priority
    work.bank_pool_share_ppm[:] = NONE
    work.bank_pool_share_ppm[list(pools)] = list(pools.values())
    work.bank_collateral_ask_cents[:] = 0
    work.bank_collateral_ask_cents[list(moved)] = list(moved.values())
    work.sub_limit_ask_cents[:] = work.send_limit_ask_cents[:] = work.pair_send_limit_ask_cents[:] = KEEP
    work.sub_limit_ask_cents[list(reserved)] = list(reserved.values())
    for number, other, cents in limits:
        if other == NONE:
            work.send_limit_ask_cents[number] = cents
        else:
            work.pair_send_limit_ask_cents[number * engine.scenario.num_banks + other] = cents
    work.trader_order_rate[:] = NONE
    work.has_orders[0] = bool(placed)
    for bank, order in placed.items():
        work.trader_order_side[bank], work.trader_order_rate[bank], work.trader_order_cents[bank] = order


def read_decisions(scenario: CompiledScenario, state: State, work: Work, banks: I64) -> Decisions:
    """Return what the kernels would read from working arrays, by name: the reverse of ``write_decisions``.

    Payments that stay in their queue are not named.

    Args:
        scenario: the scenario.
        state: state in an open tick.
        work: working arrays with the decisions of these banks.
        banks: numbers of the banks that decided.
    """
    ids, view = scenario.bank_ids, scenario.view
    chosen: Decisions = Decisions({}, {}, {}, {}, {}, {}, {})
    numbers = {ids[bank]: bank for bank in banks.tolist()}
    found: dict[str, dict[str, Decision]] = {name: {} for name in numbers}
    names_priority = bool(view.orders_queue2_by_priority[0])
    places = (Place.QUEUE1, Place.QUEUE2) if work.has_revocations[0] else (Place.QUEUE1,)
    decided = np.isin(state.pay_place, places) & (work.pay_decision != Verb.HOLD) & (work.pay_decision != Verb.WAIT)
    for row in np.flatnonzero(decided & np.isin(state.pay_sender, banks)).tolist():
        payments = found[ids[state.pay_sender[row]]]
        payments[tx_name(int(state.pay_id[row]))] = decision_of(state, work, row, names_priority=names_priority)
    return chosen._replace(
        actions=found,
        collateral={
            name: cents for name, bank in numbers.items() if (cents := int(work.bank_collateral_ask_cents[bank]))
        },
        orders={name: read_order(work, bank) for name, bank in numbers.items()} if work.has_orders[0] else {},
        sub_limits={
            name: cents
            for name, bank in numbers.items()
            if len(work.sub_limit_ask_cents) and (cents := int(work.sub_limit_ask_cents[bank])) != KEEP
        },
        send_limits={
            name: limit for name, bank in numbers.items() if (limit := read_send_limit(ids, work, bank)) != {}
        },
        pool_shares={
            name: share / SHARE_STEPS
            for name, bank in numbers.items()
            if (share := int(work.bank_pool_share_ppm[bank])) != NONE
        },
    )


def decision_of(state: State, work: Work, row: int, *, names_priority: bool) -> Decision:
    """The decision on a payment that leaves its queue."""
    verb, priority = int(work.pay_decision[row]), RtgsPriority(state.pay_rtgs_priority[row]).name.lower()
    if verb == Verb.RESUBMIT:
        return "resubmit", RtgsPriority(work.pay_new_priority[row]).name.lower()
    if verb == Verb.RELEASE:
        return ("release", priority) if names_priority else "release"
    if verb >= Verb.SPLIT:
        parts = verb - Verb.SPLIT
        return ("split", parts, priority) if names_priority else ("split", parts)
    return "drop" if verb == Verb.DROP else "withdraw"


def read_order(work: Work, bank: int) -> Order | None:
    """The order that a bank wants to have in the market; None takes out what it has there."""
    cents = int(work.trader_order_cents[bank])
    side, rate = Side(work.trader_order_side[bank]).name.lower() if cents else "", int(work.trader_order_rate[bank])
    return (side, rate / RATE_UNIT, cents) if cents else None


def read_send_limit(ids: tuple[str, ...], work: Work, bank: int) -> int | dict[str, int | None] | None:
    """The limit that a bank asks for, towards all banks or by counterparty; an empty mapping for no change."""
    if len(work.send_limit_ask_cents) and work.send_limit_ask_cents[bank] != KEEP:
        return none_or_cents(work.send_limit_ask_cents[bank])
    if not len(work.pair_send_limit_ask_cents):
        return {}
    asks = work.pair_send_limit_ask_cents[bank * len(ids) : (bank + 1) * len(ids)]
    return {
        other: none_or_cents(cents)
        for number, (other, cents) in enumerate(zip(ids, asks.tolist(), strict=True))
        if cents != KEEP and number != bank
    }


def none_or_cents(cents: int) -> int | None:
    """Cents of a limit; None for no limit."""
    return None if cents == NONE else int(cents)


def require_mappings(chosen: Decisions) -> None:
    """Refuse what does not say what it decides bank by bank, and actions payment by payment.

    Raises:
        ActionError: something is no mapping.
    """
    parts = [(name, getattr(chosen, name), "banks") for name in Decisions._fields]
    if isinstance(chosen.actions, Mapping):
        parts += [(f"actions.{bank}", verbs, "payments") for bank, verbs in chosen.actions.items()]
    for what, part, keys in parts:
        if not isinstance(part, Mapping):
            message = f"{what}: must be a mapping from {keys} to decisions, got {part!r}"
            raise ActionError(message)


def learner(engine: Engine, what: str, bank: str) -> int:
    """The number of a bank that may be decided for."""
    ids = engine.scenario.bank_ids
    if bank not in ids:
        message = f"unknown bank {bank!r}; banks are {', '.join(ids)}"
        raise ActionError(message)
    number = ids.index(bank)
    if not engine.scenario.view.bank_is_learning[number]:
        message = f"{what}.{bank}: this bank follows its policy; only banks with policy 'external' are decided for"
        raise ActionError(message)
    return number


def code(engine: Engine, path: str, bank: int, row: int, decision: Decision) -> Coded:
    """A decision on a payment of the right queue, by its row."""
    verb, rtgs_priority = encode_decision(path, decision)
    if rtgs_priority != NONE and verb != Verb.RESUBMIT and not engine.scenario.view.orders_queue2_by_priority[0]:
        message = f"{path}: an RTGS priority needs a scenario with switches.queue2_priority_mode, got {decision!r}"
        raise ActionError(message)
    place, queue = (Place.QUEUE2, "Queue 2") if verb in REVOCATIONS else (Place.QUEUE1, "Queue 1")
    if row != NONE and engine.state.pay_sender[row] == bank and engine.state.pay_place[row] == place:
        return Coded(row, verb, rtgs_priority)
    message = f"{path}: this payment is not in the bank's {queue}"
    raise ActionError(message)


def encode_decision(path: str, decision: Decision) -> tuple[int, int]:
    """The kernel's code of a decision, and the RTGS priority that the payment gets, NONE for its own.

    Raises:
        ActionError: it is no decision.
    """
    if isinstance(decision, str) and decision in VERBS:
        return int(VERBS[decision]), NONE
    verb, *values = decision if isinstance(decision, tuple) and len(decision) in {2, 3} else (None,)
    if verb == "split" and values:
        parts = whole_within(values[0], 0, MAX_CENTS)
        priority = priority_code(values[1]) if len(values) == 2 else NONE
        if parts is not None and priority is not None:
            return int(Verb.SPLIT) + parts, priority
    elif len(values) == 1 and isinstance(verb, str) and verb in WITH_PRIORITY:
        priority = priority_code(values[0])
        if priority is not None:
            return int(WITH_PRIORITY[verb]), priority
    message = (
        f"{path}: must be 'release', 'hold', 'drop', 'withdraw', ('split', parts), ('release', rtgs_priority), "
        "('split', parts, rtgs_priority) or ('resubmit', rtgs_priority), with rtgs_priority 'normal', 'urgent' or "
        f"'highly_urgent', got {decision!r}"
    )
    raise ActionError(message)


def priority_code(name: Any) -> int | None:
    """The number of an RTGS priority; None if there is none of this name."""
    is_known = isinstance(name, str) and name.upper() in RtgsPriority.__members__
    return int(RtgsPriority[name.upper()]) if is_known else None


def pool_level(engine: Engine, bank: str, level: int) -> int:
    """A share of the pool on the grid, at a decision where it can be set."""
    found = whole_within(level, 0, POOL_LEVELS - 1)
    if found is None:
        message = f"pool_levels.{bank}: must be a whole number from 0 to {POOL_LEVELS - 1}, got {level!r}"
        raise ActionError(message)
    require_allocation(engine, "pool_levels", bank)
    return found


def pool_share_ppm(engine: Engine, bank: str, share: float) -> int:
    """A share of the pool in millionths, at a decision where it can be set."""
    is_number = isinstance(share, (int, float, np.integer, np.floating)) and not isinstance(share, bool)
    if not (is_number and 0.0 <= share <= 1.0):
        message = f"pool_shares.{bank}: must be a number from 0 to 1, got {share!r}"
        raise ActionError(message)
    require_allocation(engine, "pool_shares", bank)
    return round(float(share) * SHARE_STEPS)


def require_allocation(engine: Engine, what: str, bank: str) -> None:
    """Refuse a choice of the pool's share where none can be made.

    Raises:
        ActionError: the bank has no pool, or this is not a decision at which it is allocated.
    """
    view, tick = engine.scenario.view, int(engine.state.tick[0])
    is_first = tick % int(view.ticks_per_day[0]) == 0
    pool = view.bank_pool_cents[engine.scenario.bank_ids.index(bank)]
    if not (pool and is_first and (tick == 0 or view.reallocates_pool_daily[0])):
        when = "at the first tick of a day" if view.reallocates_pool_daily[0] else "at tick 0"
        message = f"{what}.{bank}: can be set {when} by banks with a liquidity pool only, got tick {tick}"
        raise ActionError(message)


def cents_to_move(bank: str, cents: int) -> int:
    """Cents of collateral to post, or to withdraw where negative."""
    found = whole_within(cents, -MAX_CENTS, MAX_CENTS)
    if found is None:
        message = f"collateral.{bank}: must be a whole number of cents from -10**15 to 10**15, got {cents!r}"
        raise ActionError(message)
    return found


def sub_limit(engine: Engine, bank: str, cents: int) -> int:
    """Cents of liquidity to reserve for priority payments, in a scenario that has sub-limits."""
    if not len(engine.state.sub_limit_cents):
        message = f"sub_limits.{bank}: the scenario has no sub-limits; set actions.sub_limit or banks.sub_limit"
        raise ActionError(message)
    found = whole_within(cents, 0, MAX_CENTS)
    if found is None:
        message = f"sub_limits.{bank}: must be a whole number of cents from 0 to 10**15, got {cents!r}"
        raise ActionError(message)
    return found


def send_limits(engine: Engine, number: int, bank: str, given: SendLimit) -> list[tuple[int, int, int]]:
    """Limits as (bank, counterparty or NONE, cents or NONE), in a scenario in which banks set them."""
    if not len(engine.state.send_limit_cents):
        message = f"send_limits.{bank}: banks do not set limits in this scenario; set actions.send_limit"
        raise ActionError(message)
    if not isinstance(given, Mapping):
        return [(number, NONE, limit_cents(f"send_limits.{bank}", given))]
    ids, found = engine.scenario.bank_ids, []
    for other, cents in given.items():
        path = f"send_limits.{bank}.{other}"
        if other not in ids or other == bank:
            message = f"{path}: must name another bank; banks are {', '.join(ids)}"
            raise ActionError(message)
        found.append((number, ids.index(other), limit_cents(path, cents)))
    return found


def limit_cents(path: str, cents: int | None) -> int:
    """A limit in cents; NONE where there is to be none."""
    found = NONE if cents is None else whole_within(cents, 0, MAX_CENTS)
    if found is None:
        message = f"{path}: must be null or a whole number of cents from 0 to 10**15, got {cents!r}"
        raise ActionError(message)
    return found


def order_of(engine: Engine, bank: str, order: Any) -> tuple[int, int, int]:
    """Side, rate in hundredths of a basis point and cents of an order; a rate of 0 for none."""
    if not len(engine.state.market_next_order):
        message = f"orders.{bank}: the scenario has no market"
        raise ActionError(message)
    if order is None:
        return 0, 0, 0
    if not isinstance(order, tuple) or len(order) != 3:
        message = f"orders.{bank}: must be (side, rate, cents) or None, got {order!r}"
        raise ActionError(message)
    side, rate, cents = order
    problem = order_problem(side, rate, cents)
    if problem:
        message = f"orders.{bank}: {problem}"
        raise ActionError(message)
    if rate <= 0:
        message = f"orders.{bank}: rate must be positive, got {rate!r}"
        raise ActionError(message)
    return int(Side[side.upper()]), rate_units(rate), int(cents)


def order_problem(side: Any, rate: Any, amount: Any) -> str | None:
    """The rule that an order breaks, before it reaches the book; None if it breaks none."""
    if not isinstance(side, str) or side not in ("bid", "ask"):
        return f"side must be bid or ask, got {side!r}"
    if whole_within(amount, 1, MAX_CENTS) is None:
        return f"amount must be a whole number of cents from 1 to 10**15, got {amount!r}"
    if not (isinstance(rate, float) or whole(rate) is not None) or not abs(rate) <= RATE_UNIT:
        return f"rate must be a number of per cent up to {RATE_UNIT}, got {rate!r}"
    if rate_units(rate) / RATE_UNIT != rate:
        return f"rate must be a whole number of hundredths of a basis point, got {rate!r}"
    return None
