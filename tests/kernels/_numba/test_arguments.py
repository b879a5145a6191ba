"""Packed arguments: kernels and Python open them as the fields that were packed, of every kind."""

from types import GenericAlias
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import pytest

from simcash_env.agents import tables
from simcash_env.kernels._numba.views import argument_opener
from simcash_env.schema.layout import argument_fields, element_type, pack_arguments, plain_argument_opener


class Inner(NamedTuple):
    """Arguments within arguments."""

    small: npt.NDArray[np.int8]
    weight: float
    cents: npt.NDArray[np.int64]


class Outer(NamedTuple):
    """Every kind of field."""

    count: int
    first: Inner
    shown: npt.NDArray[np.float32]
    second: Inner
    choices: npt.NDArray[np.int16]


open_outer = argument_opener(Outer)


@numba.njit
def read(words, found):
    """Write what was opened, and change an element of every array."""
    outer = open_outer(words)
    found[0], found[1], found[2] = outer.count, outer.first.weight, outer.second.weight
    found[3], found[4] = outer.shown.shape[0], outer.second.cents[1]
    outer.first.small[0] = 3
    outer.second.cents[0] = -(10**17)
    outer.shown[1] = 0.5
    outer.choices[2] = -9


def outer_of():
    """Arguments with no two equal numbers."""
    first = Inner(np.array([1, 2], np.int8), -2.5, np.arange(3))
    second = Inner(np.zeros(0, np.int8), 1e300, np.arange(10, 12))
    return Outer(-7, first, np.arange(4, dtype=np.float32), second, np.arange(3, dtype=np.int16))


def test_arguments_are_opened_in_a_kernel_as_they_were_packed():
    outer, found = outer_of(), np.zeros(5)
    read(pack_arguments(outer), found)
    assert found.tolist() == [-7, -2.5, 1e300, 4, 11]
    assert (outer.first.small[0], outer.second.cents[0]) == (3, -(10**17))
    assert (outer.shown[1], outer.choices[2]) == (0.5, -9)


def test_arguments_are_opened_in_python_as_they_were_packed():
    outer = outer_of()._replace(second=outer_of().first)
    back = plain_argument_opener(Outer)(pack_arguments(outer))
    assert back.count == outer.count
    for mine, theirs in zip(
        (*outer.first, outer.shown, outer.choices), (*back.first, back.shown, back.choices), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)
    back.choices[0] = 77
    assert outer.choices[0] == 77, "the same memory"


@pytest.mark.parametrize("wrong", [np.zeros(3, np.int32), np.zeros((3, 2), np.int16)[:, 0], None])
def test_arguments_of_another_type_are_refused_by_name(wrong):
    with pytest.raises(ValueError, match=r"Outer\.choices: needs an array of int16 that lies in one piece, got"):
        pack_arguments(outer_of()._replace(choices=wrong))


def test_arguments_of_a_step_lie_behind_one_another_without_a_gap():
    word = 0
    for field in argument_fields(tables.Call):
        assert field.word == word
        word += field.words
    assert word == sum(field.words for field in argument_fields(tables.Call))


@pytest.mark.parametrize("kind", [np.int64, np.float32, np.bool_])
def test_arguments_element_type_of_an_array_under_every_numpy(kind):
    """NumPy 2.5, which needs Python 3.12, made an alias of NDArray, and no environment could be made there."""
    assert element_type(npt.NDArray[kind]) == kind
    assert element_type(np.ndarray[tuple[int, ...], np.dtype[kind]]) == kind
    assert element_type(GenericAlias(np.ndarray, (kind,))) == kind
