"""Scenarios as the user writes them: the only place where input is judged."""

from __future__ import annotations

from simcash_env.config.arrivals import (
    AmountConfig,
    ArrivalBandConfig,
    ArrivalBandsConfig,
    ArrivalConfig,
    CategoricalPriority,
    ExponentialAmount,
    LognormalAmount,
    NormalAmount,
    PriorityConfig,
    UniformAmount,
    UniformPriority,
)
from simcash_env.config.banks import BankConfig
from simcash_env.config.costs import BpsPenalty, CostConfig, PriorityDelayMultipliers
from simcash_env.config.events import (
    ArrivalRateChangeEvent,
    CollateralAdjustmentEvent,
    CounterpartyWeightChangeEvent,
    CreditLimitChangeEvent,
    DeadlineWindowChangeEvent,
    DirectTransferEvent,
    EventConfig,
    GlobalArrivalRateChangeEvent,
    PaymentEvent,
    ScheduledSettlementEvent,
)
from simcash_env.config.loader import load_scenario
from simcash_env.config.policies import (
    DeadlinePolicy,
    ExternalPolicy,
    FifoPolicy,
    LiquidityAwarePolicy,
    LiquidityReservePolicy,
    LiquiditySplittingPolicy,
    MockSplittingPolicy,
    PolicyConfig,
    TreePolicy,
)
from simcash_env.config.rules import (
    ActionConfig,
    LsmConfig,
    PriorityEscalationConfig,
    RulesConfig,
    SimulationConfig,
    SwitchConfig,
)
from simcash_env.config.scenario import ScenarioConfig

__all__ = [
    "ActionConfig",
    "AmountConfig",
    "ArrivalBandConfig",
    "ArrivalBandsConfig",
    "ArrivalConfig",
    "ArrivalRateChangeEvent",
    "BankConfig",
    "BpsPenalty",
    "CategoricalPriority",
    "CollateralAdjustmentEvent",
    "CostConfig",
    "CounterpartyWeightChangeEvent",
    "CreditLimitChangeEvent",
    "DeadlinePolicy",
    "DeadlineWindowChangeEvent",
    "DirectTransferEvent",
    "EventConfig",
    "ExponentialAmount",
    "ExternalPolicy",
    "FifoPolicy",
    "GlobalArrivalRateChangeEvent",
    "LiquidityAwarePolicy",
    "LiquidityReservePolicy",
    "LiquiditySplittingPolicy",
    "LognormalAmount",
    "LsmConfig",
    "MockSplittingPolicy",
    "NormalAmount",
    "PaymentEvent",
    "PolicyConfig",
    "PriorityConfig",
    "PriorityDelayMultipliers",
    "PriorityEscalationConfig",
    "RulesConfig",
    "ScenarioConfig",
    "ScheduledSettlementEvent",
    "SimulationConfig",
    "SwitchConfig",
    "TreePolicy",
    "UniformAmount",
    "UniformPriority",
    "load_scenario",
]
