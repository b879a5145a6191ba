"""One version everywhere, a long description without relative links, and the wheel in bare environments."""

import datetime as dt
import json
import re
import shutil
import subprocess
import sys

import pytest

import simcash_env
from tests.repository.pages import ROOT
from tools import bare, release, release_metadata

TEXT = "![day](docs/day.gif) [page](docs/a.md#b) [top](#top) [site](https://a.b/c) [mail](mailto:a@b)"


def test_release_all_files_name_the_version_of_the_package(capsys):
    assert set(release.versions().values()) == {simcash_env.__version__}
    release.main([])
    assert capsys.readouterr().out.splitlines()[0].split() == [simcash_env.__version__, "simcash_env/_version.py"]
    assert json.loads((ROOT / ".zenodo.json").read_text())["license"] == "MIT"


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A copy of the files that name the version."""
    for name in [*release.PLACES, "CHANGELOG.md"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.setattr(release, "ROOT", tmp_path)
    for function in (release.versions, release.write_version):
        monkeypatch.setattr(function, "__defaults__", (tmp_path,))
    monkeypatch.setattr(release.date_changes, "__defaults__", (tmp_path,))
    return tmp_path


def test_release_command_writes_the_version_and_dates_the_changes(checkout):
    release.main(["9.8.7", "--date", "2026-12-24"])
    assert set(release.versions(checkout).values()) == {"9.8.7"}
    assert "## [Unreleased]\n\n## [9.8.7] - 2026-12-24\n\n### " in (checkout / "CHANGELOG.md").read_text()
    citation = (checkout / "CITATION.cff").read_text()
    assert "version: 9.8.7\ndate-released: 2026-12-24\n" in citation
    release.main(["9.8.8rc1", "--date", "2026-12-25"])
    assert (checkout / "CITATION.cff").read_text().count("date-released") == 1
    release.main([])


def test_release_command_refuses_what_is_no_version(checkout, capsys):
    with pytest.raises(SystemExit, match="2"):
        release.main(["v1"])
    assert "version: must be as 0.2.0 or 0.2.0rc1, got 'v1'" in capsys.readouterr().err
    (checkout / ".zenodo.json").write_text('{"version": "1.0.0"}')
    with pytest.raises(SystemExit, match="1"):
        release.main([])
    (checkout / ".zenodo.json").write_text("{}")
    with pytest.raises(ValueError, match=r"\.zenodo\.json: names 0 versions instead of one"):
        release.main(["1.0.0"])
    (checkout / "CHANGELOG.md").write_text("")
    with pytest.raises(ValueError, match=r"has no section ## \[Unreleased\]"):
        release.date_changes("1.0.0", dt.date(2026, 1, 1), checkout)


def test_release_long_description_has_no_relative_link():
    told = release_metadata.long_description(TEXT, "1.2.3", "https://git.example/o/r")
    assert told == (
        "![day](https://git.example/o/r/raw/v1.2.3/docs/day.gif) [page](https://git.example/o/r/blob/v1.2.3/docs/a.md#b) "
        "[top](#top) [site](https://a.b/c) [mail](mailto:a@b)"
    )
    assert release_metadata.long_description(TEXT, "1.2.3", None) == (
        " page [top](#top) [site](https://a.b/c) [mail](mailto:a@b)"
    )
    for repository in (None, "https://git.example/o/r"):
        whole = release_metadata.long_description((ROOT / "README.md").read_text(), "1.2.3", repository)
        targets = re.findall(r"\]\(([^)\s]+)\)", whole)
        assert targets
        assert [target for target in targets if not target.startswith(("https://", "#"))] == []


def test_release_metadata_has_addresses_where_the_repository_is_known(monkeypatch):
    hook = release_metadata.ReleaseMetadata(str(ROOT), {})
    monkeypatch.delenv(release_metadata.VARIABLE, raising=False)
    found = {}
    hook.update(found)
    assert found["urls"] == {}
    assert found["readme"]["content-type"] == "text/markdown"
    monkeypatch.setenv(release_metadata.VARIABLE, "https://git.example/o/r/")
    hook.update(found)
    assert found["urls"]["Changelog"] == f"https://git.example/o/r/blob/v{simcash_env.__version__}/CHANGELOG.md"
    monkeypatch.setenv(release_metadata.VARIABLE, "git@example:o/r")
    with pytest.raises(ValueError, match="SIMCASH_REPOSITORY: must begin with https://, got 'git@example:o/r'"):
        hook.update(found)


def test_release_version_that_is_missing_is_an_error(tmp_path):
    (tmp_path / "simcash_env").mkdir()
    (tmp_path / "simcash_env" / "_version.py").write_text("")
    with pytest.raises(ValueError, match="has no line __version__"):
        release_metadata.version_in(tmp_path)


def test_release_workflow_checks_the_tag_and_holds_no_token():
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    assert "hatchling version" in text
    assert "id-token: write" in text
    assert "secrets." not in text
    assert release_metadata.VARIABLE in text


def test_bare_wheel_is_used_with_every_python_and_a_failure_is_told(tmp_path, monkeypatch, capsys):
    wheel = tmp_path / "simcash_env-1-py3-none-any.whl"
    monkeypatch.setattr(bare, "build", lambda folder: wheel)
    ran = []

    def run(command, **options):
        ran.append([str(word) for word in command])
        if "bad" in ran[-1][0]:
            raise subprocess.CalledProcessError(1, command, "out", "err")
        return subprocess.CompletedProcess(command, 0, "3.11.7 numba 1\n", "")

    monkeypatch.setattr(subprocess, "run", run)
    assert bare.main([]) == 0
    assert ran[0][:3] == [sys.executable, "-m", "venv"]
    assert ran[1][1:] == ["-m", "pip", "install", "--quiet", str(wheel)]
    assert len(ran) == 2 + len(bare.COMMANDS)
    assert ": 3.11.7 numba 1; " in capsys.readouterr().out
    assert bare.main(["bad"]) == 1
    assert "bad: failed: " in (told := capsys.readouterr().out)
    assert "outerr" in told


def test_bare_build_returns_the_wheel(tmp_path, monkeypatch):
    monkeypatch.setattr(subprocess, "run", lambda *words, **options: (tmp_path / "a.whl").write_text(""))
    assert bare.build(tmp_path) == tmp_path / "a.whl"
