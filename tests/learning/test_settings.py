"""Settings of a training: every fault is named."""

import pytest

from simcash_env.errors import ConfigError
from simcash_env.learning.settings import load_settings

GAME = "castro-2period-v0"


def test_settings_every_fault_is_named(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(f"scenario: {GAME}\ngamma: 2\nnum_envs: 0\ncolour: red\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    assert {fault.path for fault in caught.value.faults} == {"gamma", "num_envs", "colour"}
    with pytest.raises(ConfigError, match="castro-12period-v0"):
        load_settings("castro-13period-v0")


def test_settings_given_twice_are_refused_with_their_line(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(f"scenario: {GAME}\nnum_envs: 4\nnum_envs: 8\n")
    with pytest.raises(ConfigError, match=r"own\.yaml:3: num_envs: is given twice"):
        load_settings(path)


def test_settings_whose_days_do_not_fill_the_batch_are_refused():
    with pytest.raises(ConfigError, match="num_envs must be a multiple of same_day, 16"):
        load_settings("castro-12period-v0", num_envs=24, same_day=16)


def test_settings_of_version_0_1_may_call_the_expert_teacher(tmp_path):
    path = tmp_path / "own.yaml"
    expert = "{policy: {type: urgent_first, urgent_ticks: 2}}"
    found = []
    for key in ("teacher", "expert"):
        path.write_text(f"scenario: {GAME}\n{key}: {expert}\n")
        found.append(load_settings(path))
    assert found[0] == found[1]
    assert found[0].expert is not None


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("num_envs: 1:30", r"own\.yaml:2: num_envs: has two meanings in YAML.*got '1:30'"),
        ("num_envs: 0x10", r"own\.yaml:2: num_envs: has two meanings in YAML.*got '0x10'"),
        ("num_envs: yes", r"own\.yaml:2: num_envs: must be a whole number, got True"),
        ("num_envs: '8'", r"own\.yaml:2: num_envs: must be a whole number, got '8'"),
        ("hidden: [on]", r"own\.yaml:2: hidden\.0: must be a whole number, got True"),
        ("learning_rate: .nan", r"own\.yaml:2: learning_rate: must be a finite number, got nan"),
        ("gama: 1", r"own\.yaml:2: gama: unknown key, got 1\. Did you mean gamma\?"),
        ("randomize: {sizes: [1:30, 2]}", r"own\.yaml:2: randomize\.sizes\.0: has two meanings in YAML"),
        ("randomize: {sizes: ['1', 2]}", r"own\.yaml:2: randomize: sizes: must be two factors above 0 in order"),
        (
            "randomize: {size: [1, 2]}",
            r"own\.yaml:2: randomize: size: unknown key, got a mapping\. Did you mean sizes\?",
        ),
        ("randomize: {num_members: yes}", r"own\.yaml:2: randomize: num_members: must be a whole number of at least 1"),
    ],
)
def test_settings_read_numbers_as_scenarios_do(tmp_path, line, fault):
    path = tmp_path / "own.yaml"
    path.write_text(f"scenario: {GAME}\n{line}\n")
    with pytest.raises(ConfigError, match=fault):
        load_settings(path)
    path.write_text(f"scenario: {GAME}\nnum_envs: 010\nhidden: [1_0]\n")
    assert (load_settings(path).num_envs, load_settings(path).hidden) == (10, (10,))


def test_settings_change_of_the_settings_is_told_apart_from_the_file(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(f"scenario: {GAME}\ngamma: 2\n")
    with pytest.raises(ConfigError, match=r"own\.yaml:2: gamma: must be at most 1, got 2\n.*own\.yaml: num_envs: must"):
        load_settings(path, num_envs=0)
