"""Linking, its fallback to plain ``njit``, and the line that announces a compilation."""

import ast
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numba
import pytest
from numba.core.compiler import Compiler

import simcash_env.kernels._numba
from simcash_env.kernels._numba import compilers, notice
from simcash_env.kernels._numba import jit as _jit
from simcash_env.service import logs
from tests.sources import modules

ROOT = Path(__file__).resolve().parents[3]
LINE = "simcash_env: compiling, once per version"
TINY = """from simcash_env.kernels._numba.jit import entry, inlined, kernel

@inlined
def double(number):
    return 2 * number

@kernel
def quadruple(number):
    return double(double(number))

@entry
def eightfold(number):
    return double(quadruple(number))

@entry
def sixteenfold(number):
    return quadruple(quadruple(number))
"""

compiled_only = pytest.mark.skipif(_jit.PLAIN, reason="nothing is compiled")
linked_only = pytest.mark.skipif(_jit.PLAIN or compilers.LINKING is None, reason="kernels are not linked")


# -- calls from Python --------------------------------------------------------------------------------------------------


@compiled_only
@pytest.mark.parametrize("linking", ["0", "1"])
def test_kernel_called_from_python_raises_instead_of_crashing(run_tiny, linking):
    """Such a call ended the process with a segmentation fault, because rules have no wrapper for Python."""
    program = """
import tiny
for turn in range(2):
    for rule in (tiny.double, tiny.quadruple):
        try:
            rule(3)
        except TypeError as error:
            print(error)
    assert tiny.eightfold(3) == 24
"""
    lines = run_tiny(program, SIMCASH_LINKING=linking).stdout.splitlines()
    assert len(lines) == 4
    rule = "a compiled kernel is called by kernels only; with NUMBA_DISABLE_JIT=1 Python can call it"
    assert lines == [f"tiny.{name}: {rule}" for name in ("double", "quadruple")] * 2


# -- which compiler -----------------------------------------------------------------------------------------------------


@linked_only
def test_compilers_linking_passes_its_own_check():
    compilers.LINKING.check_linking()


@linked_only
def test_compilers_linking_check_finds_a_wrong_result(monkeypatch):
    monkeypatch.setattr(numba, "njit", lambda **_: lambda _: lambda *_: 384)
    with pytest.raises(ArithmeticError, match="the sum of the first ten squares is 385, got 384"):
        compilers.LINKING.check_linking()


@linked_only
def test_compilers_linking_check_finds_rules_that_are_not_linked(monkeypatch):
    monkeypatch.delattr(compilers.LINKING.EntryLibrary, "finalize")
    with pytest.raises(LookupError, match=r"an entry does not contain a rule that it reaches: .*add_square"):
        compilers.LINKING.check_linking()


@pytest.mark.parametrize("missing", ["codegen.JITCodeLibrary", "compiler.Compiler"])
def test_compilers_fallback_where_numba_lacks_a_class(monkeypatch, missing):
    monkeypatch.delenv("SIMCASH_LINKING", raising=False)
    monkeypatch.delitem(sys.modules, "simcash_env.kernels._numba.linking", raising=False)
    monkeypatch.delattr(simcash_env.kernels._numba, "linking", raising=False)
    monkeypatch.delattr(f"numba.core.{missing}")
    with pytest.warns(RuntimeWarning, match=r"Numba lacks .*: kernels are compiled by plain njit.*SIMCASH_LINKING=0"):
        assert compilers.load_linking() is None
    assert compilers.options_of("RuleCompiler", None) == {}


def test_compilers_fallback_where_the_check_fails():
    def check():
        message = "no such symbol"
        raise RuntimeError(message)

    broken = ModuleType("broken")
    vars(broken).update(check_linking=check, Compiler=lambda *arguments: ("plain", *arguments))
    make = compilers.options_of("EntryCompiler", broken)["pipeline_class"]
    with pytest.warns(RuntimeWarning, match=r"a test kernel .* failed \(RuntimeError: no such symbol\).*plain njit"):
        assert make(1, 2) == ("plain", 1, 2)
    assert make(3) == ("plain", 3)  # decided, and not warned of again


@compiled_only
def test_compilers_fallback_after_a_failed_check_compiles_right(run_tiny):
    program = """if True:
        import warnings
        from simcash_env.kernels._numba import linking
        del linking.EntryLibrary.finalize
        import tiny
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            print(tiny.eightfold(5), tiny.sixteenfold(5))
        print(*[str(each.message)[:34] for each in caught], sep="; ")
    """
    assert run_tiny(program, SIMCASH_LINKING="1").stdout.splitlines() == [
        "40 80",
        "a test kernel compiled by linking ",
    ]


@compiled_only
def test_compilers_fallback_and_linking_have_caches_of_their_own(run_tiny, tmp_path):
    for is_linking in ("0", "1"):
        program = "import tiny; print(tiny.eightfold(5), sum(tiny.eightfold.stats.cache_hits.values()))"
        assert run_tiny(program, "-W", "error", SIMCASH_LINKING=is_linking).stdout == "40 0\n"
        assert run_tiny(program, "-W", "error", SIMCASH_LINKING=is_linking).stdout == "40 1\n"
    folders = sorted(path.name for path in (tmp_path / "cache" / "simcash_env").iterdir())
    assert folders == [_jit.source_digest(), f"{_jit.source_digest()}-njit"]


def test_compilers_fallback_is_chosen_by_a_variable_without_a_warning(monkeypatch):
    monkeypatch.setenv("SIMCASH_LINKING", "0")
    assert compilers.load_linking() is None
    monkeypatch.setenv("SIMCASH_LINKING", "1")
    assert issubclass(compilers.load_linking().EntryCompiler, Compiler)


def test_compilers_fallback_variable_with_another_value_is_an_error(monkeypatch):
    monkeypatch.setenv("SIMCASH_LINKING", "no")
    with pytest.raises(ValueError, match="SIMCASH_LINKING: must be 0 or 1, got 'no'"):
        compilers.load_linking()


# -- private attributes of a dispatcher -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prepare", "attribute"),
    [(_jit._settle_argument_types, "_compiler.fold_argument_types"), (_jit._watch_cache, "_cache.save_overload")],
)
def test_compilers_dispatcher_without_a_private_attribute_warns_once(prepare, attribute):
    _jit._warn_of_missing.cache_clear()
    dispatcher = SimpleNamespace()
    with pytest.warns(RuntimeWarning, match=f"a dispatcher has no {attribute}.*results are the same"):
        assert prepare(dispatcher) is dispatcher
    assert prepare(dispatcher) is dispatcher
    _jit._warn_of_missing.cache_clear()


def test_every_compilation_goes_through_our_decorators():
    found = set()
    compilers = {"njit", "jit", "vectorize", "guvectorize", "cfunc"}
    for path in modules().values():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in compilers:
                found.add(path.name)
    assert found == {"jit.py", "linking.py"}


# -- the line that announces a compilation --------------------------------------------------------------------------------

BOTH = "import tiny; tiny.eightfold(5); tiny.sixteenfold(5)"


@compiled_only
def test_compile_notice_is_one_line_per_process_and_none_from_a_warm_cache(run_tiny):
    assert run_tiny("import tiny, simcash_env.agents.step, simcash_env.envs.vector").stderr == ""
    (line,) = run_tiny(BOTH, "-W", "error").stderr.splitlines()
    assert line.startswith(LINE)
    assert run_tiny(BOTH, "-W", "error").stderr == ""


@compiled_only
def test_compile_notice_is_left_out_by_a_variable(run_tiny):
    assert run_tiny(BOTH, SIMCASH_COMPILE_NOTICE="0").stderr == ""


@compiled_only
def test_compile_notice_is_left_out_by_quiet(run_tiny):
    quiet = "from simcash_env.cli.choices import leave_out_notice as leave_out; leave_out({}); "
    assert run_tiny(quiet.format(True) + BOTH).stderr == ""
    assert run_tiny("import shutil, os; shutil.rmtree(os.environ['SIMCASH_CACHE_DIR']); " + quiet.format(False) + BOTH).stderr.startswith(LINE)  # fmt: skip


@pytest.fixture
def notice_is_due(monkeypatch):
    monkeypatch.setattr(notice, "_is_due", True)
    monkeypatch.setattr(notice, "_write", notice.write_to_stderr)


def test_compile_notice_needs_no_stderr(notice_is_due, monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    notice.announce()


def test_compile_notice_of_the_service_is_a_line_of_its_log(notice_is_due, capsys):
    logs.take_over()
    notice.announce()
    notice.announce()
    (line,) = capsys.readouterr().err.splitlines()
    assert '"level": "info"' in line
    assert '"message": "compiling, once per version' in line
