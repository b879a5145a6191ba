"""Every extra has commands that `make extras` runs; here only that none is forgotten."""

import tomllib

import pytest

from tests.repository.pages import ROOT
from tools import extras

ELSEWHERE = {"dev": "make setup installs it", "rllib": "pins a set of its own: make adapters"}


def test_extras_all_have_commands():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert set(extras.PROMISES) == {extras.CORE, *declared} - set(ELSEWHERE)
    assert all(extras.PROMISES.values())
    assert {program for promises in extras.PROMISES.values() for program, *_ in promises} == {"python", "simcash"}


def test_extras_reject_an_unknown_name(capsys):
    with pytest.raises(SystemExit, match="2"):
        extras.main(["recrods"])
    assert "EXTRA: recrods: unknown. Accepted: none, training," in capsys.readouterr().err


@pytest.mark.parametrize(("kept", "code"), [(True, 0), (False, 1)])
def test_extras_check_those_that_are_named(kept, code, monkeypatch):
    checked = []
    monkeypatch.setattr(extras, "check", lambda extra: checked.append(extra) or kept)
    assert extras.main(["records", "plots"]) == code
    assert checked == ["records", "plots"]
