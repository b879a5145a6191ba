"""What `make audit-offline` makes of pins and advisories; the advisories themselves are fetched only by the command."""

import re

from tests.repository.pages import ROOT
from tools import advisories


def advisory(name, versions):
    return {"id": name, "severity": "HIGH", "advisory": "something bad", "v": versions}


def test_advisories_match_a_pin_under_any_spelling_of_its_name():
    written = {
        "Some_Package": [advisory("A", "<1.2"), advisory("B", ">=2.0,<2.1")],
        "some-package": [advisory("C", "<3")],
    }
    pinned = advisories.pins(["# a set", "some.package==2.0.4", "", "other==1.0  # why"])
    assert [row["id"] for *_, row in advisories.hits(pinned, advisories.by_name(written))] == ["B", "C"]


def test_advisories_read_every_line_of_the_constraints_as_a_pin():
    files = [ROOT / "constraints.txt", *(ROOT / "constraints").glob("*.txt")]
    libraries = re.search(r"^LIBRARIES \?= (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert libraries is not None
    assert {file.stem for file in files} == {"constraints", "marl_eval", *libraries[1].split()}
    for file in files:
        lines = file.read_text(encoding="utf-8").splitlines()
        written = [line for line in lines if line and not line.startswith(("#", "-"))]
        assert len(list(advisories.pins(lines))) == len(written) > 0


def test_advisories_fail_if_new_and_print_the_reason_if_known(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(advisories, "fetch", lambda: ({"some-package": [advisory("A", "<2")]}, "2026-07-07"))
    pinned = tmp_path / "pinned.txt"
    pinned.write_text("some-package==1.0\n")
    assert advisories.main([str(pinned)]) == 1
    assert capsys.readouterr().out == (
        "pinned.txt: some-package 1.0: A, HIGH: something bad\n"
        "1 pinned versions in 1 files, 1 advisories of 2026-07-07: 1 new\n"
    )
    monkeypatch.setattr(advisories, "KNOWN", {("some-package", "1.0"): "never used"})
    assert advisories.main([str(pinned)]) == 0
    assert "something bad; left so: never used\n" in capsys.readouterr().out
