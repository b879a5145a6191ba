"""What a step of a batch works on: the caller's arrays, flat and written in place, and what does not change meanwhile.

Axes: V variants of the scenario, N copies, L learning banks, H heads of an action, C choices of the widest head,
D entries of an observation.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from simcash_env.schema.arrays import I64

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int8]
I32 = npt.NDArray[np.int32]

DISABLED: Final = 0
NEXT_STEP: Final = 1
SAME_STEP: Final = 2
"""Autoreset modes, as Gymnasium names them."""
BY_CALLER: Final = 3
"""The caller resets copies that are over before they step again."""

DONE: Final = 0
"""A copy's ``pending`` value once it has stepped; ``codes.Status`` otherwise, or one of these before."""
TO_STEP: Final = -1
TO_RESET: Final = -2
TO_OPEN: Final = -3
TO_OBSERVE: Final = -4
TO_KEEP: Final = -5
"""The episode has ended and is to be reset within the step: what is seen last is still to be kept."""

QUEUE: Final = 0
BUDGET: Final = 1
THRESHOLD: Final = 2
RANKED: Final = 3
"""Kinds of action: what the first heads mean."""


class Arena(NamedTuple):
    """The rows of a batch: what every copy reads, where each copy's state lies, scratch space for one of them."""

    scenario_rows: I64  # V * words of a scenario
    scenario_sizes: I64
    templates: I64  # V * words of a state, before the first tick
    states: I64  # N * words of a state
    state_sizes: I64
    work_row: I64
    work_sizes: I64


class Buffers(NamedTuple):
    """The caller's arrays."""

    actions: I32  # N * L * H, in
    observations: F32  # N * L * D
    masks: I8  # N * L * H * C, or 0 where the action has no masks
    rewards: F64  # N * L
    costs: I64  # N * L * cost kinds, cents of the step
    liquidity: I64  # N * L * 2, cents: balance and overdraft limit on which the last decision was taken
    illegal: I64  # N * L, verbs of the step that were not carried out
    filled: I64  # N * L, slots written last
    charged: I8  # N, 1: there are costs to be cleared
    terminated: I8  # N
    truncated: I8  # N
    seeds: I64  # N, of the running episode; 0 to 2**63 - 1
    variants: I64  # N, of the running episode
    pending: I64  # N, in and out: what is still to be done
    raw: F64  # N * L * D where the caller wants the numbers themselves, else scratch space for one D
    final_observations: F32  # N * L * D or 0, before an automatic reset
    final_masks: I8  # N * L * H * C or 0


class Window(NamedTuple):
    """Who sees and decides, how much of it, and on which scales."""

    learners: I64  # (L,) bank numbers
    heads: I64  # optional heads that are present: numbers of ``schema.heads.HEAD``, in order
    num_variants: int
    num_slots: int  # payments of Queue 1 that are shown
    num_entries: int  # of an observation
    num_choices: int  # of the widest head
    mask_size: int  # heads times choices, 0 where the action has no masks
    num_heads: int
    kind: int  # of the action
    num_main: int  # heads before the optional ones
    pool_steps: int  # of the grid on which a pool share is chosen
    has_market: int  # one more block of the observation and kind of cost
    has_limits: int  # one more block of the observation
    spread: F32  # (V * L * D)
    offset: F32


class Shape(NamedTuple):
    """What does not change between two calls."""

    window: Window
    max_ticks: int  # truncates an episode; the run's length where nothing is truncated
    autoreset: int
    alpha: float  # 0: own cost, 1: mean cost of all banks
    reward_scale: float  # cents


class Call(NamedTuple):
    """All arguments of a step of a batch; ``envs/workers.py`` packs them, ``agents/step.py`` opens them."""

    arena: Arena
    buffers: Buffers
    shape: Shape
    num_choices: I64  # (H,) of every head
    is_backward: I64  # one element, 1: the last sweep went from the last copy to the first
