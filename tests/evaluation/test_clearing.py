"""The best clearing is what trying every set finds, and the largest prefixes are what the engine's algorithm settles."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.gridlock import INSTANCES, settled_value
from simcash_env.evaluation.clearing import best_clearing, largest_prefixes
from tests.budget import examples

BANKS = "ABCD"
PAIRS = [(one, other) for one in BANKS for other in BANKS if one != other]
payment = st.tuples(st.sampled_from(PAIRS), st.integers(1, 60)).map(lambda drawn: (*drawn[0], drawn[1]))
queues = st.lists(payment, max_size=9)
balances = st.fixed_dictionaries({bank: st.integers(0, 40) for bank in BANKS})
credits_ = st.dictionaries(st.sampled_from(BANKS), st.integers(0, 30))


def after(means, payments, chosen):
    left = dict(means)
    for place in chosen:
        sender, receiver, cents = payments[place]
        left[sender] -= cents
        left[receiver] += cents
    return left


def is_funded(means, payments, chosen, credit):
    return all(cents >= -credit.get(bank, 0) for bank, cents in after(means, payments, chosen).items())


@settings(max_examples=examples(20, 60), deadline=None)
@given(balances, queues, credits_)
def test_best_clearing_is_the_best_of_all_sets(means, payments, credit):
    found = best_clearing(means, payments, credit)
    assert is_funded(means, payments, found.chosen, credit)
    places = range(len(payments))
    sets = (chosen for size in range(len(payments) + 1) for chosen in combinations(places, size))
    funded = [chosen for chosen in sets if is_funded(means, payments, chosen, credit)]
    assert found.cents == max(sum(payments[place][2] for place in chosen) for chosen in funded)


@settings(max_examples=examples(30, 100), deadline=None)
@given(balances, queues, credits_)
def test_clearing_largest_prefixes_hold_every_set_of_prefixes_that_is_funded(means, payments, credit):
    found = largest_prefixes(means, payments, credit)
    assert is_funded(means, payments, found.chosen, credit)
    assert found.cents <= best_clearing(means, payments, credit).cents
    queue = {bank: [place for place, row in enumerate(payments) if row[0] == bank] for bank in BANKS}
    held = {bank: len(set(queue[bank]) & set(found.chosen)) for bank in BANKS}
    for bank in BANKS:
        assert set(queue[bank][: held[bank]]) <= set(found.chosen)
    for bank in BANKS:  # one payment more of any bank makes some bank short
        if held[bank] < len(queue[bank]):
            more = (*found.chosen, queue[bank][held[bank]])
            assert not is_funded(means, payments, more, credit)


@pytest.mark.parametrize("instance", INSTANCES, ids=[instance.name for instance in INSTANCES])
def test_clearing_engines_prefix_algorithm_settles_the_largest_prefixes(instance):
    expected = largest_prefixes(instance.balances, instance.payments).cents
    assert settled_value(instance, {"algorithms": ["prefix"]}) == expected


def test_clearing_bank_below_its_credit_is_refused():
    with pytest.raises(ValueError, match="A: -5 cents"):
        best_clearing({"A": -5, "B": 0}, [("A", "B", 1)])
