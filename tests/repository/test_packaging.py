"""The built wheel and sdist hold what they should, and the wheel works where there is no checkout."""

import email
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import httpx
import pytest

import simcash_env

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = sorted(path.stem for path in (ROOT / "configs" / "scenarios").glob("*.yaml"))


def build(target: str, folder: Path) -> Path:
    """Build without a network: hatchling is installed."""
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", target, "-d", folder], cwd=ROOT, check=True)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def site(wheel, tmp_path_factory):
    """The wheel, installed where no checkout is near."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)  # noqa: S202 - our own wheel
    return folder


@pytest.fixture(scope="module")
def contents(wheel):
    return zipfile.ZipFile(wheel).namelist()


def test_packaging_wheel_ships_every_scenario_and_the_marker_of_types(contents):
    assert SCENARIOS
    for path in (ROOT / "configs").rglob("*.*"):
        assert f"simcash_env/_configs/{path.relative_to(ROOT / 'configs').as_posix()}" in contents
    assert "simcash_env/py.typed" in contents
    assert any(name.endswith("licenses/LICENSE") for name in contents)


def test_packaging_wheel_ships_every_module_of_its_packages_and_nothing_else(contents):
    tops = {name.split("/")[0] for name in contents if not name.split("/")[0].endswith(".dist-info")}
    assert tops == {"simcash_env"}
    modules = {path.relative_to(ROOT).as_posix() for top in tops for path in (ROOT / top).rglob("*.py")}
    assert modules == {name for name in contents if name.endswith(".py")}
    assert not [name for name in contents if Path(name).name.startswith("test_") or "__pycache__" in name]


def test_packaging_wheel_says_the_version_that_the_package_says(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = email.message_from_bytes(archive.read(name))
    assert metadata["Version"] == simcash_env.__version__
    assert metadata["License-Expression"] == "MIT"
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(metadata["Requires-Python"].split(",")) == set(declared["requires-python"].split(","))
    assert set(metadata.get_all("Provides-Extra")) == set(declared["optional-dependencies"])


def test_packaging_wheel_runs_a_scenario_with_no_checkout_near(site, tmp_path):
    program = (
        "import simcash_env, simcash_env.registry as registry\n"
        "print(simcash_env.__file__)\n"
        "print(*registry.scenario_ids())\n"
        "print(registry.load('castro-2period-v0').name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )
    where, ids, name = done.stdout.splitlines()
    assert Path(where).is_relative_to(site)
    assert ids.split() == SCENARIOS
    assert name


@pytest.mark.slow
def test_packaging_wheel_serves_the_viewer_with_nothing_to_build(site, tmp_path):
    command = [sys.executable, "-m", "simcash_env.cli", "serve", "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(site)}
    environment.pop("SIMCASH_TOKEN", None)
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as service:
        try:
            url = service.stdout.readline().strip()
            with httpx.Client(base_url=url, timeout=240) as client:
                page = client.get("/").text
                parts = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
                modules = [path.name for path in (ROOT / "simcash_env" / "service" / "static").iterdir()]
                for part in {*parts, *(f"/static/{name}" for name in modules)}:
                    assert client.get(part).status_code == 200, part
                assert client.post("/simulations", json={"scenario": "castro-2period-v0"}).status_code == 201
        finally:
            service.terminate()
    assert parts
    assert service.returncode == 0


def test_packaging_source_distribution_holds_what_the_checks_need(tmp_path):
    with tarfile.open(build("sdist", tmp_path)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    tracked = {
        path.relative_to(ROOT).as_posix()
        for folder in (
            "simcash_env",
            "baselines",
            "training",
            "benchmarks",
            "configs",
            "docs",
            "tests",
            "tools",
            ".github",
        )
        for path in (ROOT / folder).rglob("*.*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert tracked <= names
    assert {
        "Makefile",
        "mkdocs.yml",
        "constraints.txt",
        ".ci/run",
        ".dockerignore",
        "Dockerfile",
        "pyproject.toml",
        "LICENSE",
        "CHANGELOG.md",
    } <= names
