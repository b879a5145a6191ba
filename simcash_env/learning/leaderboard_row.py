"""A learned policy's row among the scripted ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from simcash_env.config.overrides import Changes
from simcash_env.evaluation.contenders import Contender
from simcash_env.evaluation.leaderboard import Row, make_row
from simcash_env.evaluation.seeds import held_out_seeds
from simcash_env.learning.evaluate import evaluate_checkpoint


def learned_row(checkpoint: Path, num_seeds: int, played: Sequence[Contender], changes: Changes | None = None) -> Row:
    """A checkpoint on the test days of policies that have been played, FIFO first.

    Args:
        checkpoint: its file.
        num_seeds: test days.
        played: on the same days and on the checkpoint's scenario, perhaps on others too.
        changes: new values of the scenario by dotted key.
    """
    result = evaluate_checkpoint(checkpoint, held_out_seeds(num_seeds), once=True, changes=changes)
    name = result.evaluation.scenario
    fifo = next(one.evaluation for one in played if one.evaluation.scenario == name and one.policy == "fifo")
    facts = result.facts
    words = f"{facts.algorithm}, {facts.steps:,} steps, seed {facts.seed}"
    return make_row("learned", words, result.evaluation, fifo)
