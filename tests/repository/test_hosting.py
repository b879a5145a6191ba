"""Hosted CI, forms for issues and citation: valid by their schemas, and the workflows call what exists."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.repository.pages import ROOT

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(set((GITHUB / "ISSUE_TEMPLATE").glob("*.yml")) - {GITHUB / "ISSUE_TEMPLATE" / "config.yml"})
SCHEMAS = {
    "vendor.github-workflows": WORKFLOWS,
    "custom.github-workflows-require-timeout": WORKFLOWS,
    "vendor.github-issue-forms": FORMS,
    "vendor.github-issue-config": [GITHUB / "ISSUE_TEMPLATE" / "config.yml"],
    "vendor.dependabot": [GITHUB / "dependabot.yml"],
    "vendor.citation-file-format": [ROOT / "CITATION.cff"],
}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):.*##", MAKEFILE, re.MULTILINE))


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def check_schema(schema, *files):
    """The schemas are part of check-jsonschema: nothing is downloaded."""
    return run(sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *files)


def zizmor(*paths):
    """Find weaknesses of workflows, without asking GitHub."""
    program = shutil.which("zizmor", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert program is not None, "zizmor is not installed: make setup"
    return run(program, "--offline", "--no-progress", "--color=never", *paths)


def jobs(workflow):
    return yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]


def commands(job):
    """The lines that a job runs, one for each value of its matrix's targets."""
    targets = job.get("strategy", {}).get("matrix", {}).get("target", [""])
    for step in job["steps"]:
        for line in step.get("run", "").splitlines():
            yield from {line.replace('"$TARGET"', target) for target in targets}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_hosting_file_follows_its_schema(schema):
    assert SCHEMAS[schema]
    done = check_schema(schema, *SCHEMAS[schema])
    assert done.returncode == 0, done.stdout


def test_hosting_schema_check_finds_a_misspelt_key(tmp_path):
    broken = tmp_path / "ci.yml"
    broken.write_text(WORKFLOWS[0].read_text(encoding="utf-8").replace("runs-on:", "run-on:", 1), encoding="utf-8")
    assert check_schema("vendor.github-workflows", broken).returncode == 1


def test_hosting_workflows_have_no_known_weakness():
    done = zizmor(GITHUB)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("sound", "weak"),
    [("@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0", "@v5"), ('"$TARGET"', "${{ github.head_ref }}")],
)
def test_hosting_workflows_weakness_is_found(sound, weak, tmp_path):
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    text = (GITHUB / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert sound in text
    (folder / "ci.yml").write_text(text.replace(sound, weak), encoding="utf-8")
    assert zizmor(tmp_path).returncode > 10


def test_hosting_workflows_call_make_targets_that_exist():
    called = {
        word
        for workflow in WORKFLOWS
        for job in jobs(workflow).values()
        for command in commands(job)
        if command.startswith("make ")
        for word in command.split()[1:]
        if "=" not in word
    }
    assert {
        "check",
        "site",
        "test-compiled",
        "test-py",
        "test-bounds",
        "test-fallback",
        "coverage",
        "test-all",
    } <= called
    assert called <= TARGETS


def test_hosting_workflows_cover_systems_and_releases_of_python():
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["classifiers"]
    releases = re.findall(r"Python :: (3\.\d+)", " ".join(classifiers))
    found = jobs(GITHUB / "workflows" / "ci.yml")
    systems = found["test"]["strategy"]["matrix"]["os"]
    assert {system.partition("-")[0] for system in [*systems, found["windows"]["runs-on"]]} == {
        "ubuntu",
        "macos",
        "windows",
    }
    for job in ("test", "windows"):
        assert found[job]["strategy"]["matrix"]["python"] == releases


def test_hosting_workflows_on_windows_run_the_commands_of_the_makefile():
    set_up, _, tests = commands(jobs(GITHUB / "workflows" / "ci.yml")["windows"])
    assert set_up.split("install --quiet ")[1] in MAKEFILE
    assert (
        re.search(r"^PYTEST := \$\(BIN\)/(python -m pytest .*)$", MAKEFILE, re.MULTILINE)[1].replace("$(WORKERS)", "2")
        in tests
    )
    paths = [word for word in tests.split() if word.startswith("tests/")]
    assert len(paths) > 5
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_hosting_issue_forms_ask_for_what_a_report_needs():
    assert [form.stem for form in FORMS] == ["bug", "feature", "scenario"]
    (bug,) = [yaml.safe_load(form.read_text(encoding="utf-8")) for form in FORMS if form.stem == "bug"]
    required = {entry["id"] for entry in bug["body"] if entry.get("validations", {}).get("required")}
    assert {"scenario", "command", "doctor"} <= required
