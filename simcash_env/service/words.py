"""Plain words for policies, and for the kinds of events, which the viewer shows as tooltips."""

from __future__ import annotations

from typing import Final

from simcash_env.amounts import amount_text
from simcash_env.config.policies import PolicyConfig, TreePolicy
from simcash_env.schema.codes import EventKind

IN_CENTS: Final = frozenset({"target_buffer", "min_split_amount"})
"""Parameters of scripted policies that are amounts."""

WORDS: Final[dict[EventKind, str]] = {
    EventKind.ARRIVAL: "payment arrives",
    EventKind.POLICY_SUBMIT: "bank releases a payment",
    EventKind.POLICY_HOLD: "bank holds a payment",
    EventKind.POLICY_DROP: "bank drops a payment",
    EventKind.POLICY_SPLIT: "bank splits a payment",
    EventKind.PRIORITY_ESCALATED: "priority rises near the deadline",
    EventKind.RTGS_IMMEDIATE_SETTLEMENT: "payment settles at once",
    EventKind.QUEUED_RTGS: "payment joins the central queue",
    EventKind.QUEUE2_LIQUIDITY_RELEASE: "payment settles from the central queue",
    EventKind.LSM_BILATERAL_OFFSET: "two banks' payments are offset",
    EventKind.LSM_CYCLE_SETTLEMENT: "a cycle of payments is offset",
    EventKind.LSM_PAYMENT_SETTLED: "payment settles by offsetting",
    EventKind.BILATERAL_LIMIT_EXCEEDED: "bilateral limit blocks a payment",
    EventKind.MULTILATERAL_LIMIT_EXCEEDED: "limit blocks a payment",
    EventKind.DEFERRED_CREDIT_APPLIED: "receipts become usable",
    EventKind.COST_ACCRUAL: "cost is charged",
    EventKind.TRANSACTION_WENT_OVERDUE: "payment misses its deadline",
    EventKind.OVERDUE_TRANSACTION_SETTLED: "overdue payment settles",
    EventKind.LIQUIDITY_ALLOCATION: "liquidity is allocated",
    EventKind.LIQUIDITY_RETURN: "liquidity is returned",
    EventKind.SCENARIO_EVENT_EXECUTED: "scheduled event happens",
    EventKind.ALGORITHM_EXECUTION: "liquidity-saving algorithm runs",
    EventKind.END_OF_DAY: "day ends",
    EventKind.TRANSACTION_EXPIRED: "payment expires",
    EventKind.PARENT_SETTLED: "split payment is settled in full",
    EventKind.ENTRY_DISPOSITION_OFFSET: "payment is offset on entry",
    EventKind.LSM_PREFIX_SETTLEMENT: "a set of payments settles together",
    EventKind.COLLATERAL_POST: "collateral is posted",
    EventKind.COLLATERAL_WITHDRAW: "collateral is withdrawn",
    EventKind.COLLATERAL_TIMER_WITHDRAWN: "collateral is withdrawn on time",
    EventKind.COLLATERAL_TIMER_BLOCKED: "collateral still backs credit",
    EventKind.TREE_DECISION: "decision tree decides",
    EventKind.TRANSACTION_REPRIORITIZED: "priority is changed",
    EventKind.RTGS_WITHDRAWAL: "payment is revoked from the central queue",
    EventKind.RTGS_RESUBMISSION: "payment is submitted again",
    EventKind.BANK_BUDGET_SET: "release budget is set",
    EventKind.STATE_REGISTER_SET: "decision tree remembers a value",
    EventKind.MARKET_BID: "bid in the market",
    EventKind.MARKET_ASK: "offer in the market",
    EventKind.MARKET_ORDER_REFUSED: "order is refused",
    EventKind.MARKET_ORDER_CANCELLED: "order is cancelled",
    EventKind.MARKET_ORDER_EXPIRED: "order expires",
    EventKind.MARKET_TRADE: "loan is agreed",
    EventKind.LOAN_REPAID: "loan is repaid",
    EventKind.LOAN_WENT_OVERDUE: "loan is overdue",
    EventKind.INTEREST_ACCRUED: "interest is charged",
    EventKind.RECORDED_DAY: "recorded day begins",
    EventKind.SUB_LIMIT_SET: "liquidity is reserved",
    EventKind.SEND_LIMIT_SET: "send limit is set",
}


def policy_text(policy: PolicyConfig) -> str:
    """Return a policy with its parameters in a line."""
    if isinstance(policy, TreePolicy):
        return f"tree {policy.definition.get('policy_id', policy.file or '')}".strip()
    values = policy.model_dump(exclude={"type"})
    text = ", ".join(f"{name} {amount_text(value) if name in IN_CENTS else value}" for name, value in values.items())
    return f"{policy.type} ({text})" if text else str(policy.type)
