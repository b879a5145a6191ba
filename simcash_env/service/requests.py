"""What callers send: the requests of every endpoint that takes a body. Money in cents, times in ticks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from simcash_env.config.fields import Model, Text, Truth
from simcash_env.schema.limits import MAX_CENTS, MAX_SEED

Seed = Annotated[int, Field(strict=True, ge=0, le=MAX_SEED)]
Named = Annotated[dict[str, Any], Field(description="As a bank's policy in a scenario file: type and parameters.")]
Whole = Annotated[int, Field(strict=True, ge=-MAX_CENTS, le=MAX_CENTS)]


class NewSimulation(Model):
    """A run to begin."""

    scenario: Annotated[
        Any,
        Field(
            description="An id of the library, or a scenario as in a file.",
            json_schema_extra={"anyOf": [{"type": "string"}, {"type": "object"}]},
        ),
    ]
    seed: Seed | None = Field(None, description="Of the random stream; the scenario's own by default.")
    events: Truth = Field(True, description="Keep the event log.")  # noqa: FBT003 - a default
    policies: dict[str, Named] = Field(default_factory=dict, description="By bank, in place of the scenario's.")
    external_policy: Named | None = Field(
        None,
        description="Of the external banks that `policies` does not name, for the whole run: no tick call decides "
        "for them.",
    )
    external: str | Named = Field(
        "release",
        description="What external banks do in a tick without `actions`: 'release' (every payment), 'hold', the name "
        "of a policy without parameters, or a policy as in a scenario file.",
    )


class TickOrders(Model):
    """Decisions for external banks, for one tick."""

    actions: dict[str, dict[str, Any]] | None = Field(
        default=None,
        description="By bank and payment: 'release', 'hold', 'drop', 'withdraw', ['split', parts] or "
        "['resubmit', rtgs_priority]. A mapping, also an empty one, decides for all external banks: what it does not "
        "name is held, or stays in Queue 2. Without it they follow the simulation's `external`.",
    )
    pool_levels: dict[str, Whole] = Field(default_factory=dict, description="Share of the pool, 0 to 20, by bank.")
    collateral: dict[str, Whole] = Field(default_factory=dict, description="Cents to post, negative to withdraw.")
    orders: dict[str, list[Any] | None] = Field(
        default_factory=dict,
        description="The order that a bank wants to have in the market: ['bid' or 'ask', rate in per cent, cents]; "
        "null takes it out.",
    )


def decides(orders: Mapping[str, Any]) -> bool:
    """Does a tick call decide anything? An empty mapping of actions does: it holds."""
    return orders.get("actions") is not None or any(orders.values())


class NewTransaction(Model):
    """A payment to hand in at the current tick.

    At most one deadline is given; without any, the payment has a tenth of a day from its arrival, at least 5 ticks.
    Every deadline is cut at the end of the run and, under `deadline_cap_at_eod`, of the day; the answer has the result.
    """

    sender: Text
    receiver: Text
    amount: Annotated[int, Field(strict=True, description="Whole cents, positive.")]
    deadline_tick: Annotated[int, Field(strict=True, description="Absolute tick, after the current one.")] | None = None
    deadline_in: Annotated[int, Field(strict=True, description="Ticks from the arrival, at least 1.")] | None = None
    deadline: Annotated[int, Field(strict=True, description="Older spelling of `deadline_tick`.")] | None = None
    priority: Annotated[int, Field(strict=True, description="0 to 10.")] = 5
    divisible: Truth = False
    rtgs_priority: Text = "normal"
