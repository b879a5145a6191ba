"""Figures of a checkpoint: its learning curve, and each bank's balance over the days that it plays."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from simcash_env.evaluation.known_scripts import UNKNOWN, known_script
from simcash_env.evaluation.plots import draw_learning_curves, plot_balances
from simcash_env.evaluation.run_columns import record_agent
from simcash_env.evaluation.seeds import held_out_seeds
from simcash_env.learning.checkpoint import CheckpointFacts, find_checkpoint, read_facts
from simcash_env.learning.policies import open_checkpoint
from simcash_env.learning.reference_levels import reference_levels

RECORDED: Final = 50
"""Test days whose balances are shown."""


def draw_curve(facts: CheckpointFacts, name: str, path: Path) -> Path:
    """The learning curve with the levels of FIFO, the best script and the expert; a note where no script is known."""
    settings = facts.training_settings()
    config, levels = settings.config(), reference_levels(settings)
    note = UNKNOWN if levels and known_script(config) is None else ""
    return draw_learning_curves({name: facts.curve}, config.name, path, levels, note)


def draw_checkpoint(checkpoint: Path, folder: Path) -> list[Path]:
    """The learning curve, and the balances of the first bank that the policy decides for."""
    found = find_checkpoint(checkpoint)
    facts, name, paths = read_facts(found), found.stem, []
    if facts.curve:
        path = folder / f"{name}-learning.png"
        paths.append(draw_curve(facts, name, path))
    policy = open_checkpoint(found)
    slots, action = policy.max_queue_slots, policy.action
    records = [
        record_agent(policy.config, policy.agent, seed, max_queue_slots=slots, action=action)
        for seed in held_out_seeds(RECORDED)
    ]
    bank = records[0].bank_ids.index(facts.bank_ids[0])
    return [*paths, plot_balances(records, bank, name, folder / f"{name}-balances.png")]
