"""Every extra has a promise that `make extras` keeps; here only that none is forgotten."""

import importlib.util
import tomllib

from tests.pages import ROOT

ELSEWHERE = {"dev": "make setup installs it", "rllib": "pins a set of its own: make adapters"}


def load():
    spec = importlib.util.spec_from_file_location("extras", ROOT / ".ci" / "extras.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_extra_is_installed_alone_and_used():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    extras = load()
    assert set(extras.PROMISES) == {extras.CORE, *declared} - set(ELSEWHERE)
    assert all(extras.PROMISES.values())
    assert {program for promises in extras.PROMISES.values() for program, *_ in promises} == {"python", "simcash"}
