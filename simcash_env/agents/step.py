"""One kernel call steps every copy of a batch: decode, close, reward, reset where over, open the next tick, observe."""

from __future__ import annotations

from simcash_env.agents.ahead import ask_for_copies, is_beyond_cache
from simcash_env.agents.decode import decode
from simcash_env.agents.observe import observe, show_prices
from simcash_env.agents.reward import forget_step, reward, stand_still
from simcash_env.agents.seeds import next_seed, next_seed_of
from simcash_env.agents.tables import (
    BY_CALLER,
    DISABLED,
    DONE,
    I32,
    NEXT_STEP,
    SAME_STEP,
    TO_KEEP,
    TO_OBSERVE,
    TO_OPEN,
    TO_RESET,
    TO_STEP,
    Arena,
    Buffers,
    Call,
    Shape,
    Window,
)
from simcash_env.kernels._numba.jit import entry, kernel
from simcash_env.kernels._numba.views import argument_opener, column_at, part
from simcash_env.kernels.rng import start_stream
from simcash_env.kernels.tables import open_scenario, open_state, open_work
from simcash_env.kernels.tick import close_tick, open_tick
from simcash_env.schema.arrays import I64, Scenario, State, Work
from simcash_env.schema.codes import NUM_COSTS, Phase, Status
from simcash_env.schema.layout import num_words

__all__ = [
    "BY_CALLER",
    "DONE",
    "TO_OBSERVE",
    "TO_RESET",
    "Arena",
    "Buffers",
    "Call",
    "Shape",
    "Window",
    "decode_copy",
    "next_seed_of",
    "refused_row",
    "step_batch",
]

OK, NEEDS_ROOM = int(Status.OK), int(Status.NEEDS_ROOM)
OVER = int(Phase.OVER)

open_call = argument_opener(Call)
CALL_WORDS = num_words(Call)


@entry
def step_batch(address: int, given: I64) -> int:
    """Take actions over, then ``step_copies``, on arrays that the caller keeps.

    Args:
        address: where the words of a ``Call`` lie, as ``envs/workers.py`` packs it.
        given: (N, L, H) actions of every copy; without copies, only what is pending is done.

    Returns:
        How many copies could not be finished; -1 minus the row, of N * L, of an action that is out of range, nothing
        has changed then.
    """
    call = open_call(column_at(address, CALL_WORDS))
    buffers = call.buffers
    if given.shape[0] > 0:
        refused = accept_actions(given, call.num_choices, buffers.actions)
        if refused >= 0:
            return -1 - refused
        for copy in range(buffers.pending.shape[0]):
            buffers.pending[copy] = TO_STEP
    # Alternate the direction of the sweep: it begins with the copies that the last one left in the cache.
    call.is_backward[0] = 1 - call.is_backward[0]
    return step_copies(call.arena, buffers, call.shape, call.is_backward[0])


@entry
def refused_row(given: I64, num_choices: I64) -> int:
    """The first row, of N * L, of actions (N, L, H) with a choice that is out of range; -1 if there is none."""
    return first_refused(given, num_choices) if count_wrong(given, num_choices) > 0 else -1


@entry
def decode_copy(address: int, given: I64) -> int:
    """Write what actions decide to the working arrays, and carry nothing out.

    The state has an RTGS priority that is chosen with a release.

    Args:
        address: where the words of a ``Call`` with one copy lie.
        given: (1, L, H) actions.

    Returns:
        0; -1 minus the row, of L, of an action that is out of range.
    """
    call = open_call(column_at(address, CALL_WORDS))
    refused = accept_actions(given, call.num_choices, call.buffers.actions)
    if refused >= 0:
        return -1 - refused
    state = open_state(call.arena.states, call.arena.state_sizes)
    work = open_work(call.arena.work_row, call.arena.work_sizes)
    scenario = scenario_of(call.arena, call.buffers, call.shape, 0)
    decode(scenario, state, work, call.shape.window, 0, call.buffers)
    return 0


@kernel
def accept_actions(given: I64, num_choices: I64, actions: I32) -> int:
    """Copy actions (N, L, H) to the flat buffer if all are in range; returns the first row that is not, else -1."""
    copies, banks, heads = given.shape
    if count_wrong(given, num_choices) > 0:
        return first_refused(given, num_choices)
    for copy in range(copies):
        for bank in range(banks):
            for head in range(heads):
                actions[(copy * banks + bank) * heads + head] = given[copy, bank, head]
    return -1


@kernel
def count_wrong(given: I64, num_choices: I64) -> int:
    """How many choices are out of range; without a branch, so that the compiler takes several at once."""
    copies, banks, heads = given.shape
    wrong = 0
    for copy in range(copies):
        for bank in range(banks):
            for head in range(heads):
                wrong += (given[copy, bank, head] < 0) | (given[copy, bank, head] >= num_choices[head])
    return wrong


@kernel
def first_refused(given: I64, num_choices: I64) -> int:
    """The first row of N * L with a choice that is out of range, -1 if there is none."""
    copies, banks, heads = given.shape
    for row in range(copies * banks):
        for head in range(heads):
            choice = given[row // banks, row % banks, head]
            if choice < 0 or choice >= num_choices[head]:
                return row
    return -1


@kernel
def step_copies(arena: Arena, buffers: Buffers, shape: Shape, is_backward: int) -> int:
    """Step or reset every pending copy; returns how many could not be finished for want of payment rows or of range.

    Grow the arena and call again: finished copies are left alone, the others go on where they stopped.
    """
    work, unfinished, num_copies = open_work(arena.work_row, arena.work_sizes), 0, buffers.pending.shape[0]
    asks_ahead, direction = is_beyond_cache(arena), -1 if is_backward else 1
    for turn in range(num_copies):
        copy = num_copies - 1 - turn if is_backward else turn
        if asks_ahead and turn + 2 < num_copies:
            ask_for_copies(arena, buffers, shape, copy + direction, copy + 2 * direction)
        if buffers.pending[copy] != DONE:
            unfinished += not finish_copy(arena, buffers, shape, work, copy)
    return unfinished


@kernel
def finish_copy(arena: Arena, buffers: Buffers, shape: Shape, work: Work, copy: int) -> bool:
    """Do what is pending for a copy, to the end if there is room; what is still to be done is written down."""
    num_learners, num_kinds = shape.window.learners.shape[0], NUM_COSTS + shape.window.has_market
    width = arena.templates.shape[0] // shape.window.num_variants
    row = part(arena.states, copy * width, width)
    state = open_state(row, arena.state_sizes)
    if buffers.pending[copy] == TO_STEP and is_done(buffers, copy):
        if shape.autoreset == DISABLED:
            stand_still(buffers, copy, num_learners, num_kinds)
            buffers.pending[copy] = DONE
            return True
        if shape.autoreset == NEXT_STEP:
            buffers.pending[copy] = TO_RESET
            buffers.seeds[copy] = next_seed(buffers.seeds[copy])
    if buffers.pending[copy] == TO_RESET:
        forget_step(buffers, copy, num_learners, num_kinds)
        restart(arena, buffers, shape, copy, row, state)
    scenario = scenario_of(arena, buffers, shape, copy)
    if buffers.pending[copy] == TO_STEP:
        decode(scenario, state, work, shape.window, copy, buffers)
        status = close_tick(scenario, state, work)
        if status != OK:
            if status != NEEDS_ROOM:
                buffers.pending[copy] = status
            return False
        reward(scenario, state, buffers, copy, shape)
        buffers.pending[copy] = TO_KEEP if is_done(buffers, copy) and shape.autoreset == SAME_STEP else TO_OPEN
    if buffers.pending[copy] == TO_KEEP:
        status = keep_final(scenario, state, work, buffers, copy, shape)
        if status != OK:
            if status != NEEDS_ROOM:
                buffers.pending[copy] = status
            return False
        buffers.seeds[copy] = next_seed(buffers.seeds[copy])
        restart(arena, buffers, shape, copy, row, state)
        scenario = scenario_of(arena, buffers, shape, copy)
    if buffers.pending[copy] == TO_OBSERVE:
        show_prices(scenario, shape.window, copy, buffers)
    if state.phase[0] != OVER and buffers.pending[copy] == TO_OPEN:
        status = open_tick(scenario, state, work)
        if status != OK:
            if status != NEEDS_ROOM:
                buffers.pending[copy] = status
            return False
    observe(scenario, state, work, shape.window, copy, buffers)
    buffers.pending[copy] = DONE
    return True


@kernel
def scenario_of(arena: Arena, buffers: Buffers, shape: Shape, copy: int) -> Scenario:
    """The variant of the scenario that a copy plays."""
    width = arena.scenario_rows.shape[0] // shape.window.num_variants
    row = part(arena.scenario_rows, buffers.variants[copy] * width, width)
    return open_scenario(row, arena.scenario_sizes)


@kernel
def is_done(buffers: Buffers, copy: int) -> bool:
    """True if the copy's episode ended with its last step."""
    return buffers.terminated[copy] != 0 or buffers.truncated[copy] != 0


@kernel
def restart(arena: Arena, buffers: Buffers, shape: Shape, copy: int, row: I64, state: State) -> None:
    """Begin a new episode: the state before the first tick of the seed's variant, and the seed's random stream."""
    variant = buffers.seeds[copy] % shape.window.num_variants
    first = variant * row.shape[0]
    for word in range(row.shape[0]):
        row[word] = arena.templates[first + word]
    start_stream(state, buffers.seeds[copy])
    buffers.variants[copy] = variant
    show_prices(scenario_of(arena, buffers, shape, copy), shape.window, copy, buffers)
    buffers.pending[copy] = TO_OPEN


@kernel
def keep_final(scenario: Scenario, state: State, work: Work, buffers: Buffers, copy: int, shape: Shape) -> int:
    """Before an automatic reset, keep what the learners see last, where the caller has room for it.

    An episode that is cut ends with the decision that a longer one would take next, so the next tick is opened first:
    its events and arrivals belong to that decision. The state is replaced afterwards, so nothing else sees that tick.

    Returns:
        The status of opening that tick; OK where there is none.
    """
    if buffers.final_observations.shape[0] == 0:
        return OK
    if state.phase[0] != OVER:
        status = open_tick(scenario, state, work)
        if status != OK:
            return status
    observe(scenario, state, work, shape.window, copy, buffers)
    size = shape.window.learners.shape[0] * shape.window.num_entries
    for at in range(copy * size, (copy + 1) * size):
        buffers.final_observations[at] = buffers.observations[at]
    size = shape.window.learners.shape[0] * shape.window.mask_size
    for at in range(copy * size, (copy + 1) * size):
        buffers.final_masks[at] = buffers.masks[at]
    return OK
