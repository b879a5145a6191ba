"""A learned policy's row among the scripted ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from simcash_env.config.overrides import Changes
from simcash_env.evaluation.bound_validity import decisions_of_learners
from simcash_env.evaluation.contenders import Contender
from simcash_env.evaluation.evaluate import Evaluation
from simcash_env.evaluation.known_bounds import Reference
from simcash_env.evaluation.leaderboard import Row, make_row
from simcash_env.evaluation.lower_bounds import with_any_share
from simcash_env.evaluation.seeds import held_out_seeds
from simcash_env.learning.evaluate import LearnedResult, evaluate_checkpoint


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
    return row_of_checkpoint(result, "learned", f"{facts.algorithm}, {facts.steps:,} steps, seed {facts.seed}", fifo)


def row_of_checkpoint(result: LearnedResult, policy: str, parameters: str, fifo: Evaluation) -> Row:
    """The row of a checkpoint's costs, with its gap to the lower bound.

    Args:
        result: of the checkpoint.
        policy: name in the row.
        parameters: what the row says of it.
        fifo: on the same days.
    """
    row, bound = make_row(policy, parameters, result.evaluation, fifo), _bound(result)
    return replace(row, gap=_gap(result, bound), gap_bound=bound.note)


def learned_gap(result: LearnedResult) -> float | None:
    """By how much a checkpoint's mean cost exceeds the lower bound of its scenario; None if no bound is known.

    The bound is that of the system: all banks learn, and their costs count together.
    """
    return _gap(result, _bound(result))


def _bound(result: LearnedResult) -> Reference:
    return Reference(result.config, result.evaluation.seeds)


def _gap(result: LearnedResult, bound: Reference) -> float | None:
    allowed = with_any_share(decisions_of_learners(result.config))
    return bound.gap(float(result.evaluation.totals().mean()), allowed)
