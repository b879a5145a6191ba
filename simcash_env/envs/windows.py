"""Head sizes and observation scales of a batch, as the kernels read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simcash_env.schema.heads import head_numbers, heads_of
from simcash_env.schema.limits import BUDGET_LEVELS, THRESHOLD_STEPS

if TYPE_CHECKING:
    from simcash_env.compile.scenario import CompiledScenario
    from simcash_env.envs.actions import Language
    from simcash_env.envs.vector import SimCashVec
    from simcash_env.schema.arrays import I64, Scenario

LANGUAGES: tuple[Language, ...] = ("queue", "budget", "threshold")
"""Encodings, in the order of the numbers in ``agents.tables``."""


def head_sizes(view: Scenario, learners: I64, language: Language, num_slots: int) -> dict[str, int]:
    """Return the number of choices of each head by name: heads of the encoding, then optional heads."""
    main = {
        "queue": [len(view.choice_verb)] * num_slots,
        "budget": [BUDGET_LEVELS],
        "threshold": [THRESHOLD_STEPS + 1] * 4,
    }
    heads = {f"main{at}": size for at, size in enumerate(main[language])}
    return heads | {head.name: head.size for head in heads_of(view, learners)}


def new_window(variants: Sequence[CompiledScenario], learners: I64, vec: SimCashVec) -> Any:
    """Return the ``agents.tables.Window`` of a batch, with the scales of every variant."""
    from simcash_env.agents.observation_scales import observation_scales
    from simcash_env.agents.tables import Window

    scales = [
        observation_scales(variant.view, learners, vec.num_slots, has_market=vec.has_market) for variant in variants
    ]
    spread, offset = (np.concatenate(arrays) for arrays in zip(*scales, strict=True))
    heads = len(vec.action_nvec)
    choices = 0 if vec.action.language == "threshold" else int(vec.action_nvec.max())
    return Window(
        learners=learners,
        heads=head_numbers(heads_of(vec.scenario.view, learners)),
        num_variants=len(variants),
        num_slots=vec.num_slots,
        num_entries=vec.num_features,
        num_choices=choices,
        mask_size=heads * choices,
        num_heads=heads,
        kind=LANGUAGES.index(vec.action.language),
        num_main=vec.num_main_heads,
        has_market=int(vec.has_market),
        spread=spread,
        offset=offset,
    )
