"""Descriptions for the generated tables; names and numbers come from the code."""

from __future__ import annotations

from typing import Final

from simcash_env.schema.codes import CostKind, EventKind

COST: Final[dict[CostKind, tuple[str, str]]] = {
    CostKind.OVERDRAFT: ("every tick, on a negative balance", "overdraft_bps_per_tick"),
    CostKind.DELAY: (
        "every tick, on the value in Queue 1; with `delay_cost_scope: both` also on the value in Queue 2",
        "delay_cost_per_tick_per_cent",
    ),
    CostKind.COLLATERAL: ("every tick, on posted collateral", "collateral_cost_per_tick_bps"),
    CostKind.LIQUIDITY: ("every tick, on the allocated part of the pool", "liquidity_cost_per_tick_bps"),
    CostKind.DEADLINE_PENALTY: (
        "once per payment, at the end of the first tick after its deadline, if it is still queued",
        "deadline_penalty",
    ),
    CostKind.EOD_PENALTY: (
        "at the end of a day, for each unsettled payment; with `eod_penalty_scope: overdue` for overdue ones only",
        "eod_penalty",
    ),
    CostKind.SPLIT_FRICTION: ("at a split, for each part except the first", "split_friction_cost"),
    CostKind.DROP_PENALTY: (
        "when a payment is dropped; default: end-of-day penalty, plus the deadline penalty if not yet charged",
        "drop_penalty",
    ),
}
"""For each kind of cost: when it is charged, and the field of the scenario's ``costs`` that sets its price."""

INTEREST: Final = (
    "only in scenarios with a market: interest due to other banks less interest due from them; "
    "at maturity, whether paid or not, then in every tick that a loan is overdue"
)

EVENT: Final[dict[EventKind, str]] = {
    EventKind.ARRIVAL: "a payment arrives in its sender's internal queue",
    EventKind.POLICY_SUBMIT: "the bank releases a payment or a part of it",
    EventKind.POLICY_HOLD: "the bank holds a payment in its internal queue",
    EventKind.POLICY_DROP: "the bank drops a payment",
    EventKind.POLICY_SPLIT: "the bank splits a payment",
    EventKind.PRIORITY_ESCALATED: "a payment's priority rises near its deadline",
    EventKind.RTGS_IMMEDIATE_SETTLEMENT: "a payment settles gross in the tick of its submission",
    EventKind.QUEUED_RTGS: "a payment cannot settle and joins the central queue",
    EventKind.QUEUE2_LIQUIDITY_RELEASE: "a payment settles gross from the central queue",
    EventKind.LSM_BILATERAL_OFFSET: "bilateral offsetting settles queued payments of two banks",
    EventKind.LSM_CYCLE_SETTLEMENT: "cycle offsetting settles a cycle of queued payments",
    EventKind.LSM_PAYMENT_SETTLED: "one payment of an offset, cycle, prefix set or entry disposition settles",
    EventKind.BILATERAL_LIMIT_EXCEEDED: "the sender's bilateral limit towards the receiver blocks a payment",
    EventKind.MULTILATERAL_LIMIT_EXCEEDED: "the sender's multilateral limit blocks a payment",
    EventKind.DEFERRED_CREDIT_APPLIED: "receipts of the tick become usable (deferred crediting)",
    EventKind.COST_ACCRUAL: "a bank is charged",
    EventKind.TRANSACTION_WENT_OVERDUE: "a queued payment is past its deadline",
    EventKind.OVERDUE_TRANSACTION_SETTLED: "a payment settles after its deadline",
    EventKind.LIQUIDITY_ALLOCATION: "pool liquidity is allocated; negative if a learning bank lowers its share",
    EventKind.LIQUIDITY_RETURN: "pool liquidity is returned",
    EventKind.SCENARIO_EVENT_EXECUTED: "a scenario event runs",
    EventKind.ALGORITHM_EXECUTION: "a liquidity-saving algorithm runs (`algorithm_sequencing`)",
    EventKind.END_OF_DAY: "a day ends; cents: value still queued",
    EventKind.TRANSACTION_EXPIRED: "a payment is dropped at its deadline (`deadline_mode: drop`)",
    EventKind.PARENT_SETTLED: "the last part of a split payment settles",
    EventKind.ENTRY_DISPOSITION_OFFSET: "entry disposition settles a submitted payment with opposite queued payments",
    EventKind.LSM_PREFIX_SETTLEMENT: "the first payments of several banks settle together; cents: their sum",
    EventKind.COLLATERAL_POST: "a bank posts collateral; cents: amount posted within its capacity",
    EventKind.COLLATERAL_WITHDRAW: "a bank withdraws collateral; cents: amount, at most what backs no credit",
    EventKind.COLLATERAL_TIMER_WITHDRAWN: "a collateral timer withdraws collateral; cents: amount withdrawn",
    EventKind.COLLATERAL_TIMER_BLOCKED: "a collateral timer ends, but it still backs credit; cents: amount that stays",
    EventKind.TREE_DECISION: "a bank's tree reaches a leaf",
    EventKind.TRANSACTION_REPRIORITIZED: "the bank changes a payment's priority",
    EventKind.RTGS_WITHDRAWAL: "the bank revokes a payment from the central queue",
    EventKind.RTGS_RESUBMISSION: "the bank revokes a payment to submit it again with another RTGS priority",
    EventKind.BANK_BUDGET_SET: "a bank sets its release budget of the tick; cents: the budget",
    EventKind.STATE_REGISTER_SET: "a bank's register changes",
    EventKind.MARKET_BID: "a bank places a bid; counterparty: the only bank it borrows from, if any",
    EventKind.MARKET_ASK: "a bank places an ask; counterparty: the only bank it lends to, if any",
    EventKind.MARKET_ORDER_REFUSED: "an order is rejected; nothing changes",
    EventKind.MARKET_ORDER_CANCELLED: "an order is cancelled; cents: quantity not traded",
    EventKind.MARKET_ORDER_EXPIRED: "an order expires; cents: quantity not traded",
    EventKind.MARKET_TRADE: "the bank lends to the counterparty",
    EventKind.LOAN_REPAID: "the bank repays the counterparty; cents: principal and all interest",
    EventKind.LOAN_WENT_OVERDUE: "the bank cannot repay the counterparty at maturity; cents: amount due",
    EventKind.INTEREST_ACCRUED: "interest falls due: a cost of the bank, an income of the counterparty",
    EventKind.RECORDED_DAY: "a recorded day is played from here on, or a block of it (`resample: blocks`)",
    EventKind.SUB_LIMIT_SET: "the bank reserves another amount of liquidity for priority payments",
    EventKind.SEND_LIMIT_SET: "the bank sets another limit on what it sends, to all banks or to one; amount empty or"
    " old amount -1: no limit",
}
"""Condition under which an event of each kind is written."""

STEP: Final[dict[str, tuple[EventKind, ...]]] = {
    "day start, decisions": (EventKind.LIQUIDITY_ALLOCATION,),
    "start of the decisions": (EventKind.SUB_LIMIT_SET, EventKind.SEND_LIMIT_SET),
    "scheduled events": (EventKind.SCENARIO_EVENT_EXECUTED,),
    "recorded arrivals": (EventKind.RECORDED_DAY,),
    "arrivals, scheduled events, external calls": (EventKind.ARRIVAL,),
    "collateral trees, decisions, scheduled events": (EventKind.COLLATERAL_POST, EventKind.COLLATERAL_WITHDRAW),
    "bank trees": (EventKind.BANK_BUDGET_SET, EventKind.STATE_REGISTER_SET),
    "collateral timers": (EventKind.COLLATERAL_TIMER_WITHDRAWN, EventKind.COLLATERAL_TIMER_BLOCKED),
    "escalation": (EventKind.PRIORITY_ESCALATED,),
    "decisions": (
        EventKind.POLICY_SUBMIT,
        EventKind.POLICY_HOLD,
        EventKind.POLICY_DROP,
        EventKind.POLICY_SPLIT,
        EventKind.TRANSACTION_REPRIORITIZED,
        EventKind.RTGS_WITHDRAWAL,
        EventKind.RTGS_RESUBMISSION,
    ),
    "trees": (EventKind.TREE_DECISION,),
    "gross settlement": (
        EventKind.ENTRY_DISPOSITION_OFFSET,
        EventKind.RTGS_IMMEDIATE_SETTLEMENT,
        EventKind.QUEUED_RTGS,
    ),
    "every settlement": (
        EventKind.BILATERAL_LIMIT_EXCEEDED,
        EventKind.MULTILATERAL_LIMIT_EXCEEDED,
        EventKind.OVERDUE_TRANSACTION_SETTLED,
        EventKind.PARENT_SETTLED,
    ),
    "Queue 2": (EventKind.QUEUE2_LIQUIDITY_RELEASE,),
    "market, decisions, external calls": (EventKind.MARKET_ORDER_CANCELLED,),
    "market, external calls": (
        EventKind.MARKET_BID,
        EventKind.MARKET_ASK,
        EventKind.MARKET_ORDER_REFUSED,
        EventKind.MARKET_TRADE,
    ),
    "market": (
        EventKind.MARKET_ORDER_EXPIRED,
        EventKind.LOAN_REPAID,
        EventKind.LOAN_WENT_OVERDUE,
        EventKind.INTEREST_ACCRUED,
    ),
    "liquidity-saving mechanisms": (
        EventKind.LSM_BILATERAL_OFFSET,
        EventKind.LSM_CYCLE_SETTLEMENT,
        EventKind.LSM_PREFIX_SETTLEMENT,
        EventKind.LSM_PAYMENT_SETTLED,
        EventKind.ALGORITHM_EXECUTION,
    ),
    "deferred credits": (EventKind.DEFERRED_CREDIT_APPLIED,),
    "Queue 2, costs": (EventKind.TRANSACTION_WENT_OVERDUE, EventKind.TRANSACTION_EXPIRED),
    "decisions, costs, day end": (EventKind.COST_ACCRUAL,),
    "day end": (EventKind.END_OF_DAY, EventKind.LIQUIDITY_RETURN),
}
"""The steps of a tick in which events of each kind are written."""

VALUE_UNIT: Final[dict[str, str]] = {
    "parts": "count",
    "date": "date; as a number: YYYYMMDD",
    "first_child": "payment id",
    "cents_there": "cents",
    "cents_back": "cents",
    "length": "banks",
    "cost": "kind of cost",
    "event_type": "kind of event",
    "event_number": "place in the file",
    "algorithm": "name",
    "settled": "payments",
    "queued": "payments",
    "path": "node ids",
    "max_per_counterparty": "cents",
    "register": "name",
    "millionths": "millionths",
    "order": "order id",
    "loan": "loan id",
    "rate": "hundredths of a basis point",
    "refusal": "rule",
}
"""Units of event values that do not follow from their names."""
