"""What the format knows and the engine does not do yet. Deleting a line here is all it takes to allow it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from simcash_env.config.faults import Broken

NOT_YET: Final = "not supported yet"

CHOICES: Final[tuple[tuple[tuple[str, str], frozenset[str | bool]], ...]] = (
    (("lsm", "bilateral"), frozenset({"subset"})),
    (("switches", "entry_disposition_offsetting"), frozenset({True})),
    (("switches", "limits_basis"), frozenset({"net"})),
    (("priority_escalation", "curve"), frozenset({"exponential", "step"})),
)
ALGORITHMS: Final = frozenset({"prefix"})


def unsupported_faults(scenario: Mapping[str, Any]) -> Iterator[Broken]:
    """Every use of something that is not supported yet; reads plain mappings and skips what it cannot read."""
    banks = scenario.get("banks")
    for number, bank in enumerate(banks if isinstance(banks, (list, tuple)) else ()):
        if isinstance(bank, Mapping):
            yield from _bank_faults(number, bank)
    for (part, key), values in CHOICES:
        group = scenario.get(part)
        value = group.get(key) if isinstance(group, Mapping) else None
        if isinstance(value, (str, bool)) and value in values:
            yield Broken((part, key), NOT_YET, value)
    lsm = scenario.get("lsm")
    algorithms = lsm.get("algorithms") if isinstance(lsm, Mapping) else None
    for number, name in enumerate(algorithms if isinstance(algorithms, (list, tuple)) else ()):
        if isinstance(name, str) and name in ALGORITHMS:
            yield Broken(("lsm", "algorithms", number), NOT_YET, name)
    if scenario.get("market") is not None:
        yield Broken(("market",), NOT_YET, scenario["market"])


def _bank_faults(number: int, bank: Mapping[str, Any]) -> Iterator[Broken]:
    if bank.get("min_holding_ticks"):
        yield Broken(("banks", number, "min_holding_ticks"), NOT_YET, bank["min_holding_ticks"])
