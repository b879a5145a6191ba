"""What arrives in a run: it depends on the scenario and the seed alone, never on what anybody decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simcash_env.compile.scenario import compile_scenario
from simcash_env.config import FifoPolicy, ScenarioConfig
from simcash_env.config.recorded import recorded_days
from simcash_env.evaluation.evaluate import with_common_policy
from simcash_env.evaluation.statistics import F64
from simcash_env.schema.arrays import I64
from simcash_env.schema.codes import EventKind, Phase
from simcash_env.simulation.engine import Engine
from simcash_env.simulation.event_log import Events


@dataclass(frozen=True, eq=False)
class Arrived:
    """Payments of a run in order of arrival, one entry a payment; banks are numbered in the order of their ids.

    Attributes:
        sender: number of the paying bank.
        receiver: number of the receiving bank.
        cents: amount.
        arrival_tick: first tick in which it may be released.
        deadline_tick: last tick in which settling is in time.
        priority: 0 to 10, at arrival.
        is_divisible: True if the sender may have divisible payments; the event log does not say which of them are.
    """

    bank_ids: tuple[str, ...]
    sender: I64
    receiver: I64
    cents: I64
    arrival_tick: I64
    deadline_tick: I64
    priority: I64
    is_divisible: npt.NDArray[np.bool_]


def arrived_payments(config: ScenarioConfig, seed: int) -> Arrived:
    """Play the run once and take down what arrives."""
    return next(arrived_days(config, [seed]))


def arrived_days(config: ScenarioConfig, seeds: Iterable[int]) -> Iterator[Arrived]:
    """The same of several runs, one by one; the scenario is compiled once."""
    compiled = compile_scenario(with_common_policy(config, FifoPolicy()))
    for seed in seeds:
        log = rest_of_run(Engine(compiled, seed, events=True))
        yield arrived_in(config, Events.joined(log, compiled.bank_ids), compiled.bank_ids)


def rest_of_run(engine: Engine) -> list[I64]:
    """Play a run from a closed tick, or from its beginning, to its end; returns the events of each half of a tick."""
    log = []
    while engine.state.phase[0] != Phase.OVER:
        log += [engine.open_tick(), engine.close_tick()]
    return log


def arrived_in(config: ScenarioConfig, events: Events, bank_ids: tuple[str, ...]) -> Arrived:
    """The arrivals among the events of a run."""
    arrivals = events.of_kind(EventKind.ARRIVAL)
    sender = arrivals.column("bank")
    divisible = np.array([has_divisible(config, bank) for bank in bank_ids])
    return Arrived(
        bank_ids=bank_ids,
        sender=sender,
        receiver=arrivals.column("counterparty"),
        cents=arrivals.column("cents"),
        arrival_tick=arrivals.column("tick"),
        deadline_tick=arrivals.column("value_1"),
        priority=arrivals.column("value_2"),
        is_divisible=divisible[sender],
    )


def flows(arrived: Arrived, num_ticks: int) -> F64:
    """(2, banks, ticks) cents that arrive to be sent and to be received."""
    found = np.zeros((2, len(arrived.bank_ids), num_ticks))
    np.add.at(found[0], (arrived.sender, arrived.arrival_tick), arrived.cents)
    np.add.at(found[1], (arrived.receiver, arrived.arrival_tick), arrived.cents)
    return found


def has_divisible(config: ScenarioConfig, bank_id: str) -> bool:
    """True if a bank may have payments that can be split."""
    (bank,) = (bank for bank in config.banks if bank.id == bank_id)
    bands = bank.arrival_bands
    streams = [bank.arrivals, *(() if bands is None else (bands.urgent, bands.normal, bands.low))]
    data = recorded_days(config)
    if data is not None and bank_id in data.divisible_senders:
        return True
    of_file = (event for event in config.events if event.type == "payment" and event.from_bank == bank_id)
    return any(stream.divisible for stream in streams if stream is not None) or any(e.divisible for e in of_file)
