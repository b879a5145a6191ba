"""What the tables of the documentation say in words; names and numbers come from the code."""

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
    EventKind.ARRIVAL: "a payment arrives in its sender's Queue 1",
    EventKind.POLICY_SUBMIT: "its bank releases it, or a part of it",
    EventKind.POLICY_HOLD: "its bank keeps it in Queue 1",
    EventKind.POLICY_DROP: "its bank gives it up",
    EventKind.POLICY_SPLIT: "its bank divides it",
    EventKind.PRIORITY_ESCALATED: "its priority rises as its deadline nears",
    EventKind.RTGS_IMMEDIATE_SETTLEMENT: "it settles gross in the tick of its submission",
    EventKind.QUEUED_RTGS: "it cannot settle and joins Queue 2",
    EventKind.QUEUE2_LIQUIDITY_RELEASE: "it settles gross from Queue 2",
    EventKind.LSM_BILATERAL_OFFSET: "two banks' queued payments settle against each other",
    EventKind.LSM_CYCLE_SETTLEMENT: "a cycle of queued payments settles",
    EventKind.LSM_PAYMENT_SETTLED: "one payment of an offset, a cycle or a set of prefixes",
    EventKind.BILATERAL_LIMIT_EXCEEDED: "its sender's limit towards its receiver keeps it from settling",
    EventKind.MULTILATERAL_LIMIT_EXCEEDED: "its sender's limit towards all banks keeps it from settling",
    EventKind.DEFERRED_CREDIT_APPLIED: "the receipts of a tick become usable",
    EventKind.COST_ACCRUAL: "a bank is charged",
    EventKind.TRANSACTION_WENT_OVERDUE: "it is found queued past its deadline",
    EventKind.OVERDUE_TRANSACTION_SETTLED: "it settles after its deadline",
    EventKind.LIQUIDITY_ALLOCATION: "cents come from the pool; negative where a learner lowers its share",
    EventKind.LIQUIDITY_RETURN: "cents go back to the pool",
    EventKind.SCENARIO_EVENT_EXECUTED: "an event of the scenario file happens",
    EventKind.ALGORITHM_EXECUTION: "a liquidity-saving algorithm has run (`algorithm_sequencing`)",
    EventKind.END_OF_DAY: "a day ends; cents are the value still queued",
    EventKind.TRANSACTION_EXPIRED: "it is dropped at its deadline (`deadline_mode: drop`)",
    EventKind.PARENT_SETTLED: "the last part of a split payment has settled",
    EventKind.ENTRY_DISPOSITION_OFFSET: "it settles on entry together with payments that wait the other way",
    EventKind.LSM_PREFIX_SETTLEMENT: "the first payments of many queues settle together; cents are their sum",
    EventKind.COLLATERAL_POST: "a bank posts collateral; cents are what capacity had room for",
    EventKind.COLLATERAL_WITHDRAW: "a bank withdraws collateral; cents are what backs no credit, held long enough",
    EventKind.COLLATERAL_TIMER_WITHDRAWN: "collateral comes back by itself; cents are what could",
    EventKind.COLLATERAL_TIMER_BLOCKED: "collateral that is due to come back is still needed; cents are what stays",
    EventKind.TREE_DECISION: "a bank's tree has been walked to a leaf",
    EventKind.TRANSACTION_REPRIORITIZED: "its bank gives it another priority",
    EventKind.RTGS_WITHDRAWAL: "its bank takes it back from Queue 2",
    EventKind.RTGS_RESUBMISSION: "its bank takes it back from Queue 2, to submit it again with another RTGS priority",
    EventKind.BANK_BUDGET_SET: "a bank limits what it releases in this tick; cents are the limit",
    EventKind.STATE_REGISTER_SET: "a bank's register gets a value",
    EventKind.MARKET_BID: "a bank bids in the market; the counterparty is the one bank it would borrow from",
    EventKind.MARKET_ASK: "a bank asks in the market; the counterparty is the one bank it would lend to",
    EventKind.MARKET_ORDER_REFUSED: "an order breaks a rule; nothing has changed",
    EventKind.MARKET_ORDER_CANCELLED: "an order is taken out; cents are what had not traded",
    EventKind.MARKET_ORDER_EXPIRED: "an order's time is over; cents are what had not traded",
    EventKind.MARKET_TRADE: "the bank lends to the counterparty",
    EventKind.LOAN_REPAID: "the bank repays the counterparty; cents are principal and all interest",
    EventKind.LOAN_WENT_OVERDUE: "the bank cannot repay the counterparty at maturity; cents are what was due",
    EventKind.INTEREST_ACCRUED: "interest falls due: a cost of the bank, a gain of the counterparty",
}
"""When an event of each kind is written; *it* is the payment."""

STEP: Final[dict[str, tuple[EventKind, ...]]] = {
    "day start, decisions": (EventKind.LIQUIDITY_ALLOCATION,),
    "scheduled events": (EventKind.SCENARIO_EVENT_EXECUTED,),
    "arrivals, scheduled events, from outside": (EventKind.ARRIVAL,),
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
    "trees of all kinds": (EventKind.TREE_DECISION,),
    "gross settlement": (
        EventKind.ENTRY_DISPOSITION_OFFSET,
        EventKind.RTGS_IMMEDIATE_SETTLEMENT,
        EventKind.QUEUED_RTGS,
    ),
    "settlement of all kinds": (
        EventKind.BILATERAL_LIMIT_EXCEEDED,
        EventKind.MULTILATERAL_LIMIT_EXCEEDED,
        EventKind.OVERDUE_TRANSACTION_SETTLED,
        EventKind.PARENT_SETTLED,
    ),
    "Queue 2": (EventKind.QUEUE2_LIQUIDITY_RELEASE,),
    "market, decisions, from outside": (EventKind.MARKET_ORDER_CANCELLED,),
    "market, from outside": (
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
    "liquidity saving": (
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
"""Units of events' own values that their names do not tell."""
