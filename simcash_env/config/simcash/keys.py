"""The words of SimCash's files: which of ours each key means, and which keys its own loader passes over.

Facts about github.com/aerugo/SimCash at commit b97854b; older spellings that its example files use are here too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Keys = Mapping[str, str]

IGNORED: Final[Mapping[str, frozenset[str]]] = {
    "scenario": frozenset(
        {
            *("cost_feature_toggles", "cost_model", "description", "eod_rush_threshold"),
            *("metadata", "policy_feature_toggles"),
        }
    ),
    "simulation": frozenset({"lsm_enabled", "lsm_frequency_ticks"}),
    "agent": frozenset({"delay_cost_per_tick", "overdraft_rate"}),
    "weight_event": frozenset({"auto_balance_others"}),
}
"""Keys that SimCash reads past, by the part they stand in; ours does too, and says so."""

SWITCHES: Final[Keys] = {
    "algorithm_sequencing": "algorithm_sequencing",
    "daily_liquidity_reallocation": "daily_liquidity_reallocation",
    "deadline_cap_at_eod": "deadline_cap_at_eod",
    "deferred_crediting": "deferred_crediting",
    "entry_disposition_offsetting": "entry_disposition_offsetting",
    "priority_mode": "queue2_priority_mode",
}

PARTS: Final = (
    "agents",
    "cost_rates",
    "lsm_config",
    "name",
    "priority_escalation",
    "queue1_ordering",
    "scenario_events",
    "simulation",
)

SIMULATION: Final[Keys] = {"num_days": "num_days", "rng_seed": "seed", "ticks_per_day": "ticks_per_day"}

LIMITS: Final[Keys] = {"bilateral_limits": "bilateral_limits", "multilateral_limit": "multilateral_limit"}

AGENT: Final[Keys] = {
    **LIMITS,
    "collateral_haircut": "collateral_haircut",
    "credit_limit": "credit_limit",
    "id": "id",
    "liquidity_allocation_fraction": "liquidity_allocation_fraction",
    "liquidity_pool": "liquidity_pool",
    "max_collateral_capacity": "max_collateral_capacity",
    "opening_balance": "opening_balance",
    "posted_collateral": "posted_collateral",
    "unsecured_cap": "credit_limit",
}
AGENT_PARTS: Final = ("arrival_bands", "arrival_config", "limits", "policy")

ARRIVALS: Final[Keys] = {
    "counterparty_weights": "counterparty_weights",
    "deadline_range": "deadline_range",
    "divisible": "divisible",
    "priority": "priority",
    "rate_per_tick": "rate_per_tick",
}
BAND: Final[Keys] = {
    "counterparty_weights": "counterparty_weights",
    "deadline_offset_max": "deadline_offset_max",
    "deadline_offset_min": "deadline_offset_min",
    "divisible": "divisible",
    "rate_per_tick": "rate_per_tick",
}
BANDS: Final = ("urgent", "normal", "low")

AMOUNTS: Final[Mapping[str, tuple[str, Keys]]] = {
    "Uniform": ("uniform", {"min": "min", "max": "max"}),
    "Normal": ("normal", {"mean": "mean", "std_dev": "std_dev"}),
    "LogNormal": ("lognormal", {"mean": "mean", "std_dev": "std_dev"}),
    "Exponential": ("exponential", {"lambda": "rate", "rate": "rate"}),
}
PRIORITIES: Final[Mapping[str, tuple[str, Keys]]] = {
    "Fixed": ("fixed", {"value": "value"}),
    "Uniform": ("uniform", {"min": "min", "max": "max"}),
    "Categorical": ("categorical", {"values": "values", "weights": "weights"}),
}
POLICIES: Final[Mapping[str, tuple[str, Keys]]] = {
    "Fifo": ("fifo", {}),
    "Deadline": ("deadline", {"urgency_threshold": "urgency_threshold"}),
    "LiquidityAware": (
        "liquidity_aware",
        {"target_buffer": "target_buffer", "urgency_threshold": "urgency_threshold"},
    ),
    "LiquiditySplitting": (
        "liquidity_splitting",
        {"max_splits": "max_splits", "min_split_amount": "min_split_amount"},
    ),
    "MockSplitting": ("mock_splitting", {"num_splits": "num_splits"}),
    "FromJson": ("tree", {"json_path": "file", "params": "parameters"}),
    "Inline": ("tree", {"decision_trees": "tree", "params": "parameters"}),
    "InlineJson": ("tree", {"json_string": "tree", "params": "parameters"}),
}

COSTS: Final[Keys] = {
    "collateral_cost_per_tick_bps": "collateral_cost_per_tick_bps",
    "delay_cost_per_tick_per_cent": "delay_cost_per_tick_per_cent",
    "drop_penalty": "drop_penalty",
    "liquidity_cost_per_tick_bps": "liquidity_cost_per_tick_bps",
    "overdraft_bps_per_tick": "overdraft_bps_per_tick",
    "overdue_delay_multiplier": "overdue_delay_multiplier",
    "split_friction_cost": "split_friction_cost",
}
PENALTIES: Final[Keys] = {
    "deadline_penalty": "deadline_penalty",
    "eod_penalty": "eod_penalty",
    "eod_penalty_per_transaction": "eod_penalty",
}
MULTIPLIERS: Final[Keys] = {
    "low_multiplier": "low",
    "normal_multiplier": "normal",
    "urgent_multiplier": "urgent",
}

LSM: Final[Keys] = {"max_cycle_length": "max_cycle_length", "max_cycles_per_tick": "max_cycles_per_tick"}
LSM_SWITCHES: Final[Keys] = {"enable_bilateral": "bilateral", "enable_cycles": "cycles"}

ESCALATION: Final[Keys] = {
    "curve": "curve",
    "max_boost": "max_boost",
    "start_escalating_at_ticks": "start_ticks",
    "threshold_ticks": "start_ticks",
}

_TRANSFER: Final[Keys] = {"amount": "amount", "from_agent": "from_bank", "to_agent": "to_bank"}
EVENTS: Final[Mapping[str, tuple[str, Keys]]] = {
    "DirectTransfer": ("direct_transfer", _TRANSFER),
    "CustomTransactionArrival": (
        "payment",
        {**_TRANSFER, "deadline": "deadline", "is_divisible": "divisible", "priority": "priority"},
    ),
    "ScheduledSettlement": ("scheduled_settlement", _TRANSFER),
    "CollateralAdjustment": ("credit_limit_change", {"agent": "bank", "delta": "delta"}),
    "GlobalArrivalRateChange": ("global_arrival_rate_change", {"multiplier": "multiplier"}),
    "AgentArrivalRateChange": ("arrival_rate_change", {"agent": "bank", "multiplier": "multiplier"}),
    "CounterpartyWeightChange": (
        "counterparty_weight_change",
        {"agent": "bank", "counterparty": "counterparty", "new_weight": "weight"},
    ),
    "DeadlineWindowChange": (
        "deadline_window_change",
        {"max_ticks_multiplier": "max_multiplier", "min_ticks_multiplier": "min_multiplier"},
    ),
}
SCHEDULES: Final[Mapping[str, tuple[str, Keys]]] = {
    "OneTime": ("once", {"tick": "tick"}),
    "Repeating": ("repeating", {"interval": "every", "start_tick": "tick"}),
}

QUEUE1_ORDERS: Final[Keys] = {
    "fifo": "fifo",
    "Fifo": "fifo",
    "FIFO": "fifo",
    "priority_deadline": "priority_deadline",
    "priority-deadline": "priority_deadline",
    "PriorityDeadline": "priority_deadline",
}

REWORDED: Final[Keys] = {
    "arrivals": "arrival_config",
    "banks": "agents",
    "from bank": "from agent",
    "from_bank": "from_agent",
}
"""Our names in the text of a rule, as a SimCash file has them."""
