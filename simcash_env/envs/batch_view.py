"""What action, observation and reward objects may use of a batch: a small part of ``SimCashVec``, as a protocol.

The package's own objects (``actions.py``, ``observations.py``, ``rewards.py``) and the examples use nothing else.
"""

from __future__ import annotations

from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from simcash_env.compile.scenario import CompiledScenario
from simcash_env.schema.arrays import I64, State
from simcash_env.schema.heads import HeadIndex
from simcash_env.schema.verbs import SlotChoices

F32: TypeAlias = npt.NDArray[np.float32]
F64: TypeAlias = npt.NDArray[np.float64]
I8: TypeAlias = npt.NDArray[np.int8]
I32: TypeAlias = npt.NDArray[np.int32]
Flags: TypeAlias = npt.NDArray[np.bool_]


class BatchView(Protocol):
    """A batch of N copies with L learning banks, K queue slots, H heads and at most C choices, as its objects see it.

    Sizes and names are known when ``Action.space`` and ``Observation.names`` are called; the arrays are not. All arrays
    are views that the next step overwrites. Read them only; write to nothing but ``out``.
    """

    # Properties without a setter: an object reads them and sets none.

    @property
    def num_envs(self) -> int:
        """Number of copies, N."""

    @property
    def num_banks(self) -> int:
        """Number of learning banks, L."""

    @property
    def num_slots(self) -> int:
        """Payments of Queue 1 that an observation shows, K."""

    @property
    def num_ticks(self) -> int:
        """Ticks of an episode."""

    @property
    def num_main_heads(self) -> int:
        """Heads of the action encoding, in front of the optional heads."""

    @property
    def bank_ids(self) -> tuple[str, ...]:
        """Ids of the learning banks, in order."""

    @property
    def learners(self) -> I64:
        """Numbers (L,) of the learning banks, which index the bank columns of the state and the scenario."""

    @property
    def scenario(self) -> CompiledScenario:
        """The scenario; ``scenario.view`` has its columns by name, such as ``bank_flow_scale_cents`` (banks,)."""

    @property
    def has_market(self) -> bool:
        """Whether the scenario has a market."""

    @property
    def has_limits(self) -> bool:
        """Whether observations have the block of own limits."""

    @property
    def reward_scale(self) -> float:
        """Cents of cost for which the reward is -1."""

    @property
    def cost_names(self) -> tuple[str, ...]:
        """Kinds of cost, in the order of ``costs``."""

    @property
    def action_nvec(self) -> I64:
        """Number of choices (H,) of every head."""

    @property
    def head_index(self) -> HeadIndex:
        """Position of every optional head by name, for those that the scenario has."""

    @property
    def slot_choices(self) -> SlotChoices:
        """Choices of a queue slot by name: ``hold``, ``release``, ``split(parts)``, ``drop``."""

    @property
    def features(self) -> F32:
        """The package's observations (N, L, F), each entry from -1 to 1."""

    @property
    def masks(self) -> I8:
        """Masks (N, L, H, C), 1 for legal choices, padded with zeros; empty under the threshold and rank encodings."""

    @property
    def actions(self) -> I32:
        """Heads (N, L, H) of the last step; ``decode`` returns an array of this shape."""

    @property
    def rewards(self) -> F64:
        """Rewards (N, L) of the last step."""

    @property
    def costs(self) -> I64:
        """Cents (N, L, kinds) of the last step."""

    @property
    def illegal(self) -> I64:
        """Choices (N, L) of the last step that were not carried out."""

    @property
    def terminated(self) -> I8:
        """1 for copies (N,) whose episode ended with the last step."""

    @property
    def truncated(self) -> I8:
        """1 for copies (N,) whose episode ``max_ticks`` cut off with the last step."""

    def columns(self) -> State:
        """Return the state of all copies by name, as read-only arrays (N, axis); ``tick`` is (N, 1)."""

    def queue1_view(self) -> dict[str, I64]:
        """Return Queue 1 and the account in cents and ticks.

        Returns:
            (N, L, K) ``present``, ``amount``, ``remaining``, ``ticks_to_deadline``, ``priority``, and
            (N, L) ``balance``, ``available_liquidity``, ``effective_liquidity``.
        """
