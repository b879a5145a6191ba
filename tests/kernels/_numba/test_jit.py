"""The cache of compiled kernels: full, damaged or not writable, it costs time and never a run."""

import importlib.util
import itertools

import pytest

from simcash_env.kernels._numba import compilers
from simcash_env.kernels._numba import jit as _jit

pytestmark = pytest.mark.skipif(_jit.PLAIN, reason="nothing is compiled, so nothing is kept")
SOURCE = """from simcash_env.kernels._numba.jit import entry

@entry
def twice(number):
    return 2 * number
"""
numbers = itertools.count()


@pytest.fixture
def load(tmp_path, monkeypatch):
    """A function that makes the kernel as a process of its own would: from its source, and from the cache."""
    monkeypatch.setattr(_jit, "_folder", lambda: str(tmp_path / "cache"))
    source = tmp_path / "tiny.py"
    source.write_text(SOURCE, encoding="utf-8")

    def make():
        spec = importlib.util.spec_from_file_location(f"tiny{next(numbers)}", source)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.twice

    return make


def kept(tmp_path, suffix):
    return sorted((tmp_path / "cache").rglob(f"*.{suffix}"))


def test_jit_kernel_is_kept_and_found_again(tmp_path, load):
    assert load()(4) == 8
    assert len(kept(tmp_path, "nbi")) == len(kept(tmp_path, "nbc")) == 1
    again = load()
    assert again(4) == 8
    assert sum(again.stats.cache_hits.values()) == 1


def test_jit_full_disk_is_told_and_the_kernel_runs(tmp_path, load, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    kernel = load()
    with pytest.warns(RuntimeWarning, match="cannot be kept there: No space left on device"):
        assert kernel(4) == 8
    assert kernel(5) == 10
    assert kept(tmp_path, "nbi") == []


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_jit_damaged_cache_is_told_and_written_anew(tmp_path, load, suffix, share):
    assert load()(4) == 8
    (file,) = kept(tmp_path, suffix)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(share * len(whole))])
    with pytest.warns(RuntimeWarning, match="the cached kernel is damaged and is compiled again"):
        assert load()(4) == 8
    again = load()
    assert again(4) == 8
    assert sum(again.stats.cache_hits.values()) == 1


def test_jit_where_no_folder_can_be_made_the_cache_is_a_temporary_one(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("SIMCASH_CACHE_DIR", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    folder = _jit.cache_folder()
    assert folder.is_relative_to(tmp_path / "temporary")
    name = _jit.source_digest() + ("" if compilers.LINKING else "-njit")
    assert folder.name == name
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("SIMCASH_CACHE_DIR", str(tmp_path / "own"))
    assert _jit.cache_folder() == tmp_path / "own" / "simcash_env" / name
    assert (tmp_path / "own" / "simcash_env" / name).is_dir()
