"""Whoever changes a rule finds its tests by its name: a kernel's tests lie where the kernel lies, or have a named home."""

from pathlib import Path

import pytest

from tests.repository.pages import ROOT

KERNELS = ROOT / "simcash_env" / "kernels"
TESTS = ROOT / "tests"
HOMES = {
    "_numba/linking.py": "kernels/_numba/test_compilers.py",
    "_numba/notice.py": "kernels/_numba/test_compilers.py",
    "market/choices.py": "envs/test_market.py",
    "market/entry.py": "simulation/test_market.py",
    "record.py": "simulation/test_event_log.py",
    "tables.py": "kernels/_numba/test_views.py",
}
"""Kernels whose tests lie elsewhere, since something else shows what they do."""
MODULES = sorted(path.relative_to(KERNELS).as_posix() for path in KERNELS.rglob("*.py") if path.name != "__init__.py")
PARTS = {path.name for path in (ROOT / "simcash_env").iterdir() if path.is_dir() and (path / "__init__.py").exists()}
NETS = {
    *("better", "conformance", "fuzz", "mutation", "oracle", "runs", "strategies"),  # nets over the whole engine
    *("baselines", "benchmarks", "cluster", "examples", "repository", "tools", "training"),  # what is not installed
}


def home_of(module: str) -> Path:
    path = Path(module)
    return TESTS / HOMES.get(module, f"kernels/{(path.parent / f'test_{path.name}').as_posix()}")


@pytest.mark.parametrize("module", MODULES)
def test_mirror_every_kernel_has_tests_of_its_name(module: str) -> None:
    text = home_of(module).read_text(encoding="utf-8")
    assert "\ndef test_" in text


def test_mirror_homes_are_of_kernels_that_have_no_file_of_their_name() -> None:
    assert set(HOMES) <= set(MODULES)
    assert [
        module for module in HOMES if (TESTS / "kernels" / Path(module).parent / f"test_{Path(module).name}").exists()
    ] == []


def test_mirror_folders_are_parts_of_the_package_or_nets() -> None:
    folders = {path.name for path in TESTS.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders - PARTS - NETS == set()


def test_mirror_no_loose_file_but_of_a_module_at_the_top() -> None:
    modules = {path.name for path in (ROOT / "simcash_env").glob("*.py")}
    assert [path.name for path in TESTS.glob("test_*.py") if path.name.removeprefix("test_") not in modules] == []
