"""Recorded payments: the payments table of a payment system, imported, described and fitted.

Needs the extra ``data``. Attributes are imported on first use, so that the compiler may read ``payments`` alone.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from simcash_env.data.calibration import Calibration, calibrate
    from simcash_env.data.fit import GoodnessOfFit, goodness_of_fit
    from simcash_env.data.generation import generate
    from simcash_env.data.importing import Imported, import_payments
    from simcash_env.data.liquidity import derived_liquidity
    from simcash_env.data.payments import Calendar, Payments, read_payments, write_payments
    from simcash_env.data.profile import Profile, profile_of
    from simcash_env.data.report import write_report
    from simcash_env.data.samples import SAMPLE_FOLDER, sample

_HOMES: Final = {
    "Calendar": "payments",
    "Calibration": "calibration",
    "GoodnessOfFit": "fit",
    "Imported": "importing",
    "Payments": "payments",
    "Profile": "profile",
    "SAMPLE_FOLDER": "samples",
    "calibrate": "calibration",
    "derived_liquidity": "liquidity",
    "generate": "generation",
    "goodness_of_fit": "fit",
    "import_payments": "importing",
    "profile_of": "profile",
    "read_payments": "payments",
    "sample": "samples",
    "write_payments": "payments",
    "write_report": "report",
}

__all__ = [
    "SAMPLE_FOLDER",
    "Calendar",
    "Calibration",
    "GoodnessOfFit",
    "Imported",
    "Payments",
    "Profile",
    "calibrate",
    "derived_liquidity",
    "generate",
    "goodness_of_fit",
    "import_payments",
    "profile_of",
    "read_payments",
    "sample",
    "write_payments",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
