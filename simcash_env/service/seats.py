"""Banks of a simulation that a person or a trained policy decides for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from simcash_env.config import ScenarioConfig
from simcash_env.envs.learners import assign_learners
from simcash_env.envs.vector import SimCashVec, make_vec
from simcash_env.errors import ActionError, SnapshotError
from simcash_env.service.figures import payments_of
from simcash_env.service.run import Run

if TYPE_CHECKING:
    from simcash_env.learning.policies import PlayablePolicy

DESK_SLOTS: Final = 64
"""Payments of Queue 1 that a person decides on in a tick; those behind them are held."""


@dataclass(frozen=True)
class Seats:
    """Who decides for external banks.

    Attributes:
        people: banks that a person decides for.
        trained: banks that a trained policy decides for.
        checkpoint: file of that policy, or the name of a shipped one.
    """

    people: tuple[str, ...] = ()
    trained: tuple[str, ...] = ()
    checkpoint: str = ""

    @property
    def decides(self) -> bool:
        """Return whether anybody sits here."""
        return bool(self.people or self.trained)

    def as_row(self) -> dict[str, Any]:
        """Return a JSON-serialisable mapping."""
        return asdict(self)

    @staticmethod
    def of_row(row: Mapping[str, Any]) -> Seats:
        """Build from the mapping of ``as_row``."""
        return Seats(tuple(row["people"]), tuple(row["trained"]), str(row["checkpoint"]))


class Deciders:
    """The policies and desks that decide in a run.

    Args:
        seats: who decides.
        config: scenario of the run, in which all these banks are external.
    """

    def __init__(self, seats: Seats, config: ScenarioConfig) -> None:
        self.seats, self._config = seats, config
        self._trained: TrainedBanks | None = None
        self._desk: SimCashVec | None = None

    def decided(self, run: Run, orders: Mapping[str, Any]) -> dict[str, Any]:
        """Return the decisions of the open tick: the given ones, and those of the trained policy.

        Raises:
            SnapshotError: the checkpoint cannot be read.
            ActionError: the policy cannot decide in this run.
        """
        found = dict(orders)
        if not self.seats.trained:
            return found
        if self._trained is None:
            self._trained = TrainedBanks(self.seats, self._config)
        for name, values in self._trained.decide(run).items():
            found[name] = {**values, **(found.get(name) or {})}
        return found

    def desk(self, run: Run, bank: str) -> dict[str, Any]:
        """Return what a person may decide in the open tick: payments with their legal choices, and pool levels."""
        if self._desk is None:
            config = assign_learners(self._config, self.seats.people)
            self._desk = make_vec(config, 1, learners=self.seats.people, max_queue_slots=DESK_SLOTS)
        vec, engine = self._desk, run.engine
        vec.show_engine(engine)
        seat, number = vec.bank_ids.index(bank), run.bank_number(bank)
        masks, rows = vec.masks[0, seat], engine.queue1_rows(number)
        payments = payments_of(engine, rows[:DESK_SLOTS])
        for slot, payment in enumerate(payments):
            legal = np.flatnonzero(masks[slot]).tolist()
            payment["choices"] = [vec.slot_choices.decision(choice) for choice in legal]
        pool = vec.head_index.get("pool")
        levels = [] if pool is None else np.flatnonzero(masks[pool]).tolist()
        cents = int(engine.scenario.view.bank_pool_cents[number])
        allocated = int(engine.state.bank_pool_allocated_cents[number])
        return {
            "bank": bank,
            "payments": payments,
            "queued": len(rows),
            "pool": {"cents": cents, "allocated": allocated, "levels": levels} if len(levels) > 1 else None,
        }


class TrainedBanks:
    """A trained policy that decides for some banks of a run.

    Args:
        seats: the banks and the checkpoint.
        config: scenario of the run.

    Raises:
        SnapshotError: the checkpoint cannot be read.
        ActionError: it was trained for other banks, or decides on what a simulation cannot be told.
    """

    def __init__(self, seats: Seats, config: ScenarioConfig) -> None:
        policy = open_policy(seats.checkpoint)
        banks = require_fit(policy, config)
        self._agent, self._banks = policy.agent, seats.trained
        slots, action = policy.max_queue_slots, policy.action
        self._vec = make_vec(config, 1, learners=banks, max_queue_slots=slots, action=action, autoreset="disabled")

    def decide(self, run: Run) -> dict[str, Any]:
        """Return the decisions of the open tick as a tick call takes them."""
        self._vec.show_engine(run.engine)
        decided = self._vec.decisions(self._agent.act(self._vec))
        found = {
            name: {bank: choice for bank, choice in by_bank.items() if bank in self._banks}
            for name, by_bank in decided._asdict().items()
        }
        return {name: by_bank for name, by_bank in found.items() if by_bank or name == "actions"}


def open_policy(checkpoint: str) -> PlayablePolicy:
    """Open a checkpoint.

    Raises:
        SnapshotError: it cannot be read.
    """
    from simcash_env.learning.policies import open_checkpoint

    try:
        return open_checkpoint(Path(checkpoint))
    except SnapshotError as error:  # without the server's folders
        raise SnapshotError(re.sub(r"\S*/", "", str(error))) from error


def seated(origin_config: ScenarioConfig, seats: Seats) -> tuple[ScenarioConfig, tuple[str, ...]]:
    """Return the scenario in which a trained policy decides as it did in training, and notices about it.

    The pools of its banks are cut to the largest share that it chose from.

    Raises:
        SimcashError: the policy cannot be read, or cannot decide for these banks.
    """
    from simcash_env.learning.pool_cap import with_largest_share

    policy = open_policy(seats.checkpoint)
    strangers = sorted(set(seats.trained) - set(require_fit(policy, origin_config)))
    if strangers:
        message = f"{policy.name}: was not trained for {', '.join(strangers)}"
        raise ActionError(message)
    if policy.largest_share == 1.0:
        return origin_config, ()
    cut = {bank.id: bank for bank in with_largest_share(origin_config, policy.largest_share).banks}
    banks = tuple(cut[bank.id] if bank.id in seats.trained else bank for bank in origin_config.banks)
    notice = f"pools of trained banks are cut to {100 * policy.largest_share:g} %, as in training"
    return origin_config.model_copy(update={"banks": banks}), (notice,)


def require_fit(policy: PlayablePolicy, config: ScenarioConfig) -> tuple[str, ...]:
    """Return the banks that a policy was trained for, if it can decide for them in this scenario.

    Raises:
        ActionError: it cannot.
    """
    from simcash_env.evaluation.evaluate import deciding_banks

    banks = tuple(deciding_banks(policy.whole))
    if config.name != policy.whole.name or not {bank.id for bank in config.banks} >= set(banks):
        message = f"{policy.name}: was trained on scenario {policy.whole.name}, got {config.name}"
        raise ActionError(message)
    return banks
