"""A study is kept in its file, goes on, judges on validation days, and loses no trial to an interruption."""

import json
import signal
import subprocess
import sys
import time

import pytest

from simcash_env.errors import ConfigError
from simcash_env.evaluation.seeds import validation_seeds
from simcash_env.learning import tune
from simcash_env.learning.search_space import SPACE, Range, read_space
from simcash_env.learning.settings import load_settings
from simcash_env.learning.tune import (
    SearchPlan,
    give_back,
    open_study,
    search,
    standing,
    validation_costs,
    write_settings,
)

GAME = "castro-2period-v0"
SPACE_OF_TWO = {"learning_rate": Range(low=1e-4, high=1e-2, log=True), "hidden": [[8], [16]]}


def plan(**changes):
    settings = load_settings(GAME, num_envs=16, total_steps=320, num_minibatches=2)
    return SearchPlan(settings, SPACE_OF_TWO, **{"validation_days": 3, **changes})


@pytest.mark.parametrize("name", ["study.journal", "study.db"])
def test_tune_second_command_goes_on_with_the_study(name, tmp_path):
    path = tmp_path / "folder" / name
    first = search(open_study(path, "mine", plan()), plan(), 2)
    again = open_study(path, "mine", plan())
    assert [trial.value for trial in again.trials] == [trial.value for trial in open_study(path, "mine", plan()).trials]
    second = search(again, plan(), 3)
    assert (first.done, second.done) == (2, 3)
    assert second.cents.mean <= first.cents.mean
    assert search(again, plan(), 3).done == 3, "nothing more is tried when all are done"


def test_tune_study_is_refused_under_another_plan(tmp_path):
    path = tmp_path / "study.journal"
    open_study(path, "mine", plan())
    with pytest.raises(ConfigError, match="validation_days"):
        open_study(path, "mine", plan(validation_days=4))
    assert open_study(path, "other", plan(validation_days=4)).study_name == "other"


@pytest.mark.parametrize("name", ["study.journal", "study.db"])
@pytest.mark.parametrize("content", [b"# \xe9\n[3]\n", b'{"a": 1}\n' * 200])
def test_tune_study_file_that_is_none_is_refused_by_name(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=rf"{name}: storage: cannot be read as a study: "):
        open_study(path, "mine", plan())
    assert path.read_bytes() == content


def test_tune_trials_are_judged_on_validation_days_alone(monkeypatch, tmp_path):
    judged = []
    real = tune.evaluate_learned

    def watch(policy, config, seeds):
        judged.append(tuple(seeds))
        return real(policy, config, seeds)

    monkeypatch.setattr(tune, "evaluate_learned", watch)
    found = search(open_study(tmp_path / "study.journal", "mine", plan(runs=2)), plan(runs=2), 1)
    assert judged == [validation_seeds(3)] * 2
    assert found.cents.count == 6


def test_tune_what_was_interrupted_is_tried_first_by_the_next_command(monkeypatch, tmp_path):
    path = tmp_path / "study.journal"
    tried = []

    def press(_plan, choices, _report):
        tried.append(choices)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(tune, "validation_costs", press)
        with pytest.raises(KeyboardInterrupt):
            search(open_study(path, "mine", plan()), plan(), 1)
    found = search(open_study(path, "mine", plan()), plan(), 1)
    assert (found.done, found.failed) == (1, 1)
    assert {name: found.settings[name] for name in SPACE_OF_TWO} == tried[0]


def test_tune_trial_whose_process_has_died_is_taken_over(tmp_path):
    path = tmp_path / "study.journal"
    study = open_study(path, "mine", plan())
    trial = study.ask()
    wanted = trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    trial.set_user_attr(tune.OWNER, f"{tune.socket.gethostname()}:{gone.pid}")
    found = search(open_study(path, "mine", plan()), plan(), 1)
    assert (found.done, found.failed) == (1, 1)
    assert found.settings["learning_rate"] == wanted


def test_tune_trial_of_a_living_process_is_left_to_it(tmp_path):
    path = tmp_path / "study.journal"
    study = open_study(path, "mine", plan())
    trial = study.ask()
    trial.set_user_attr(tune.OWNER, f"{tune.socket.gethostname()}:{tune.os.getpid()}")
    assert standing(open_study(path, "mine", plan()), plan()).failed == 0
    give_back(study, study.trials[0])
    assert standing(study, plan()).failed == 1


def test_tune_best_settings_are_a_file_that_training_takes(tmp_path):
    study = open_study(tmp_path / "study.journal", "mine", plan())
    with pytest.raises(ConfigError, match="no finished trial"):
        write_settings(standing(study, plan()), tmp_path / "best.yaml")
    found = search(study, plan(), 2)
    write_settings(found, tmp_path / "best.yaml")
    settings = load_settings(tmp_path / "best.yaml")
    assert settings.model_dump(mode="json") == found.settings
    assert validation_costs(plan(), {name: getattr(settings, name) for name in SPACE_OF_TWO}) == pytest.approx(
        study.best_trial.user_attrs["cents"]
    )


def test_tune_every_fault_of_a_space_is_named(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text("learning_rate: {low: 0.0, high: 0.1, log: true}\nhidden: 3\n")
    with pytest.raises(ConfigError) as caught:
        read_space(path)
    assert {fault.path.split(".")[0] for fault in caught.value.faults} == {"learning_rate", "hidden"}
    path.write_text("colour: [red]\nhidden: []\nscenario: [a]\n")
    with pytest.raises(ConfigError) as caught:
        read_space(path)
    assert {fault.path for fault in caught.value.faults} == {"colour", "hidden", "scenario"}
    path.write_text("num_epochs: {low: 2, high: 4, whole: true}\n")
    assert read_space(path) == {"num_epochs": Range(low=2, high=4, whole=True)}
    assert read_space(None) == SPACE


@pytest.mark.slow
def test_tune_ctrl_c_keeps_the_study_and_the_same_command_goes_on(tmp_path):
    path = tmp_path / "study.db"
    command = [
        sys.executable, "-m", "simcash_env.cli", "tune", GAME, "--steps", "2048", "--seeds", "2", "--storage", str(path),
        "--json", "--trials",
    ]  # fmt: skip
    with (tmp_path / "log").open("w") as log:
        first = subprocess.Popen([*command, "1000"], stdout=subprocess.PIPE, stderr=log, text=True)
    settings = load_settings(GAME, total_steps=2_048)
    shared = SearchPlan(settings, SPACE, validation_days=2)
    end = time.monotonic() + 300
    while not path.exists() or standing(open_study(path, GAME, shared), shared).done < 1:
        assert first.poll() is None
        assert time.monotonic() < end
        time.sleep(0.5)
    first.send_signal(signal.SIGINT)
    told = json.loads(first.communicate()[0])
    assert first.returncode == 130
    assert told["done"] >= 1
    again = subprocess.run([*command, str(told["done"] + 1)], capture_output=True, text=True, check=True)
    more = json.loads(again.stdout)
    assert more["done"] == told["done"] + 1
    assert more["cents"]["mean"] <= told["cents"]["mean"]


def test_tune_space_that_cannot_be_read_is_refused(tmp_path):
    path = tmp_path / "space.yaml"
    with pytest.raises(ConfigError, match=r"space.yaml.*cannot be read"):
        read_space(path)
    path.write_text("learning_rate: [")
    with pytest.raises(ConfigError, match=r"space.yaml:1: not valid YAML"):
        read_space(path)
    path.write_bytes(b"# \xe9\nlearning_rate: [0.001]\n")
    with pytest.raises(ConfigError, match=r"space.yaml:1: cannot be read: not UTF-8 text, got byte 0xe9"):
        read_space(path)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("- 1", "space.yaml:1: must be a mapping of settings to values, got a list"),
        ("gamma: [0.1]\ngamma: [0.2]", "space.yaml:2: gamma: is given twice"),
        ("gamma: {low: 1:30, high: 2}", "space.yaml:1: gamma.low: has two meanings in YAML"),
        ("gamma: [0x10]", "space.yaml:1: gamma.0: has two meanings in YAML"),
        ("gamma: {low: no, high: 2}", "space.yaml:1: gamma.low: must be a number, got False"),
        ("gamma: {low: 1, hihg: 2}", "space.yaml:1: gamma.hihg: unknown key, got 2. Did you mean high?"),
        ("gamma: {low: 2, high: 1}", "space.yaml:1: gamma: needs low < high"),
        ("gamma: {low: 1, high: .inf}", "space.yaml:1: gamma.high: must be a finite number"),
        ("gama: [1]", "space.yaml:1: gama: unknown training setting. Did you mean gamma?"),
        ("gamma: []", "space.yaml:1: gamma: needs a value"),
        ("gamma: 5", "space.yaml:1: gamma: "),
    ],
)
def test_tune_space_is_read_as_strictly_as_a_scenario(tmp_path, text, fault):
    path = tmp_path / "space.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_space(path)
    assert fault in str(caught.value)


@pytest.mark.parametrize("name", ["\ud800", "a\0b", "two\nlines"])
def test_tune_study_whose_name_no_database_can_hold_is_refused(tmp_path, name):
    with pytest.raises(ConfigError, match="study: must"):
        open_study(tmp_path / "study.db", name, plan())
    assert list(tmp_path.iterdir()) == []


def test_tune_numbers_of_a_space_are_decimal(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text("num_epochs: {low: 010, high: 0_20, whole: true}\nnum_minibatches: [010]\n")
    found = read_space(path)
    assert (found["num_epochs"].low, found["num_epochs"].high, found["num_minibatches"]) == (10, 20, [10])


def test_tune_every_trial_is_told_as_soon_as_it_is_done(tmp_path):
    told = []
    search(
        open_study(tmp_path / "study.journal", "mine", plan()), plan(), 2, report=told.append, storage="study.journal"
    )
    assert [(found.done, found.failed, found.storage) for found in told] == [
        (1, 0, "study.journal"),
        (2, 0, "study.journal"),
    ]
    assert told[1].cents.mean <= told[0].cents.mean


def test_tune_trial_of_another_users_process_is_left_to_it(tmp_path, monkeypatch):
    path = tmp_path / "study.journal"
    trial = open_study(path, "mine", plan()).ask()
    trial.set_user_attr(tune.OWNER, f"{tune.socket.gethostname()}:1")

    def forbid(process, number):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(tune.os, "kill", forbid)
    assert standing(open_study(path, "mine", plan()), plan()).failed == 0
