"""The tables of ``arrays.py`` as kernels open them."""

from simcash_env.kernels._numba.views import opener
from simcash_env.schema.arrays import Scenario, State, Work

open_scenario = opener(Scenario)
open_state = opener(State)
open_work = opener(Work)
