"""Opponents in training: frozen policies of checkpoints, or past policies (fictitious self-play)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simcash_env.errors import ConfigError, Fault, SimulationError
from simcash_env.learning.settings import TrainingSettings


class Opponents:
    """Frozen policies, and which banks they play in which of N copies.

    With ``opponents`` these checkpoints play the banks that are not in ``trains``, each in the same number of copies.
    With ``past_share`` one bank learns in that share of the copies, each bank in the same number, and a past policy
    plays the others there.

    Args:
        settings: of the training.
        bank_ids: of the learning banks.
        copies: N.
        load: loads the policy of a checkpoint.
        new_policy: makes a policy, whose weights are then replaced by those of a past one (in training).

    Attributes:
        learns: (N, L) rows that are learned from.
        plays: (N,) number of the frozen policy that plays a copy's other rows; -1 for none.

    Raises:
        ConfigError: unknown banks in ``trains``, or nobody to play the others.
    """

    def __init__(
        self,
        settings: TrainingSettings,
        bank_ids: tuple[str, ...],
        copies: int,
        load: Callable[[Path], Any],
        new_policy: Callable[[], Any] | None = None,
    ) -> None:
        self._settings, self._new_policy = settings, new_policy
        self.learns: npt.NDArray[np.bool_] = np.ones((copies, len(bank_ids)), bool)
        self.plays = np.full(copies, -1)
        self.members: list[Any] = [load(Path(path)) for path in settings.opponents]
        self._rollouts = 0
        if settings.opponents:
            self._against_checkpoints(bank_ids)

    def _against_checkpoints(self, bank_ids: tuple[str, ...]) -> None:
        trains = self._settings.trains
        unknown = set(trains) - set(bank_ids)
        if unknown or not trains:
            rule = f"must name some of the learning banks {', '.join(bank_ids)}, as there are opponents"
            raise ConfigError([Fault(None, None, "trains", repr(trains), rule)])
        self.learns[:] = [bank in trains for bank in bank_ids]
        self.plays[:] = np.arange(len(self.plays)) % len(self.members)

    @property
    def is_idle(self) -> bool:
        """True if every bank learns."""
        return not self.members

    def note(self, learner: Any) -> bool:
        """After a rollout: store the current policy from time to time; returns whether rows were assigned again."""
        settings = self._settings
        self._rollouts += 1
        if not settings.past_share or self._rollouts % settings.past_every:
            return False
        self.add(learner.network.state_dict())
        return True

    def add(self, weights: dict[str, Any]) -> None:
        """Add a past policy; above the size limit every second one is removed, so that early policies stay."""
        if self._new_policy is None:
            message = "opponents: past policies exist in training only"
            raise SimulationError(message)
        member = self._new_policy()
        member.network.load_state_dict(weights)
        self.members.append(member)
        if len(self.members) > self._settings.past_size:
            del self.members[1::2]
        copies, banks = self.learns.shape
        met = round(self._settings.past_share * copies)
        self.learns[:met] = np.arange(banks) == (np.arange(met) % banks)[:, None]
        self.plays[:met] = np.arange(met) // banks % len(self.members)

    def play(self, observations: Any, masks: Any, actions: Any) -> None:
        """Replace the actions (N, L, H) of rows that are not learned from."""
        for number, member in enumerate(self.members):
            copies = np.flatnonzero(self.plays == number)
            if len(copies):
                theirs = member.act(observations[copies], masks[copies])
                learns = self.learns[copies, :, None]
                actions[copies] = np.where(learns, actions[copies], theirs)

    def state(self) -> dict[str, Any]:
        """What a resumed training needs of past policies."""
        if self._settings.opponents:
            return {"rollouts": self._rollouts, "members": []}
        return {"rollouts": self._rollouts, "members": [member.network.state_dict() for member in self.members]}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from ``state``."""
        self._rollouts = state["rollouts"]
        if not self._settings.opponents:
            for weights in state["members"]:
                self.add(weights)
