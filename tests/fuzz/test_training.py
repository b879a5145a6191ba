"""Training settings and the facts beside a checkpoint, of any content."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given

from simcash_env.errors import ConfigError, SnapshotError
from simcash_env.learning.checkpoint import CheckpointFacts, facts_path, read_facts
from simcash_env.learning.settings import load_settings, settings_path
from tests.fuzz.damage import changed_inside, damaged, fuzzed, refusal

TEXT = settings_path("castro-2period-v0").read_bytes()
FACTS = json.loads(
    json.dumps(
        vars(
            CheckpointFacts(
                "2b-3t-v0", 1, 2, {"scenario": "2b-3t-v0"}, ("A", "B"), sha256=hashlib.sha256(b"weights").hexdigest()
            )
        )
    )
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("training")


def settle(path: Path) -> None:
    said = refusal(lambda: load_settings(path), ConfigError)
    assert not said or str(path) in said


@fuzzed()
@given(data=damaged([TEXT]))
def test_training_damaged_settings_are_read_or_refused(folder: Path, data: bytes) -> None:
    path = folder / "damaged.yaml"
    path.write_bytes(data)
    settle(path)


@fuzzed()
@given(row=changed_inside([yaml.safe_load(TEXT)]))
def test_training_changed_settings_are_read_or_refused(folder: Path, row: Any) -> None:
    path = folder / "changed.yaml"
    path.write_text(yaml.safe_dump(row), "utf-8", "surrogatepass")
    settle(path)


@fuzzed()
@given(facts=changed_inside([FACTS]))
def test_training_facts_of_a_checkpoint_are_read_or_refused(folder: Path, facts: Any) -> None:
    path = folder / "model.pt"
    path.write_bytes(b"weights")
    facts_path(path).write_text(json.dumps(facts), "utf-8")
    said = refusal(lambda: read_facts(path).training_settings(), SnapshotError)
    assert not said or str(folder) in said
