"""What the process of a policy answers, without the process."""

import io
import os
import sys

import numpy as np
import pytest

from simcash_env.evaluation import submission_worker as worker
from tests.evaluation.submissions import policy


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder that a policy can be imported from; what it changes is put back."""
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("agent", None)


def setup(folder, shape=(3,), kind="<i8"):
    return {"folder": str(folder), "action": {"shape": list(shape), "dtype": kind}}


def asked(*messages):
    """The answers to messages (head, payload)."""
    source, sink = io.BytesIO(), io.BytesIO()
    for head, payload in messages:
        worker.write_message(source, head, payload)
    source.seek(0)
    worker.serve(source, sink)
    sink.seek(0)
    answers = []
    while (answer := worker.read_message(sink)) is not None:
        answers.append(answer)
    return answers


MASK = np.array([[[1, 1], [1, 0], [1, 1]]] * 2, np.int8)
DECIDE = {"do": "decide", "banks": ["A", "B"], "arrays": [("action_mask", "|i1", (2, 3, 2))]}


def made(folder, code, entry_point="agent:make_policy", **options):
    (folder / "agent.py").write_text(code)
    return {"do": "make", "entry_point": entry_point, "setup": setup(folder, **options)}, b""


def test_submission_worker_answers_every_kind_of_message(place):
    look = {"do": "look", "names": ["numpy", "no-such-thing"]}
    reset = {"do": "reset", "seed": 7}
    answers = asked((look, b""), made(place, policy()), (reset, b""), (DECIDE, MASK.tobytes()))
    assert answers[0][0]["versions"] == {"numpy": np.__version__, "no-such-thing": None}
    assert answers[1] == answers[2] == ({}, b"")
    assert np.frombuffer(answers[3][1], np.int64).reshape(2, 3).tolist() == [[1, 0, 1]] * 2


def test_submission_worker_policy_needs_no_reset(place):
    code = policy().replace("def reset", "def begin")
    assert asked(made(place, code), ({"do": "reset", "seed": 7}, b""))[-1] == ({}, b"")


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("x = 1 / 0", "ZeroDivisionError: division by zero"),
        ("x = 1", "agent has no function make_policy"),
        (policy(make="return 3"), "agent:make_policy returned int, which has no method act"),
        (policy(act="return [1]"), "act returned list; a mapping from banks to actions is accepted"),
        (policy(act='del chosen["B"]'), "act returned no action for B"),
        (policy(act='chosen["A"] = [1]'), "act returned int64 of shape (1,) for A; whole numbers of shape (3,)"),
        (policy(act='chosen["A"] = chosen["A"] / 2'), "act returned float64 of shape (3,) for A; whole numbers"),
        (policy(act="raise MemoryError"), "is out of memory"),
    ],
)
def test_submission_worker_error_of_a_policy_is_the_last_answer(code, rule, place):
    answers = asked(made(place, code), (DECIDE, MASK.tobytes()), (DECIDE, MASK.tobytes()))
    assert len(answers) <= 2
    assert rule in answers[-1][0]["error"]


def test_submission_worker_numbers_of_a_box_may_be_any(place):
    chosen = made(place, policy(act="chosen = {bank: np.ones(3, np.float32) / 2 for bank in chosen}"), kind="<f8")
    (_, rows) = asked(chosen, (DECIDE, MASK.tobytes()))[-1]
    assert np.frombuffer(rows, np.float64).tolist() == [0.5] * 6
    refused = made(place, policy(act='chosen = {bank: ["x"] * 3 for bank in chosen}'), kind="<f8")
    sys.modules.pop("agent")
    assert "; numbers of shape (3,) are accepted" in asked(refused, (DECIDE, MASK.tobytes()))[-1][0]["error"]


def test_submission_worker_message_that_is_none_is_refused():
    for text in (b"\x00\x00\x00\x01\x00\x00\x00\x009", b"\x00\x00\x00\x01\x00\x00\x00\x00{", b"\xff" * 8):
        with pytest.raises(ValueError):
            worker.read_message(io.BytesIO(text))
    assert worker.read_message(io.BytesIO(b"\x00")) is None


@pytest.mark.skipif(os.name == "nt", reason="Windows limits no resources")
def test_submission_worker_limits_are_set_and_missing_ones_are_named(monkeypatch):
    import resource

    done = []

    def setrlimit(kind, limits):
        if kind == resource.RLIMIT_CPU:
            raise ValueError
        done.append((kind, limits))

    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (0, 5 if kind == resource.RLIMIT_CORE else -1))
    wanted = {"RLIMIT_AS": 10, "RLIMIT_CORE": 9, "RLIMIT_CPU": 1, "RLIMIT_NONE": 1}
    assert worker.limit_resources(wanted) == ["RLIMIT_CPU", "RLIMIT_NONE"]
    assert done == [(resource.RLIMIT_AS, (10, 10)), (resource.RLIMIT_CORE, (5, 5))]
    monkeypatch.setitem(sys.modules, "resource", None)
    assert worker.limit_resources(wanted) == list(wanted)


def test_submission_worker_keeps_its_streams_apart_from_the_policys(place, monkeypatch):
    """In a process of its own: what the policy prints is not in the answers, and it reads nothing."""
    import subprocess

    (place / "agent.py").write_text(policy(head="import sys; print('loud', sys.stdin.read())"))
    source = io.BytesIO()
    worker.write_message(source, made(place, (place / "agent.py").read_text())[0])
    done = subprocess.run(
        [sys.executable, "-I", worker.__file__, "{}"], input=source.getvalue(), capture_output=True, check=True
    )
    sink = io.BytesIO(done.stdout)
    assert worker.read_message(sink)[0] == {"missing": []}
    assert worker.read_message(sink) == ({}, b"")
    assert done.stderr == b"loud \n"


def test_submission_worker_main_in_this_process(monkeypatch):
    """The same with pipes of ours for the streams of the process."""
    source, sink = os.pipe(), os.pipe()
    kept = [os.dup(number) for number in range(3)]
    try:
        os.dup2(source[0], 0)
        os.dup2(sink[1], 1)
        os.close(source[1])
        monkeypatch.setattr(sys, "argv", ["worker", "{}"])
        worker.main()
    finally:
        for number, descriptor in enumerate(kept):
            os.dup2(descriptor, number)
            os.close(descriptor)
    os.close(source[0])
    os.close(sink[1])
    with os.fdopen(sink[0], "rb") as answers:
        assert worker.read_message(answers)[0] == {"missing": []}
