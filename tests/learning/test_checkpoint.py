"""A checkpoint is two files: whatever happens between them, the old one can be read or the new one can."""

import itertools
import json

import pytest

from simcash_env.errors import SnapshotError, WriteError
from simcash_env.learning.checkpoint import CheckpointFacts, facts_path, read_facts, save_checkpoint
from simcash_env.learning.evaluate import evaluate_checkpoint
from simcash_env.learning.ippo import train
from simcash_env.learning.settings import load_settings


class Model:
    """Saves itself as so many letters."""

    def __init__(self, letter):
        self.letter = letter

    def save(self, file):
        file.write(self.letter * 1000)


OLD, NEW = (CheckpointFacts("2b-3t-v0", 1, steps, {"scenario": "2b-3t-v0"}, ("A", "B")) for steps in (10, 20))


def test_checkpoint_comes_back_with_its_facts(tmp_path):
    path = tmp_path / "made" / "model.pt"
    for letter, facts in ((b"o", OLD), (b"n", NEW)):
        save_checkpoint(Model(letter), path, facts)
        assert path.read_bytes() == letter * 1000
        assert read_facts(path).steps == facts.steps
    assert sorted(file.name for file in path.parent.iterdir()) == ["model.json", "model.pt"]
    assert "previous" not in json.loads(facts_path(path).read_text(encoding="utf-8"))


@pytest.mark.parametrize("has_old", [True, False])
def test_checkpoint_write_that_fails_at_any_step_leaves_one_of_the_two(tmp_path, monkeypatch, has_old):
    """As after a crash at that step: nothing after it is done."""
    path = tmp_path / "model.pt"
    seen = []
    for last in itertools.count():
        for file in tmp_path.iterdir():
            file.unlink()
        if has_old:
            save_checkpoint(Model(b"o"), path, OLD)
        done = itertools.count()
        with monkeypatch.context() as patch:
            for name in ("os.fsync", "pathlib.Path.replace", "pathlib.Path.open"):
                fail_after(patch, name, done, last)
            try:
                save_checkpoint(Model(b"n"), path, NEW)
            except WriteError as error:
                assert str(tmp_path / "model") in str(error)
            else:
                break
        seen.append(steps_of(path))
    assert seen == sorted(seen, key=lambda steps: (steps is not None, steps))
    assert set(seen) <= ({10, 20} if has_old else {None, 20})
    assert len(seen) > 8


def steps_of(path):
    """Of which training is the checkpoint? None where there is none."""
    try:
        return read_facts(path).steps
    except SnapshotError:
        return None


def fail_after(patch, name, done, last):
    import os
    import pathlib

    real = os.fsync if name == "os.fsync" else getattr(pathlib.Path, name.rpartition(".")[2])

    def step(*arguments, **more):
        if next(done) >= last:
            raise OSError(28, "No space left on device")
        return real(*arguments, **more)

    patch.setattr(name, step)


def test_checkpoint_facts_of_neither_are_refused(tmp_path):
    path = tmp_path / "model.pt"
    save_checkpoint(Model(b"o"), path, OLD)
    path.write_bytes(b"x")
    with pytest.raises(SnapshotError, match=r"does not match model\.json"):
        read_facts(path)


def test_checkpoint_facts_that_are_no_text_name_their_file(tmp_path):
    path = tmp_path / "model.zip"
    save_checkpoint(Model(b"o"), path, OLD)
    facts_path(path).write_bytes(b'{"scenario": "\xe9"}')
    with pytest.raises(SnapshotError, match=r"model\.json: cannot be read: not UTF-8 text"):
        read_facts(path)


GAME = "castro-2period-v0"


def small(**changes):
    """A few rollouts of few copies of the two-period game."""
    return load_settings(GAME, **{"num_envs": 16, "total_steps": 320, "num_minibatches": 2, "hidden": (16,), **changes})


def test_checkpoint_damaged_is_refused(tmp_path):
    path = tmp_path / "policy.pt"
    train(small(), 0, out=path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(SnapshotError, match="does not match"):
        read_facts(path)
    facts_path(path).write_text("{}")
    with pytest.raises(SnapshotError, match="format 1"):
        read_facts(path)
    with pytest.raises(SnapshotError, match="no checkpoint"):
        read_facts(tmp_path / "other.pt")


def test_checkpoint_of_another_algorithm_is_refused(tmp_path):
    path = tmp_path / "policy.pt"
    train(small(), 0, out=path)
    values = json.loads(facts_path(path).read_text())
    facts_path(path).write_text(json.dumps({**values, "algorithm": "ppo"}))
    with pytest.raises(SnapshotError, match=r"trained with algorithm 'ppo'; this version plays 'ippo'"):
        read_facts(path)


def test_checkpoint_whose_weights_do_not_fit_is_refused(tmp_path):
    path = tmp_path / "policy.pt"
    train(small(), 0, out=path)
    values = json.loads(facts_path(path).read_text())
    values["settings"]["hidden"] = [17]
    facts_path(path).write_text(json.dumps(values))
    with pytest.raises(SnapshotError, match="weights do not fit"):
        evaluate_checkpoint(path, [1])
