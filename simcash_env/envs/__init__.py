"""The faces of the environment; none re-implements a rule of the tick."""

import gymnasium  # noqa: F401 - so that it knows the id below, whatever was imported first

from simcash_env._registration import register_with_gymnasium

register_with_gymnasium()
