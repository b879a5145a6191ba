"""Policies on their scenario, ready to be played and recorded: a trained checkpoint, or a scripted policy by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from simcash_env.config import ScenarioConfig
from simcash_env.config.overrides import Changes
from simcash_env.envs.actions import Language
from simcash_env.envs.learners import assign_learners
from simcash_env.errors import ActionError
from simcash_env.evaluation.scripted import Agent, HoldAll, RandomLegal, agent_for
from simcash_env.learning.checkpoint import CheckpointFacts, find_checkpoint, read_facts
from simcash_env.learning.pool_cap import with_largest_share
from simcash_env.registry import load

UNNAMED: Final[dict[str, type[HoldAll | RandomLegal]]] = {"hold_all": HoldAll, "random": RandomLegal}
"""Agents that are not policies of a scenario file."""

SLOTS: Final = 16
"""Payments of Queue 1 that a scripted policy sees."""


@dataclass(frozen=True, eq=False)
class PlayablePolicy:
    """A policy and the scenario it plays.

    Attributes:
        scenario: an id of the library or a file.
        config: the scenario as the policy sees it, with pools cut to ``largest_share``.
        whole: the scenario with whole pools.
        facts: of the checkpoint, where it is one.
        action: the kind that the agent answers with.
        is_changed: True if the scenario differs from what ``scenario`` names.
    """

    name: str
    scenario: str
    config: ScenarioConfig
    whole: ScenarioConfig
    agent: Agent
    max_queue_slots: int
    largest_share: float = 1.0
    facts: CheckpointFacts | None = None
    is_changed: bool = False
    action: Language = "queue"

    def require_payment_choices(self) -> None:
        """Check that the policy chooses what happens to single payments.

        Raises:
            ActionError: it answers with a budget, thresholds or a ranking.
        """
        if self.action != "queue":
            message = f"{self.name}: was trained with action {self.action!r}; this needs decisions on payments"
            raise ActionError(message)


def open_checkpoint(given: Path) -> PlayablePolicy:
    """A trained policy that plays greedily: a checkpoint, or the shipped one of a scenario.

    Raises:
        SnapshotError: the checkpoint cannot be read, or its scenario has other banks now.
    """
    from simcash_env.learning.evaluate import LearnedAgent, require_same_banks
    from simcash_env.learning.learner import learner_named

    checkpoint = find_checkpoint(given)
    facts = read_facts(checkpoint)
    settings = facts.training_settings()
    whole = assign_learners(settings.config(), settings.learners)
    require_same_banks(checkpoint, facts, whole)
    agent = LearnedAgent(learner_named(facts.algorithm).load(checkpoint), settings, facts.bank_ids)
    largest = settings.largest_share
    config = with_largest_share(whole, largest)
    return PlayablePolicy(
        checkpoint.stem, facts.scenario, config, whole, agent, settings.max_queue_slots, largest, facts,
        is_changed=bool(settings.changes), action=settings.action,
    )  # fmt: skip


def named_policy(scenario: str, policy: Any, name: str, changes: Changes | None = None) -> PlayablePolicy:
    """A scripted policy for all deciding banks; ``random`` and ``hold_all`` are selected by name.

    Raises:
        ActionError: the policy cannot decide through the batch.
    """
    agent = UNNAMED[name]() if name in UNNAMED else agent_for(policy)
    config = load(scenario, changes=changes)
    return PlayablePolicy(name, scenario, config, config, agent, SLOTS, is_changed=bool(changes))
