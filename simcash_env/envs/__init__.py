"""The faces of the environment; none re-implements a rule of the tick."""
