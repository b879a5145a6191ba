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
    row = np.arange(1_000, 1_000 + layout.width(sizes), dtype=np.int64)
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
    numbers, lengths = np.arange(1, len(row) + 1), np.zeros(len(columns), np.int64)
    row[:] = -1
    kernel_of(table, write)(row, sizes, numbers, numbers * 0.5, lengths)
    at = 0
    for name, column in layout_of(table).columns.items():
        view = getattr(columns, name)
        wanted = numbers[at : at + view.size]
        assert np.array_equal(view, wanted * 0.5 if column.is_float else wanted), name
        at += view.size
    assert lengths.tolist() == [view.size for view in columns]
    assert at == len(row), "every word of the row belongs to a column"


@ALL
def test_views_no_two_columns_share_a_word_and_none_is_left_over(table):
    row, _, columns = opened(table)
    assert sorted(np.concatenate([view.view(np.int64) for view in columns]).tolist()) == row.tolist()


@ALL
def test_views_columns_are_as_long_as_their_axes(table):
    _, _, columns = opened(table)
    lengths = lengths_of(table)
    for name, column in layout_of(table).columns.items():
        assert getattr(columns, name).size == lengths[column.axis], name
        assert getattr(columns, name).dtype == (np.float64 if column.is_float else np.int64), name


@ALL
def test_views_sizes_tell_lengths_and_width_again(table):
    layout, lengths = layout_of(table), lengths_of(table)
    sizes = layout.sizes(lengths)
    assert layout.lengths(sizes) == lengths
    assert layout.width(sizes) == sum(lengths[column.axis] for column in layout.columns.values())


@ALL
def test_views_table_of_many_rows_opens_with_its_rows_before(table):
    row, sizes, columns = opened(table)
    many = plain_opener(table)(np.stack([row, row + 5_000]), sizes)
    for name, column in layout_of(table).columns.items():
        both = getattr(many, name)
        assert both.shape == (2, getattr(columns, name).size)
        assert np.array_equal(both[0], getattr(columns, name)), name
        if not column.is_float:
            assert np.array_equal(both[1], getattr(columns, name) + 5_000), name


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
