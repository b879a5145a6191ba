"""How a table of ``arrays.py`` lies in one row of 64-bit words, and how Python opens such a row by name.

A table is a NamedTuple class whose fields are annotated with an axis (``PerBank``, ``PerPayment`` ...). All its columns
lie in one row of int64; a ``sizes`` array says where each axis begins and how long it is. Float columns are the same 64
bits read as float64. Kernels open rows with ``kernels/_numba/views.py``.

The arguments of a step are described in the same way: a NamedTuple class with fields that are arrays, whole numbers,
floats or other such classes. ``pack_arguments`` writes them as words, and an opener reads them by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final, NamedTuple, TypeVar, get_args, get_type_hints

import numpy as np
import numpy.typing as npt

T = TypeVar("T", bound=tuple[Any, ...])

_INTERLEAVED: dict[type[Any], frozenset[str]] = {}

FIXED_LENGTHS: Final[Mapping[str, int]] = {"copy": 1}
"""Axes whose length never differs: kernels find their columns, and those of the axis behind them, by constants."""


def positions(table: str, names: Iterable[str]) -> Any:
    """Number the rows of a table in their order: ``positions("Row", ("a", "b")).b`` is 1.

    Kernels read the result as constants.

    Args:
        table: name of the NamedTuple class.
        names: of its rows, different identifiers.
    """
    listed = list(names)
    named_tuple: Any = NamedTuple  # the type checker asks for fields that are spelled out
    return named_tuple(table, [(name, int) for name in listed])(*range(len(listed)))


def interleaved(*axes: str) -> Callable[[type[T]], type[T]]:
    """Class decorator: what is known of one bank or payment lies together, so that a rule touches few cache lines.

    Other axes keep each column in one piece: they are read, filled and sorted column by column.

    Args:
        axes: whose columns are interleaved; all of the table without any.
    """

    def mark(table: type[T]) -> type[T]:
        hints = get_type_hints(table, include_extras=True)
        _INTERLEAVED[table] = frozenset(axes or (hint.__metadata__[0] for hint in hints.values()))
        return table

    return mark


WORD_BYTES: Final = 8


class Column(NamedTuple):
    """One column of a table: its axis, where it lies among the columns of the axis, its type."""

    axis: str
    rank: int  # place among the columns of the axis, where each of them lies in one piece
    offset: int  # bytes from the start of an interleaved element; the widest columns come first
    stride: int  # bytes from one element to the next
    element: str  # name of the NumPy type

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of an element in the row."""
        return np.dtype(self.element)

    @property
    def is_float(self) -> bool:
        """Whether elements are floats."""
        return self.dtype.kind == "f"


class NarrowColumn(np.ndarray[Any, np.dtype[Any]]):
    """A column of numbers narrower than a word. Elements are read as int64, as kernels read them; slices are views."""

    def __getitem__(self, key: Any) -> Any:
        """One element, or those of a list or a mask, as int64; a slice as it lies in the row."""
        found = super().__getitem__(key)
        if not isinstance(found, np.ndarray):
            return np.int64(found)
        return found if np.may_share_memory(found, self) else np.asarray(found, np.int64)


class Layout(NamedTuple):
    """How a table lies in a row: its axes in order, and every column."""

    table: str
    axes: tuple[str, ...]
    columns: dict[str, Column]
    words_per_axis: dict[str, int]  # words that one element of an axis takes, with all its columns

    def sizes(self, lengths: Mapping[str, int]) -> npt.NDArray[np.int64]:
        """The sizes array of a row: for every axis the word at which its columns begin, and its length."""
        for axis in FIXED_LENGTHS.keys() & self.axes:
            assert lengths[axis] == FIXED_LENGTHS[axis]
        counts, base = self.words_per_axis, 0
        sizes: list[int] = []
        for axis in self.axes:
            sizes += [base, lengths[axis]]
            base += counts[axis] * lengths[axis]
        return np.array(sizes, np.int64)

    def known_base(self, axis: str) -> int | None:
        """The word at which an axis begins in every row; None where that depends on lengths that differ."""
        counts, base = self.words_per_axis, 0
        for before in self.axes[: self.axes.index(axis)]:
            if before not in FIXED_LENGTHS:
                return None
            base += counts[before] * FIXED_LENGTHS[before]
        return base

    def lengths(self, sizes: npt.NDArray[np.int64]) -> dict[str, int]:
        """How long each axis is."""
        return dict(zip(self.axes, sizes[1::2].tolist(), strict=True))

    def width(self, sizes: npt.NDArray[np.int64]) -> int:
        """Words that one row takes."""
        counts, lengths = self.words_per_axis, self.lengths(sizes)
        return sum(counts[axis] * lengths[axis] for axis in self.axes)


@cache
def layout_of(table: type[Any]) -> Layout:
    """Read a table's layout from the annotations of its fields; axes come in order of first use.

    Columns narrower than a word lie in interleaved axes only, behind the wider ones, so that each begins at a multiple
    of its own size.
    """
    hints = {
        name: (hint.__metadata__[0], element_type(hint.__origin__))
        for name, hint in get_type_hints(table, include_extras=True).items()
    }
    axes = tuple(dict.fromkeys(axis for axis, _ in hints.values()))
    columns: dict[str, Column] = {}
    words: dict[str, int] = {}
    for axis in axes:
        own = {name: kind for name, (each, kind) in hints.items() if each == axis}
        words[axis] = -(-sum(kind.itemsize for kind in own.values()) // WORD_BYTES)
        if axis not in _INTERLEAVED.get(table, ()):
            assert {kind.itemsize for kind in own.values()} == {WORD_BYTES}
            columns |= {name: Column(axis, rank, 0, WORD_BYTES, own[name].name) for rank, name in enumerate(own)}
            continue
        stride, offset = words[axis] * WORD_BYTES, 0
        for name in sorted(own, key=lambda name: -own[name].itemsize):
            columns[name] = Column(axis, 0, offset, stride, own[name].name)
            offset += own[name].itemsize
    return Layout(table.__name__, axes, {name: columns[name] for name in hints}, words)


@cache
def _steps(table: Any) -> tuple[tuple[int, int, int, int, int, np.dtype[Any]], ...]:
    """Of each column: where sizes name its axis, its elements a word, rank, offset and stride in elements, type."""
    layout = layout_of(table)
    return tuple(
        (
            2 * layout.axes.index(column.axis),
            WORD_BYTES // column.dtype.itemsize,
            column.rank,
            column.offset // column.dtype.itemsize,
            column.stride // column.dtype.itemsize,
            column.dtype,
        )
        for column in layout.columns.values()
    )


def plain_opener(table: type[T]) -> Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64]], T]:
    """The opener for Python: NumPy views of the row by name; of many rows at once, columns run along the last axis."""
    columns = _steps(table)
    types = {each[-1] for each in columns}

    def open_plain(row: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]) -> T:
        numbers = sizes.tolist()
        rows = {dtype: row.view(dtype) for dtype in types}
        views = []
        for axis, per_word, rank, offset, step, dtype in columns:
            count = numbers[axis + 1]
            start = numbers[axis] * per_word + rank * count + offset
            view = rows[dtype][..., start : start + count * step : step]
            views.append(view if per_word == 1 else view.view(NarrowColumn))
        return table(*views)

    return open_plain


class ArgumentField(NamedTuple):
    """One field of a table of arguments: a column of its own type, a number, or another such table."""

    name: str
    kind: Any  # np.dtype of an array, int, float, or a NamedTuple class
    word: int  # where it begins among the words of the arguments
    words: int  # an array takes two, its address and its length


@cache
def argument_fields(table: type[Any], first: int = 0) -> tuple[ArgumentField, ...]:
    """The fields of a NamedTuple class of arguments, from its annotations; ``first`` is the word where it begins."""
    fields = []
    hints: dict[str, Any] = get_type_hints(table)
    for name, hint in hints.items():
        kind: Any = hint
        if hint in {int, float}:
            words = 1
        elif hasattr(hint, "_fields"):
            words = num_words(kind)
        else:
            kind, words = element_type(hint), 2
        fields.append(ArgumentField(name, kind, first, words))
        first += words
    return tuple(fields)


def num_words(table: Any) -> int:
    """How many words ``pack_arguments`` writes."""
    return sum(field.words for field in argument_fields(table))


def element_type(hint: Any) -> np.dtype[Any]:
    """Type of the elements of an annotated array.

    ``NDArray[T]`` stands for ``ndarray[shape, dtype[T]]`` up to NumPy 2.4; from 2.5 on it is an alias with argument T.
    """
    last = get_args(hint)[-1]
    found: np.dtype[Any] = np.dtype((get_args(last) or (last,))[0])
    return found


def pack_arguments(arguments: Any) -> npt.NDArray[np.int64]:
    """Arguments as words: addresses and lengths of arrays, which the caller keeps alive, and numbers.

    Raises:
        ValueError: an array that is not of its type, or does not lie in one piece.
    """
    return np.array(list(_words(arguments)), np.int64)


class PackedCall:
    """The arguments of an entry as one array of words: boxing every array would cost more than a small step.

    Keeps the arrays alive, and the words by which the kernel finds them.

    Args:
        call: arguments, a NamedTuple.
    """

    def __init__(self, call: Any) -> None:
        self._call = call
        self.words: npt.NDArray[np.int64] = pack_arguments(call)
        self.address: int = self.words.__array_interface__["data"][0]


def _words(arguments: Any) -> Iterator[int]:
    table: Any = type(arguments)
    for field in argument_fields(table):
        value = getattr(arguments, field.name)
        if isinstance(field.kind, np.dtype):
            if not isinstance(value, np.ndarray) or value.dtype != field.kind or not value.flags.c_contiguous:
                found = f"{value.dtype} {value.strides}" if isinstance(value, np.ndarray) else repr(value)
                place = f"{type(arguments).__name__}.{field.name}"
                message = f"{place}: needs an array of {field.kind} that lies in one piece, got {found}"
                raise ValueError(message)
            yield value.__array_interface__["data"][0]
            yield value.size
        elif field.kind is int:
            yield int(value)
        elif field.kind is float:
            yield int(np.array([value], np.float64).view(np.int64)[0])
        else:
            yield from _words(value)


def plain_argument_opener(table: type[T]) -> Callable[[npt.NDArray[np.int64]], T]:
    """The opener of packed arguments for Python."""

    def open_from(words: npt.NDArray[np.int64], kind: Any, first: int) -> Any:
        values: list[Any] = []
        for field in argument_fields(kind, first):
            if isinstance(field.kind, np.dtype):
                element: Any = np.ctypeslib.as_ctypes_type(field.kind)
                address, size = int(words[field.word]), int(words[field.word + 1])
                values.append(np.ctypeslib.as_array((element * size).from_address(address)))
            elif field.kind is int:
                values.append(int(words[field.word]))
            elif field.kind is float:
                values.append(float(words[field.word : field.word + 1].view(np.float64)[0]))
            else:
                values.append(open_from(words, field.kind, field.word))
        return kind(*values)

    return lambda words: open_from(words, table, 0)
