"""``make_vec``: many copies of a scenario, one kernel call a step, arrays written in place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from simcash_env.arrays import I64, State
from simcash_env.codes import POOL_LEVELS, RtgsPriority, Status
from simcash_env.engine import Engine, grow_payments
from simcash_env.envs.buffers import F32, F64, I8, BatchArrays
from simcash_env.envs.call import Call
from simcash_env.envs.learners import Learners, ScenarioLike, assign_learners, resolve_scenario
from simcash_env.errors import ActionError, ConfigError, Fault, SimulationError
from simcash_env.layout import plain_opener
from simcash_env.scales import reward_scale_cents
from simcash_env.scenario import compile_scenario, initial_state, initial_work
from simcash_env.spaces.layout import NUM_SLOT, SLOTS_AT, observation_names

Reward: TypeAlias = Literal["individual", "system", "mixed"]
Autoreset: TypeAlias = Literal["disabled", "next_step", "same_step"]

LARGEST_SEED: Final = 2**63 - 1
NO_ACTIONS: Final = np.zeros((0, 0), np.int64)
ALPHAS: Final[dict[Reward, float]] = {"individual": 0.0, "system": 1.0, "mixed": 0.5}
AUTORESETS: Final[tuple[Autoreset, ...]] = ("disabled", "next_step", "same_step")
"""In the order of the numbers in ``spaces.step``."""


class SimCashVec(BatchArrays):
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
        autoreset: when a copy whose episode is over begins the next one, as Gymnasium names the modes; with
            ``"disabled"`` it stands still, with rewards of 0, until it is reset.
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

        require("reward", reward, reward in ALPHAS, f"must be one of {', '.join(ALPHAS)}")
        require("autoreset", autoreset, autoreset in AUTORESETS, f"must be one of {', '.join(AUTORESETS)}")
        require("num_envs", num_envs, num_envs >= 1, "must be at least 1")
        require("max_queue_slots", max_queue_slots, max_queue_slots >= 1, "must be at least 1")
        require("max_ticks", max_ticks, max_ticks is None or max_ticks >= 1, "must be at least 1")
        require("alpha", alpha, alpha is None or 0.0 <= alpha <= 1.0, "must be from 0, selfish, to 1, social")
        self._kernels, self._has_begun = step, False
        self.config = assign_learners(resolve_scenario(scenario, policy_path), learners)
        self.scenario = compile_scenario(self.config)
        view = self.scenario.view
        self.num_envs, self.num_slots = num_envs, max_queue_slots
        self.learners: I64 = np.flatnonzero(view.bank_is_learning).astype(np.int64)
        self.bank_ids = tuple(self.scenario.bank_ids[bank] for bank in self.learners)
        self.num_banks = len(self.bank_ids)
        self.num_ticks = int(view.num_ticks[0])
        self.reward_scale = reward_scale_cents(view)
        self.flow_in_payments = float((view.bank_flow_scale_cents / view.bank_payment_scale_cents).mean())
        self.action_nvec = self._heads()
        self.observation_layout = observation_names(max_queue_slots)
        self.observation_size = SLOTS_AT + max_queue_slots * NUM_SLOT
        self._state_sizes = self.scenario.state_sizes
        self._template = initial_state(self.scenario, 1)
        self._arena: I64 = np.tile(self._template, (num_envs, 1))
        copies, banks, heads = num_envs, self.num_banks, len(self.action_nvec)
        choices = int(self.action_nvec.max())
        self._dims = {"actions": (copies, banks, heads), "masks": (copies, banks, heads, choices)}
        self._shape = step.Shape(
            window=step.Window(
                learners=self.learners,
                num_slots=max_queue_slots,
                num_entries=self.observation_size,
                num_choices=choices,
                mask_size=heads * choices,
                spread=np.zeros(banks * step.NUM_SCALED, np.float32),
                offset=np.zeros(banks * step.NUM_SCALED, np.float32),
            ),
            num_heads=heads,
            max_ticks=self.num_ticks if max_ticks is None else max_ticks,
            autoreset=AUTORESETS.index(autoreset),
            is_backward=1,
            alpha=ALPHAS[reward] if alpha is None else float(alpha),
            reward_scale=self.reward_scale,
        )
        self._buffers = self._allocate(copies if final_observations else 0, heads * choices)
        self._name_arrays()
        window = self._shape.window
        rows = self.scenario.row, self.scenario.sizes
        step.prepare(*rows, self._buffers.observations, window.num_entries, self.learners, window.spread, window.offset)
        self._prepare_call()
        self.autoreset = autoreset

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

    # -- what a step wrote --------------------------------------------------------------------------------------------

    def is_terminated(self, copy: int) -> bool:
        """Did the copy's episode reach its end with the last step?"""
        return bool(self.terminated[copy])

    def is_truncated(self, copy: int) -> bool:
        """Was the copy's episode cut by ``max_ticks``?"""
        return bool(self.truncated[copy])

    def over(self) -> npt.NDArray[np.bool_]:
        """(N,) copies whose episode ended with the last step."""
        over: npt.NDArray[np.bool_] = (self.terminated | self.truncated).astype(bool)
        return over

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
        self._has_begun = True
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
        if self._kernels.step_batch(self._call.words, NO_ACTIONS):
            self._finish()
        return self.observations, self.masks

    def step(self, actions: npt.ArrayLike) -> tuple[F32, I8, F64, I8, I8]:
        """Decide in every copy and go on to its next decision.

        Args:
            actions: (N, L, H) whole numbers, each within its head's choices.

        Returns:
            observations, masks, rewards (N, L), terminated (N,), truncated (N,).

        Raises:
            ActionError: wrong shape, type or range, or ``reset`` was never called; nothing has changed then.
        """
        if not self._has_begun:
            message = "call reset before the first step"
            raise ActionError(message)
        given = np.asarray(actions)
        if given.shape != self.actions.shape or given.dtype.kind not in "iu":
            message = f"actions: need whole numbers of shape {self.actions.shape}, got {given.dtype} of {given.shape}"
            raise ActionError(message)
        rows = np.ascontiguousarray(given, np.int64).reshape(-1, self.actions.shape[2])
        refused = self.step_rows(rows if rows.flags.writeable else rows.copy())
        if refused >= 0:
            copy, bank = divmod(refused, self.num_banks)
            message = f"actions[{copy}, {bank}]: {self.range_rule(rows[refused])}"
            raise ActionError(message)
        return self.observations, self.masks, self.rewards, self.terminated, self.truncated

    def range_rule(self, row: I64) -> str:
        """What is wrong with an action that is out of range."""
        choices = self.action_nvec.tolist()
        return f"every head takes 0 to its number of choices - 1, choices are {choices}, got {row.tolist()}"

    def step_rows(self, rows: I64) -> int:
        """``step`` on (N * L, H) int64; returns the first row out of range, nothing has changed then, else -1."""
        unfinished = self._kernels.step_batch(self._call.words, rows)
        if unfinished < 0:
            return -1 - int(unfinished)
        if unfinished > 0:
            self._finish()
        return -1

    def _finish(self) -> None:
        """Give room to the copies that ask for it and call the kernel, until none does any more."""
        pending, unfinished = self._buffers.pending, 1
        while unfinished:
            overflown = np.flatnonzero(pending == Status.MONEY_OVERFLOW)
            if len(overflown):
                message = f"copy {overflown[0]}: a total left the range of int64 cents (4e18); lower the amounts"
                raise SimulationError(message)
            self._grow()
            unfinished = self._kernels.step_batch(self._call.words, NO_ACTIONS)

    def _grow(self) -> None:
        """Twice the payment rows, in every copy."""
        template, _ = grow_payments(self._template, self._state_sizes)
        self._arena, self._state_sizes = grow_payments(self._arena, self._state_sizes)
        self._template = template
        self._prepare_call()

    def _prepare_call(self) -> None:
        """Fit the working arrays to the arena and note where everything lies."""
        self._work_row, self._work_sizes = initial_work(self.scenario, self._state_sizes)
        self._call = self._point_at_arrays()

    def _point_at_arrays(self) -> Call:
        arena = self._kernels.Arena(
            scenario_row=self.scenario.row,
            scenario_sizes=self.scenario.sizes,
            template=self._template,
            states=self._arena,
            state_sizes=self._state_sizes,
            work_row=self._work_row,
            work_sizes=self._work_sizes,
        )
        return Call(arena, self._buffers, self._shape, self.action_nvec)

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

    def __getstate__(self) -> dict[str, Any]:
        """What a copy or a pickle needs: everything but the kernels and what points into the buffers."""
        left_out = {"_kernels", "_call", *self._views}
        return {name: value for name, value in self.__dict__.items() if name not in left_out}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the arrays over and point into them anew."""
        from simcash_env.spaces import step

        self.__dict__.update(state)
        self._kernels = step
        self._buffers = step.Buffers(*self._buffers)
        self._name_arrays()
        self._call = self._point_at_arrays()

    def close(self) -> None:
        """Nothing to release: the arrays go with the object."""


def require(option: str, value: Any, is_right: bool, rule: str) -> None:  # noqa: FBT001 - it reads as a sentence
    """Refuse an option's value.

    Raises:
        ConfigError: it breaks the rule.
    """
    if not is_right:
        raise ConfigError([Fault(None, None, option, repr(value), rule)])


def make_vec(scenario: ScenarioLike, num_envs: int = 1, **options: Any) -> SimCashVec:
    """A batch of environments; the options are those of ``SimCashVec``."""
    return SimCashVec(scenario, num_envs, **options)
