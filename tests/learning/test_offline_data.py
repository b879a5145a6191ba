"""A data set holds what a replay of the same seeds shows, and says what it was taken from."""

import json
import os
from itertools import pairwise
from pathlib import Path

import minari
import numpy as np
import pyarrow.parquet as pq
import pytest

import simcash_env
from simcash_env import simcash_v0
from simcash_env.config import FifoPolicy
from simcash_env.errors import ConfigError
from simcash_env.learning.offline_data import DATA_ROOT, data_root, roll_out, write_minari, write_parquet
from simcash_env.learning.policies import named_policy
from simcash_env.schema.codes import NUM_COSTS
from simcash_env.simulation import COST_NAMES

SCENARIO, SEEDS = "castro-12period-v0", (5, 9, 2_000_000)


@pytest.fixture(scope="module")
def rollouts():
    return roll_out(named_policy(SCENARIO, None, "random"), SEEDS)


def replay(seed, actions):
    """Observations, masks, rewards, costs of one run of the PettingZoo face: dicts by bank of what each step gave."""
    env = simcash_v0.parallel_env(SCENARIO, mask="matrix", mask_in="observation")
    seen, _ = env.reset(seed=seed)
    steps = [(seen, None, None)]
    for tick in range(len(next(iter(actions.values())))):
        chosen = {bank: rows[tick] for bank, rows in actions.items()}
        seen, rewards, terminations, _, infos = env.step(chosen)
        steps.append((seen, rewards, infos))
    assert all(terminations.values())
    return steps


def test_offline_data_parquet_holds_every_bank_as_a_replay_shows_it(rollouts, tmp_path):
    table = pq.read_table(write_parquet(rollouts, tmp_path / "all" / "rollouts.parquet"))
    facts = json.loads(table.schema.metadata[b"simcash"])
    assert (facts["scenario"], facts["version"], facts["policy"]) == (SCENARIO, simcash_env.__version__, "random")
    assert facts["seeds"] == list(SEEDS)
    rows = table.to_pylist()
    assert len(rows) == 12 * 3 * 2
    for seed in SEEDS:
        own = {bank: [row for row in rows if row["seed"] == seed and row["bank"] == bank] for bank in facts["bank_ids"]}
        assert [row["tick"] for row in own["BANK_A"]] == list(range(12))
        steps = replay(seed, {bank: [np.array(row["action"]) for row in own[bank]] for bank in own})
        for tick, ((before, _, _), (_, rewards, infos)) in enumerate(pairwise(steps)):
            for bank, told in own.items():
                row = told[tick]
                assert row["observation"] == before[bank]["observation"].tolist()
                assert row["action_mask"] == before[bank]["action_mask"].reshape(-1).tolist()
                assert row["reward"] == rewards[bank]
                assert [row[f"{name}_cents"] for name in COST_NAMES] == infos[bank]["costs"].tolist()
                assert row["is_last"] == (tick == 11)


def test_offline_data_minari_holds_one_banks_view_as_a_replay_shows_it(rollouts, tmp_path):
    name = write_minari(rollouts, "BANK_B", tmp_path)
    with data_root(tmp_path):
        data = minari.load_dataset(name)
    told = data.storage.metadata
    assert (told["simcash_scenario"], told["simcash_version"]) == (SCENARIO, simcash_env.__version__)
    assert told["simcash_scenario_config"] == json.loads(json.dumps(rollouts.facts["scenario_config"]))
    assert data.total_episodes == 3
    both = {bank: rollouts.actions[:, :, at] for at, bank in enumerate(rollouts.bank_ids)}
    for run, (episode, seed) in enumerate(zip(data.iterate_episodes(), SEEDS, strict=True)):
        assert next(iter(data.storage.get_episode_metadata([run])))["seed"] == seed
        assert (episode.actions == both["BANK_B"][:, run]).all()
        steps = replay(seed, {bank: rows[:, run] for bank, rows in both.items()})
        for tick, (seen, rewards, infos) in enumerate(steps):
            if tick < 12:  # after the end the face shows nothing more to the learner
                assert (episode.observations["observation"][tick] == seen["BANK_B"]["observation"]).all()
                assert (episode.observations["action_mask"][tick] == seen["BANK_B"]["action_mask"]).all()
            if tick:
                assert episode.rewards[tick - 1] == rewards["BANK_B"]
                cents = [int(episode.infos[f"{kind}_cents"][tick - 1]) for kind in COST_NAMES]
                assert cents == infos["BANK_B"]["costs"].tolist()
        assert episode.terminations.tolist() == [False] * 11 + [True]
        assert not episode.truncations.any()


def test_offline_data_relative_folder_is_below_the_present_one(rollouts, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = write_minari(rollouts, "BANK_A", Path("sets"))
    with data_root(tmp_path / "sets"):
        assert minari.load_dataset(name).total_episodes == 3


def test_offline_data_environment_of_a_minari_data_set_is_the_banks(rollouts, tmp_path):
    name = write_minari(rollouts, "BANK_A", tmp_path)
    with data_root(tmp_path):
        data = minari.load_dataset(name)
    env = data.recover_environment()
    assert env.unwrapped.bank == "BANK_A"
    assert env.observation_space == data.observation_space
    assert env.action_space == data.action_space
    seen, _ = env.reset(seed=SEEDS[0])
    assert (seen["observation"] == data[0].observations["observation"][0]).all()


def test_offline_data_named_policy_costs_in_the_data_what_it_costs_in_the_kernel():
    from simcash_env.evaluation.evaluate import evaluate_policy

    rollouts = roll_out(named_policy(SCENARIO, FifoPolicy(), "fifo"), SEEDS)
    kernel = evaluate_policy(rollouts.policy.config, FifoPolicy(), SEEDS)
    assert rollouts.costs.shape == (12, 3, 2, NUM_COSTS)
    assert (rollouts.costs.sum(axis=0) == kernel.cents).all()


def test_no_data_set_is_overwritten_and_a_bank_must_decide(rollouts, tmp_path):
    write_minari(rollouts, "BANK_A", tmp_path)
    with pytest.raises(ConfigError, match="there already"):
        write_minari(rollouts, "BANK_A", tmp_path)
    with pytest.raises(ConfigError, match="BANK_A, BANK_B"):
        write_minari(rollouts, "BANK_C", tmp_path)


def test_offline_data_folder_that_minari_was_told_of_is_told_again_afterwards(tmp_path, monkeypatch):
    monkeypatch.setenv(DATA_ROOT, "elsewhere")
    with data_root(tmp_path / "sets"):
        assert os.environ[DATA_ROOT] == str(tmp_path / "sets")
    assert os.environ[DATA_ROOT] == "elsewhere"
