"""Rollouts as data sets: all banks as Parquet, one bank's view as a Minari data set.

Minari keeps single-agent episodes: one reward a step, and spaces of one agent. A game of several banks does not fit, so
a Minari data set holds what one bank saw, did and got; the Parquet file next to it holds all of them.
"""

from __future__ import annotations

import copy
import json
import os
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simcash_env import __version__
from simcash_env._registration import BANK_ID
from simcash_env.envs.vector import make_vec
from simcash_env.errors import ConfigError, Fault
from simcash_env.evaluation.evaluate import deciding_banks
from simcash_env.files import make_folder_of, replacing
from simcash_env.learning.policies import PlayablePolicy
from simcash_env.schema.arrays import I64

FORMAT: Final = "simcash-rollouts-1"
DATA_ROOT: Final = "MINARI_DATASETS_PATH"


@dataclass(frozen=True, eq=False)
class Rollouts:
    """Runs of one policy: R runs, T ticks, L deciding banks sorted by id.

    Attributes:
        observations: (T + 1, R, L, D) what was seen before each decision, and last.
        masks: (T + 1, R, L, H, C) what could be chosen then.
        actions: (T, R, L, H).
        rewards: (T, R, L).
        costs: (T, R, L, kinds) cents, kinds in the order of ``facts["cost_kinds"]``.
        facts: scenario, version, policy, names of columns: the metadata of the data sets.
    """

    policy: PlayablePolicy
    seeds: tuple[int, ...]
    bank_ids: tuple[str, ...]
    observations: npt.NDArray[np.float32]
    masks: npt.NDArray[np.int8]
    actions: I64
    rewards: npt.NDArray[np.float64]
    costs: I64
    facts: dict[str, Any]


def roll_out(policy: PlayablePolicy, seeds: Sequence[int]) -> Rollouts:
    """Play every seed to its end."""
    banks = deciding_banks(policy.config)
    vec = make_vec(
        policy.config, len(seeds), learners=banks, max_queue_slots=policy.max_queue_slots, autoreset="disabled"
    )
    vec.reset(list(seeds))
    seen, legal = [vec.observations.copy()], [vec.masks.copy()]
    actions, rewards, costs = [], [], []
    for _ in range(vec.num_ticks):
        actions.append(np.array(policy.agent.act(vec), np.int64))
        vec.step(actions[-1])
        rewards.append(vec.rewards.copy())
        costs.append(vec.costs.copy())
        seen.append(vec.observations.copy())
        legal.append(vec.masks.copy())
    facts = {
        "format": FORMAT,
        "scenario": policy.scenario,
        "scenario_name": policy.config.name,
        "scenario_config": policy.config.model_dump(mode="json"),
        "version": __version__,
        "policy": policy.name,
        "largest_share_of_pool": policy.largest_share,
        "checkpoint_sha256": None if policy.facts is None else policy.facts.sha256,
        "max_queue_slots": policy.max_queue_slots,
        "reward_scale_cents": float(vec.reward_scale),
        "bank_ids": list(vec.bank_ids),
        "seeds": [int(seed) for seed in seeds],
        "observation_names": list(vec.observation_layout),
        "head_choices": vec.action_nvec.tolist(),
        "heads": {"slots": vec.num_slots, **vec.head_index},
        "cost_kinds": list(vec.cost_names),
    }
    return Rollouts(
        policy, tuple(map(int, seeds)), vec.bank_ids, np.stack(seen), np.stack(legal), np.stack(actions),
        np.stack(rewards), np.stack(costs), facts,
    )  # fmt: skip


def write_parquet(rollouts: Rollouts, path: Path) -> Path:
    """One row a run, tick and bank; the metadata of the schema holds ``simcash``, the facts as JSON."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    ticks, runs, banks = rollouts.rewards.shape
    tick, run, bank = (grid.reshape(-1) for grid in np.indices((ticks, runs, banks)))
    rows = ticks * runs * banks

    def lists(values: npt.NDArray[Any]) -> Any:
        flat = np.ascontiguousarray(values.reshape(rows, -1))
        return pa.FixedSizeListArray.from_arrays(pa.array(flat.reshape(-1)), flat.shape[1])

    columns: dict[str, Any] = {
        "seed": np.array(rollouts.seeds, np.int64)[run],
        "tick": tick,
        "bank": pa.array(np.array(rollouts.bank_ids)[bank].tolist()),
        "observation": lists(rollouts.observations[:-1]),
        "action_mask": lists(rollouts.masks[:-1]),
        "action": lists(rollouts.actions),
        "reward": rollouts.rewards.reshape(-1),
        "is_last": tick == ticks - 1,
    }
    for kind, name in enumerate(rollouts.facts["cost_kinds"]):
        columns[f"{name}_cents"] = rollouts.costs[..., kind].reshape(-1)
    table = pa.table(columns)
    make_folder_of(path)
    facts = {"simcash": json.dumps(rollouts.facts)}
    with replacing(path) as partial:
        pq.write_table(table.replace_schema_metadata(facts), partial, compression="zstd")
    return path


def dataset_id(policy: PlayablePolicy, bank: str) -> str:
    """``simcash/SCENARIO/POLICY-BANK-v0``, with what Minari does not take in names replaced by hyphens."""
    scenario, name, who = (re.sub(r"[^\w-]+", "-", text) for text in (Path(policy.scenario).stem, policy.name, bank))
    return f"simcash/{scenario}/{name}-{who}-v0"


def write_minari(rollouts: Rollouts, bank: str, folder: Path) -> str:
    """One bank's episodes as a Minari data set below a folder; returns its id.

    The environment that the data set names is ``SimCash/Bank-v0`` with this bank: there the other banks follow the
    scenario's policies, and those that have none release everything. ``simcash_policy`` says what they did here.

    Raises:
        ConfigError: no such bank, or a data set of that id is there already.
    """
    import gymnasium
    import minari
    from minari.data_collector import EpisodeBuffer

    if bank not in rollouts.bank_ids:
        rule = f"decides nothing here; the banks that do are {', '.join(rollouts.bank_ids)}"
        raise ConfigError([Fault(None, None, "bank", repr(bank), rule)])
    at, policy, name = rollouts.bank_ids.index(bank), rollouts.policy, dataset_id(rollouts.policy, bank)
    if (folder / name).exists():
        raise ConfigError([Fault(str(folder), None, "data set", repr(name), "is there already; it is not overwritten")])
    environment = copy.deepcopy(gymnasium.spec(BANK_ID))
    is_named = policy.largest_share == 1.0 and not policy.is_changed
    environment.kwargs = {
        "scenario": policy.scenario if is_named else rollouts.facts["scenario_config"],
        "bank": bank, "mask": "matrix", "mask_in": "observation", "max_queue_slots": policy.max_queue_slots,
    }  # fmt: skip
    episodes = [_episode(rollouts, run, at, EpisodeBuffer) for run in range(len(rollouts.seeds))]
    with data_root(folder), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that author and mail are missing
        data = minari.create_dataset_from_buffers(
            name,
            episodes,
            env=environment,
            algorithm_name=policy.name,
            description=f"{bank} in {policy.config.name}: {policy.config.description or ''}",
            requirements=[f"simcash-env=={__version__}"],
            data_format="hdf5",
        )
        data.storage.update_metadata({f"simcash_{key}": value for key, value in rollouts.facts.items()})
    return name


def _episode(rollouts: Rollouts, run: int, bank: int, buffer: Any) -> Any:
    ticks = len(rollouts.rewards)
    is_last = np.arange(ticks) == ticks - 1
    return buffer(
        seed=rollouts.seeds[run],
        observations={
            "observation": rollouts.observations[:, run, bank],
            "action_mask": rollouts.masks[:, run, bank],
        },
        actions=rollouts.actions[:, run, bank],
        rewards=rollouts.rewards[:, run, bank],
        terminations=is_last,
        truncations=np.zeros(ticks, bool),
        infos={
            f"{name}_cents": rollouts.costs[:, run, bank, kind]
            for kind, name in enumerate(rollouts.facts["cost_kinds"])
        },
    )


@contextmanager
def data_root(folder: Path) -> Iterator[None]:
    """Let Minari read and write below a folder; it takes a relative one for one below its own."""
    before = os.environ.get(DATA_ROOT)
    folder.mkdir(parents=True, exist_ok=True)
    os.environ[DATA_ROOT] = str(folder.resolve())
    try:
        yield
    finally:
        if before is None:
            del os.environ[DATA_ROOT]
        else:
            os.environ[DATA_ROOT] = before
