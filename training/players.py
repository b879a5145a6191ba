"""Whoever can be watched while it plays: a trained checkpoint, or a named policy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from baselines.evaluate import deciding_banks
from baselines.scripted import Agent, HoldAll, RandomLegal, agent_for
from simcash_env.config import ScenarioConfig
from simcash_env.errors import SnapshotError
from simcash_env.registry import load
from training.checkpoint import CheckpointFacts, read_facts

UNNAMED: Final[dict[str, type[HoldAll | RandomLegal]]] = {"hold_all": HoldAll, "random": RandomLegal}
"""Agents that are no policy of a scenario."""

SLOTS: Final = 16
"""Payments of Queue 1 that a named policy sees."""


@dataclass(frozen=True, eq=False)
class Player:
    """An agent on its scenario.

    Attributes:
        scenario: an id of the library or a file.
        facts: of the checkpoint, where it is one.
    """

    name: str
    scenario: str
    config: ScenarioConfig
    agent: Agent
    max_queue_slots: int
    facts: CheckpointFacts | None = None


def open_checkpoint(checkpoint: Path) -> Player:
    """The most likely choices of a trained policy.

    Raises:
        SnapshotError: the checkpoint cannot be read, or its scenario has other banks now.
    """
    from sb3_contrib import MaskablePPO

    from training.evaluate import LearnedAgent

    facts = read_facts(checkpoint)
    config, settings = load(facts.scenario), facts.training_settings()
    if deciding_banks(config) != facts.bank_ids:
        message = f"{checkpoint}: trained for banks {facts.bank_ids}, the scenario now has {deciding_banks(config)}"
        raise SnapshotError(message)
    agent = LearnedAgent(MaskablePPO.load(checkpoint, device="cpu"), settings)
    return Player(checkpoint.stem, facts.scenario, config, agent, settings.max_queue_slots, facts)


def named_player(scenario: str, policy: Any, name: str) -> Player:
    """A named policy for all deciding banks; ``random`` and ``hold_all`` are told by their names.

    Raises:
        ActionError: the policy cannot decide through the batch.
    """
    agent = UNNAMED[name]() if name in UNNAMED else agent_for(policy)
    return Player(name, scenario, load(scenario), agent, SLOTS)
