"""The system: rule set, calendar, liquidity-saving mechanism, switches."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

from pydantic import Field, model_validator

from simcash_env.config.arrivals import LARGEST_NORMAL
from simcash_env.config.clock import Clock, TimeOfDay, clock_of, time_us
from simcash_env.config.faults import fault_at
from simcash_env.config.fields import Count, Model, Priority, Ticks, Truth
from simcash_env.schema.codes import LsmAlgorithm
from simcash_env.schema.limits import (
    HIGHEST_PRIORITY,
    MAX_PARTS,
    MAX_SEED,
    MAX_TICKS,
    MAX_TICKS_PER_DAY,
    URGENT_FROM,
)

RULE_SETS: Final[dict[str, dict[str, str | bool]]] = {
    "standard": {
        "delay_cost_scope": "queue1",
        "eod_penalty_scope": "unsettled",
        "deadline_mode": "overdue",
        "deadline_cap": "last_tick",
        "split_scope": "divisible",
        "end_of_day_settlement": True,
    },
    "simcash": {
        "delay_cost_scope": "both",
        "eod_penalty_scope": "overdue",
        "deadline_mode": "overdue",
        "deadline_cap": "next_day",
        "split_scope": "any",
        "end_of_day_settlement": False,
    },
}
"""The rules of each set; a scenario may override single rules by name."""


DayDeviation = Annotated[
    float, Field(strict=True, ge=0, le=1, description="standard deviation of the logarithm, 0 to 1")
]

RuleSet: TypeAlias = Literal["standard", "simcash"]


def named_rules(value: Any) -> Any:
    """Expand a rule set given by name alone."""
    return {"set": value} if isinstance(value, str) else value


class RulesConfig(Model):
    """A rule set with optional overrides. In a file, the name of the set alone is also accepted."""

    set: RuleSet = "standard"
    delay_cost_scope: Literal["queue1", "both"] = "queue1"
    eod_penalty_scope: Literal["unsettled", "overdue"] = "unsettled"
    deadline_mode: Literal["overdue", "drop"] = "overdue"
    deadline_cap: Literal["last_tick", "next_day"] = "last_tick"
    split_scope: Literal["divisible", "any"] = "divisible"
    end_of_day_settlement: Truth = True

    @model_validator(mode="before")
    @classmethod
    def _resolve(cls, value: Any) -> Any:
        rules = named_rules(value)
        if not isinstance(rules, dict):
            return rules
        chosen = rules.get("set", "standard")
        return {**RULE_SETS.get(chosen, {}), **rules} if isinstance(chosen, str) else rules

    def _given(self, update: Mapping[str, Any]) -> dict[str, Any]:
        """With a new set, use its rules; keep single rules that differed from the old set."""
        given = super()._given(update)
        if "set" not in update:
            return given
        return {name: rule for name, rule in given.items() if rule != RULE_SETS[self.set].get(name)}


def largest_day_factor(log_std: float) -> float:
    """Largest factor of a day's rates where the logarithm has this standard deviation."""
    return math.exp(LARGEST_NORMAL * log_std - log_std * log_std / 2) if log_std > 0.0 else 1.0


class SimulationConfig(Model):
    """Length of a run, seed of its random stream, and opening hours, which do not affect results.

    If ``day_factor_log_std`` is above 0, each day draws one lognormal factor with mean 1 that multiplies the rates of
    all random arrivals of that day (``rules: standard`` only).
    """

    ticks_per_day: Annotated[int, Field(strict=True, ge=1, le=MAX_TICKS_PER_DAY)]
    num_days: Annotated[int, Field(strict=True, ge=1, le=MAX_TICKS)]
    seed: Annotated[int, Field(strict=True, ge=0, le=MAX_SEED)] = 0
    day_factor_log_std: DayDeviation = 0.0  # common factor of all arrival rates of a day, mean 1
    open: TimeOfDay | None = None
    close: TimeOfDay | None = None

    @property
    def clock(self) -> Clock | None:
        """Converts ticks to times of day: ``clock(tick)``; None without opening hours."""
        return None if self.open is None else clock_of(self.open, self.close, self.ticks_per_day)

    @property
    def hours(self) -> Clock:
        """The clock, or one from 06:00 to 18:00 without opening hours, for figures by hour."""
        return clock_of(self.open, self.close, self.ticks_per_day)

    @property
    def num_ticks(self) -> int:
        """Ticks of the run."""
        return self.ticks_per_day * self.num_days

    @property
    def largest_day_factor(self) -> float:
        """Largest factor that a day can draw."""
        return largest_day_factor(self.day_factor_log_std)

    @model_validator(mode="after")
    def _is_bounded(self) -> SimulationConfig:
        if self.num_ticks > MAX_TICKS:
            rule = f"ticks_per_day x num_days must not exceed {MAX_TICKS}"
            raise fault_at(("num_days",), rule, self.num_days)
        if (self.open is None) != (self.close is None):
            missing = "open" if self.open is None else "close"
            raise fault_at((missing,), "give both open and close, or neither", None)
        if self.open is not None and self.close is not None and time_us(self.close) <= time_us(self.open):
            raise fault_at(("close",), f"must be after open ({self.open})", self.close)
        return self


if TYPE_CHECKING:
    LsmName: TypeAlias = str
else:
    LsmName = Literal[tuple(algorithm.name.lower() for algorithm in LsmAlgorithm)]


class LsmConfig(Model):
    """Liquidity-saving mechanism: algorithms in the order they run, and limits of the cycle search."""

    algorithms: tuple[LsmName, ...] = ("bilateral", "cycles")
    bilateral: Literal["all", "subset"] = "all"
    max_offset_payments: Annotated[int, Field(strict=True, ge=1, le=MAX_PARTS)] | None = None
    max_cycle_length: Annotated[int, Field(strict=True, ge=3, le=16)] = 4
    max_cycles_per_tick: Count = 10
    cycle_work_limit: Count = 100_000

    @model_validator(mode="after")
    def _runs_each_once(self) -> LsmConfig:
        if len(set(self.algorithms)) < len(self.algorithms):
            raise fault_at(("algorithms",), "must not name an algorithm twice", self.algorithms)
        return self


class SwitchConfig(Model):
    """Optional features of the system."""

    deferred_crediting: Truth = False
    deadline_cap_at_eod: Truth = False
    daily_liquidity_reallocation: Truth = False
    queue1_ordering: Literal["fifo", "priority_deadline"] = "fifo"
    queue2_priority_mode: Truth = False
    entry_disposition_offsetting: Truth = False
    algorithm_sequencing: Truth = False
    limits_basis: Literal["gross", "net"] = "gross"
    sub_limit_priority: Priority = URGENT_FROM


class PriorityEscalationConfig(Model):
    """Raise priorities in the last ``start_ticks`` ticks before a deadline, by at most ``max_boost``."""

    curve: Literal["linear", "exponential", "step"] = "linear"
    start_ticks: Ticks = 20
    max_boost: Annotated[int, Field(strict=True, ge=0, le=HIGHEST_PRIORITY)] = 3


class ActionConfig(Model):
    """Actions of learning banks in addition to release and hold."""

    max_split: Annotated[int, Field(strict=True, ge=1, le=MAX_PARTS)] = 1
    allow_drop: Truth = False
    collateral: Truth = False  # post and withdraw collateral
    revoke: Truth = False  # take own payments back from Queue 2
    recall: Annotated[
        Annotated[bool, Field(strict=True, description="older spelling of `revoke`")] | None, Field(exclude=True)
    ] = None
    sub_limit: Truth = False  # set the liquidity reserved for priority payments
    send_limit: Literal["none", "multilateral", "bilateral"] = "none"  # set limits on what the bank sends
    market: Truth = True  # place orders, where the scenario has a market

    @model_validator(mode="before")
    @classmethod
    def _rename_recall(cls, value: Any) -> Any:
        """Read ``recall``, the older spelling, as ``revoke``."""
        if not isinstance(value, Mapping) or not isinstance(value.get("recall"), bool):
            return value
        if "revoke" in value:
            raise fault_at(("recall",), "give either revoke or recall", value["recall"])
        return {("revoke" if key == "recall" else key): item for key, item in value.items()}
