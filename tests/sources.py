"""The sources that a test reads: beside the tests, or where a wheel was installed."""

from importlib.util import find_spec
from pathlib import Path

EVERYTHING = ("simcash_env", "baselines", "training")


def folder_of(package: str) -> Path:
    """The folder of a package that can be imported."""
    spec = find_spec(package)
    assert spec is not None, package
    assert spec.submodule_search_locations, package
    return Path(spec.submodule_search_locations[0])


def modules(*packages: str) -> dict[str, Path]:
    """Every module of some packages, by its path that begins with the package: ``training/demo.py``."""
    found = {}
    for package in packages or EVERYTHING:
        folder = folder_of(package)
        found |= {path.relative_to(folder.parent).as_posix(): path for path in sorted(folder.rglob("*.py"))}
    assert found
    return found
