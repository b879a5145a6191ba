"""Whatever is put wherever in a scenario: it loads, or a list of faults says why not. Never another exception."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.errors import ConfigError
from tests.config.worlds import NATIVE, SIMCASH, Row, changed, faults

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=2),
    st.sampled_from(["A", "B", "fifo", "Fifo", "uniform", "tree", 0, 1, 10**400]),
    st.lists(st.integers(-1, 3), max_size=3),
    st.dictionaries(st.text(max_size=3) | st.integers(), st.none() | st.integers() | st.text(max_size=2), max_size=3),
    st.sampled_from(
        [{"type": None}, {"type": []}, {"type": {}}, {"type": "uniform"}, {"bps": {}}, {"mode": []}, [{}], [[]]]
    ),
)


def paths(value: Any, prefix: str = "") -> list[str]:
    """Every path in a scenario."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = []
    for step, inside in steps:
        found += [f"{prefix}{step}", *paths(inside, f"{prefix}{step}.")]
    return found


@pytest.mark.parametrize("scenario", [NATIVE, SIMCASH], ids=["native", "simcash"])
@given(data=st.data())
def test_damage_junk_anywhere_loads_or_is_refused_with_faults(scenario: Row, data: st.DataObject) -> None:
    damaged = scenario
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(paths(damaged)))
        if data.draw(st.booleans()):
            path += "." + data.draw(
                st.text(st.characters(codec="ascii", exclude_characters="."), min_size=1, max_size=4)
            )
        try:
            damaged = changed(damaged, path, data.draw(JUNK))
        except (TypeError, IndexError, AttributeError, KeyError):
            continue  # nothing can stand there
    assert loads(damaged) or faults(damaged)


def loads(scenario: Row) -> bool:
    """Can it be loaded? Any error but ours is a failure of the test."""
    try:
        return isinstance(load_scenario(scenario, notice=lambda _: None), ScenarioConfig)
    except ConfigError:
        return False
