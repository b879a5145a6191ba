"""The mutator changes what it says it changes, and its list of excuses is true of the rules as they are."""

from collections import Counter

import pytest

from tests.mutation.__main__ import FOLDER, RULES, explanations
from tests.mutation.mutants import mutants_of


@pytest.fixture(scope="module")
def mutants():
    """All of them; made in a test, because every worker would make them again while it collects."""
    return [mutant for name in RULES for mutant in mutants_of(FOLDER / f"{name}.py")]


def test_every_rule_has_mutants_each_with_a_name_of_its_own(mutants):
    names = Counter(mutant.name for mutant in mutants)
    assert {mutant.module for mutant in mutants} == set(RULES)
    assert [name for name, count in names.items() if count > 1] == []
    assert len(mutants) > 900


def test_what_is_said_to_be_the_same_in_effect_exists_and_has_a_reason(mutants):
    names = {mutant.name for mutant in mutants}
    assert [name for name in explanations() if name not in names] == []
    assert all(explanations().values())


def test_a_mutant_is_the_function_with_one_change(mutants):
    (mutant,) = [each for each in mutants if each.name == "money.multiply_divide: amount * rate -> amount + rate"]
    assert mutant.code.co_name == "multiply_divide"
    space = {"SAFE_PRODUCT": 9e18, "__builtins__": __builtins__}
    function = type(test_a_mutant_is_the_function_with_one_change)(mutant.code, space)
    assert function(6, 7, 0, 1) == 13
