"""``@kernel``: Numba's ``njit`` with a cache that sees an edit anywhere in the rules.

Numba's own cache watches only the file of the function itself, so a changed callee elsewhere would go unseen
(numba#1833). Here the cache folder is named by the digest of every source a kernel can reach.

With ``NUMBA_DISABLE_JIT=1`` a kernel is the plain function; ``wrapping_kernel`` then also silences NumPy's
overflow warning, since those functions compute modulo 2**64 on purpose.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any, Final, TypeVar

import numba
import numpy as np

from simcash_env.kernels._numba import compilers, notice

F = TypeVar("F")

PACKAGE: Final = Path(__file__).resolve().parents[2]
PLAIN: Final = bool(numba.config.DISABLE_JIT)
"""True where kernels run as plain Python."""
SOURCES: Final = ("schema", "kernels", "agents")
"""Folders whose files compiled code may depend on."""
BOUNDSCHECK: Final = bool(numba.config.BOUNDSCHECK)
"""True where every index is checked (``NUMBA_BOUNDSCHECK=1``)."""


def source_digest() -> str:
    """Digest of all sources that compiled code depends on: all files of ``SOURCES``."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {numba.__version__} {np.__version__} {BOUNDSCHECK}".encode())
    for source in (path for folder in SOURCES for path in sorted((PACKAGE / folder).rglob("*.py"))):
        digest.update(source.relative_to(PACKAGE).as_posix().encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Where compiled kernels are kept: ``SIMCASH_CACHE_DIR``, else the user's cache folder, else a temporary one.

    What plain ``njit`` compiled lies in a folder of its own.
    """
    configured = os.environ.get("SIMCASH_CACHE_DIR") or os.environ.get("NUMBA_CACHE_DIR")
    base = Path(configured) if configured else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "simcash_env" / (source_digest() + ("" if compilers.LINKING else "-njit"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return Path(tempfile.gettempdir()) / f"simcash_env-{os.getuid() if hasattr(os, 'getuid') else 0}" / folder.name


@functools.cache
def _folder() -> str:
    return str(cache_folder())


def _settle_argument_types(dispatcher: Any) -> Any:
    """Compile once for int64 where Numba would compile again for every constant that a kernel is called with."""
    compiler: Any = getattr(dispatcher, "_compiler", None)
    fold = getattr(compiler, "fold_argument_types", None)
    if fold is None:
        _warn_of_missing(
            "_compiler.fold_argument_types", "kernels are compiled again for constants they are called with"
        )
        return dispatcher

    def fold_widened(args: Any, kws: Any) -> Any:
        signature, folded = fold(args, kws)
        return signature, tuple(numba.types.unliteral(argument) for argument in folded)

    compiler.fold_argument_types = fold_widened
    return dispatcher


@functools.cache
def _warn_of_missing(attribute: str, consequence: str) -> None:
    """Warn once that this release of Numba has no such attribute of a dispatcher."""
    _warn(f"Numba {numba.__version__}: a dispatcher has no {attribute}: {consequence}; results are the same")


_Dispatcher: Any = object if PLAIN else type(numba.njit(source_digest))


class RuleDispatcher(_Dispatcher):
    """Numba's dispatcher of a rule. It has no wrapper for Python, and a call without one would end the process."""

    def __call__(self, *_: Any, **__: Any) -> Any:
        """Reject a call from Python; compiled callers do not come here.

        Raises:
            TypeError: always.
        """
        name = f"{self.py_func.__module__}.{self.py_func.__name__}"
        message = f"{name}: a compiled kernel is called by kernels only; with NUMBA_DISABLE_JIT=1 Python can call it"
        raise TypeError(message)


def kernel(function: F) -> F:
    """A rule: compiled on first use, called by other kernels only (what Python never calls needs no wrapper)."""
    return _compile_rule(function, forceinline=False)


def inlined(function: F) -> F:
    """A small rule that runs for every bank or payment: written into its callers, where nothing is looked up twice."""
    return _compile_rule(function, forceinline=True)


def _compile_rule(function: F, *, forceinline: bool) -> F:
    options = {"nogil": True, "error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    compiled: Any = numba.njit(forceinline=forceinline, **compilers.RULE_OPTIONS, **options)(function)
    if PLAIN:
        return compiled
    compiled.__class__ = RuleDispatcher
    return _settle_argument_types(compiled)


def entry(function: F) -> F:
    """A kernel that Python calls: what is kept in the cache, with all rules that it calls."""
    compiled: Any = _compile_whole(function)
    if PLAIN:
        return compiled
    _ENTRIES.append(compiled)
    return _settle_argument_types(_watch_cache(compiled))


def compile_unit(function: Any) -> Any:
    """Numba's dispatcher of a unit (``units.py``): kept in the cache like an entry, and called by entries only."""
    return _watch_cache(_compile_whole(function, no_cpython_wrapper=True, no_cfunc_wrapper=True))


def _compile_whole(function: Any, **options: bool) -> Any:
    """What is linked with all rules that it calls, and kept in the cache."""
    previous = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = _folder()
    try:
        kept: Any = {"cache": True, "nogil": True, "error_model": "numpy", **options}
        return numba.njit(**compilers.ENTRY_OPTIONS, **kept)(function)
    finally:
        numba.config.CACHE_DIR = previous


_ENTRIES: Final[list[Any]] = []


def entries() -> tuple[Any, ...]:
    """Every entry that was defined in this process, as Numba's dispatcher; none where nothing is compiled."""
    return tuple(_ENTRIES)


def _watch_cache(dispatcher: Any) -> Any:
    """Announce a compilation; a cache that cannot be written or read is a warning, and the kernel is compiled."""
    cache = getattr(dispatcher, "_cache", None)
    save, load = getattr(cache, "save_overload", None), getattr(cache, "load_overload", None)
    if cache is None or save is None or load is None:
        _warn_of_missing("_cache.save_overload or _cache.load_overload", "a damaged cache is an error")
        return dispatcher

    def save_if_possible(*arguments: Any) -> None:
        try:
            save(*arguments)
        except OSError as error:
            _warn(f"{cache.cache_path}: compiled kernels cannot be kept there: {error.strerror or error}")

    def load_if_possible(*arguments: Any) -> Any:
        try:
            found = load(*arguments)
        except Exception as error:  # noqa: BLE001 - whatever unpickling half a file may raise
            cache.flush()
            reason = f"{type(error).__name__}: {error}"
            _warn(f"{cache.cache_path}: the cached kernel is damaged and is compiled again: {reason}")
            found = None
        if found is None:
            notice.announce()
        return found

    cache.save_overload, cache.load_overload = save_if_possible, load_if_possible
    return dispatcher


def _warn(message: str) -> None:
    warnings.warn(message, RuntimeWarning, stacklevel=2)


def wrapping_kernel(function: F) -> F:
    """A kernel whose integer arithmetic is modulo 2**64 by design."""
    if PLAIN:
        return np.errstate(over="ignore")(function)  # type: ignore[type-var]
    return kernel(function)
