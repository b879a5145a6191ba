"""Submitted policies in real processes: scores, limits, repetition."""

import os
import select
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simcash_env.errors import ConfigError, SubmissionError
from simcash_env.evaluation import submission_process
from simcash_env.evaluation.evaluate import evaluate_agent
from simcash_env.evaluation.submission_archive import MIB, open_archive
from simcash_env.evaluation.submission_process import Limits, PolicyProcess, clean_environment
from simcash_env.evaluation.submission_score import score
from simcash_env.registry import load
from tests.evaluation.submissions import FACTS, GAME, archive, policy

DAYS = (1, 2, 3, 4)
RANDOM = "castro-12period-v0"


def scored(folder, code, seeds=DAYS, scenario=GAME, facts=FACTS, **options):
    found = open_archive(archive(folder, {"agent.py": code}, facts=facts))
    return score(found, load(scenario), seeds, **options)


class ReleaseAll:
    def act(self, vec):
        return vec.masks[..., 1].astype(np.int64)


def test_submission_score_is_that_of_the_same_policy_in_the_batch(tmp_path):
    told = []
    found = scored(tmp_path, policy(), scenario=RANDOM, report=told.append)
    expected = evaluate_agent(load(RANDOM), ReleaseAll(), DAYS, max_queue_slots=4)
    assert found.evaluation.cents.tolist() == expected.cents.tolist()
    assert found.evaluation.value_cents == expected.value_cents
    assert found.evaluation.seeds == DAYS
    assert found.evaluation.milliseconds_per_decision > 0
    assert found.versions["numpy"] == np.__version__
    assert found.illegal_choices == 0
    assert told[-1] == f"{RANDOM}: day 4 of 4"


def test_submission_score_counts_the_costs_of_scripted_banks_too(tmp_path):
    config = load(RANDOM)
    banks = tuple(
        bank.model_copy(update={"policy": {"type": "external"}}) if bank.id == "BANK_A" else bank
        for bank in config.banks
    )
    config = config.model_copy(update={"banks": banks})
    found = score(open_archive(archive(tmp_path, {"agent.py": policy()})), config, (5,))
    expected = evaluate_agent(config, ReleaseAll(), (5,), max_queue_slots=4)
    assert found.evaluation.cents.tolist() == expected.cents.tolist()
    assert found.evaluation.cents[:, 1].sum() > 0


def test_submission_score_plays_a_day_without_randomness_once_unless_the_policy_draws(tmp_path):
    assert scored(tmp_path, policy()).evaluation.seeds == (1,)
    drawing = policy(act="chosen = {b: m * np.random.default_rng(self.seed).integers(2) for b, m in chosen.items()}")
    facts = FACTS.replace("format = 1", "format = 1\nstochastic = true")
    found = scored(tmp_path, drawing, facts=facts, seeds=range(1, 9))
    assert len(set(found.evaluation.totals().tolist())) == 2


@pytest.mark.parametrize("action", ["budget", "rank"])
def test_submission_score_of_other_actions(action, tmp_path):
    facts = FACTS.replace("max_queue_slots = 4", f'max_queue_slots = 4\naction = "{action}"')
    code = policy(head="import sys").replace('seen["action_mask"][:, 1].astype(int)', "self.chosen").replace(
        "return Policy()", "Policy.chosen = 0 if setup['action']['kind'] == 'discrete' else "
        "np.full(setup['action']['shape'], setup['action']['low'])\n    return Policy()")  # fmt: skip
    found = scored(tmp_path, code, facts=facts)
    assert found.allowed.pool == "any"
    assert found.evaluation.totals().tolist() == [17_000]  # nothing is released and nothing allocated


def test_submission_score_counts_illegal_choices(tmp_path):
    found = scored(tmp_path, policy(act="chosen = {bank: np.ones(5, int) for bank in chosen}"))
    assert found.illegal_choices > 0


FAILURES = {
    "crash": (policy(head="import os", act="os._exit(3)"), "ended with exit code 3 before it answered"),
    "signal": (policy(head="import os", act="os.kill(os.getpid(), 11)"), "ended with signal SIGSEGV"),
    "error": (policy(act='raise KeyError("x")'), "decide: KeyError: 'x'"),
    "range": (policy(act="chosen = {bank: np.full(5, 99) for bank in chosen}"), "seed 1, tick 0: actions.BANK_A"),
    "slow": (policy(head="import time", act="time.sleep(60)"), "took more than 1 seconds to decide"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_submission_score_of_a_policy_that_fails_says_why(name, tmp_path):
    code, rule = FAILURES[name]
    with pytest.raises(SubmissionError) as error:
        scored(tmp_path, code)
    assert str(error.value).startswith("release-all: ")
    assert rule in str(error.value)


def test_submission_score_error_shows_what_was_printed_and_where_it_was_raised(tmp_path):
    with pytest.raises(SubmissionError, match="ValueError: bad") as error:
        scored(tmp_path, policy(head="print('loaded')", act='raise ValueError("bad")'))
    assert "  loaded" in str(error.value)
    assert 'agent.py", line' in str(error.value)


def test_submission_score_of_a_policy_that_remembers_earlier_days_is_refused(tmp_path):
    code = policy(act="chosen = {b: m * (self.days != 1) for b, m in chosen.items()}")
    with pytest.raises(SubmissionError, match=r"seed 3, tick \d: other actions when the day is played again \(bank by"):
        scored(tmp_path, code, scenario=RANDOM)


def test_submission_score_own_information_means_that_a_bank_decides_alone(tmp_path):
    code = policy(act="chosen = {b: m * (len(chosen) == 2) for b, m in chosen.items()}")
    with pytest.raises(SubmissionError, match="seed 1, tick 0: other actions"):
        scored(tmp_path, code)
    facts = FACTS.replace("format = 1", 'format = 1\ninformation = "all"')
    assert scored(tmp_path, code, facts=facts).evaluation.totals().tolist() == [16_000]


def test_submission_score_library_that_is_missing_is_named(tmp_path):
    facts = FACTS.replace('numpy = "2.4"', 'no-such-library = "1.0"')
    with pytest.raises(ConfigError, match=r"p\.zip!policy\.toml: versions\.no-such-library: is not installed in this"):
        scored(tmp_path, policy(), facts=facts)
    with pytest.raises(ConfigError, match="is not installed in the environment of"):
        scored(tmp_path, policy(), facts=facts, python=sys.executable)


@pytest.mark.skipif(os.name == "nt", reason="Windows limits no resources")
def test_submission_process_memory_and_total_time_are_limited(tmp_path):
    limits = Limits(memory_bytes=1_000 * MIB)
    with pytest.raises(SubmissionError, match=r"MemoryError|out of memory"):
        scored(tmp_path, policy(act="np.ones(2 * 10**8)"), limits=limits)
    with pytest.raises(SubmissionError, match="took more than 2 seconds"):
        limits = replace(limits, decision_seconds=9.0, total_seconds=2.0)
        scored(tmp_path, policy(head="import time", act="time.sleep(60)"), limits=limits)


@pytest.mark.skipif(os.name == "nt", reason="Windows limits no resources")
def test_submission_process_files_are_limited(tmp_path):
    code = policy(head="import os", act="open('big', 'wb').truncate(10**9)")
    with pytest.raises(SubmissionError, match="File too large"):
        scored(tmp_path, code)


def test_submission_process_inherits_no_credentials(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMCASH_TOKEN", "secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert "secret" not in clean_environment(tmp_path).values()
    check = "assert 'secret' not in os.environ.values() and os.environ['HOME'] == os.getcwd()"
    code = policy(head="import os", act=check)
    assert scored(tmp_path, code).evaluation.totals().tolist() == [16_000]


def test_submission_process_python_of_another_environment_may_be_named_from_the_present_folder(tmp_path, monkeypatch):
    """The process starts in the folder of the policy, where the relative path named nothing."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (tmp_path / "bin" / "python").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    assert scored(tmp_path, policy(), python=Path("bin/python")).evaluation.totals().tolist() == [16_000]


def test_submission_process_that_cannot_be_started_is_an_error(tmp_path):
    with pytest.raises(SubmissionError, match="no/python: cannot be started: No such file"):
        scored(tmp_path, policy(), python="no/python")
    with pytest.raises(SubmissionError, match="ended with exit code"):
        scored(tmp_path, policy(), python="/bin/false")


HELLO = r'\000\000\000\017\000\000\000\000{"missing": []}'


def program(folder, lines):
    """A program that can be named as a Python and does something else."""
    path = folder / "other"
    path.write_text(f"#!/bin/sh\n{lines}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        ("printf 'not a message'; exec sleep 600", "answered with something that is no message"),
        ("exec >&-; exec sleep 600", "closed its output before it answered"),
        (f"exec <&-; printf '{HELLO}'", "ended with exit code 0 before it answered"),
        ("printf '\\000\\000\\000\\017\\000\\000\\000\\000{'; exec sleep 600", "took more than 2 seconds"),
    ],
)
def test_submission_process_that_is_no_worker_is_ended(lines, rule, tmp_path, monkeypatch):
    """It was waited for, although it went on."""
    monkeypatch.setattr(submission_process, "_SECONDS_TO_END", 0.1)
    with pytest.raises(SubmissionError, match=rule):
        scored(tmp_path, policy(), python=program(tmp_path, lines), limits=Limits(start_seconds=2.0))


def test_submission_process_answer_of_another_length_is_refused(tmp_path):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "agent.py").write_text(policy())
    setup = {"folder": str(tmp_path / "policy"), "action": {"shape": [2], "dtype": "<i8"}}
    with PolicyProcess("p", tmp_path / "policy", Limits()) as process:
        process.make("agent:make_policy", setup)
        with pytest.raises(SubmissionError, match="p: answered with 16 bytes instead of 24"):
            process.decide(["A"], {"action_mask": np.ones((1, 2, 2), np.int8)}, (3,), "<i8")


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux tells when another process ends")
def test_submission_process_children_of_a_policy_end_with_it(tmp_path):
    code = policy(
        head="import subprocess, sys",
        make="child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"    open({str(tmp_path / 'child')!r}, 'w').write(str(child.pid))\n    return Policy()",
    )
    scored(tmp_path, code)
    try:
        ending = os.pidfd_open(int((tmp_path / "child").read_text()))
    except ProcessLookupError:
        return  # it has ended
    try:
        assert select.select([ending], [], [], 60)[0]
    finally:
        os.close(ending)
