"""What a step cost, and the reward that it makes: minus the cost over a scale, own and everybody's."""

from __future__ import annotations

from simcash_env.agents.tables import Buffers, Shape
from simcash_env.kernels._numba.jit import kernel
from simcash_env.schema.arrays import Scenario, State
from simcash_env.schema.codes import NUM_COSTS, Phase

OVER = int(Phase.OVER)


@kernel
def reward(scenario: Scenario, state: State, buffers: Buffers, copy: int, shape: Shape) -> None:
    """Minus the cost of the tick over the scale, own and everybody's by ``alpha``; and whether the episode is over."""
    learners = shape.window.learners
    num_learners, num_kinds = learners.shape[0], NUM_COSTS + shape.window.has_market
    buffers.terminated[copy] = state.phase[0] == OVER
    buffers.truncated[copy] = state.phase[0] != OVER and state.tick[0] >= shape.max_ticks
    if not state.tick_is_charged[0]:
        clear_costs(buffers, copy, num_learners, num_kinds)
        for row in range(copy * num_learners, (copy + 1) * num_learners):
            buffers.rewards[row] = 0.0
        return
    buffers.charged[copy] = 1
    mean = mean_cost(state, scenario.num_banks[0]) if shape.alpha > 0.0 else 0.0
    for index in range(num_learners):
        row, first, own = copy * num_learners + index, learners[index] * NUM_COSTS, 0
        for kind in range(NUM_COSTS):
            cents = state.tick_cost_cents[first + kind]
            buffers.costs[row * num_kinds + kind] = cents
            own += cents
        if num_kinds > NUM_COSTS:
            cents = state.trader_tick_interest_cents[learners[index]]
            buffers.costs[row * num_kinds + NUM_COSTS] = cents
            own += cents
        blend = (1.0 - shape.alpha) * own + shape.alpha * mean
        buffers.rewards[row] = -blend / shape.reward_scale


@kernel
def mean_cost(state: State, num_banks: int) -> float:
    """The tick's cost of a bank on average, in cents; interest between banks sums to nothing."""
    total = 0
    for at in range(state.tick_cost_cents.shape[0]):
        total += state.tick_cost_cents[at]
    return total / num_banks


@kernel
def clear_costs(buffers: Buffers, copy: int, num_learners: int, num_kinds: int) -> None:
    """Clear the costs of a copy where the step before left any."""
    if buffers.charged[copy]:
        for at in range(copy * num_learners * num_kinds, (copy + 1) * num_learners * num_kinds):
            buffers.costs[at] = 0
        buffers.charged[copy] = 0


@kernel
def stand_still(buffers: Buffers, copy: int, num_learners: int, num_kinds: int) -> None:
    """No reward and no cost; what was seen last, and that it is over, stay as they are."""
    clear_costs(buffers, copy, num_learners, num_kinds)
    for row in range(copy * num_learners, (copy + 1) * num_learners):
        buffers.rewards[row] = 0.0
        buffers.illegal[row] = 0


@kernel
def forget_step(buffers: Buffers, copy: int, num_learners: int, num_kinds: int) -> None:
    """A reset has no reward, no cost and no end."""
    stand_still(buffers, copy, num_learners, num_kinds)
    buffers.terminated[copy] = 0
    buffers.truncated[copy] = 0
