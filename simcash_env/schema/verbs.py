"""What a learner may choose for one payment of its queue: one row for each verb, in the order of the choices.

``VERBS`` is the only place that says which number of a queue head means what. ``compile_scenario`` writes the choices
of a scenario into its row (``choice_verb``, ``choice_parts``); kernels look a choice up there, and Python asks
``SlotChoices``. Choice 0 of every head changes nothing, so the first row holds. To offer another verb, add a member
to ``codes.Verb``, a row here, a branch where decisions are carried out (``kernels/decisions.py``), and one in
``may_do`` (``kernels/payment_decisions.py``) if it is not always possible.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from simcash_env.errors import ActionError
from simcash_env.schema.codes import Verb

Bools = npt.NDArray[np.bool_]


class Offers(Protocol):
    """The ``actions`` of a scenario, as far as they decide which choices there are."""

    @property
    def max_split(self) -> int:
        """Largest number of parts."""

    @property
    def allow_drop(self) -> bool:
        """True if payments may be dropped."""


class SlotVerb(NamedTuple):
    """One verb of a queue head.

    Attributes:
        verb: what the choice means.
        parts: of the scenario's ``actions``, the numbers of parts to choose from, one choice each: ``(0,)`` for a verb
            without parts, empty where the verb is not offered.
        key: the key of ``actions`` that offers it; empty for what is always offered.
        meaning: for the documentation.
    """

    verb: Verb
    parts: Callable[[Offers], Sequence[int]]
    key: str
    meaning: str


def _always(actions: Offers) -> Sequence[int]:
    return (0,)


VERBS: Final = (
    SlotVerb(Verb.HOLD, _always, "", "hold"),
    SlotVerb(Verb.RELEASE, _always, "", "release"),
    SlotVerb(
        Verb.SPLIT,
        lambda actions: range(2, actions.max_split + 1),
        "max_split",
        "split into this number of parts and submit all of them",
    ),
    SlotVerb(Verb.DROP, lambda actions: (0,) if actions.allow_drop else (), "allow_drop", "drop"),
)


@dataclass(frozen=True)
class SlotChoices:
    """The choices of a queue head in a scenario, by name.

    Attributes:
        verbs: the verb of each choice.
        parts: the number of parts of each choice, 0 for a verb without parts.
    """

    verbs: tuple[Verb, ...]
    parts: tuple[int, ...]

    @classmethod
    def of(cls, actions: Offers) -> SlotChoices:
        """The choices that a scenario's ``actions`` offer."""
        rows = [(row.verb, parts) for row in VERBS for parts in row.parts(actions)]
        return cls(tuple(verb for verb, _ in rows), tuple(parts for _, parts in rows))

    @property
    def size(self) -> int:
        """Number of choices."""
        return len(self.verbs)

    @property
    def hold(self) -> int:
        """The choice that keeps a payment in the queue."""
        return self.choice(Verb.HOLD)

    @property
    def release(self) -> int:
        """The choice that submits a payment."""
        return self.choice(Verb.RELEASE)

    @property
    def drop(self) -> int:
        """The choice that drops a payment.

        Raises:
            ActionError: the scenario does not offer it.
        """
        return self.choice(Verb.DROP)

    def split(self, parts: int) -> int:
        """The choice that splits a payment into this number of parts.

        Raises:
            ActionError: the scenario does not offer it.
        """
        return self.choice(Verb.SPLIT, parts)

    def splits(self) -> npt.NDArray[np.int64]:
        """The choice for each number of parts from 0 on; hold where no split has that number of parts."""
        table = np.full(max(self.parts) + 1, self.hold, np.int64)
        for choice, (verb, parts) in enumerate(zip(self.verbs, self.parts, strict=True)):
            if verb == Verb.SPLIT:
                table[parts] = choice
        return table

    def choice(self, verb: Verb, parts: int = 0) -> int:
        """The choice of a verb.

        Raises:
            ActionError: the scenario does not offer it.
        """
        for choice, offered in enumerate(zip(self.verbs, self.parts, strict=True)):
            if offered == (verb, parts):
                return choice
        keys = {row.verb: row.key for row in VERBS}
        text = f"{verb.name.lower()} into {parts} parts" if parts else verb.name.lower()
        message = f"actions.{keys[verb]}: the scenario does not let learners {text}"
        raise ActionError(message)

    def offers(self, verb: Verb) -> bool:
        """True if the scenario offers this verb to learners."""
        return verb in self.verbs

    def describe(self, choice: int) -> str:
        """What a choice means, in words."""
        verb, parts = self.verbs[choice], self.parts[choice]
        return f"{verb.name.lower()} into {parts}" if parts else verb.name.lower()

    def decision(self, choice: int) -> Any:
        """The same decision as ``Simulation.tick`` takes it: a word, or a word and a number of parts."""
        verb, parts = self.verbs[choice].name.lower(), self.parts[choice]
        return (verb, parts) if parts else verb

    def means(self, choices: npt.ArrayLike, *verbs: Verb) -> Bools:
        """Where choices mean one of these verbs, in the shape of the choices."""
        is_one: Bools = np.isin(np.array(self.verbs), verbs)[np.asarray(choices)]
        return is_one


def describe_choices() -> str:
    """The choices of a queue head for the documentation: ``0 hold · 1 release · ...``."""
    few = SlotChoices.of(_Few())
    texts = []
    for row in VERBS:
        places = [choice for choice, verb in enumerate(few.verbs) if verb == row.verb]
        if row.key and len(row.parts(_Few())) > 1:
            texts.append(f"{places[0]} ... `{row.key}`: {row.meaning}")
        else:
            texts.append(f"last: {row.meaning}" if row.key else f"{places[0]} {row.meaning}")
    return " · ".join(texts)


class _Few:
    """Actions that offer every verb."""

    max_split = 3
    allow_drop = True
