"""Tree programs on arrays give what the kernel's interpreter gives for one payment."""

import numpy as np
import pytest

from simcash_env.policies.batch import BINARY, UNARY, decide, evaluate, most_parts, reads
from simcash_env.policies.program import DROP, HOLD, RELEASE, When, apply, ask, split_into, until, value
from simcash_env.schema.codes import Field, Op, Verb
from tests.kernels import calls

NUMBERS = np.array([-2.5, -1.0, -1e-10, 0.0, 1e-10, 1e-9, 0.4, 1.0, 7.0, 10.0**15])


@pytest.mark.parametrize("op", BINARY, ids=lambda op: op.name)
def test_batch_binary_operation_on_arrays_is_that_of_the_kernel(op):
    left, right = np.meshgrid(NUMBERS, NUMBERS)
    facts = {Field.BALANCE: left, Field.AMOUNT: right}
    found = evaluate(apply(op, ask(Field.BALANCE), ask(Field.AMOUNT)), facts)
    expected = [calls.binary(int(op), one, other) for one, other in zip(left.flat, right.flat, strict=True)]
    np.testing.assert_array_equal(found.ravel(), expected)


@pytest.mark.parametrize("op", UNARY, ids=lambda op: op.name)
def test_batch_unary_operation_on_arrays_is_that_of_the_kernel(op):
    found = evaluate(apply(op, ask(Field.BALANCE)), {Field.BALANCE: NUMBERS})
    np.testing.assert_array_equal(found, [calls.unary(int(op), number) for number in NUMBERS])


@pytest.mark.parametrize(("skip", "join"), [(Op.SKIP_IF_FALSE, np.logical_and), (Op.SKIP_IF_TRUE, np.logical_or)])
def test_batch_joined_conditions_are_asked_for_each_payment(skip, join):
    facts = {Field.BALANCE: np.array([0.0, 0.0, 9.0, 9.0]), Field.PRIORITY: np.array([0.0, 9.0, 0.0, 9.0])}
    first, second = (apply(Op.GREATER, ask(name), value(5)) for name in (Field.BALANCE, Field.PRIORITY))
    expected = join(facts[Field.BALANCE] > 5, facts[Field.PRIORITY] > 5)
    assert (evaluate(until(skip, first, second), facts) == expected).all()


def test_batch_tree_decides_each_payment_by_its_own_leaf():
    is_small = apply(Op.LESS, ask(Field.REMAINING_AMOUNT), value(10))
    is_late = apply(Op.LESS_EQUAL, ask(Field.TICKS_TO_DEADLINE), value(0))
    tree = When(is_late, DROP, When(is_small, RELEASE, split_into(4, smallest_cents=10)))
    facts = {
        Field.REMAINING_AMOUNT: np.array([[9.0, 35.0, 90.0, 9.0]]),
        Field.TICKS_TO_DEADLINE: np.array([[1.0, 1.0, 1.0, 0.0]]),
    }
    assert decide(tree, facts, (1, 4)).tolist() == [[Verb.RELEASE, Verb.SPLIT + 3, Verb.SPLIT + 4, Verb.DROP]]
    assert decide(HOLD, {}, (2, 1)).tolist() == [[Verb.HOLD], [Verb.HOLD]]


def test_batch_tree_tells_what_it_reads_and_how_far_it_splits():
    tree = When(apply(Op.LESS, ask(Field.BALANCE), value(1)), split_into(2), split_into(5, smallest_cents=3))
    assert most_parts(tree) == 5
    assert most_parts(RELEASE) == 0
    assert reads(tree, Field.BALANCE)
    assert reads(tree, Field.REMAINING_AMOUNT)
    assert not reads(tree, Field.COMMITTED_VALUE)
