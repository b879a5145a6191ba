"""The game of a person who decides for a bank: what costs money, and how well scripted policies do in the same run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from simcash_env.amounts import amount_text
from simcash_env.config import FifoPolicy, ScenarioConfig
from simcash_env.config.costs import BpsPenalty, Penalty
from simcash_env.config.library import scenario_ids
from simcash_env.config.policies import PolicyConfig
from simcash_env.evaluation.known_scripts import UNKNOWN, KnownScript, known_script
from simcash_env.registry import load
from simcash_env.service.held import Held
from simcash_env.service.history import inputs_from, take_inputs
from simcash_env.service.refusals import refuse_value
from simcash_env.service.run import Run
from simcash_env.service.seats import Deciders, seated
from simcash_env.service.words import policy_text
from simcash_env.simulation.decisions import arguments_of

PERCENT_IN_BPS_PPM: Final = 10**8
"""Millionths of a basis point in a per cent."""
PERCENT_IN_PPM: Final = 10**4


def prices(config: ScenarioConfig, bank: str) -> list[dict[str, str]]:
    """Return what costs a bank money in a scenario, in words: ``what`` and ``price``."""
    costs, actions, per_day = config.costs, config.actions, config.simulation.ticks_per_day
    own = next(row for row in config.banks if row.id == bank)
    delay = f"{_number(costs.delay_rate_ppm(per_day) / PERCENT_IN_PPM)} % of its amount per tick"
    if costs.overdue_delay_multiplier != 1.0:
        delay += f", {_number(costs.overdue_delay_multiplier)} times as much after its deadline"
    liquidity, overdraft, collateral = (
        f"{_number(rate / PERCENT_IN_BPS_PPM)} %"
        for rate in (
            costs.liquidity_rate_ppm(per_day),
            costs.overdraft_rate_ppm(per_day),
            costs.collateral_rate_ppm(per_day),
        )
    )
    currency = config.currency
    rows = (
        ("liquidity from the pool", bool(own.liquidity_pool) and costs.liquidity_rate_ppm(per_day), liquidity),
        ("a negative balance", costs.overdraft_rate_ppm(per_day), overdraft),
        ("posted collateral", actions.collateral and costs.collateral_rate_ppm(per_day), collateral),
    )
    found = [(what, f"{price} per tick") for what, is_charged, price in rows if is_charged]
    if costs.delay_rate_ppm(per_day):
        found.append(("a payment that waits", delay))
    if costs.deadline_penalty != 0:
        found.append(("a payment that misses its deadline", _penalty(costs.deadline_penalty, currency)))
    if costs.eod_penalty != 0:
        found.append(("a payment that is unpaid when the day ends", _penalty(costs.eod_penalty, currency)))
    if actions.max_split > 1 and costs.split_friction_cost:
        found.append(("each part of a split beyond the first", amount_text(costs.split_friction_cost, currency)))
    if actions.allow_drop and costs.drop_penalty:
        found.append(("a payment that is dropped", _penalty(costs.drop_penalty, currency)))
    return [{"what": what, "price": price} for what, price in found]


def _penalty(penalty: Penalty, currency: str | None) -> str:
    if isinstance(penalty, BpsPenalty):
        return f"{_number(penalty.bps / 100)} % of its amount"
    return amount_text(penalty, currency)


def _number(value: float) -> str:
    return f"{value:.6g}"


def score(held: Held) -> dict[str, Any]:
    """Return what a run cost a person's bank, and what it costs under FIFO and the best tuned policy.

    The other banks decide as in the run, and the same payments are submitted by hand.

    Raises:
        Refusal: no person decides in the run, or it is not over.
    """
    people = held.origin.seats.people
    if not people:
        raise refuse_value("id", "must be a run in which a person decides", held.id)
    if not held.run.is_over:
        raise refuse_value("id", f"must be a run that is over; {held.run.current_tick} ticks have been closed", held.id)
    (bank, *_) = people
    rows = [{"name": "you", "policy": "", "cents": _cost(held.run, bank)}]
    rows.append({"name": "fifo", "policy": "fifo", "cents": _cost(_instead(held, FifoPolicy(), None), bank)})
    best = _best(held)
    if best is not None:
        share = None if best.shares is None else best.shares[held.run.bank_number(bank)]
        pool = "" if share is None else f", {100 * share:g} % of the pool"
        cents = _cost(_instead(held, best.policy, share), bank)
        rows.append({"name": best.name, "policy": policy_text(best.policy) + pool, "cents": cents})
    return {"bank": bank, "rows": rows, "note": UNKNOWN if best is None else ""}


def _cost(run: Run, bank: str) -> int:
    return sum(run.costs(bank).values())


def _instead(held: Held, policy: PolicyConfig, share: float | None) -> Run:
    """Run again with a policy, and a share of the pool, where people decided."""
    origin = held.origin
    changed: dict[str, Any] = {"policy": policy}
    if share is not None:
        changed["liquidity_allocation_fraction"] = share
    config = _changed(origin.config, set(origin.seats.people), changed)
    seats = replace(origin.seats, people=())
    deciders = Deciders(seats, config)
    run = Run(config, seed=origin.seed, events=False, external=origin.external)
    left = inputs_from([entry for entry in held.inputs if "submit" in entry], 0)
    while not run.is_over:
        run.open_for_decisions()
        for entry in take_inputs(left, run.current_tick):
            run.submit_transaction(**entry["submit"])
        run.tick(**arguments_of(deciders.decided(run, {})))
    return run


def _changed(config: ScenarioConfig, banks: set[str], changed: dict[str, Any]) -> ScenarioConfig:
    rows = tuple(bank.model_copy(update=changed) if bank.id in banks else bank for bank in config.banks)
    return config.model_copy(update={"banks": rows})


def _best(held: Held) -> KnownScript | None:
    """Return the best tuned policy of a scenario of the library, whoever decides in the run; None for any other."""
    config, seats = held.origin.config, held.origin.seats
    if config.name not in scenario_ids():
        return None
    shipped = load(config.name)
    same, _ = seated(shipped, seats) if seats.trained else (shipped, ())
    everyone, fifo = {bank.id for bank in config.banks}, {"policy": FifoPolicy()}
    is_same = _changed(same, everyone, fifo) == _changed(config, everyone, fifo)
    return known_script(shipped) if is_same else None
