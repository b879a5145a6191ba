"""One kernel call steps every copy of a batch: decode, close, reward, reset where over, open the next tick, observe."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from simcash_env.arrays import I64, Scenario, State, Work
from simcash_env.codes import NUM_COSTS, Phase, Status
from simcash_env.kernels._jit import entry, kernel, wrapping_kernel
from simcash_env.kernels._views import part, pointer
from simcash_env.kernels.tables import open_scenario, open_state, open_work
from simcash_env.kernels.tick import close_tick, open_tick
from simcash_env.spaces.decode import I16, decode
from simcash_env.spaces.observe import F32, I8, NUM_SCALED, Window, observe, write_prices, write_scales
from simcash_env.spaces.raw import ACCOUNT_NUMBERS, SLOT_NUMBERS, read_queues

F64 = npt.NDArray[np.float64]

__all__ = [
    "ACCOUNT_NUMBERS",
    "NUM_SCALED",
    "SLOT_NUMBERS",
    "Arena",
    "Buffers",
    "Shape",
    "Window",
    "read_queues",
    "step_batch",
]

OK = int(Status.OK)
NEEDS_ROOM = int(Status.NEEDS_ROOM)
OVER = int(Phase.OVER)

DISABLED: Final = 0
NEXT_STEP: Final = 1
SAME_STEP: Final = 2
"""Autoreset modes, as Gymnasium names them."""

DONE: Final = 0
"""A copy's ``pending`` value once it has stepped; ``codes.Status`` otherwise, or TO_STEP, TO_RESET before."""
TO_STEP: Final = -1
TO_RESET: Final = -2
TO_OPEN: Final = -3

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX_A: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B: Final = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S1 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(1)


class Buffers(NamedTuple):
    """The caller's arrays, flat and written in place; N copies, L learning banks, H heads, C choices."""

    actions: I16  # N * L * H, in
    observations: F32  # N * L * entries
    masks: I8  # N * L * H * C
    rewards: F64  # N * L
    costs: I64  # N * L * cost kinds, cents of the step
    illegal: I64  # N * L, verbs of the step that were not carried out
    filled: I64  # N * L, slots written last
    charged: I8  # N, are there costs to be cleared?
    terminated: I8  # N
    truncated: I8  # N
    seeds: I64  # N, of the running episode; 0 to 2**63 - 1
    pending: I64  # N, in and out: what is still to be done
    final_observations: F32  # N * L * entries or 0, before an automatic reset
    final_masks: I8  # N * L * H * C or 0


class Shape(NamedTuple):
    """What does not change between two calls."""

    window: Window
    num_heads: int
    max_ticks: int  # truncates an episode; the run's length where nothing is truncated
    autoreset: int
    is_backward: int  # from the last copy to the first
    alpha: float  # 0: own cost, 1: mean cost of all banks
    reward_scale: float  # cents


@wrapping_kernel
def next_seed(seed: int) -> int:
    """The seed of the episode after this one (splitmix64)."""
    word = np.uint64(seed) + _GOLDEN
    word = (word ^ (word >> _S30)) * _MIX_A
    word = (word ^ (word >> _S27)) * _MIX_B
    return np.int64((word ^ (word >> _S31)) >> _S1)  # type: ignore[return-value]


@kernel
def accept_actions(given: I64, num_choices: I64, actions: I16) -> int:
    """Copy actions (rows, heads) to the flat buffer if all are in range; returns the first row that is not, else -1."""
    rows, heads = given.shape
    for row in range(rows):
        for head in range(heads):
            if given[row, head] < 0 or given[row, head] >= num_choices[head]:
                return row
    for row in range(rows):
        for head in range(heads):
            actions[row * heads + head] = given[row, head]
    return -1


@entry
def next_seed_of(seed: int) -> int:
    """``next_seed`` for Python."""
    return next_seed(seed)


class Arena(NamedTuple):
    """The rows of a batch: what every copy reads, where each copy's state lies, scratch space for one of them."""

    scenario_row: I64
    scenario_sizes: I64
    template: I64  # the state before the first tick
    states: I64  # N * words of a state
    state_sizes: I64
    work_row: I64
    work_sizes: I64


int64_at, float64_at, float32_at = pointer(np.int64), pointer(np.float64), pointer(np.float32)
int16_at, int8_at = pointer(np.int16), pointer(np.int8)


@entry
def step_batch(call: I64, given: I64) -> int:
    """Take actions over, then ``step_copies``, on arrays that the caller keeps.

    Args:
        call: addresses and lengths of the arrays behind one another: fields of ``Arena``, then of ``Buffers``, then the
            learners, the scales of ``Window``, its numbers with those of ``Shape``, and the choices of every head; as
            ``envs/call.py`` writes them.
        given: (N * L, H) actions of every copy; without rows, only what is pending is done.

    Returns:
        How many copies could not be finished; -1 minus the row of an action that is out of range, nothing has changed
        then.
    """
    arena = Arena(
        int64_at(call[0], call[1]),
        int64_at(call[2], call[3]),
        int64_at(call[4], call[5]),
        int64_at(call[6], call[7]),
        int64_at(call[8], call[9]),
        int64_at(call[10], call[11]),
        int64_at(call[12], call[13]),
    )
    buffers = Buffers(
        int16_at(call[14], call[15]),
        float32_at(call[16], call[17]),
        int8_at(call[18], call[19]),
        float64_at(call[20], call[21]),
        int64_at(call[22], call[23]),
        int64_at(call[24], call[25]),
        int64_at(call[26], call[27]),
        int8_at(call[28], call[29]),
        int8_at(call[30], call[31]),
        int8_at(call[32], call[33]),
        int64_at(call[34], call[35]),
        int64_at(call[36], call[37]),
        float32_at(call[38], call[39]),
        int8_at(call[40], call[41]),
    )
    spread, offset = float32_at(call[44], call[45]), float32_at(call[46], call[47])
    numbers, weights = int64_at(call[48], call[49]), float64_at(call[50], call[51])
    if given.shape[0] > 0:
        refused = accept_actions(given, int64_at(call[52], call[53]), buffers.actions)
        if refused >= 0:
            return -1 - refused
        for copy in range(buffers.pending.shape[0]):
            buffers.pending[copy] = TO_STEP
    numbers[7] = 1 - numbers[7]  # to and fro: a sweep begins with the copies that the last one left in the cache
    window = Window(int64_at(call[42], call[43]), numbers[0], numbers[1], numbers[2], numbers[3], spread, offset)
    shape = Shape(window, numbers[4], numbers[5], numbers[6], numbers[7], weights[0], weights[1])
    return step_copies(arena, buffers, shape)


@kernel
def step_copies(arena: Arena, buffers: Buffers, shape: Shape) -> int:
    """Step or reset every pending copy; returns how many could not be finished for want of payment rows or of range.

    Grow the arena and call again: finished copies are left alone, the others go on where they stopped.
    """
    scenario = open_scenario(arena.scenario_row, arena.scenario_sizes)
    work, width = open_work(arena.work_row, arena.work_sizes), arena.template.shape[0]
    unfinished, num_copies = 0, buffers.pending.shape[0]
    for turn in range(num_copies):
        copy = num_copies - 1 - turn if shape.is_backward else turn
        if buffers.pending[copy] == DONE:
            continue
        row = part(arena.states, copy * width, width)
        state = open_state(row, arena.state_sizes)
        if buffers.pending[copy] == TO_STEP and is_done(buffers, copy):
            if shape.autoreset == DISABLED:
                stand_still(buffers, copy, shape.window.learners.shape[0])
                buffers.pending[copy] = DONE
                continue
            if shape.autoreset == NEXT_STEP:
                buffers.pending[copy] = TO_RESET
                buffers.seeds[copy] = next_seed(buffers.seeds[copy])
        if buffers.pending[copy] == TO_RESET:
            forget_step(buffers, copy, shape.window.learners.shape[0])
            restart(row, arena.template, state, buffers.seeds[copy])
            buffers.pending[copy] = TO_OPEN
        if buffers.pending[copy] == TO_STEP:
            learners, num_slots = shape.window.learners, shape.window.num_slots
            decode(scenario, state, work, learners, copy, buffers.actions, buffers.illegal, shape.num_heads, num_slots)
            status = close_tick(scenario, state, work)
            if status == NEEDS_ROOM:
                unfinished += 1
                continue
            if status != OK:
                buffers.pending[copy] = status
                unfinished += 1
                continue
            reward(scenario, state, buffers, copy, shape)
            buffers.pending[copy] = TO_OPEN
            if is_done(buffers, copy) and shape.autoreset == SAME_STEP:
                keep_final(scenario, state, work, buffers, copy, shape)
                buffers.seeds[copy] = next_seed(buffers.seeds[copy])
                restart(row, arena.template, state, buffers.seeds[copy])
        if state.phase[0] != OVER:
            status = open_tick(scenario, state, work)
            if status != OK:
                unfinished += 1
                if status != NEEDS_ROOM:
                    buffers.pending[copy] = status
                continue
        observe(scenario, state, work, shape.window, copy, buffers.observations, buffers.masks, buffers.filled)
        buffers.pending[copy] = DONE
    return unfinished


@kernel
def is_done(buffers: Buffers, copy: int) -> bool:
    """Has the copy's episode ended with its last step?"""
    return buffers.terminated[copy] != 0 or buffers.truncated[copy] != 0  # type: ignore[no-any-return]


@kernel
def stand_still(buffers: Buffers, copy: int, num_learners: int) -> None:
    """No reward and no cost; what was seen last, and that it is over, stay as they are."""
    clear_costs(buffers, copy, num_learners)
    for row in range(copy * num_learners, (copy + 1) * num_learners):
        buffers.rewards[row] = 0.0
        buffers.illegal[row] = 0


@kernel
def forget_step(buffers: Buffers, copy: int, num_learners: int) -> None:
    """A reset has no reward, no cost and no end."""
    stand_still(buffers, copy, num_learners)
    buffers.terminated[copy] = 0
    buffers.truncated[copy] = 0


@kernel
def clear_costs(buffers: Buffers, copy: int, num_learners: int) -> None:
    """Clear the costs of a copy where the step before left any."""
    if buffers.charged[copy]:
        for at in range(copy * num_learners * NUM_COSTS, (copy + 1) * num_learners * NUM_COSTS):
            buffers.costs[at] = 0
        buffers.charged[copy] = 0


@kernel
def restart(row: I64, template: I64, state: State, seed: int) -> None:
    """Begin a new episode: the state before the first tick, with a random stream of its own."""
    for word in range(template.shape[0]):
        row[word] = template[word]
    state.rng[0] = max(seed, 1)


@kernel
def reward(scenario: Scenario, state: State, buffers: Buffers, copy: int, shape: Shape) -> None:
    """Minus the cost of the tick over the scale, own and everybody's by ``alpha``; and whether the episode is over."""
    learners = shape.window.learners
    num_learners = learners.shape[0]
    buffers.terminated[copy] = state.phase[0] == OVER
    buffers.truncated[copy] = state.phase[0] != OVER and state.tick[0] >= shape.max_ticks
    if not state.tick_is_charged[0]:
        clear_costs(buffers, copy, num_learners)
        for row in range(copy * num_learners, (copy + 1) * num_learners):
            buffers.rewards[row] = 0.0
        return
    buffers.charged[copy] = 1
    mean = mean_cost(state, scenario.num_banks[0]) if shape.alpha > 0.0 else 0.0
    for index in range(num_learners):
        row, first, own = copy * num_learners + index, learners[index] * NUM_COSTS, 0
        for kind in range(NUM_COSTS):
            cents = state.tick_cost_cents[first + kind]
            buffers.costs[row * NUM_COSTS + kind] = cents
            own += cents
        blend = (1.0 - shape.alpha) * own + shape.alpha * mean
        buffers.rewards[row] = -blend / shape.reward_scale


@kernel
def mean_cost(state: State, num_banks: int) -> float:
    """The tick's cost of a bank on average, in cents."""
    total = 0
    for at in range(state.tick_cost_cents.shape[0]):
        total += state.tick_cost_cents[at]
    return total / num_banks


@kernel
def keep_final(scenario: Scenario, state: State, work: Work, buffers: Buffers, copy: int, shape: Shape) -> None:
    """Before an automatic reset, keep what the learners saw last, where the caller has room for it."""
    if buffers.final_observations.shape[0] == 0:
        return
    observe(scenario, state, work, shape.window, copy, buffers.observations, buffers.masks, buffers.filled)
    size = shape.window.learners.shape[0] * shape.window.num_entries
    for at in range(copy * size, (copy + 1) * size):
        buffers.final_observations[at] = buffers.observations[at]
    size = shape.window.learners.shape[0] * shape.window.mask_size
    for at in range(copy * size, (copy + 1) * size):
        buffers.final_masks[at] = buffers.masks[at]


@entry
def prepare(
    scenario_row: I64, scenario_sizes: I64, observations: F32, num_entries: int, learners: I64, spread: F32, offset: F32
) -> None:
    """Write what never changes: the prices in every observation, and the scales."""
    scenario = open_scenario(scenario_row, scenario_sizes)
    write_scales(scenario, learners, spread, offset)
    for first in range(0, observations.shape[0], num_entries):
        write_prices(scenario, part(observations, first, num_entries))
