"""How much a run of the tests tries: ``HYPOTHESIS_PROFILE`` is ``default`` (make test), ``all`` or ``long``."""

import os

import pytest

PROFILES = ("default", "all", "long")
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", PROFILES[0])
if PROFILE not in PROFILES:
    message = f"HYPOTHESIS_PROFILE must be one of {', '.join(PROFILES)}, got {PROFILE!r}"
    raise pytest.UsageError(message)
IS_LONG = PROFILE == "long"
IS_PLAIN = os.environ.get("NUMBA_DISABLE_JIT") == "1"
"""Do the kernels run as plain Python, some hundred times slower?"""


def examples(default: int, every: int, long: int | None = None) -> int:
    """Of these numbers of examples the one of the profile; ``make test-long`` tries as many as ``make test-all`` if not said."""
    return {"default": default, "all": every, "long": every if long is None else long}[PROFILE]


def slow_but(kept: set[object], *values: object) -> list[object]:
    """Cases of a parametrised test that take the same path: only those that are kept run in ``make test``."""
    is_quick = PROFILES[0] == PROFILE
    return [pytest.param(value, marks=[pytest.mark.slow] * (is_quick and value not in kept)) for value in values]
