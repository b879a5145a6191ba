"""Figures of a checkpoint: its learning curve, and each bank's balance over the days that it plays."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from baselines.plots import draw_balances, draw_learning_curves
from baselines.record import record_agent
from baselines.seeds import held_out_seeds
from simcash_env.errors import ActionError
from training.players import open_checkpoint

RECORDED: Final = 50
"""Test days whose balances are shown."""


def draw_checkpoint(checkpoint: Path, folder: Path) -> list[Path]:
    """The learning curve, and the balances of the first bank that the policy decides for, where it can be recorded."""
    player = open_checkpoint(checkpoint)
    paths = []
    if player.facts is not None and player.facts.curve:
        path = folder / f"{player.name}-learning.png"
        paths.append(draw_learning_curves({player.name: player.facts.curve}, player.config.name, path))
    try:
        records = [
            record_agent(player.config, player.agent, seed, max_queue_slots=player.max_queue_slots)
            for seed in held_out_seeds(RECORDED)
        ]
    except ActionError:  # its choices are more than a simulation can be told
        return paths
    bank = records[0].bank_ids.index(player.facts.bank_ids[0]) if player.facts is not None else 0
    return [*paths, draw_balances(records, bank, player.name, folder / f"{player.name}-balances.png")]
