"""The faces of the environment; none re-implements a rule of the tick."""

import gymnasium  # noqa: F401 - so that it knows the ids, whatever was imported first
import pettingzoo  # noqa: F401 - as gymnasium

from simcash_env._registration import register

register()
