"""Open one int64 arena row as named arrays, at no cost.

A *table* is a NamedTuple class whose fields are annotated with an axis (``PerBank``, ``PerPayment`` ...). All its
columns lie in one row of int64 words; a ``sizes`` array says how long each axis is. ``opener(Table)``
returns a function ``open_table(row, sizes)``:

* in Python it returns the NamedTuple of NumPy views of the row;
* inside a kernel it returns pointers to the row and to its sizes, and ``table.column`` becomes a pointer and a length
  only where it is used. Nothing is reference-counted, nothing unused is built, and every kernel that takes a table
  compiles as if it took a handful of integers. A column is less than an array (no slices, no negative index, no
  arithmetic), which keeps the code that LLVM gets small. The row must outlive the view; kernels get it as an argument.

Float columns are read from the same words as float64, narrow columns as int32, int16 or int8; kernels see narrow
numbers as int64.
"""

from __future__ import annotations

import ctypes
import operator
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from numba.core import cgutils, types
from numba.core.imputils import lower_builtin, lower_getattr, lower_getattr_generic
from numba.core.typing import signature
from numba.core.typing.templates import AbstractTemplate, AttributeTemplate, infer_getattr, infer_global
from numba.extending import intrinsic, models, register_model
from numba.np.numpy_support import from_dtype

from simcash_env.kernels._numba.jit import BOUNDSCHECK, PLAIN
from simcash_env.schema.layout import (
    FIXED_LENGTHS,
    ArgumentField,
    Column,
    Layout,
    argument_fields,
    layout_of,
    plain_argument_opener,
    plain_opener,
)

T = TypeVar("T", bound=tuple[Any, ...])


_LAYOUTS: dict[str, Layout] = {}


class ViewType(types.Type):
    """Numba's type of an opened table."""

    def __init__(self, table: str) -> None:
        self.table = table
        super().__init__(name=f"View({table})")


class ColumnType(types.Type):
    """Numba's type of one column: a pointer and a length. It knows ``column[i]``, assignment and ``shape[0]``.

    Attributes:
        element: type of an element in memory.
        value: type in which kernels read and write it: int64 for all signed integers.
        stride: elements from one to the next.
    """

    def __init__(self, element: Any, stride: int = 1) -> None:
        self.element = element
        self.value = types.int64 if isinstance(element, types.Integer) and element.signed else element
        self.stride = stride
        super().__init__(name=f"Column({element}, {stride})")


@register_model(ColumnType)
class _ColumnModel(models.StructModel):
    def __init__(self, dmm: Any, fe_type: ColumnType) -> None:
        super().__init__(dmm, fe_type, [("data", types.CPointer(fe_type.element)), ("size", types.int64)])


@infer_global(operator.getitem)
class _ReadElement(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        """Type of ``column[i]``."""
        if isinstance(args[0], ColumnType) and isinstance(args[1], types.Integer):
            return signature(args[0].value, args[0], types.int64)
        return None


@infer_global(operator.setitem)
class _WriteElement(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        """Type of ``column[i] = value``."""
        if isinstance(args[0], ColumnType) and isinstance(args[1], types.Integer):
            return signature(types.none, args[0], types.int64, args[0].value)
        return None


def element_pointer(context: Any, builder: Any, typ: ColumnType, column: Any, index: Any) -> Any:
    """Where an element of a column lies, without a check."""
    opened = cgutils.create_struct_proxy(typ)(context, builder, value=column)
    return builder.gep(opened.data, [builder.mul(index, index.type(typ.stride))])


def _checked_pointer(context: Any, builder: Any, typ: ColumnType, column: Any, index: Any) -> Any:
    """Where an element lies; no negative indices, and bounds are checked only with ``NUMBA_BOUNDSCHECK``."""
    opened = cgutils.create_struct_proxy(typ)(context, builder, value=column)
    if BOUNDSCHECK:  # pragma: no cover - test-bounds runs all tests of the engine so
        cgutils.do_boundscheck(context, builder, index, opened.size)
    return element_pointer(context, builder, typ, column, index)


@lower_builtin(operator.getitem, ColumnType, types.Integer)
def _lower_read(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    column = sig.args[0]
    return context.cast(
        builder, builder.load(_checked_pointer(context, builder, column, *args)), column.element, column.value
    )


@lower_builtin(operator.setitem, ColumnType, types.Integer, types.Number)
def _lower_write(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    column, (opened, index, value) = sig.args[0], args
    stored = context.cast(builder, value, column.value, column.element)
    if BOUNDSCHECK and column.value != column.element:  # pragma: no cover - machine code, as above
        read = context.cast(builder, stored, column.element, column.value)
        with cgutils.if_unlikely(builder, builder.icmp_signed("!=", read, value)):
            context.call_conv.return_user_exc(builder, OverflowError, (f"a number does not fit {column.element}",))
    builder.store(stored, _checked_pointer(context, builder, column, opened, index))
    return context.get_dummy_value()


@infer_getattr
class _ColumnAttribute(AttributeTemplate):
    key = ColumnType

    def resolve_shape(self, typ: ColumnType) -> Any:
        """Type of ``column.shape``."""
        return types.UniTuple(types.int64, 1)


@lower_getattr(ColumnType, "shape")
def _lower_shape(context: Any, builder: Any, typ: ColumnType, value: Any) -> Any:
    opened = cgutils.create_struct_proxy(typ)(context, builder, value=value)
    return context.make_tuple(builder, types.UniTuple(types.int64, 1), [opened.size])


@register_model(ViewType)
class _ViewModel(models.StructModel):
    """Where the row begins, and its sizes: two pointers, so that passing a table to a kernel costs nothing."""

    def __init__(self, dmm: Any, fe_type: ViewType) -> None:
        super().__init__(dmm, fe_type, [("data", types.CPointer(types.int64)), ("sizes", types.CPointer(types.int64))])


def _column_type(column: Column) -> ColumnType:
    return ColumnType(from_dtype(column.dtype), column.stride // column.dtype.itemsize)


@infer_getattr
class _ViewAttribute(AttributeTemplate):
    key = ViewType

    def generic_resolve(self, typ: ViewType, attr: str) -> Any:
        """Type of ``view.attr``."""
        column = _LAYOUTS[typ.table].columns.get(attr)
        return None if column is None else _column_type(column)


def _load_size(context: Any, builder: Any, view: Any, number: int) -> Any:
    """Load one of the row's sizes; no kernel writes them, so LLVM may load once and keep."""
    size = builder.load(builder.gep(view.sizes, [context.get_constant(types.intp, number)]))
    size.set_metadata("invariant.load", builder.module.add_metadata([]))
    return size


@lower_getattr_generic(ViewType)
def _lower_column(context: Any, builder: Any, typ: ViewType, value: Any, attr: str) -> Any:
    """Code of ``view.attr``: where the column begins, and its length."""
    layout = _LAYOUTS[typ.table]
    column = layout.columns[attr]
    view = cgutils.create_struct_proxy(typ)(context, builder, value=value)
    number, known = 2 * layout.axes.index(column.axis), layout.known_base(column.axis)
    length = FIXED_LENGTHS.get(column.axis)
    size = (
        _load_size(context, builder, view, number + 1) if length is None else context.get_constant(types.int64, length)
    )
    base = _load_size(context, builder, view, number) if known is None else context.get_constant(types.int64, known)
    first = builder.mul(size, context.get_constant(types.int64, column.rank)) if column.rank else None
    pointer = builder.gep(view.data, [builder.add(base, first) if first is not None else base])
    pointer = cgutils.pointer_add(builder, pointer, column.offset)
    opened = cgutils.create_struct_proxy(_column_type(column))(context, builder)
    opened.data = builder.bitcast(pointer, opened.data.type)
    opened.size = size
    return _value_of(opened)


def _value_of(struct: Any) -> Any:
    """The LLVM value of a struct."""
    return struct._getvalue()  # noqa: SLF001 - so Numba names it


def _compiled_opener(layout: Layout) -> Any:
    view_type = ViewType(layout.table)

    @intrinsic
    def open_view(typingctx: Any, row: Any, sizes: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            view = cgutils.create_struct_proxy(view_type)(context, builder)
            view.data = data_of(context, builder, signature.args[0], args[0]).data
            view.sizes = data_of(context, builder, signature.args[1], args[1]).data
            return _value_of(view)

        return view_type(row, sizes), codegen

    return open_view


def data_of(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """The struct behind an array or a column; both have ``data``."""
    proxy = cgutils.create_struct_proxy(kind) if isinstance(kind, ColumnType) else context.make_array(kind)
    return proxy(context, builder, value=value)


def plain_part(array: npt.NDArray[Any], start: int, size: int) -> npt.NDArray[Any]:
    """``size`` elements of a flat array from ``start`` on."""
    return array[start : start + size]


@intrinsic
def _compiled_part(typingctx: Any, array: Any, start: Any, size: Any) -> Any:
    """Like a slice, but a column: nothing is reference-counted. Takes a flat array or a column."""
    column_type = array if isinstance(array, ColumnType) else ColumnType(array.dtype)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        part = cgutils.create_struct_proxy(column_type)(context, builder)
        part.data = builder.gep(data_of(context, builder, signature.args[0], args[0]).data, [args[1]])
        part.size = args[2]
        return _value_of(part)

    return column_type(array, types.int64, types.int64), codegen


part = plain_part if PLAIN else _compiled_part


def plain_column_at(address: int, size: int) -> npt.NDArray[np.int64]:
    """``size`` int64 words that lie at an address and that somebody else keeps alive."""
    words: Any = ctypes.c_int64 * int(size)
    return np.ctypeslib.as_array(words.from_address(int(address)))


@intrinsic
def _compiled_column_at(typingctx: Any, address: Any, size: Any) -> Any:
    """The same as a column."""
    column_type = ColumnType(types.int64)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        column = cgutils.create_struct_proxy(column_type)(context, builder)
        column.data = builder.inttoptr(args[0], column.data.type)
        column.size = args[1]
        return _value_of(column)

    return column_type(types.int64, types.int64), codegen


column_at = plain_column_at if PLAIN else _compiled_column_at


def argument_opener(table: type[T]) -> Callable[[npt.NDArray[np.int64]], T]:
    """A function ``open_arguments(words)``: the NamedTuple that ``layout.pack_arguments`` wrote, arrays as columns.

    Boxing an array costs Numba about 0.1 microseconds a call, which is much where one call steps one copy: a caller
    that keeps its arrays hands over their addresses instead.
    """
    return plain_argument_opener(table) if PLAIN else _compiled_argument_opener(table)


class ArgumentsType(types.Type):
    """Numba's type of an opened table of arguments."""

    def __init__(self, table: Any) -> None:
        self.table = table
        super().__init__(name=f"Arguments({table.__module__}.{table.__qualname__})")


@register_model(ArgumentsType)
class _ArgumentsModel(models.StructModel):
    """Where the words begin: a kernel that takes the table gets one pointer, whatever the number of its fields."""

    def __init__(self, dmm: Any, fe_type: ArgumentsType) -> None:
        super().__init__(dmm, fe_type, [("words", types.CPointer(types.int64))])


def _argument_type(kind: Any) -> Any:
    """Numba's type of a field of arguments, or of a table of them."""
    if isinstance(kind, np.dtype):
        return ColumnType(from_dtype(kind))
    if kind in {int, float}:
        return types.int64 if kind is int else types.float64
    return ArgumentsType(kind)


def _argument_field(table: Any, name: str) -> ArgumentField | None:
    return next((field for field in argument_fields(table) if field.name == name), None)


@infer_getattr
class _ArgumentAttribute(AttributeTemplate):
    key = ArgumentsType

    def generic_resolve(self, typ: ArgumentsType, attr: str) -> Any:
        """Type of ``arguments.attr``."""
        field = _argument_field(typ.table, attr)
        return None if field is None else _argument_type(field.kind)


@lower_getattr_generic(ArgumentsType)
def _lower_argument(context: Any, builder: Any, typ: ArgumentsType, value: Any, attr: str) -> Any:
    """Code of ``arguments.attr``: load its words where it is used. No kernel writes them, so LLVM may load once."""
    field = _argument_field(typ.table, attr)
    assert field is not None
    words = cgutils.create_struct_proxy(typ)(context, builder, value=value).words

    def at(word: int) -> Any:
        return builder.gep(words, [context.get_constant(types.intp, word)])

    def load(word: int) -> Any:
        loaded = builder.load(at(word))
        loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
        return loaded

    kind = _argument_type(field.kind)
    if isinstance(kind, ArgumentsType):
        inner = cgutils.create_struct_proxy(kind)(context, builder)
        inner.words = at(field.word)
        return _value_of(inner)
    if isinstance(kind, ColumnType):
        column = cgutils.create_struct_proxy(kind)(context, builder)
        column.data = builder.inttoptr(load(field.word), column.data.type)
        column.size = load(field.word + 1)
        return _value_of(column)
    return load(field.word) if field.kind is int else builder.bitcast(load(field.word), context.get_value_type(kind))


def _compiled_argument_opener(table: type[Any]) -> Any:
    opened_type = ArgumentsType(table)

    @intrinsic
    def open_arguments(typingctx: Any, words: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            opened = cgutils.create_struct_proxy(opened_type)(context, builder)
            opened.words = data_of(context, builder, signature.args[0], args[0]).data
            return _value_of(opened)

        return opened_type(words), codegen

    return open_arguments


def opener(table: type[T]) -> Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64]], T]:
    """The opener for kernels; with the JIT off it is the plain one."""
    layout = layout_of(table)
    _LAYOUTS[layout.table] = layout
    return plain_opener(table) if PLAIN else _compiled_opener(layout)
