"""The tables of ``arrays.py`` as kernels open them."""

from simcash_env.arrays import Scenario, State, Work
from simcash_env.kernels._views import opener

open_scenario = opener(Scenario)
open_state = opener(State)
open_work = opener(Work)
