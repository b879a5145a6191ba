"""What the format knows and the engine does not do yet. Deleting a line here is all it takes to allow it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from simcash_env.config.faults import Broken

NOT_YET: Final = "not supported yet"


def unsupported_faults(scenario: Mapping[str, Any]) -> Iterator[Broken]:
    """Every use of something that is not supported yet; reads plain mappings and skips what it cannot read."""
    if scenario.get("market") is not None:
        yield Broken(("market",), NOT_YET, scenario["market"])
