"""``make_vec``: many copies of a scenario, stepped by one kernel call that writes into preallocated arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from simcash_env.agents.observation import observation_size
from simcash_env.compile.scales import reward_scale_cents
from simcash_env.compile.scenario import STATE_LAYOUT
from simcash_env.config.external import RELEASE, External
from simcash_env.envs.actions import ACTIONS, QueueAction
from simcash_env.envs.batch_view import F32, F64, I8, I32
from simcash_env.envs.buffers import BatchArrays, BatchSizes
from simcash_env.envs.compiled import compile_members
from simcash_env.envs.copy_states import CopySnapshot, CopyStates
from simcash_env.envs.episodes import Episodes
from simcash_env.envs.families import Randomize
from simcash_env.envs.learners import DEFAULT_SCENARIO, Learners, ScenarioLike, assign_learners, resolve_scenario
from simcash_env.envs.masks import Form, MaskForm, Place, resolve_form, resolve_place
from simcash_env.envs.observations import Full
from simcash_env.envs.options import (
    ActionLike,
    Autoreset,
    ObservationLike,
    RewardLike,
    array_of,
    optional_ticks,
    require,
    require_truth,
    required_whole,
    resolve_action,
    resolve_observation,
    resolve_reward,
)
from simcash_env.envs.outputs import check_names, check_observations, check_rewards
from simcash_env.envs.rewards import cost_vector
from simcash_env.envs.windows import MASKED, head_sizes, new_window
from simcash_env.envs.workers import BatchWorkers
from simcash_env.errors import ActionError, RoomError, SimulationError, SnapshotError
from simcash_env.integers import whole_within
from simcash_env.literal import facts_html, facts_text
from simcash_env.schema.arrays import I64, State
from simcash_env.schema.codes import COST_COLUMNS, NUM_COSTS, SendLimitScope, Status
from simcash_env.schema.heads import HeadIndex
from simcash_env.schema.limits import MAX_SEED
from simcash_env.schema.verbs import SlotChoices
from simcash_env.simulation.decisions import Decisions, read_decisions
from simcash_env.simulation.engine import Engine, grow_payments

if TYPE_CHECKING:
    from gymnasium import spaces

MOST_SLOTS: Final = 2**16
NO_ACTIONS: Final = np.zeros((0, 0, 0), np.int64)
INT64: Final = np.dtype(np.int64)
NO_WORK: Final = np.zeros(0, np.int64)
"""Scratch space of the arena; each worker has its own."""
AUTORESETS: Final[tuple[Autoreset, ...]] = ("disabled", "next_step", "same_step")
"""Autoreset modes, in the order of the numbers in ``agents.tables``."""


FEW_BANKS: Final = 4
"""Banks that a representation lists; of more it gives the number."""


class SimCashVec:
    """A batch of N copies of a scenario with L learning banks, stepped by one call.

    Each bank observes D entries and acts through H heads with at most C choices. All arrays are views that the next
    step overwrites. Copies are independent: the run of a copy depends on its seed and its actions alone, and not on the
    number of copies.

    Args:
        scenario: library id, path of a scenario file, mapping or ``ScenarioConfig``.
        num_envs: number of copies.
        learners: learning banks: ``"external"`` (all banks whose policy is external), ``"all"`` or a list of bank ids.
        external: policy of external banks that do not learn: ``"release"``, ``"hold"`` or a policy.
        max_queue_slots: number of Queue 1 payments in the observation; the queue action has one head for each.
        action: ``"queue"``, ``"budget"``, ``"threshold"``, ``"rank"`` or an ``Action`` object.
        observation: ``"vector"`` or an ``Observation`` object; ``"dict"`` is short for the vector with
            ``mask_in="observation"``, ``"flat"`` for the vector with ``mask_in="info"``.
        mask: form of the masks: ``"matrix"`` (heads, choices), padded with zeros, or ``"flat"``, one vector of length
            ``sum(nvec)``; masks of a ``Discrete`` action are vectors in both forms.
        mask_in: place of the masks: ``"observation"`` (a ``Dict`` of ``observation`` and ``action_mask``), ``"info"``,
            or None for what the observation says (default: the info); ``make_vec`` returns them separately.
        normalize: False returns cents, ticks and counts as float64 instead of scaled float32.
        reward: ``"individual"`` (own cost), ``"system"`` (mean cost of all banks), ``"mixed"`` (both, weighted by
            ``alpha``) or a ``Reward`` object.
        alpha: weight of the mean cost in the mixed reward, from 0 (own cost only) to 1 (mean cost only).
        randomize: family of scenarios; every reset plays one of its members.
        autoreset: Gymnasium's autoreset mode: ``"same_step"``, ``"next_step"`` or ``"disabled"``. With ``"disabled"``
            a copy whose episode is over gets rewards of 0 until it is reset.
        max_ticks: truncate episodes after this number of ticks; no effect if the run is not longer.
        final_observations: keep the last observations and masks of an episode before a same-step reset.
        num_threads: number of threads; each steps one contiguous chunk of the copies.
        policy_path: folder that is searched first for the tree files that a scenario names.
    """

    def __init__(
        self,
        scenario: ScenarioLike = DEFAULT_SCENARIO,
        num_envs: int = 1,
        *,
        learners: Learners = "external",
        external: External = RELEASE,
        max_queue_slots: int = 16,
        action: ActionLike = "queue",
        observation: ObservationLike = "vector",
        mask: Form = "matrix",
        mask_in: Place | None = None,
        normalize: bool = True,
        reward: RewardLike = "individual",
        alpha: float | None = None,
        randomize: Randomize | None = None,
        autoreset: Autoreset = "same_step",
        max_ticks: int | None = None,
        final_observations: bool = False,
        num_threads: int = 1,
        policy_path: Path | None = None,
    ) -> None:
        is_mode = isinstance(autoreset, str) and autoreset in AUTORESETS
        require("autoreset", autoreset, is_mode, f"must be one of {', '.join(AUTORESETS)}")
        num_envs, num_threads = required_whole("num_envs", num_envs, 1), required_whole("num_threads", num_threads, 1)
        max_ticks = optional_ticks("max_ticks", max_ticks)
        require_truth("final_observations", final_observations)
        is_family = randomize is None or isinstance(randomize, Randomize)
        require("randomize", randomize, is_family, "must be a Randomize object, or None")
        self.action, self.reward = resolve_action(action), resolve_reward(reward, alpha)
        self.observation = resolve_observation(observation, normalize=normalize)
        self.mask, self.mask_in = resolve_form(mask), resolve_place(mask_in, observation)
        self._mask_form: MaskForm | None = None
        fewest = int(self.action.language == "queue")
        max_queue_slots = required_whole("max_queue_slots", max_queue_slots, fewest, MOST_SLOTS)
        self._load_kernels()
        self._episodes = Episodes(num_envs)
        self.autoreset, self.num_threads = autoreset, num_threads
        self._stands_still = autoreset == "disabled"
        self.config = assign_learners(resolve_scenario(scenario, policy_path), learners, external)
        self.variants = compile_members(self.config, randomize)
        self.scenario = self.variants[0] if randomize is None else compile_members(self.config, None)[0]
        self._describe(num_envs, max_queue_slots)
        is_full = isinstance(self.observation, Full)
        keeps_finals = bool(final_observations) and autoreset == "same_step"
        self._keeps_final_masks = keeps_finals and type(self.action) not in ACTIONS.values()
        self._is_hooked = self.reward.writes or not (is_full and self.observation.dtype is np.float32)
        self._is_hooked = self._is_hooked or self._keeps_final_masks
        self._final_action_masks: npt.NDArray[Any] | None = None
        window = new_window(self.variants, self, self.action, self.num_features)
        self._shape = self._kernels.Shape(
            window=window,
            max_ticks=self.num_ticks if max_ticks is None else max_ticks,
            autoreset=self._kernel_autoreset(),
            alpha=self.reward.alpha,
            reward_scale=self.reward_scale,
        )
        keeps_raw = is_full and self.observation.dtype is np.float64
        self._arrays = self._allocate(num_envs if final_observations else 0, keeps_raw=keeps_raw)
        self._states = CopyStates(self.scenario, self.variants, self.learners, self.num_slots, self._arrays)
        self._name_observations()
        self._prepare_calls()

    def _facts(self) -> dict[str, object]:
        """What a representation shows."""
        return {
            "scenario": self.config.name,
            "copies": self.num_envs,
            "banks": ", ".join(self.bank_ids) if self.num_banks <= FEW_BANKS else self.num_banks,
            "ticks": self.num_ticks,
            "observation": self.observation_size,
            "heads": len(self.action_nvec),
        }

    def __repr__(self) -> str:
        return facts_text(type(self).__name__, self._facts())

    def _repr_html_(self) -> str:
        """Return a table for notebooks."""
        return facts_html(type(self).__name__, self._facts())

    def _allocate(self, final_copies: int, *, keeps_raw: bool) -> BatchArrays:
        """Allocate the arrays; the error names the argument that is too large."""
        masked = self.action.language in MASKED
        heads = len(self.action_nvec)
        sizes = BatchSizes(
            copies=self.num_envs,
            banks=self.num_banks,
            features=self.num_features,
            heads=heads,
            main_heads=self.num_main_heads,
            mask=(heads, int(self.action_nvec.max())) if masked else (0, 0),
            cost_kinds=len(self.cost_names),
            final_copies=final_copies,
        )
        try:
            return BatchArrays(sizes, keeps_raw=keeps_raw)
        except (MemoryError, ValueError) as error:  # ValueError: more bytes than an array can have
            message = f"num_envs: no room for {self.num_envs} copies: {error}"
            raise RoomError(message) from error

    def _load_kernels(self) -> None:
        from simcash_env.agents import step

        self._kernels = step

    def _kernel_autoreset(self) -> int:
        """Return the kernels' autoreset mode: with user objects Python resets, so that they see an episode's end."""
        waits = self._is_hooked and self.autoreset == "same_step"
        return int(self._kernels.BY_CALLER) if waits else AUTORESETS.index(self.autoreset)

    def _describe(self, num_envs: int, num_slots: int) -> None:
        """Set sizes and names that follow from scenario and options."""
        view = self.scenario.view
        self.num_envs, self.num_slots = num_envs, num_slots
        self.learners: I64 = np.flatnonzero(view.bank_is_learning).astype(np.int64)
        self.bank_ids = tuple(self.scenario.bank_ids[bank] for bank in self.learners)
        self.num_banks, self.num_ticks = len(self.bank_ids), int(view.num_ticks[0])
        self.reward_scale = reward_scale_cents(view)
        self.flow_in_payments = float((view.bank_flow_scale_cents / view.bank_payment_scale_cents).mean())
        self.has_market = self.config.market is not None
        sets_limits = view.send_limit_scope[0] != SendLimitScope.NONE
        self.has_limits = bool(len(view.bank_sub_limit_cents) or sets_limits)
        self.num_features = observation_size(num_slots, has_market=self.has_market, has_limits=self.has_limits)
        self.cost_names = COST_COLUMNS[: NUM_COSTS + self.has_market]
        self.slot_choices = SlotChoices.of(self.config.actions)
        heads = head_sizes(view, self.learners, self.action, num_slots)
        self.num_main_heads = sum(name.startswith("main") for name in heads)
        self.head_index = HeadIndex({name: at for at, name in enumerate(heads) if not name.startswith("main")})
        self.action_nvec: I64 = np.array(list(heads.values()), np.int64)
        self._takes_heads = type(self.action) is QueueAction
        self._heads_shape: tuple[int, ...] = (num_envs, self.num_banks, len(heads))
        self.observation_layout = check_names(self.observation, self.observation.names(self))
        self.observation_size = len(self.observation_layout)

    def _name_observations(self) -> None:
        """Set ``observations`` (N, L, D) and ``final_observations``: the kernels' arrays, or those of the object."""
        shape = (self.num_envs, self.num_banks, self.observation_size)
        buffers, finals = self._arrays.buffers, (self._arrays.sizes.final_copies, *shape[1:])
        if not self._is_hooked:
            self.observations: npt.NDArray[Any] = self.features
            self.final_observations: npt.NDArray[Any] = buffers.final_observations.reshape(finals)
        elif len(buffers.raw) > self.num_features:
            self.observations = buffers.raw[: np.prod(shape)].reshape(shape)
            self.final_observations = np.zeros(finals)
        else:
            own = not isinstance(self.observation, Full)
            self.observations = np.zeros(shape, self.observation.dtype) if own else self.features
            self.final_observations = np.zeros(finals, self.observation.dtype)

    # -- what a step wrote --------------------------------------------------------------------------------------------

    @property
    def features(self) -> F32:
        """Observations (N, L, F) that the kernels write, each entry within [-1, 1]."""
        return self._arrays.features

    @property
    def masks(self) -> I8:
        """Masks (N, L, H, C), 1 for legal choices, padded with zeros; empty if the action has no masks."""
        return self._arrays.masks

    @property
    def actions(self) -> I32:
        """Action buffer (N, L, H): the heads of the last step."""
        return self._arrays.actions

    @property
    def rewards(self) -> F64:
        """Rewards (N, L) of the last step."""
        return self._arrays.rewards

    @property
    def vector_rewards(self) -> F64:
        """Rewards (N, L, kinds) of the last step by kind of cost: minus the bank's own costs over ``reward_scale``."""
        return cost_vector(self.costs, self.reward_scale)

    @property
    def costs(self) -> I64:
        """Cents (N, L, kinds) of the last step, in the order of ``cost_names``."""
        return self._arrays.costs

    @property
    def illegal(self) -> I64:
        """Choices (N, L) of the last step that were not carried out."""
        return self._arrays.illegal

    @property
    def terminated(self) -> I8:
        """1 for copies (N,) whose episode ended with the last step."""
        return self._arrays.terminated

    @property
    def truncated(self) -> I8:
        """1 for copies (N,) whose episode ``max_ticks`` truncated with the last step."""
        return self._arrays.truncated

    @property
    def seeds(self) -> I64:
        """Seeds (N,) of the running episodes."""
        return self._arrays.seeds

    @property
    def members(self) -> I64:
        """Member of the family (N,) that each copy plays, 0 without ``randomize``."""
        return self._arrays.members

    @property
    def final_masks(self) -> I8:
        """Last masks before a same-step reset; empty unless ``final_observations`` is on."""
        return self._arrays.final_masks

    @property
    def single_action_space(self) -> spaces.Space[Any]:
        """Action space of one bank."""
        return self.action.space(self)

    @property
    def action_masks(self) -> I8 | None:
        """Legal choices (N, L, ...) in the form that ``mask`` selects; None if the action has no masks."""
        masks = self.action.mask(self)
        return masks if masks is None or self.mask == "matrix" else self.mask_form(masks).show(masks)

    @property
    def flat_masks(self) -> I8 | None:
        """Legal choices (N, L, sum of choices), heads concatenated; None if the action has no masks."""
        masks = self.action.mask(self)
        return None if masks is None else self.mask_form(masks).flatten(masks)

    def mask_form(self, masks: I8) -> MaskForm:
        """Return the form of masks that ``mask`` selects, for ``masks`` as the action returns them."""
        if self._mask_form is None:
            self._mask_form = MaskForm(masks, self.single_action_space, self.mask)
        return self._mask_form

    @property
    def final_action_masks(self) -> npt.NDArray[Any] | None:
        """Last ``action_masks`` before a same-step reset; None if the action has no masks."""
        kept: Any = self._final_action_masks
        if not self._keeps_final_masks:
            kept = self.action.of_masks(self, self.final_masks) if self.masks.size else None
        return kept if kept is None or self.mask == "matrix" else self.mask_form(kept).show(kept)

    @property
    def has_begun(self) -> bool:
        """Whether any episode has started."""
        return bool(self._episodes.has_begun.any())

    def following_seeds(self) -> list[int]:
        """Return the seed of each copy's next episode if ``reset`` gets none."""
        return [int(self._kernels.next_seed_of(int(seed))) for seed in self.seeds]

    def is_terminated(self, copy: int) -> bool:
        """Return whether the last step terminated the copy's episode."""
        return bool(self.terminated[self._states.place(copy)])

    def is_truncated(self, copy: int) -> bool:
        """Return whether ``max_ticks`` truncated the copy's episode."""
        return bool(self.truncated[self._states.place(copy)])

    def over(self) -> npt.NDArray[np.bool_]:
        """Return flags (N,) of the copies whose episode ended with the last step."""
        over: npt.NDArray[np.bool_] = (self.terminated | self.truncated).astype(bool)
        return over

    # -- running ------------------------------------------------------------------------------------------------------

    def reset(
        self, seed: int | Sequence[int] | None = None, *, mask: npt.NDArray[np.bool_] | None = None
    ) -> tuple[npt.NDArray[Any], I8]:
        """Start new episodes and run them to their first decision.

        Args:
            seed: copy ``e`` gets ``seed + e``, or its entry of a sequence; without a seed, each copy's seed is derived
                from its previous one.
            mask: flags (N,) of the copies to reset; default: all.

        Returns:
            observations (N, L, D) and masks (N, L, H, C), with ``mask="flat"`` (N, L, sum of choices).
        """
        chosen = np.ones(self.num_envs, bool) if mask is None else array_of("mask", mask)
        if chosen.shape != (self.num_envs,) or chosen.dtype.kind != "b":
            found = chosen.shape if chosen.dtype.kind == "b" else repr(mask)
            message = f"mask: needs a truth value for each of {self.num_envs} copies, got {found}"
            raise ActionError(message)
        self._take_seeds(seed, chosen)
        self._episodes.begin(None if mask is None else chosen)
        self._begin(chosen)
        return self.observations, self._returned_masks()

    def _returned_masks(self) -> I8:
        """Return the masks that ``reset`` and ``step`` return; of size 0 if the action has no masks."""
        if self.mask == "matrix":
            return self._arrays.masks
        masks = self.action_masks
        return np.zeros((self.num_envs, self.num_banks, 0), np.int8) if masks is None else masks

    def _take_seeds(self, seed: int | Sequence[int] | None, chosen: npt.NDArray[np.bool_]) -> None:
        if seed is None:
            self.seeds[chosen] = np.array(self.following_seeds(), np.int64)[chosen]
            return
        first = whole_within(seed, 0, MAX_SEED - self.num_envs + 1)
        if first is not None:
            self.seeds[chosen] = (np.arange(self.num_envs, dtype=np.int64) + first)[chosen]
            return
        given = [] if isinstance(seed, str | bytes) or not isinstance(seed, Iterable) else list(seed)
        items = [whole_within(item, 0) for item in given]
        if len(items) != self.num_envs or None in items:
            message = f"seed: needs {self.num_envs} whole numbers from 0 to 2**63 - 1, got {seed!r}"
            raise ActionError(message)
        self.seeds[chosen] = np.array(items, np.int64)[chosen]

    def _begin(self, chosen: npt.NDArray[np.bool_]) -> None:
        """Start episodes with the current seeds in these copies."""
        self._arrays.buffers.pending[:] = np.where(chosen, self._kernels.TO_RESET, self._kernels.DONE)
        if self._workers.run(NO_ACTIONS):
            self._finish()
        self._begin_objects(chosen)

    def _begin_objects(self, begun: npt.NDArray[np.bool_]) -> None:
        """Notify the observation and reward objects of new episodes in these copies."""
        if self._is_hooked:
            self._write_observations()
            self.reward.begin(self, begun)

    def _write_observations(self) -> None:
        """Call the observation object and check its output."""
        answer = self.observation.write(self, self.observations)  # type: ignore[func-returns-value]
        if type(self.observation) is not Full:
            check_observations(self.observation, self.observations, answer, self.observation_layout, self.bank_ids)

    def step(self, actions: npt.ArrayLike) -> tuple[npt.NDArray[Any], I8, F64, I8, I8]:
        """Apply one action per bank in every copy and run to the next decision.

        Args:
            actions: (N, L, *shape of the action's space); of the queue action (N, L, H) whole numbers, each within its
                head's choices.

        Returns:
            observations, masks, rewards (N, L), terminated (N,), truncated (N,).

        Raises:
            ActionError: wrong shape, type or range; or ``reset`` was not called, or every episode is over. Nothing
                changes.
            SimulationError: a reward or observation object wrote invalid values.
        """
        if not self._episodes.are_running or self._stands_still:
            self._episodes.require_running(self.over() & self._stands_still)
        heads: Any = actions
        if not (self._takes_heads and self._are_heads(actions)):
            heads = self.decode(actions)
        refused = self.step_heads(heads)
        if refused >= 0:
            copy, bank = divmod(refused, self.num_banks)
            message = f"actions[{copy}, {bank}]: {self.range_rule(heads[copy, bank])}"
            raise ActionError(message)
        if self.mask == "matrix":
            return self._seen
        observations, _, rewards, terminated, truncated = self._seen
        return observations, self._returned_masks(), rewards, terminated, truncated

    def _are_heads(self, actions: Any) -> bool:
        """Return whether the kernel can read this array without a conversion."""
        if type(actions) is not np.ndarray or actions.dtype is not INT64:
            return False
        return actions.shape == self._heads_shape and actions.flags.carray

    def decode(self, actions: npt.ArrayLike) -> I64:
        """Return the heads (N, L, H) of actions (N, L, *shape), in an array that may be written.

        Raises:
            ActionError: wrong shape or type, or rejected by the action object.
        """
        given, rows = array_of("actions", actions), (self.num_envs, self.num_banks)
        if self._takes_heads:
            shape, kinds, numbers = self._heads_shape, "iu", "whole numbers"
        else:
            space = self.single_action_space
            shape, is_box = (*rows, *(space.shape or ())), space.dtype is not None and space.dtype.kind == "f"
            kinds, numbers = ("fiu", "numbers") if is_box else ("iu", "whole numbers")
        if given.shape != shape or given.dtype.kind not in kinds:
            message = f"actions: need {numbers} of shape {shape}, got {given.dtype} of {given.shape}"
            raise ActionError(message)
        heads = self.action.decode(self, given)
        if heads.shape != self._heads_shape or heads.dtype.kind not in "iu":
            expected, found = self._heads_shape, f"{heads.dtype} of {heads.shape}"
            message = f"action.decode: must give whole numbers of shape {expected}, gave {found}"
            raise ActionError(message)
        return np.require(heads, np.int64, ["C", "A", "W"])

    def range_rule(self, row: I64) -> str:
        """Return the error text for an action that is out of range."""
        choices = self.action_nvec.tolist()
        return f"every head takes 0 to its number of choices - 1, choices are {choices}, got {row.tolist()}"

    def step_heads(self, heads: I64) -> int:
        """Step with int64 heads (N, L, H); return the first row of N * L out of range (nothing changes), else -1."""
        was_over = self.over() if self._is_hooked else None
        unfinished: int = self._workers.run(heads)
        if unfinished < 0:
            return -1 - unfinished
        if unfinished > 0:
            self._finish()
        if was_over is not None:
            self._call_objects(was_over)
        return -1

    def decisions(self, actions: npt.ArrayLike, copy: int = 0) -> Decisions:
        """Return what actions decide in a copy now, by name, as ``Simulation.tick`` takes it; carry nothing out.

        Args:
            actions: as in ``step``, of every copy.
            copy: index of the copy.

        Raises:
            ActionError: wrong shape, type or range; or there is no such copy.
        """
        copy = self._states.place(copy)
        heads = self.decode(actions)[copy : copy + 1]
        refused, state, work = self._workers.decode(copy, heads)
        if refused < 0:
            bank = -1 - refused
            message = f"actions[{copy}, {bank}]: {self.range_rule(heads[0, bank])}"
            raise ActionError(message)
        return read_decisions(self.variants[self.members[copy]], state, work, self.learners)

    def _call_objects(self, was_over: npt.NDArray[np.bool_]) -> None:
        """Call the reward and observation objects after the kernels, then do the reset that waited for them."""
        if self.reward.writes:
            answer = self.reward.write(self, self.rewards)  # type: ignore[func-returns-value]
            check_rewards(self.reward, self.rewards, answer, self.bank_ids)
            if self.autoreset != "same_step":
                self.rewards[was_over] = 0.0  # their episode was over before: they stood still or were reset
        self._write_observations()
        over = self.over()
        if self.autoreset == "next_step" and was_over.any():
            self.reward.begin(self, was_over)
        elif self.autoreset == "same_step" and over.any():
            self._reset_in_step(over)

    def _reset_in_step(self, over: npt.NDArray[np.bool_]) -> None:
        """Do a same-step reset in Python: keep the last observations, start new episodes, keep the step's results."""
        if self._arrays.sizes.final_copies:
            self.final_observations[over] = self.observations[over]
            self.final_masks[over] = self.masks[over]
        if self._keeps_final_masks:
            self._keep_action_masks(over)
        kept: tuple[npt.NDArray[Any], ...] = (
            *(self.rewards, self.costs, self.illegal),
            *(self.terminated, self.truncated),
        )
        step = [array.copy() for array in kept]
        self._take_seeds(None, over)
        self._begin(over)
        for array, values in zip(kept, step, strict=True):
            array[over] = values[over]
        self._arrays.buffers.charged[over] = 1

    def _keep_action_masks(self, over: npt.NDArray[np.bool_]) -> None:
        """Keep the masks of a user-defined action, in its form."""
        masks = self.action.mask(self)
        if masks is None:
            return
        if self._final_action_masks is None:
            self._final_action_masks = np.zeros_like(masks)
        self._final_action_masks[over] = masks[over]

    def _finish(self) -> None:
        """Grow the payment tables and call the kernel again until no copy needs more rows."""
        pending, unfinished = self._arrays.buffers.pending, 1
        while unfinished:
            overflown = np.flatnonzero(pending == Status.MONEY_OVERFLOW)
            if len(overflown):
                message = f"copy {overflown[0]}: a total left the range of int64 cents (4e18); lower the amounts"
                raise SimulationError(message)
            self._grow()
            unfinished = self._workers.run(NO_ACTIONS)

    def _grow(self) -> None:
        """Double the payment rows of every copy."""
        self._states.grow()
        self._prepare_calls()

    def _prepare_calls(self) -> None:
        """Prepare the kernel calls for the current arrays."""
        states = self._states
        arena = self._kernels.Arena(
            scenario_rows=states.scenario_rows,
            scenario_sizes=self.scenario.sizes,
            templates=states.templates,
            states=states.rows,
            state_sizes=states.sizes,
            work_row=NO_WORK,
            work_sizes=NO_WORK,
        )
        parts = self._kernels, self.scenario, arena, self._arrays.buffers, self._shape, self.action_nvec
        self._workers = BatchWorkers(*parts, self.num_threads)
        arrays = self._arrays
        self._seen = self.observations, arrays.masks, arrays.rewards, arrays.terminated, arrays.truncated

    # -- state of single copies ---------------------------------------------------------------------------------------

    def columns(self) -> State:
        """Return the state of all copies by name, as read-only views (N, axis) that are valid until the next step."""
        return self._states.columns()

    def state_rows(self) -> tuple[I64, I64]:
        """Return the state rows (N, words) of all copies and their sizes, to fork runs; valid until the next step."""
        rows = self._states.rows.view()
        rows.flags.writeable = False
        return rows, self._states.sizes

    def state(self, copy: int) -> State:
        """Return the state of a copy by name: views, valid until the next step."""
        return self._states.state(copy)

    def engine(self, copy: int) -> Engine:
        """Return an independent engine with the state of a copy, to inspect or to continue."""
        return self._states.engine(copy)

    def digest(self, copy: int) -> str:
        """Return the SHA-256 of a copy's state; a ``Simulation`` at the same point of the same run has the same."""
        return self._states.engine(copy).digest()

    def queue1_view(self) -> dict[str, I64]:
        """Return the unscaled numbers of Queue 1 and the account, for scripted agents and action objects.

        Returns:
            (N, L, K) ``present``, ``amount``, ``remaining``, ``ticks_to_deadline``, ``priority``, and
            (N, L) ``balance``, ``available_liquidity``, ``effective_liquidity``; money in cents.
        """
        return self._states.queue1_view()

    def orders_of(self, choices: I64) -> I64:
        """Return (N, L, 3) side, rate in hundredths of a basis point and cents for choices (N, L) of the market head.

        Raises:
            ActionError: the scenario has no market head, or a choice is out of range.
        """
        if "market" not in self.head_index:
            message = "orders_of: the scenario has no market head"
            raise ActionError(message)
        return self._states.orders_of(choices)

    @property
    def bytes_per_copy(self) -> float:
        """Memory per copy: its state row and its part of the arrays."""
        return self._states.bytes_per_copy

    def snapshot(self, copy: int = 0) -> bytes:
        """Return the state of a copy as versioned bytes with a checksum, including its random stream.

        Raises:
            SnapshotError: no episode has started.
            ActionError: there is no such copy.
        """
        copy = self._states.place(copy)
        if not self._episodes.has_begun[copy]:
            message = f"snapshot: copy {copy} has no episode yet; call reset first"
            raise SnapshotError(message)
        is_reset = self.autoreset == "same_step" and not self._episodes.was_restored_over[copy]
        return self._states.to_bytes(copy, is_next_episode=is_reset)

    def restore(self, snapshot: bytes, copy: int = 0) -> None:
        """Restore a copy from a snapshot of this batch or of another one of the same scenario.

        Its observations and masks follow; its reward and costs are 0.

        Raises:
            SnapshotError: damaged, or of another version or scenario. Nothing changes.
            ActionError: there is no such copy.
        """
        copy = self._states.place(copy)
        read = self._states.from_bytes(snapshot)
        while read.row.size > self._states.rows.shape[1]:
            self._grow()
        chosen = np.arange(self.num_envs) == copy
        self._episodes.begin(chosen)
        if self.autoreset == "same_step" and (read.terminated or read.truncated):
            self._episodes.begin_at_end(copy)
        self._states.put(copy, read)
        self._arrays.buffers.pending[:] = np.where(chosen, self._kernels.TO_OBSERVE, self._kernels.DONE)
        self._workers.run(NO_ACTIONS)
        self.rewards[copy], self.illegal[copy], self.costs[copy] = 0.0, 0, 0
        self._begin_objects(chosen)

    def show_engine(self, engine: Engine, copy: int = 0) -> None:
        """Show the state of a run in its open tick, so that a policy can decide for its banks.

        The run plays this scenario; its other banks may decide differently. Observations and masks follow, rewards and
        costs do not.

        Args:
            engine: engine of the run.
            copy: the copy that shows it.

        Raises:
            ActionError: its state has another shape, because policies of the run remember; or there is no such copy.
        """
        copy = self._states.place(copy)
        given, own = (STATE_LAYOUT.lengths(sizes) for sizes in (engine.sizes, self._states.sizes))
        if {**given, "pay": 0} != {**own, "pay": 0}:
            message = "the run's state has another shape: another scenario, or a policy that remembers"
            raise ActionError(message)
        while self._states.rows.shape[1] < engine.row.size:
            self._grow()
        row, sizes = engine.row.copy(), engine.sizes
        while row.size < self._states.rows.shape[1]:
            row, sizes = grow_payments(row, sizes)
        self._states.put(copy, CopySnapshot(row, sizes, seed=0, member=0, terminated=0, truncated=0))
        chosen = np.arange(self.num_envs) == copy
        self._episodes.begin(chosen)
        self._arrays.buffers.pending[:] = np.where(chosen, self._kernels.TO_OBSERVE, self._kernels.DONE)
        self._workers.run(NO_ACTIONS)
        self._begin_objects(chosen)

    def __getstate__(self) -> dict[str, Any]:
        """Return the state to copy or pickle: everything except the kernels and the views of the buffers."""
        left_out = {"_kernels", "_workers", "_seen"}
        is_view = isinstance(self.observation, Full) or len(self._arrays.buffers.raw) > self.num_features
        if is_view or not self._is_hooked:
            left_out.add("observations")
        if not self._is_hooked:
            left_out.add("final_observations")
        return {name: value for name, value in self.__dict__.items() if name not in left_out}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the arrays and create the views again."""
        self.__dict__.update(state)
        self._load_kernels()
        self._name_observations()
        self.__dict__.update({name: state[name] for name in ("observations", "final_observations") if name in state})
        self._prepare_calls()

    def close(self) -> None:
        """Stop the threads."""
        self._workers.close()


def make_vec(scenario: ScenarioLike = DEFAULT_SCENARIO, num_envs: int = 1, **options: Any) -> SimCashVec:
    """Create a batch of environments; the options are those of ``SimCashVec``."""
    return SimCashVec(scenario, num_envs, **options)
