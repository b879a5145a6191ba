"""A second, slow and plain implementation of the tick.

Written from the rules alone, in Python ints, dicts and dataclasses, so that a wrong rule in the kernels has
something independent to disagree with. It shares nothing with the engine except the configuration models.
"""

from tests.oracle.engine import Oracle
from tests.oracle.world import Decision, Payment, TickReport

__all__ = ["Decision", "Oracle", "Payment", "TickReport"]
