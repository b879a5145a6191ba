"""Inputs of a run by its caller: decisions, submitted payments, changed policies. Replay repeats them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from simcash_env.errors import OrderError, RecordError
from simcash_env.simulation import Simulation, TickResult
from simcash_env.simulation.decisions import arguments_of

InputKind: TypeAlias = Literal["open", "submit", "policy", "order", "cancel", "tick"]
INPUT_KINDS: Final = ("open", "submit", "policy", "order", "cancel", "tick")


class Input(NamedTuple):
    """One call of the caller; a tick without decisions, in which external banks follow their default, is none.

    Attributes:
        seq: place among the run's inputs.
        tick: that was current when it came.
        kind: ``open`` (arrivals were read), ``submit``, ``policy``, ``order`` and ``cancel`` (in the market), or
            ``tick`` (decisions).
        content: the call's arguments as JSON; tuples come back as lists.
    """

    seq: int
    tick: int
    kind: InputKind
    content: str


class Inputs:
    """Gives recorded inputs in again, in order.

    Args:
        inputs: of the whole run, in order.
    """

    def __init__(self, inputs: Iterable[Input]) -> None:
        self._left = map(_checked, inputs)
        self._next = next(self._left, None)
        self._seq = 0  # of the last input that was given in

    def tick(self, simulation: Simulation) -> TickResult:
        """Run the current tick with what came in during it.

        Raises:
            RecordError: an input of a tick that has gone by, or one that makes no sense.
        """
        decided = self.before_tick(simulation)
        try:
            return simulation.tick(**decided)
        except (ValueError, TypeError, AttributeError) as error:  # an ActionError is a ValueError
            message = f"inputs: number {self._seq} cannot be given in again: {error}"
            raise RecordError(message) from error

    def before_tick(self, simulation: Simulation) -> dict[str, Any]:
        """Give in what came in before the decisions of the current tick; returns these, for ``Simulation.tick``.

        Raises:
            RecordError: an input of a tick that has gone by, or one that makes no sense.
        """
        while self._next is not None and self._next.tick <= simulation.current_tick:
            given, self._next = self._next, next(self._left, None)
            self._seq = given.seq
            if given.tick < simulation.current_tick:
                message = f"inputs: number {given.seq} is of tick {given.tick}, which was over"
                raise RecordError(message)
            try:
                content = json.loads(given.content)
                if given.kind == "tick":
                    return arguments_of(content)
                _give_in(simulation, given.kind, content)
            except (ValueError, TypeError, AttributeError) as error:  # an ActionError is a ValueError
                message = f"inputs: number {given.seq} cannot be given in again: {error}"
                raise RecordError(message) from error
        return {}


def _checked(given: Input) -> Input:
    """Return the input; reject an undamaged record that is not an input."""
    kinds = tuple(type(part) for part in given)
    if kinds != (int, int, str, str):
        message = f"inputs: {given!r:.80}: not a valid input record"
        raise RecordError(message)
    return given


def _give_in(simulation: Simulation, kind: str, content: Mapping[str, Any]) -> None:
    if kind == "open":
        simulation.open_tick()
    elif kind == "submit":
        simulation.submit_transaction(**content)
    elif kind == "policy":
        simulation.set_policy(**content)
    elif kind == "order":
        with suppress(OrderError):  # it was refused then, too, and left the same event
            simulation.place_order(**content)
    elif kind == "cancel":
        simulation.cancel_order(**content)
    else:
        message = f"inputs: unknown kind {kind!r}; kinds are {', '.join(INPUT_KINDS)}"
        raise RecordError(message)
