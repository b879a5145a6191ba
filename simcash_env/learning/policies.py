"""Whoever can be watched while it plays: a trained checkpoint, or a named policy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from simcash_env.config import ScenarioConfig
from simcash_env.envs.learners import assign_learners
from simcash_env.errors import ActionError, SnapshotError
from simcash_env.evaluation.evaluate import deciding_banks
from simcash_env.evaluation.scripted import Agent, HoldAll, RandomLegal, agent_for
from simcash_env.learning.checkpoint import CheckpointFacts, find_checkpoint, read_facts
from simcash_env.learning.pool_cap import with_largest_share
from simcash_env.learning.settings import IppoSettings
from simcash_env.registry import load

UNNAMED: Final[dict[str, type[HoldAll | RandomLegal]]] = {"hold_all": HoldAll, "random": RandomLegal}
"""Agents that are no policy of a scenario."""

SLOTS: Final = 16
"""Payments of Queue 1 that a named policy sees."""


@dataclass(frozen=True, eq=False)
class Player:
    """An agent on its scenario.

    Attributes:
        scenario: an id of the library or a file.
        config: as the agent sees it: its pools may be cut to a share of them.
        whole: the same with the pools as they are.
        largest_share: to which the pools are cut.
        facts: of the checkpoint, where it is one.
    """

    name: str
    scenario: str
    config: ScenarioConfig
    whole: ScenarioConfig
    agent: Agent
    max_queue_slots: int
    largest_share: float = 1.0
    facts: CheckpointFacts | None = None


def open_checkpoint(given: Path) -> Player:
    """The most likely choices of a trained policy, or of the one that is shipped for a scenario.

    Raises:
        SnapshotError: the checkpoint cannot be read, or its scenario has other banks now.
        ActionError: it decides on a budget or a threshold, not on payments.
    """
    from simcash_env.learning.evaluate import IppoAgent, LearnedAgent

    checkpoint = find_checkpoint(given)
    facts = read_facts(checkpoint)
    settings = facts.training_settings()
    if isinstance(settings, IppoSettings) and settings.action != "queue":
        message = f"{checkpoint}: was trained with action {settings.action!r}; this needs decisions on payments"
        raise ActionError(message)
    whole = assign_learners(
        load(facts.scenario), settings.learners if isinstance(settings, IppoSettings) else "external"
    )
    if deciding_banks(whole) != facts.bank_ids:
        message = f"{checkpoint}: trained for banks {facts.bank_ids}, the scenario now has {deciding_banks(whole)}"
        raise SnapshotError(message)
    agent: Agent
    if isinstance(settings, IppoSettings):
        from simcash_env.learning import ippo

        largest = settings.largest_share
        agent = IppoAgent(ippo.Player.load(checkpoint), settings, facts.bank_ids)
    else:
        from sb3_contrib import MaskablePPO

        largest, agent = 1.0, LearnedAgent(MaskablePPO.load(checkpoint, device="cpu"), settings)
    config = with_largest_share(whole, largest)
    slots = settings.max_queue_slots
    return Player(checkpoint.stem, facts.scenario, config, whole, agent, slots, largest, facts)


def named_player(scenario: str, policy: Any, name: str) -> Player:
    """A named policy for all deciding banks; ``random`` and ``hold_all`` are told by their names.

    Raises:
        ActionError: the policy cannot decide through the batch.
    """
    agent = UNNAMED[name]() if name in UNNAMED else agent_for(policy)
    config = load(scenario)
    return Player(name, scenario, config, config, agent, SLOTS)
