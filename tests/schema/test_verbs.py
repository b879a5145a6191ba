"""The choices of a queue head: one table says which number means what."""

import numpy as np
import pytest

from simcash_env.compile.scenario import compile_scenario
from simcash_env.config.rules import ActionConfig
from simcash_env.errors import ActionError
from simcash_env.schema.codes import Verb
from simcash_env.schema.verbs import VERBS, SlotChoices, describe_choices
from tests.worlds import busy

EVERYTHING = ActionConfig(max_split=4, allow_drop=True)


def test_verbs_are_in_the_order_of_the_choices():
    choices = SlotChoices.of(EVERYTHING)
    assert [choices.describe(choice) for choice in range(choices.size)] == [
        *("hold", "release", "split into 2", "split into 3", "split into 4", "drop"),
    ]
    assert (choices.hold, choices.release, choices.split(3), choices.drop) == (0, 1, 3, 5)
    assert VERBS[0].verb == Verb.HOLD, "choice 0 of every head changes nothing"


def test_verbs_that_a_scenario_does_not_offer_are_no_choice():
    choices = SlotChoices.of(ActionConfig())
    assert choices.verbs == (Verb.HOLD, Verb.RELEASE)
    assert not choices.offers(Verb.DROP)
    with pytest.raises(ActionError, match=r"actions\.allow_drop: the scenario does not let learners drop"):
        _ = choices.drop
    with pytest.raises(ActionError, match=r"actions\.max_split: .* split into 2 parts"):
        choices.split(2)


def test_verbs_are_decisions_of_a_simulation():
    choices = SlotChoices.of(EVERYTHING)
    assert [choices.decision(choice) for choice in (0, 1, 2, 5)] == ["hold", "release", ("split", 2), "drop"]


def test_verbs_of_arrays_of_choices():
    choices = SlotChoices.of(EVERYTHING)
    given = np.array([[0, 1], [3, 5]])
    assert choices.means(given, Verb.RELEASE, Verb.SPLIT).tolist() == [[False, True], [True, False]]
    assert choices.splits().tolist() == [0, 0, 2, 3, 4]


def test_verbs_in_the_scenario_row_are_those_of_the_table():
    config = busy(max_split=3, allow_drop=True)
    view, choices = compile_scenario(config).view, SlotChoices.of(config.actions)
    assert view.choice_verb.tolist() == [int(verb) for verb in choices.verbs]
    assert view.choice_parts.tolist() == list(choices.parts)


def test_verbs_in_the_documentation_are_those_of_the_table(pytestconfig):
    page = (pytestconfig.rootpath / "docs" / "environment.md").read_text(encoding="utf-8")
    assert f"| {describe_choices()} |" in page
    assert describe_choices() == (
        "0 hold · 1 release · 2 ... `max_split`: split into this number of parts and submit all of them · last: drop"
    )
