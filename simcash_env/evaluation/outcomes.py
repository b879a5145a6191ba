"""Exact expectations of scenarios whose only uncertainty is payment events that have a probability.

Every combination of arriving and missing payments is one outcome. Its probability is an exact fraction of the decimal
numbers in the scenario, and its costs are whole cents of one run, so that an expected cost has no sampling error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Final, NoReturn

import numpy as np
import numpy.typing as npt

from simcash_env.config import ScenarioConfig
from simcash_env.config.events import PaymentEvent
from simcash_env.errors import ConfigError, Fault
from simcash_env.evaluation.evaluate import is_random
from simcash_env.evaluation.rollout import run_scripted

MOST_EVENTS: Final = 12
"""Uncertain payments of a scenario, at most: 4,096 outcomes."""
SEED: Final = 1
"""Outcomes draw nothing, so any seed gives the same run."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """One combination of payments that arrive.

    Attributes:
        probability: exact.
        arrives: of the uncertain payment events, in file order.
        config: the scenario in which exactly these arrive.
    """

    probability: Fraction
    arrives: tuple[bool, ...]
    config: ScenarioConfig


def outcomes(config: ScenarioConfig) -> list[Outcome]:
    """All outcomes with a positive probability; the first is the one in which every payment arrives.

    Raises:
        ConfigError: an uncertain event repeats, there are more than ``MOST_EVENTS``, or anything else is random.
    """
    places = [at for at, event in enumerate(config.events) if _is_uncertain(event)]
    for at in places:
        if config.events[at].every is not None:
            _refuse(f"events.{at}.every", config.events[at].every, "an uncertain payment may not repeat here")
    if len(places) > MOST_EVENTS:
        _refuse("events", len(places), f"at most {MOST_EVENTS} payments with a probability")
    chances = [Fraction(str(getattr(config.events[at], "probability", 1))) for at in places]
    found = []
    for arrives in product((True, False), repeat=len(places)):
        weight = Fraction(1)
        for chance, comes in zip(chances, arrives, strict=True):
            weight *= chance if comes else 1 - chance
        if weight > 0:
            found.append(Outcome(weight, arrives, _with_arrivals(config, dict(zip(places, arrives, strict=True)))))
    if is_random(found[0].config):
        _refuse(config.name, "random arrivals", "outcomes are counted for payment events only")
    return found


def expected_costs(
    config: ScenarioConfig, shares: npt.NDArray[np.float64] | Sequence[float] | None = None
) -> dict[str, Fraction]:
    """Expected cents of every bank over all outcomes, exact.

    Args:
        config: a scenario in which no bank is ``external``.
        shares: of each bank's pool, banks sorted by id; by default what the scenario allocates.
    """

    def costs(outcome: ScenarioConfig) -> Sequence[int]:
        cents: list[int] = run_scripted(outcome, [SEED], shares).sum(axis=2)[0].tolist()
        return cents

    means = expectation(outcomes(config), costs)
    return dict(zip(sorted(bank.id for bank in config.banks), means, strict=True))


def expectation(found: Sequence[Outcome], figures: Callable[[ScenarioConfig], Sequence[int]]) -> list[Fraction]:
    """Expected values of whole-numbered figures of a run.

    Args:
        found: outcomes of a scenario.
        figures: of the run of one outcome.
    """
    rows = [[outcome.probability * value for value in figures(outcome.config)] for outcome in found]
    return [sum(column, Fraction(0)) for column in zip(*rows, strict=True)]


def _is_uncertain(event: object) -> bool:
    return isinstance(event, PaymentEvent) and event.probability is not None


def _with_arrivals(config: ScenarioConfig, arrives: dict[int, bool]) -> ScenarioConfig:
    events = tuple(
        event.model_copy(update={"probability": None}) if at in arrives else event
        for at, event in enumerate(config.events)
        if arrives.get(at, True)
    )
    return config.model_copy(update={"events": events})


def _refuse(key: str, value: object, rule: str) -> NoReturn:
    raise ConfigError([Fault(None, None, key, repr(value), rule)])
