"""Head sizes and observation scales of a batch, as the kernels read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from simcash_env.schema.heads import head_numbers, heads_of
from simcash_env.schema.limits import BUDGET_LEVELS, POOL_LEVELS, SHARE_STEPS, THRESHOLD_STEPS
from simcash_env.schema.rank import NUM_COMPONENTS

if TYPE_CHECKING:
    from simcash_env.compile.scenario import CompiledScenario
    from simcash_env.envs.actions import Action, Language
    from simcash_env.envs.batch_view import BatchView
    from simcash_env.schema.arrays import I64, Scenario

LANGUAGES: tuple[Language, ...] = ("queue", "budget", "threshold", "rank")
"""Encodings, in the order of the numbers in ``agents.tables``."""
MASKED: Final[tuple[Language, ...]] = ("queue", "budget")
"""Encodings with masks."""


def head_sizes(view: Scenario, learners: I64, action: Action, num_slots: int) -> dict[str, int]:
    """Return the number of choices of each head by name: heads of the encoding, then optional heads."""
    main = {
        "queue": [len(view.choice_verb)] * num_slots,
        "budget": [BUDGET_LEVELS],
        "threshold": [THRESHOLD_STEPS + 1] * 4,
        "rank": [SHARE_STEPS + 1] * NUM_COMPONENTS,
    }
    heads = {f"main{at}": size for at, size in enumerate(main[action.language])}
    optional = {head.name: head.size for head in heads_of(view, learners)}
    if "pool" in optional:
        optional["pool"] = pool_steps(action) + 1
    return heads | optional


def pool_steps(action: Action) -> int:
    """Return the steps of the grid on which an action chooses a pool share."""
    return SHARE_STEPS if action.pool == "share" else POOL_LEVELS - 1


def new_window(variants: Sequence[CompiledScenario], batch: BatchView, action: Action, num_entries: int) -> Any:
    """Return the ``agents.tables.Window`` of a batch, with the scales of every variant.

    Args:
        variants: members of the family, or the scenario alone.
        batch: sizes of the batch.
        action: kind of its actions.
        num_entries: entries of an observation that the kernels write.
    """
    from simcash_env.agents.observation_scales import observation_scales
    from simcash_env.agents.tables import Window

    learners, nvec = batch.learners, batch.action_nvec
    scales = [
        observation_scales(
            variant.view, learners, batch.num_slots, has_market=batch.has_market, has_limits=batch.has_limits
        )
        for variant in variants
    ]
    spread, offset = (np.concatenate(arrays) for arrays in zip(*scales, strict=True))
    choices = int(nvec.max()) if action.language in MASKED else 0
    return Window(
        learners=learners,
        heads=head_numbers(heads_of(batch.scenario.view, learners)),
        num_variants=len(variants),
        num_slots=batch.num_slots,
        num_entries=num_entries,
        num_choices=choices,
        mask_size=len(nvec) * choices,
        num_heads=len(nvec),
        kind=LANGUAGES.index(action.language),
        num_main=batch.num_main_heads,
        pool_steps=pool_steps(action),
        has_market=int(batch.has_market),
        has_limits=int(batch.has_limits),
        spread=spread,
        offset=offset,
    )
