"""Open one int64 arena row as named arrays, at no cost.

A *table* is a NamedTuple class whose fields are annotated with an axis (``PerBank``, ``PerPayment`` ...). All its
columns lie behind one another in one row of int64; a ``sizes`` array says how long each axis is. ``opener(Table)``
returns a function ``open_table(row, sizes)``:

* in Python it returns the NamedTuple of NumPy views of the row;
* inside a kernel it returns a struct of a pointer and the axis sizes, and ``table.column`` becomes a pointer and a length only
  where it is used. Nothing is reference-counted, nothing unused is built, and every kernel that takes a table
  compiles as if it took a handful of integers. A column is less than an array (no slices, no negative index, no
  arithmetic), which keeps the code that LLVM gets small. The row must outlive the view; kernels get it as an argument.

Float columns are the same 64 bits read as float64.
"""

from __future__ import annotations

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

from simcash_env.kernels._jit import BOUNDSCHECK, PLAIN
from simcash_env.layout import Layout, layout_of, plain_opener

T = TypeVar("T", bound=tuple[Any, ...])


_LAYOUTS: dict[str, Layout] = {}


class ViewType(types.Type):  # type: ignore[misc]
    """Numba's type of an opened table."""

    def __init__(self, table: str) -> None:
        self.table = table
        super().__init__(name=f"View({table})")


class ColumnType(types.Type):  # type: ignore[misc]
    """Numba's type of one column: a pointer and a length. It knows ``column[i]``, assignment and ``shape[0]``."""

    def __init__(self, is_float: bool) -> None:
        self.element = types.float64 if is_float else types.int64
        super().__init__(name=f"Column({self.element})")


@register_model(ColumnType)
class _ColumnModel(models.StructModel):  # type: ignore[misc]
    def __init__(self, dmm: Any, fe_type: ColumnType) -> None:
        super().__init__(dmm, fe_type, [("data", types.CPointer(fe_type.element)), ("size", types.int64)])


@infer_global(operator.getitem)
class _ReadElement(AbstractTemplate):  # type: ignore[misc]
    def generic(self, args: Any, kws: Any) -> Any:  # noqa: ARG002 - the signature Numba asks for
        """Type of ``column[i]``."""
        if isinstance(args[0], ColumnType) and isinstance(args[1], types.Integer):
            return signature(args[0].element, args[0], types.int64)
        return None


@infer_global(operator.setitem)
class _WriteElement(AbstractTemplate):  # type: ignore[misc]
    def generic(self, args: Any, kws: Any) -> Any:  # noqa: ARG002 - the signature Numba asks for
        """Type of ``column[i] = value``."""
        if isinstance(args[0], ColumnType) and isinstance(args[1], types.Integer):
            return signature(types.none, args[0], types.int64, args[0].element)
        return None


def _element_pointer(context: Any, builder: Any, typ: ColumnType, column: Any, index: Any) -> Any:
    """Where an element lies; no negative indices, and a check of the bounds only where Numba is asked for one."""
    opened = cgutils.create_struct_proxy(typ)(context, builder, value=column)
    if BOUNDSCHECK:
        cgutils.do_boundscheck(context, builder, index, opened.size)
    return builder.gep(opened.data, [index])


@lower_builtin(operator.getitem, ColumnType, types.Integer)
def _lower_read(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.load(_element_pointer(context, builder, sig.args[0], args[0], args[1]))


@lower_builtin(operator.setitem, ColumnType, types.Integer, types.Number)
def _lower_write(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    builder.store(args[2], _element_pointer(context, builder, sig.args[0], args[0], args[1]))
    return context.get_dummy_value()


@infer_getattr
class _ColumnAttribute(AttributeTemplate):  # type: ignore[misc]
    key = ColumnType

    def resolve_shape(self, typ: ColumnType) -> Any:  # noqa: ARG002 - the signature Numba asks for
        """Type of ``column.shape``."""
        return types.UniTuple(types.int64, 1)


@lower_getattr(ColumnType, "shape")
def _lower_shape(context: Any, builder: Any, typ: ColumnType, value: Any) -> Any:
    opened = cgutils.create_struct_proxy(typ)(context, builder, value=value)
    return context.make_tuple(builder, types.UniTuple(types.int64, 1), [opened.size])


@register_model(ViewType)
class _ViewModel(models.StructModel):  # type: ignore[misc]
    """A pointer to the row, then the first word and the size of every axis."""

    def __init__(self, dmm: Any, fe_type: ViewType) -> None:
        members: list[tuple[str, Any]] = [("data", types.CPointer(types.int64))]
        for number in range(len(_LAYOUTS[fe_type.table].axes)):
            members += [(f"base_{number}", types.int64), (f"size_{number}", types.int64)]
        super().__init__(dmm, fe_type, members)


@infer_getattr
class _ViewAttribute(AttributeTemplate):  # type: ignore[misc]
    key = ViewType

    def generic_resolve(self, typ: ViewType, attr: str) -> Any:
        """Type of ``view.attr``."""
        column = _LAYOUTS[typ.table].columns.get(attr)
        return None if column is None else ColumnType(column.is_float)


@lower_getattr_generic(ViewType)
def _lower_column(context: Any, builder: Any, typ: ViewType, value: Any, attr: str) -> Any:
    """Code of ``view.attr``: where the column begins, and its length."""
    layout = _LAYOUTS[typ.table]
    column = layout.columns[attr]
    view = cgutils.create_struct_proxy(typ)(context, builder, value=value)
    number = layout.axes.index(column.axis)
    base, size = getattr(view, f"base_{number}"), getattr(view, f"size_{number}")
    rank = context.get_constant(types.int64, column.rank)
    pointer = builder.gep(view.data, [builder.add(base, builder.mul(size, rank))])
    opened = cgutils.create_struct_proxy(ColumnType(column.is_float))(context, builder)
    opened.data = builder.bitcast(pointer, opened.data.type)
    opened.size = size
    return opened._getvalue()


def _compiled_opener(layout: Layout) -> Any:
    view_type = ViewType(layout.table)
    counts = layout.columns_per_axis()

    @intrinsic  # type: ignore[untyped-decorator]
    def open_view(typingctx: Any, row: Any, sizes: Any) -> Any:  # noqa: ARG001 - the signature Numba asks for
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            row_array = context.make_array(signature.args[0])(context, builder, args[0])
            sizes_array = context.make_array(signature.args[1])(context, builder, args[1])
            view = cgutils.create_struct_proxy(view_type)(context, builder)
            view.data = row_array.data
            base = context.get_constant(types.int64, 0)
            for number, axis in enumerate(layout.axes):
                where = builder.gep(sizes_array.data, [context.get_constant(types.intp, number)])
                size = builder.load(where)
                setattr(view, f"base_{number}", base)
                setattr(view, f"size_{number}", size)
                base = builder.add(base, builder.mul(size, context.get_constant(types.int64, counts[axis])))
            return view._getvalue()

        return view_type(row, sizes), codegen

    return open_view


def opener(table: type[T]) -> Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64]], T]:
    """The opener for kernels; with the JIT off it is the plain one."""
    layout = layout_of(table)
    _LAYOUTS[layout.table] = layout
    return plain_opener(table) if PLAIN else _compiled_opener(layout)  # type: ignore[no-any-return]
