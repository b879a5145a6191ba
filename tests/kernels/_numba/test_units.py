"""Units: compiled on their own, shared by entries, loaded at the first call."""

import gc
from pathlib import Path

import pytest
from numba.core import types

from simcash_env.agents.tables import I32, Window
from simcash_env.kernels import tick
from simcash_env.kernels._numba import compilers, jit, units
from simcash_env.kernels._numba.views import ArgumentsType, ColumnType, ViewType
from simcash_env.schema.arrays import State

ROOT = Path(__file__).resolve().parents[3]
TINY = """from simcash_env.kernels._numba.jit import entry, inlined, kernel
from simcash_env.kernels._numba.units import unit
from simcash_env.kernels._numba.views import part
from simcash_env.schema.arrays import I64

@kernel
def double(number):
    return 2 * number

@unit
def quadruple(number: int) -> int:
    return double(double(number))

@unit
def add_all(numbers: I64, weight: float) -> float:
    total = 0.0
    for at in range(numbers.shape[0]):
        total += weight * numbers[at]
    return total

@unit
def halves(number: int) -> tuple[int, int]:
    return number // 2, number - number // 2

@unit
def is_even(number: int) -> bool:
    if number < 0:
        raise ValueError("number: must not be negative")
    return number % 2 == 0

@unit
def write_first(numbers: I64, number: int) -> None:
    numbers[0] = number

@entry
def eightfold(number):
    return double(quadruple(number))

@entry
def sixteenfold(number):
    return quadruple(quadruple(number))

@entry
def weigh(numbers):
    write_first(part(numbers, 0, 2), 10)
    first, second = halves(7)
    return add_all(part(numbers, 0, numbers.shape[0]), 0.5) + first - second

@entry
def check(number):
    return is_even(number)
"""

unit_only = pytest.mark.skipif(jit.PLAIN or compilers.LINKING is None, reason="no rule is a unit")


def test_units_arguments_and_results_of_every_kind(run_tiny):
    program = """if True:
        import numpy as np, tiny
        numbers = np.array([1, 2, 3])
        print(tiny.eightfold(5), tiny.sixteenfold(5), tiny.weigh(numbers), numbers[0], tiny.check(4), tiny.check(5))
        try:
            tiny.check(-1)
        except ValueError as error:
            print(error)
    """
    expected = ["40 80 6.5 10 True False", "number: must not be negative"]
    assert run_tiny(program).stdout.splitlines() == expected
    assert run_tiny(program, SIMCASH_LINKING="0").stdout.splitlines() == expected
    assert run_tiny(program, NUMBA_DISABLE_JIT="1").stdout.splitlines() == expected


@unit_only
def test_units_are_loaded_when_first_called_and_then_shared_and_kept(run_tiny):
    program = """if True:
        import tiny
        from simcash_env.kernels._numba.units import units
        of = {unit.symbol: unit for unit in units()}
        quadruple = of["tiny.quadruple"]
        print(quadruple.is_loaded, tiny.eightfold(5), quadruple.is_loaded, tiny.sixteenfold(5), sep="; ")
        stats = quadruple.dispatcher.stats
        print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()), of["tiny.halves"].is_loaded)
    """
    assert run_tiny(program).stdout.splitlines() == ["False; 40; True; 80", "0 1 False"]
    assert run_tiny(program).stdout.splitlines() == ["False; 40; True; 80", "1 0 False"]


@unit_only
def test_units_entry_from_the_cache_finds_a_unit_that_is_compiled_again(run_tiny, tmp_path):
    program = "import tiny; print(tiny.eightfold(5), sum(tiny.eightfold.stats.cache_hits.values()))"
    assert run_tiny(program).stdout == "40 0\n"
    for file in (tmp_path / "cache").rglob("*quadruple*"):
        file.unlink()
    assert run_tiny(program).stdout == "40 1\n"


@unit_only
def test_units_interrupt_while_loading_comes_after_the_call(run_tiny):
    program = """if True:
        import time, tiny
        from simcash_env.kernels._numba.units import Unit, units
        load, calls = Unit.load, []

        def interrupted(unit):
            calls.append(unit)
            if len(calls) == 1:
                raise KeyboardInterrupt
            load(unit)

        Unit.load = interrupted
        try:
            print(tiny.eightfold(5), flush=True)
            for _ in range(3_000):  # one long sleep would end before Python handles what came during the call
                time.sleep(0.01)
        except KeyboardInterrupt:
            print("interrupted", len(calls))
    """
    assert run_tiny(program).stdout.splitlines()[-1] == "interrupted 2"


@unit_only
def test_units_process_ends_where_a_unit_cannot_be_loaded_in_a_call(run_tiny):
    program = """if True:
        import tiny
        from simcash_env.kernels._numba.units import Unit
        def load(unit):
            raise LookupError(unit.symbol)
        Unit.load = load
        tiny.eightfold(5)
        print("went on")
    """
    done = run_tiny(program, expected=units.FAILED)
    assert done.stdout == ""
    assert "LookupError: tiny.quadruple" in done.stderr


@unit_only
def test_units_without_an_address_are_an_error(monkeypatch):
    assert tick.open_tick.py_func.__name__ == "open_tick"
    unit = next(unit for unit in units.units() if unit.symbol.endswith(".open_tick"))
    unit.load()
    (compiled,) = unit.dispatcher.overloads.values()
    monkeypatch.setattr(compiled.library, "get_pointer_to_function", lambda _: 0)
    with pytest.raises(LookupError, match=f"{unit.symbol}: Numba does not know the address"):
        unit.load()


@unit_only
def test_units_send_an_interrupt_again():
    with pytest.raises(KeyboardInterrupt):
        units.signal_interrupt()
        for _ in range(1_000_000):
            pass


def triple(number: int) -> int:
    return 3 * number


def test_units_are_plain_functions_where_nothing_is_compiled(monkeypatch):
    monkeypatch.setattr(jit, "PLAIN", True)
    assert units.unit(triple) is triple
    assert triple(2) == 6


@pytest.mark.skipif(jit.PLAIN, reason="nothing is compiled")
def test_units_are_rules_where_rules_are_not_linked(monkeypatch):
    monkeypatch.setattr(compilers, "LINKING", None)
    before = units.units()
    rule = units.unit(triple)
    assert type(rule) is jit.RuleDispatcher
    assert rule.py_func is triple
    assert units.units() == before


def test_units_types_follow_from_annotations():
    assert units.numba_type(int) == types.int64
    assert units.numba_type(float) == types.float64
    assert units.numba_type(bool) == types.boolean
    assert units.numba_type(type(None)) == types.none
    assert units.numba_type(tuple[int, int]) == types.UniTuple(types.int64, 2)
    assert units.numba_type(State) == ViewType("State")
    assert units.numba_type(Window) == ArgumentsType(Window)
    assert units.numba_type(I32) == ColumnType(types.int32)


@unit_only
@pytest.mark.parametrize("is_enabled", [True, False])
def test_linking_leaves_the_garbage_collector_as_it_was(is_enabled):
    was_enabled = gc.isenabled()
    try:
        (gc.enable if is_enabled else gc.disable)()
        compilers.LINKING.check_linking()
        assert gc.isenabled() is is_enabled
    finally:
        (gc.enable if was_enabled else gc.disable)()
