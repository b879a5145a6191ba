"""The scenario model and the rules between its parts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, ValidatorFunctionWrapHandler, model_validator

from simcash_env.config.banks import BankConfig
from simcash_env.config.costs import CostConfig
from simcash_env.config.cross_rules import cross_faults
from simcash_env.config.events import EventConfig
from simcash_env.config.faults import broken_rules, error_detail
from simcash_env.config.fields import Currency, Model, Name, Text
from simcash_env.config.market import MarketConfig
from simcash_env.config.market_rules import market_faults
from simcash_env.config.money_bounds import money_faults
from simcash_env.config.recorded import ArrivalsConfig, recorded_faults
from simcash_env.config.rules import (
    ActionConfig,
    LsmConfig,
    PriorityEscalationConfig,
    RulesConfig,
    RuleSet,
    SimulationConfig,
    SwitchConfig,
    named_rules,
)

MAX_BANKS = 2_000


Rules = Annotated[RulesConfig, BeforeValidator(named_rules, json_schema_input_type=RuleSet | RulesConfig)]


class ScenarioConfig(Model):
    """A scenario in the native format."""

    format: Literal[1]
    name: Name
    description: Text = ""
    currency: Currency | None = None
    rules: Rules = Field(default_factory=RulesConfig)
    simulation: SimulationConfig
    banks: Annotated[tuple[BankConfig, ...], Field(min_length=1, max_length=MAX_BANKS)]
    costs: CostConfig = Field(default_factory=CostConfig)
    lsm: LsmConfig = Field(default_factory=LsmConfig)
    switches: SwitchConfig = Field(default_factory=SwitchConfig)
    priority_escalation: PriorityEscalationConfig | None = None
    actions: ActionConfig = Field(default_factory=ActionConfig)
    arrivals: ArrivalsConfig | None = None
    events: tuple[EventConfig, ...] = ()
    market: MarketConfig | None = None

    @model_validator(mode="wrap")
    @classmethod
    def _validate_as_a_whole(cls, value: Any, handler: ValidatorFunctionWrapHandler) -> ScenarioConfig:
        """Report the errors between parts together with those inside them."""
        try:
            config: ScenarioConfig = handler(value)
        except ValidationError as error:
            between = [*cross_faults(value), *market_faults(value)] if isinstance(value, dict) else []
            if not between:
                raise
            inside = [error_detail(fault) for fault in error.errors()]
            more = [error_detail(fault) for fault in broken_rules(between).errors()]
            title = cls.__name__
            raise ValidationError.from_exception_data(title, [*inside, *more]) from None
        plain = config.model_dump()
        between = [*cross_faults(plain), *market_faults(plain), *recorded_faults(config)]
        between = between or [*money_faults(config)]
        if between:
            raise broken_rules(between)
        return config
