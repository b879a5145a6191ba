"""What `make audit-offline` makes of pins and advisories; the advisories themselves are fetched only by the command."""

import importlib.util

import pytest

from tests.pages import ROOT


@pytest.fixture(scope="module")
def audit():
    spec = importlib.util.spec_from_file_location("advisories", ROOT / ".ci" / "advisories.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def advisory(name, versions):
    return {"id": name, "severity": "HIGH", "advisory": "something bad", "v": versions}


def test_a_pin_is_hit_by_what_names_its_version_under_any_spelling(audit):
    written = {
        "Some_Package": [advisory("A", "<1.2"), advisory("B", ">=2.0,<2.1")],
        "some-package": [advisory("C", "<3")],
    }
    pinned = audit.pins(["# a set", "some.package==2.0.4", "", "other==1.0  # why"])
    assert [row["id"] for *_, row in audit.hits(pinned, audit.by_name(written))] == ["B", "C"]


def test_every_line_of_the_sets_is_a_pin(audit):
    files = [ROOT / "constraints.txt", *(ROOT / "constraints").glob("*.txt")]
    assert len(files) == 4
    for file in files:
        assert len(list(audit.pins(file.read_text(encoding="utf-8").splitlines()))) > 30


def test_what_is_new_fails_and_what_is_known_is_told_with_its_reason(audit, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(audit, "fetch", lambda: ({"some-package": [advisory("A", "<2")]}, "2026-07-07"))
    pinned = tmp_path / "pinned.txt"
    pinned.write_text("some-package==1.0\n")
    assert audit.main([str(pinned)]) == 1
    assert capsys.readouterr().out == (
        "pinned.txt: some-package 1.0: A, HIGH: something bad\n"
        "1 pinned versions in 1 files, 1 advisories of 2026-07-07: 1 new\n"
    )
    monkeypatch.setattr(audit, "KNOWN", {("some-package", "1.0"): "never used"})
    assert audit.main([str(pinned)]) == 0
    assert "something bad; left so: never used\n" in capsys.readouterr().out
