"""Tables as kernels open them are the tables that Python opens: every column, every element, no two the same word."""

import numba
import numpy as np
import pytest

from simcash_env.kernels import tables
from simcash_env.kernels._numba.jit import BOUNDSCHECK, PLAIN
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.layout import FIXED_LENGTHS, layout_of, plain_opener

TABLES = {
    Scenario: tables.open_scenario,
    State: tables.open_state,
    Work: tables.open_work,
}
ALL = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)


def lengths_of(table):
    """A length of its own for every axis that may have any, none of them 0 or 1."""
    return {axis: 2 + place for place, axis in enumerate(layout_of(table).axes)} | FIXED_LENGTHS


def opened(table):
    """Row, sizes and columns of a table in which every word holds a number of its own."""
    layout = layout_of(table)
    sizes = layout.sizes(lengths_of(table))
    row = np.random.default_rng(1).integers(1, 2**62, layout.width(sizes))
    return row, sizes, plain_opener(table)(row, sizes)


@numba.njit
def read(column, flat, at):
    """Copy a column to ``flat`` from ``at`` on; returns the place behind it."""
    for i in range(column.shape[0]):
        flat[at + i] = column[i]
    return at + column.shape[0]


@numba.njit
def write(column, flat, at):
    """The same the other way."""
    for i in range(column.shape[0]):
        column[i] = flat[at + i]
    return at + column.shape[0]


@numba.njit
def past_the_end(column, flat, at):
    """Ask for an element that is not there."""
    flat[at] = column[column.shape[0]]
    return at


def kernel_of(table, verb):
    """A kernel that reads or writes every column of a table, field by field."""
    lines = ["def run(row, sizes, words, floats, lengths):", "    table = open_table(row, sizes)", "    at = 0"]
    for number, (name, column) in enumerate(layout_of(table).columns.items()):
        lines += [f"    lengths[{number}] = table.{name}.shape[0]"]
        lines += [f"    at = verb(table.{name}, {'floats' if column.is_float else 'words'}, at)"]
    names = {"open_table": TABLES[table], "verb": verb}
    exec("\n".join(lines), names)  # noqa: S102 - the table's own field names
    return numba.njit(names["run"])


def flat_columns(table, columns):
    """All elements, column behind column: as whole numbers, as floats, and the columns' lengths."""
    layout = layout_of(table)
    views = [getattr(columns, name) for name in layout.columns]
    is_float = [column.is_float for column in layout.columns.values()]
    words = [np.zeros(view.size, np.int64) if flag else view for view, flag in zip(views, is_float, strict=True)]
    floats = [view if flag else np.zeros(view.size) for view, flag in zip(views, is_float, strict=True)]
    return np.concatenate(words), np.concatenate(floats), np.array([view.size for view in views])


@ALL
def test_views_every_element_that_a_kernel_reads_is_the_one_of_the_plain_view(table):
    row, sizes, columns = opened(table)
    wanted = flat_columns(table, columns)
    found = [np.zeros_like(array) for array in wanted]
    kernel_of(table, read)(row, sizes, *found)
    for ours, plain in zip(found, wanted, strict=True):
        assert np.array_equal(ours, plain)


@ALL
def test_views_every_element_that_a_kernel_writes_is_the_one_of_the_plain_view(table):
    row, sizes, columns = opened(table)
    lengths = np.zeros(len(columns), np.int64)
    numbers = np.arange(1, 1 + sum(view.size for view in columns)) % 100
    row[:] = -1
    kernel_of(table, write)(row, sizes, numbers, numbers * 0.5, lengths)
    at = 0
    for name, column in layout_of(table).columns.items():
        view = getattr(columns, name)
        wanted = numbers[at : at + view.size]
        assert np.array_equal(view, wanted * 0.5 if column.is_float else wanted), name
        at += view.size
    assert lengths.tolist() == [view.size for view in columns]


@ALL
def test_views_no_two_columns_share_a_byte_and_less_than_a_word_of_an_element_is_left_over(table):
    row, _, columns = opened(table)
    layout, lengths = layout_of(table), lengths_of(table)
    row[:] = 0
    for view in columns:
        assert not view.view(np.ndarray).view(f"i{view.itemsize}").any()
        view.view(np.ndarray).view(f"i{view.itemsize}")[:] = -1
    filled = np.count_nonzero(row.view(np.int8))
    assert filled == sum(view.size * view.itemsize for view in columns)
    for axis, words in layout.words_per_axis.items():
        used = sum(column.dtype.itemsize for column in layout.columns.values() if column.axis == axis)
        assert 0 <= words * 8 - used < 8, axis
    assert len(row) * 8 - filled < 8 * sum(lengths.values())


@ALL
def test_views_columns_are_as_long_as_their_axes(table):
    _, _, columns = opened(table)
    lengths = lengths_of(table)
    for name, column in layout_of(table).columns.items():
        assert getattr(columns, name).size == lengths[column.axis], name
        assert getattr(columns, name).dtype == column.dtype, name


@ALL
def test_views_sizes_tell_lengths_and_width_again(table):
    layout, lengths = layout_of(table), lengths_of(table)
    sizes = layout.sizes(lengths)
    assert layout.lengths(sizes) == lengths
    assert layout.width(sizes) == sum(lengths[axis] * words for axis, words in layout.words_per_axis.items())


@ALL
def test_views_table_of_many_rows_opens_with_its_rows_before(table):
    row, sizes, columns = opened(table)
    many = plain_opener(table)(np.stack([row, row[::-1]]), sizes)
    reversed_columns = plain_opener(table)(row[::-1].copy(), sizes)
    for name in layout_of(table).columns:
        both = getattr(many, name)
        assert both.shape == (2, getattr(columns, name).size)
        assert np.array_equal(both[0], getattr(columns, name)), name
        assert np.array_equal(both[1], getattr(reversed_columns, name)), name


@ALL
def test_views_axis_of_no_length_takes_no_room(table):
    layout = layout_of(table)
    lengths = lengths_of(table) | {layout.axes[-1]: 0}
    sizes = layout.sizes(lengths)
    columns = plain_opener(table)(np.arange(layout.width(sizes)), sizes)
    for name, column in layout.columns.items():
        assert getattr(columns, name).size == lengths[column.axis], name


@pytest.mark.skipif(not (BOUNDSCHECK or PLAIN), reason="compiled kernels check no index unless asked to")
@ALL
def test_views_index_past_a_columns_end_is_caught_where_indices_are_checked(table):
    row, sizes, columns = opened(table)
    numbers = np.zeros(1, np.int64)
    with pytest.raises(IndexError):
        kernel_of(table, past_the_end)(row, sizes, numbers, numbers * 0.5, np.zeros(len(columns), np.int64))


def test_views_element_of_a_narrow_column_is_a_whole_word_and_a_slice_is_a_view():
    _, _, columns = opened(State)
    columns.pay_priority[:] = 100
    assert columns.pay_priority.dtype == np.int8
    assert columns.pay_priority[0] * 1_000 == 100_000
    assert columns.pay_priority[[0, 1]].dtype == np.int64
    columns.pay_priority[:1][0] = 7
    assert columns.pay_priority[0] == 7


@pytest.mark.skipif(not BOUNDSCHECK, reason="compiled kernels check no number unless asked to")
def test_views_number_too_large_for_a_narrow_column_is_caught_where_indices_are_checked():
    row, sizes, columns = opened(State)
    count = sum(view.size for view in columns)
    with pytest.raises(OverflowError, match="does not fit int"):
        kernel_of(State, write)(row, sizes, np.full(count, 2**40), np.zeros(count), np.zeros(len(columns), np.int64))
