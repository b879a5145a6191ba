"""A state to call kernels on: a row, its sizes, and its columns by name."""

import numpy as np

from simcash_env.compile.scenario import compile_scenario, initial_state
from simcash_env.schema.arrays import State
from simcash_env.schema.layout import plain_opener
from tests.worlds import quiet


def state_of(*, seed=1):
    """Row, sizes and columns of a state of two banks; the random stream begins with these 64 bits."""
    scenario = compile_scenario(quiet())
    row, sizes = initial_state(scenario, 1), scenario.state_sizes
    state = plain_opener(State)(row, sizes)
    state.rng[0] = np.array([seed], np.uint64).view(np.int64)[0]
    return row, sizes, state
