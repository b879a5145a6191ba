"""Content of the responses; call with exclusive access to the simulation."""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from simcash_env.errors import SimulationError
from simcash_env.service.held import Held
from simcash_env.service.paging import EventFilter, page
from simcash_env.service.refusals import Refusal, refuse_value, unknown


def info(held: Held) -> dict[str, Any]:
    """Return the content of ``models.Info``."""
    config, run = held.origin.config, held.run
    return {
        "id": held.id,
        "name": config.name,
        "created": held.created,
        "seed": held.origin.seed,
        "events": held.origin.events,
        "banks": len(config.banks),
        "external_banks": list(run.external_banks),
        "tick": run.current_tick,
        "num_ticks": run.num_ticks,
        "ticks_per_day": config.simulation.ticks_per_day,
        "is_over": run.is_over,
        "failure": held.failure,
    }


def detail(held: Held) -> dict[str, Any]:
    """Return the content of ``models.Detail``."""
    scenario = held.origin.config.model_dump(mode="json")
    return {
        **info(held),
        "bank_ids": list(held.run.bank_ids),
        "external": held.run.external,
        "notices": [*held.origin.notices, *held.run.notices],
        "scenario": scenario,
    }


def state(held: Held, tick: int | None, payments: int) -> dict[str, Any]:
    """Return the content of ``models.StateResponse``, now or after ``tick`` ticks.

    Raises:
        Refusal: a tick that has not been reached.
    """
    now = held.run.current_tick
    if tick is not None and tick > now:
        raise refuse_value("query.tick", f"must be at most {now}, the ticks that have been closed", tick)
    if tick is None or tick == now:
        figures = held.run.figures(payments)
    else:
        figures = held.history.figures_at(tick, held.inputs, payments)
        held.weigh()
    return {"id": held.id, **figures, "notices": list(held.run.notices)}


def agent(held: Held, bank: str, payments: int) -> dict[str, Any]:
    """Return the content of ``models.AgentResponse``.

    Raises:
        Refusal: no such bank.
    """
    if bank not in held.run.bank_ids:
        raise unknown("bank", bank)
    figures = held.run.figures(payments)
    policy = next(row.policy for row in held.origin.config.banks if row.id == bank)
    own = [row for row in held.run.figures(10**9)["queue2"] if row["sender"] == bank]
    return {
        "tick": figures["tick"],
        "bank": next(row for row in figures["banks"] if row["id"] == bank),
        "policy": policy.model_dump(mode="json"),
        "queue1": figures["queue1"][bank],
        "queue2": own[:payments],
        "waiting_for": [row for row in figures["waiting"] if row["sender"] == bank],
        "awaited_by": [row for row in figures["waiting"] if row["receiver"] == bank],
    }


def transaction(held: Held, tx: str) -> dict[str, Any]:
    """Return the content of ``models.TransactionRow``.

    Raises:
        Refusal: no such payment, or it has ended and no events are kept.
    """
    try:
        return asdict(held.run.payment(tx))
    except (SimulationError, StopIteration) as error:
        if held.run.has_log:
            raise unknown("payment", tx) from error
        raise Refusal(HTTPStatus.NOT_FOUND, str(error)) from error


def events(held: Held, criteria: EventFilter, after: int, limit: int, *, newest_first: bool) -> dict[str, Any]:
    """Return the content of ``models.EventPage``.

    Raises:
        Refusal: the simulation keeps no events; an unknown bank or kind.
    """
    if not held.run.has_log:
        raise Refusal(HTTPStatus.CONFLICT, "this simulation keeps no events (it was made with events: false)")
    return page(held.run, criteria, after, limit, newest_first=newest_first)


def metrics(held: Held, from_tick: int, limit: int) -> dict[str, Any]:
    """Return the content of ``models.MetricsResponse``."""
    summary = held.run.summary()
    rows = held.reports[from_tick : from_tick + limit]
    following = from_tick + limit
    return {
        "totals": held.run.figures(0)["totals"],
        "costs": summary.costs,
        "digest": summary.digest,
        "days": days(held.reports),
        "ticks": rows,
        "next_tick": following if following < len(held.reports) else None,
    }


def days(reports: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sum reports by day."""
    found: dict[int, dict[str, Any]] = {}
    for report in reports:
        day = found.setdefault(
            report["day"],
            {"day": report["day"], "ticks": 0, "arrivals": 0, "settlements": 0, "lsm_releases": 0, "total_cost": 0}
            | {"costs": dict.fromkeys(report["costs"], 0)},
        )
        day["ticks"] += 1
        for name in ("arrivals", "settlements", "lsm_releases", "total_cost"):
            day[name] += report[name]
        for name, cents in report["costs"].items():
            day["costs"][name] += cents
        day["queue2_size"] = report["queue2_size"]
    return list(found.values())
