"""``make_vec``: many copies of a scenario, one kernel call a step, arrays written in place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from simcash_env.arrays import I64, State
from simcash_env.codes import NUM_COSTS, POOL_LEVELS, RtgsPriority, Status
from simcash_env.engine import PAY_AXIS, Engine, grow_rows
from simcash_env.envs.learners import Learners, ScenarioLike, assign_learners, resolve_scenario
from simcash_env.errors import ActionError, SimulationError
from simcash_env.layout import plain_opener
from simcash_env.scales import reward_scale_cents
from simcash_env.scenario import STATE_LAYOUT, chain_free_rows, compile_scenario, initial_state, initial_work
from simcash_env.spaces.layout import NUM_SLOT, SLOTS_AT, observation_names

F32: TypeAlias = npt.NDArray[np.float32]
F64: TypeAlias = npt.NDArray[np.float64]
I8: TypeAlias = npt.NDArray[np.int8]
Reward: TypeAlias = Literal["individual", "system", "mixed"]
Autoreset: TypeAlias = Literal["disabled", "next_step", "same_step"]

LARGEST_SEED: Final = 2**63 - 1


class SimCashVec:
    """N copies of a scenario, stepped together; L learning banks see D entries and act through H heads of C choices.

    All arrays are views that the next step overwrites. Copies are independent of one another and of their number: a
    copy's run depends on its seed and its actions alone.

    Args:
        scenario: an id of the library, a file, a mapping or a configuration.
        num_envs: number of copies.
        learners: ``"external"`` (banks whose policy is external), ``"all"``, or bank ids.
        max_queue_slots: payments of Queue 1 that a bank sees and decides on; those behind them are held.
        reward: ``"individual"``, ``"system"`` (mean over banks) or ``"mixed"``.
        alpha: of the mixed reward, 0 selfish to 1 social.
        autoreset: when a copy whose episode is over begins the next one, as Gymnasium names the modes.
        max_ticks: truncate episodes after so many ticks.
        final_observations: keep what was seen last before a same-step reset.
        policy_path: where the policy paths of a scenario file start.
    """

    def __init__(
        self,
        scenario: ScenarioLike,
        num_envs: int = 1,
        *,
        learners: Learners = "external",
        max_queue_slots: int = 16,
        reward: Reward = "individual",
        alpha: float | None = None,
        autoreset: Autoreset = "same_step",
        max_ticks: int | None = None,
        final_observations: bool = False,
        policy_path: Path | None = None,
    ) -> None:
        from simcash_env.spaces import step

        if num_envs < 1 or max_queue_slots < 1:
            message = f"num_envs and max_queue_slots are at least 1, got {num_envs} and {max_queue_slots}"
            raise ActionError(message)
        self._kernels = step
        self.config = assign_learners(resolve_scenario(scenario, policy_path), learners)
        self.scenario = compile_scenario(self.config)
        view = self.scenario.view
        self.num_envs, self.num_slots = num_envs, max_queue_slots
        self.learners: I64 = np.flatnonzero(view.bank_is_learning).astype(np.int64)
        self.bank_ids = tuple(self.scenario.bank_ids[bank] for bank in self.learners)
        self.num_banks = len(self.bank_ids)
        self.num_ticks = int(view.num_ticks[0])
        self.reward_scale = reward_scale_cents(view)
        self.action_nvec = self._heads()
        self.observation_layout = observation_names(max_queue_slots)
        self.observation_size = SLOTS_AT + max_queue_slots * NUM_SLOT
        self._state_sizes = self.scenario.state_sizes
        self._template = initial_state(self.scenario, 1)
        self._arena: I64 = np.tile(self._template, (num_envs, 1))
        self._work_row, self._work_sizes = initial_work(self.scenario, self._state_sizes)
        self._shape = step.Shape(
            learners=self.learners,
            num_choices=self.action_nvec,
            num_slots=max_queue_slots,
            spread=np.zeros((self.num_banks, step.NUM_SCALED), np.float32),
            offset=np.zeros((self.num_banks, step.NUM_SCALED), np.float32),
            max_ticks=self.num_ticks if max_ticks is None else max_ticks,
            autoreset={"disabled": step.DISABLED, "next_step": step.NEXT_STEP, "same_step": step.SAME_STEP}[autoreset],
            alpha=float({"individual": 0.0, "system": 1.0, "mixed": 0.5}[reward] if alpha is None else alpha),
            reward_scale=self.reward_scale,
        )
        self._buffers = self._allocate(num_envs if final_observations else 0)
        self.autoreset = autoreset
        self._buffers.masks[:, :, :max_queue_slots, 0] = 1  # an empty slot can only be held
        shape = self._shape
        rows = self.scenario.row, self.scenario.sizes
        step.prepare(*rows, self._buffers.observations, self.learners, shape.spread, shape.offset)

    def _heads(self) -> I64:
        """Choices of each head: slots, then RTGS priority, then pool share."""
        view = self.scenario.view
        verbs = 1 + int(view.max_split[0]) + int(view.allows_drop[0])
        heads = [verbs] * self.num_slots
        if view.orders_queue2_by_priority[0]:
            heads.append(len(RtgsPriority))
        if view.bank_pool_cents[self.learners].any():
            heads.append(POOL_LEVELS)
        return np.array(heads, np.int64)

    def _allocate(self, final_copies: int) -> Any:
        copies, banks, heads = self.num_envs, self.num_banks, len(self.action_nvec)
        choices = int(self.action_nvec.max())
        return self._kernels.Buffers(
            actions=np.zeros((copies, banks, heads), np.int64),
            observations=np.zeros((copies, banks, self.observation_size), np.float32),
            masks=np.zeros((copies, banks, heads, choices), np.int8),
            rewards=np.zeros((copies, banks), np.float64),
            costs=np.zeros((copies, banks, NUM_COSTS), np.int64),
            illegal=np.zeros((copies, banks), np.int64),
            filled=np.zeros((copies, banks), np.int64),
            terminated=np.zeros(copies, np.int8),
            truncated=np.zeros(copies, np.int8),
            seeds=np.arange(1, copies + 1, dtype=np.int64),
            pending=np.zeros(copies, np.int64),
            final_observations=np.zeros((final_copies, banks, self.observation_size), np.float32),
            final_masks=np.zeros((final_copies, banks, heads, choices), np.int8),
        )

    # -- what a step wrote --------------------------------------------------------------------------------------------

    @property
    def observations(self) -> F32:
        """(N, L, D) entries named by ``observation_layout``, each within [-1, 1]."""
        return self._buffers.observations  # type: ignore[no-any-return]

    @property
    def masks(self) -> I8:
        """(N, L, H, C) 1 where a choice would be carried out."""
        return self._buffers.masks  # type: ignore[no-any-return]

    @property
    def costs(self) -> I64:
        """(N, L, kinds) cents of the last step, in the order of ``codes.CostKind``."""
        return self._buffers.costs  # type: ignore[no-any-return]

    @property
    def illegal(self) -> I64:
        """(N, L) choices of the last step that were not carried out."""
        return self._buffers.illegal  # type: ignore[no-any-return]

    @property
    def final_observations(self) -> F32:
        """(N, L, D) what was seen last before a same-step reset; empty unless asked for."""
        return self._buffers.final_observations  # type: ignore[no-any-return]

    @property
    def final_masks(self) -> I8:
        """(N, L, H, C) likewise."""
        return self._buffers.final_masks  # type: ignore[no-any-return]

    @property
    def last_rewards(self) -> F64:
        """(N, L) rewards of the last step."""
        return self._buffers.rewards  # type: ignore[no-any-return]

    def is_terminated(self, copy: int) -> bool:
        """Did the copy's episode reach its end with the last step?"""
        return bool(self._buffers.terminated[copy])

    def is_truncated(self, copy: int) -> bool:
        """Was the copy's episode cut by ``max_ticks``?"""
        return bool(self._buffers.truncated[copy])

    def over(self) -> npt.NDArray[np.bool_]:
        """(N,) copies whose episode ended with the last step."""
        over: npt.NDArray[np.bool_] = (self._buffers.terminated | self._buffers.truncated).astype(bool)
        return over

    @property
    def seeds(self) -> I64:
        """(N,) seeds of the running episodes."""
        return self._buffers.seeds  # type: ignore[no-any-return]

    # -- running ------------------------------------------------------------------------------------------------------

    def reset(
        self, seed: int | Sequence[int] | None = None, *, mask: npt.NDArray[np.bool_] | None = None
    ) -> tuple[F32, I8]:
        """Begin new episodes and carry them to their first decision.

        Args:
            seed: copy ``e`` gets ``seed + e``, or its entry of a sequence; without one each copy's next seed follows
                from its last.
            mask: (N,) only these copies are reset.
        """
        chosen = np.ones(self.num_envs, bool) if mask is None else np.asarray(mask, bool)
        if seed is None:
            following = [self._kernels.next_seed_of(int(old)) for old in self.seeds[chosen]]
            self.seeds[chosen] = following
        else:
            first = seed if isinstance(seed, int | np.integer) else None
            seeds = [int(first) + copy for copy in range(self.num_envs)] if first is not None else list(seed)  # type: ignore[arg-type]
            if len(seeds) != self.num_envs or any(not 0 <= item <= LARGEST_SEED for item in seeds):
                message = f"seed: needs {self.num_envs} whole numbers from 0 to 2**63 - 1, got {seed!r}"
                raise ActionError(message)
            self.seeds[chosen] = np.array(seeds, np.int64)[chosen]
        self._buffers.pending[:] = np.where(chosen, self._kernels.TO_RESET, self._kernels.DONE)
        self._advance()
        return self.observations, self.masks

    def step(self, actions: npt.ArrayLike) -> tuple[F32, I8, F64, I8, I8]:
        """Decide in every copy and go on to its next decision.

        Args:
            actions: (N, L, H) whole numbers, each within its head's choices.

        Returns:
            observations, masks, rewards (N, L), terminated (N,), truncated (N,).

        Raises:
            ActionError: wrong shape, type or range; nothing has changed then.
        """
        buffers = self._buffers
        given = np.asarray(actions)
        if given.shape != buffers.actions.shape or given.dtype.kind not in "iu":
            message = (
                f"actions: need whole numbers of shape {buffers.actions.shape}, got {given.dtype} of {given.shape}"
            )
            raise ActionError(message)
        buffers.actions[...] = given
        self.step_written()
        return buffers.observations, buffers.masks, buffers.rewards, buffers.terminated, buffers.truncated

    @property
    def actions(self) -> I64:
        """(N, L, H) the action buffer: write into it and call ``step_written`` to save a copy."""
        return self._buffers.actions  # type: ignore[no-any-return]

    def step_written(self) -> None:
        """``step`` with the actions that stand in ``actions``."""
        buffers = self._buffers
        refused = self._kernels.accept_actions(buffers.actions, self.action_nvec)
        if refused >= 0:
            message = (
                f"actions[{refused}]: every head takes 0 to its number of choices - 1 ({self.action_nvec.tolist()}), "
                f"got {buffers.actions[refused].tolist()}"
            )
            raise ActionError(message)
        buffers.pending[:] = self._kernels.TO_STEP
        self._advance()

    def _advance(self) -> None:
        """Call the kernel until no copy asks for room any more."""
        scenario, buffers = self.scenario, self._buffers
        while self._kernels.step_batch(
            scenario.row, scenario.sizes, self._template, self._arena, self._state_sizes,
            self._work_row, self._work_sizes, buffers, self._shape,
        ):  # fmt: skip
            overflown = np.flatnonzero(buffers.pending == Status.MONEY_OVERFLOW)
            if len(overflown):
                message = f"copy {overflown[0]}: a total left the range of int64 cents (4e18); lower the amounts"
                raise SimulationError(message)
            self._grow()

    def _grow(self) -> None:
        """Twice the payment rows, in every copy."""
        rows = int(self._state_sizes[PAY_AXIS])
        sizes = self._state_sizes
        self._arena, self._state_sizes = grow_rows(STATE_LAYOUT, self._arena, sizes, PAY_AXIS, 2 * rows)
        template, _ = grow_rows(STATE_LAYOUT, self._template[None], sizes, PAY_AXIS, 2 * rows)
        self._template = template[0]
        opened = plain_opener(State)
        for row in (*self._arena, self._template):
            chain_free_rows(opened(row, self._state_sizes), rows)
        self._work_row, self._work_sizes = initial_work(self.scenario, self._state_sizes)

    # -- looking inside -----------------------------------------------------------------------------------------------

    def state(self, copy: int) -> State:
        """A copy's state by name: views, valid until the next step."""
        return plain_opener(State)(self._arena[copy], self._state_sizes)

    def engine(self, copy: int) -> Engine:
        """A copy's state as an engine of its own, to inspect or to go on from."""
        engine = Engine(self.scenario, 1, events=False)
        engine.replace_row(self._arena[copy], self._state_sizes)
        return engine

    def digest(self, copy: int) -> str:
        """SHA-256 of a copy's state; equal to the ``Simulation``'s at the same point of the same run."""
        return self.engine(copy).digest()

    def queue1_view(self) -> dict[str, I64]:
        """Raw numbers behind the observation, for scripted agents.

        Returns:
            (N, L, K) ``present``, ``amount``, ``remaining``, ``ticks_to_deadline``, ``priority``, and
            (N, L) ``balance``, ``available_liquidity``, ``effective_liquidity``; money in cents.
        """
        shape = (self.num_envs, self.num_banks, self.num_slots)
        slots = np.zeros((len(self._kernels.SLOT_NUMBERS), *shape), np.int64)
        accounts = np.zeros((len(self._kernels.ACCOUNT_NUMBERS), *shape[:2]), np.int64)
        self._kernels.read_queues(
            self.scenario.row, self.scenario.sizes, self._arena, self._state_sizes, self.learners, slots, accounts
        )
        named = dict(zip(self._kernels.SLOT_NUMBERS, slots, strict=True))
        return named | dict(zip(self._kernels.ACCOUNT_NUMBERS, accounts, strict=True))

    def close(self) -> None:
        """Nothing to release: the arrays go with the object."""


def make_vec(scenario: ScenarioLike, num_envs: int = 1, **options: Any) -> SimCashVec:
    """A batch of environments; the options are those of ``SimCashVec``."""
    return SimCashVec(scenario, num_envs, **options)
