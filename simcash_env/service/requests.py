"""Request models of the endpoints that take a body. Money in cents, times in ticks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from simcash_env.config.faults import RULE
from simcash_env.config.fields import Model, Text, Truth
from simcash_env.schema.limits import MAX_CENTS, MAX_SEED

Seed = Annotated[int, Field(strict=True, ge=0, le=MAX_SEED)]


def _mapping_or_text(value: Any) -> Any:
    if not isinstance(value, (dict, str)):
        raise PydanticCustomError(RULE, "must be a policy: a mapping, or NAME:parameter=value,...")
    return value


Named = Annotated[
    Any,
    BeforeValidator(_mapping_or_text),
    Field(
        description="A policy as in a scenario file (type and parameters), or as on the command line: "
        "NAME:parameter=value,...",
        json_schema_extra={
            "anyOf": [{"type": "string"}, {"type": "object"}],
            "examples": ["fifo", "deadline:urgency_threshold=6", {"type": "fifo"}],
        },
    ),
]
Whole = Annotated[int, Field(strict=True, ge=-MAX_CENTS, le=MAX_CENTS)]


class NewSimulation(Model):
    """A simulation to create."""

    scenario: Annotated[
        Any,
        Field(
            description="An id of the library, or the content of a scenario file.",
            json_schema_extra={"anyOf": [{"type": "string"}, {"type": "object"}]},
        ),
    ]
    seed: Seed | None = Field(None, description="Random seed (default: the seed in the scenario).")
    events: Truth = Field(default=True, description="Keep the event log.")
    policies: dict[str, Named] = Field(
        default_factory=dict,
        description="Policies by bank, or by pattern such as `*` or `CORE_*`, that replace those of the scenario. An "
        "id beats a pattern, a later pattern an earlier one.",
    )
    external_policy: Named | None = Field(
        None,
        description="Policy for the whole run of the external banks that `policies` does not name. Tick calls cannot "
        "decide for these banks.",
    )
    external: Named = Field(
        "release",
        description="Default policy of external banks in a tick without `actions`: 'release' (every payment), 'hold', "
        "a policy as in a scenario file, or NAME:parameter=value,...",
    )


class NewEnvironment(Model):
    """An environment to create."""

    scenario: Annotated[
        Any,
        Field(
            description="An id of the library, or the content of a scenario file.",
            json_schema_extra={"anyOf": [{"type": "string"}, {"type": "object"}]},
        ),
    ]
    banks: list[Text] | None = Field(
        None, description="Ids of the banks that the agent decides for (default: all whose policy is external)."
    )
    policies: dict[str, Named] = Field(default_factory=dict, description="Policies of other banks, by bank or pattern.")
    external: Named = Field("release", description="Policy of external banks that the agent does not decide for.")
    max_queue_slots: Annotated[int, Field(strict=True, ge=1, le=256)] = Field(
        32, description="Payments of a bank that are shown and decided on; the others are held."
    )
    alpha: Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)] = Field(
        0.0, description="Weight of the mean cost of all banks in a bank's reward: 0 for its own cost only."
    )


class Reset(Model):
    """Start of an episode."""

    seed: Seed | None = Field(
        None, description="Random seed (default: the scenario's at first, then one derived from the previous episode)."
    )
    episode_id: Annotated[str, Field(strict=True, max_length=255)] | None = Field(
        None, description="Id of the episode (default: a new one)."
    )


class BankAction(Model):
    """What one bank does in a tick."""

    payments: dict[str, str] = Field(
        default_factory=dict, description="Choice by payment id, one of those that the observation lists as legal."
    )
    others: str = Field("hold", description="Choice for all other payments; held where it is not legal.")
    heads: dict[str, int] = Field(default_factory=dict, description="Number by name of a head, such as pool.")


class NamedAction(Model):
    """What the banks do in a tick; a bank that is not named holds its payments."""

    banks: dict[str, BankAction]


class Step(Model):
    """One step of an episode."""

    action: NamedAction
    timeout_s: Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)] | None = Field(
        None, description="Accepted and not used: a step takes milliseconds and is never cut off."
    )
    request_id: Annotated[str, Field(strict=True, max_length=255)] | None = Field(None, description="Not used.")


class TickOrders(Model):
    """Decisions of external banks for one tick."""

    actions: dict[str, dict[str, Any]] | None = Field(
        default=None,
        description="Decisions by bank and payment: 'release', 'hold', 'drop', 'withdraw', ['split', parts] or "
        "['resubmit', rtgs_priority]; with queue2_priority_mode also ['release', rtgs_priority] and "
        "['split', parts, rtgs_priority]. A mapping, also an empty one, decides for all external banks: payments that "
        "it does not name stay in their queues. Without it external banks follow the simulation's `external`.",
    )
    pool_levels: dict[str, Whole] = Field(
        default_factory=dict, description="Pool levels by bank: 0 to 20 for 0 to 100 % of the pool."
    )
    collateral: dict[str, Whole] = Field(
        default_factory=dict, description="Collateral by bank, in cents: positive to post, negative to withdraw."
    )
    orders: dict[str, list[Any] | None] = Field(
        default_factory=dict,
        description="Market orders by bank: ['bid' or 'ask', rate in per cent, cents]; null cancels the bank's order.",
    )
    pool_shares: dict[str, Annotated[float, Field(strict=True)]] = Field(
        default_factory=dict, description="Pool shares by bank, from 0 to 1, instead of levels."
    )
    sub_limits: dict[str, Whole] = Field(
        default_factory=dict, description="Liquidity reserved for priority payments by bank, in cents."
    )
    send_limits: dict[str, Whole | dict[str, Whole | None] | None] = Field(
        default_factory=dict,
        description="Limits on what a bank sends per day, in cents: towards all banks together, or by counterparty; "
        "null lifts a limit.",
    )


def decides(orders: Mapping[str, Any]) -> bool:
    """Whether a tick call contains decisions; an empty mapping of actions counts, because it holds everything."""
    return orders.get("actions") is not None or any(orders.values())


class NewTransaction(Model):
    """A payment that arrives at the current tick.

    At most one deadline field may be given; the default deadline is a tenth of a day after arrival, at least 5 ticks.
    Deadlines are capped at the end of the run and, under `deadline_cap_at_eod`, of the day; see the response.
    """

    sender: Text
    receiver: Text
    amount: Annotated[int, Field(strict=True, description="Amount in cents, positive.")]
    deadline_tick: (
        Annotated[int, Field(strict=True, description="Absolute deadline tick, after the current tick.")] | None
    ) = None
    deadline_in: (
        Annotated[int, Field(strict=True, description="Deadline in ticks after arrival, at least 1.")] | None
    ) = None
    deadline: Annotated[int, Field(strict=True, description="Deprecated name of `deadline_tick`.")] | None = None
    priority: Annotated[int, Field(strict=True, description="Priority, 0 to 10.")] = 5
    divisible: Truth = False
    rtgs_priority: Text = "normal"
