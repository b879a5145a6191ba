"""What the tables of the documentation say in words; names and numbers come from the code."""

from __future__ import annotations

from typing import Final

from simcash_env.agents.observation_layout import DUE_NOW_TICKS, DUE_SOON_TICKS
from simcash_env.schema.codes import CostKind, EventKind

AS_IS: Final = "as it is"
FLOW: Final = "day's flow"
COUNT: Final = "8"
PAYMENT: Final = "mean payment"
CORRIDOR: Final = "width of the corridor"
CENT_TICK: Final = "mean payment's dearest tick"

OBSERVATION: Final[dict[str, tuple[str, str]]] = {
    "day_position": ("tick of the day over ticks a day", AS_IS),
    "run_position": ("tick over ticks of the run", AS_IS),
    "ticks_left": ("ticks to the end of the run", "ticks a day"),
    "is_first_decision": ("1 at the first decision of a day", AS_IS),
    "is_last_decision": ("1 at the last decision of a day", AS_IS),
    "balance": ("settlement account, negative in overdraft, without what backs resting asks", FLOW),
    "credit_used": ("overdraft in use", FLOW),
    "credit_left": ("overdraft that may still be used", FLOW),
    "available_liquidity": ("balance plus overdraft allowance, at least 0", FLOW),
    "pool_allocated_share": ("share of the liquidity pool that is allocated", AS_IS),
    "posted_collateral": ("collateral posted", FLOW),
    "collateral_room": ("collateral capacity less what is posted", FLOW),
    "outflow_limit_left": (
        "multilateral limit less what was paid today, plus what was received under `limits_basis: net`; 1 without one",
        FLOW,
    ),
    "queue1_count": ("payments in the bank's own queue", COUNT),
    "queue1_value": ("their value", FLOW),
    "queue1_due_now": (f"value with at most {DUE_NOW_TICKS} tick to the deadline, overdue included", FLOW),
    "queue1_due_soon": (f"value with at most {DUE_SOON_TICKS} ticks to the deadline, not counted before", FLOW),
    "queue1_due_later": ("the rest of the value", FLOW),
    "queue2_count": ("own payments that wait in the central queue", COUNT),
    "queue2_value": ("their value", FLOW),
    "queue2_due_now": ("as in Queue 1", FLOW),
    "queue2_due_soon": ("as in Queue 1", FLOW),
    "queue2_due_later": ("as in Queue 1", FLOW),
    "queue1_gap": ("value of Queue 1 less balance and overdraft allowance", FLOW),
    "paid_today": ("settled out of the account today", FLOW),
    "received_today": ("settled into the account today", FLOW),
    "expected": ("value in the central queue that is addressed to the bank", FLOW),
    "system_queue2_count": ("payments of all banks in the central queue", COUNT),
    "system_queue2_value": ("their value", FLOW),
    "system_settled_share": ("value settled today over value arrived today, at most 1", AS_IS),
    "system_lsm_releases": ("payments that liquidity saving settled in the last tick", COUNT),
    "price_overdraft": ("bps a tick", "10 bps"),
    "price_delay": ("cents a cent and tick", "0.1 cents"),
    "price_collateral": ("bps a tick", "10 bps"),
    "price_liquidity": ("bps a tick", "10 bps"),
    "price_deadline_penalty": ("what it comes to on a mean payment", PAYMENT),
    "price_eod_penalty": ("likewise", PAYMENT),
    "price_drop_penalty": ("likewise", PAYMENT),
    "price_split_friction": ("cents for each part but the first", PAYMENT),
    "price_overdue_multiplier": ("factor on the delay cost of what is overdue", "1"),
    "price_urgent_multiplier": ("factor at priorities 8 to 10", "1"),
    "price_low_multiplier": ("factor at priorities 0 to 3", "1"),
    "amount": ("original amount", PAYMENT),
    "remaining": ("what is still to be settled", PAYMENT),
    "ticks_to_deadline": ("negative once it has passed", COUNT),
    "is_overdue": ("1 once it has been found past its deadline", AS_IS),
    "priority": ("priority over 10", AS_IS),
    "is_divisible": ("1 where the payment is marked as divisible; `split_scope: any` does not ask for the mark", AS_IS),
    "age": ("ticks since arrival", COUNT),
    "delay_cost": (
        "delay cost of keeping it for one more tick, overdue by then included; 0 for what is dropped then",
        CENT_TICK,
    ),
    "credit_cost": ("cost of a tick of overdraft for what the balance does not cover", CENT_TICK),
    "share_of_liquidity": ("remaining over available liquidity", "1"),
    "counterparty_queued": ("value from its receiver to the bank in the central queue", PAYMENT),
    "counterparty_net": ("paid to its receiver today less received from it", PAYMENT),
    "market_is_open": ("1 where an order can be placed in the first book", AS_IS),
    "market_best_bid": ("highest rate bid, above the deposit rate; 0 without a bid", CORRIDOR),
    "market_bid_depth": ("cents bid at that rate", FLOW),
    "market_best_ask": ("lowest rate asked, above the deposit rate; 0 without an ask", CORRIDOR),
    "market_ask_depth": ("cents asked at that rate", FLOW),
    "market_last_rate": ("rate of the last trade, above the deposit rate; 0 without one", CORRIDOR),
    "market_locked": ("reserves that back the bank's resting asks", FLOW),
    "market_credit_left": ("what it may still promise to repay", FLOW),
    "market_lent": ("principal that it has lent", FLOW),
    "market_borrowed": ("principal that it has borrowed", FLOW),
    "market_to_receive_soon": (f"repayments to it due within {DUE_SOON_TICKS} ticks, overdue included", FLOW),
    "market_to_repay_soon": ("repayments by it, likewise", FLOW),
}
"""Of every entry: what it is, and the scale at which it shows as one half."""

COST: Final[dict[CostKind, tuple[str, str]]] = {
    CostKind.OVERDRAFT: ("every tick, on a negative balance", "overdraft_bps_per_tick"),
    CostKind.DELAY: (
        "every tick, on every cent that waits in Queue 1; in Queue 2 too under `delay_cost_scope: both`",
        "delay_cost_per_tick_per_cent",
    ),
    CostKind.COLLATERAL: ("every tick, on posted collateral", "collateral_cost_per_tick_bps"),
    CostKind.LIQUIDITY: ("every tick, on the allocated part of the pool", "liquidity_cost_per_tick_bps"),
    CostKind.DEADLINE_PENALTY: ("once, when a payment is queued past its deadline", "deadline_penalty"),
    CostKind.EOD_PENALTY: (
        "at a day's end, for every unsettled payment; only for overdue ones under `eod_penalty_scope: overdue`",
        "eod_penalty",
    ),
    CostKind.SPLIT_FRICTION: ("at a split, for each part but the first", "split_friction_cost"),
    CostKind.DROP_PENALTY: (
        "when a payment is given up; by default the deadline and end-of-day penalties it escapes",
        "drop_penalty",
    ),
}
"""Of every cost: when it arises, and the field of the scenario's ``costs`` that sets its price."""

INTEREST: Final = (
    "only where the scenario has a market: interest that falls due to others less what others come to owe; "
    "at maturity, paid or not, then in every tick that a loan is overdue"
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
    EventKind.LSM_CYCLE_SETTLEMENT: "a ring of queued payments settles",
    EventKind.LSM_PAYMENT_SETTLED: "one payment of an offset, a ring or a set of prefixes",
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
