"""``python -m tools.house`` counts a checkout, this one and any other."""

import subprocess
import sys

import pytest

from tools import house


def figures(root):
    return {name: (number, places) for name, number, places in house.counts(root)}


def tree(root, **files):
    texts = {
        "pyproject.toml": '[tool.hatch.build.targets.wheel]\npackages = ["simcash_env", "training"]\n',
        "simcash_env/__init__.py": "",
        **{name.replace("__", "/") + ".py": text for name, text in files.items()},
    }
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def test_house_has_no_import_cycle_and_installs_one_package(pytestconfig):
    found = figures(pytestconfig.rootpath)
    assert found["import cycles"] == (0, [])
    assert found["top-level packages in the wheel"] == (1, ["simcash_env"])


def test_house_counts_another_checkout(tmp_path):
    root = tree(
        tmp_path,
        simcash_env__loose="import os  # noqa: F401\n",
        simcash_env__agents="if choice > 1:\n    pass\n",
        simcash_env__config__rules="max_split = 4\n",
        tests__test_one="assert True  # noqa: B011\n\n",
    )
    found = figures(root)
    assert found["loose modules at the top of simcash_env"] == (2, ["agents.py", "loose.py"])
    assert found["lines that derive the meaning of a choice"] == (1, ["simcash_env/agents.py:1"])
    assert found["noqa outside tests"] == (1, ["simcash_env/loose.py:1"])
    assert found["lines of Python without tests"][0] == 4
    assert found["lines of Python in tests"][0] == 2


def test_house_command_counts_cycles_through_type_checking_imports(tmp_path):
    later = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from simcash_env import one\n"
    root = tree(tmp_path, simcash_env__one="from simcash_env import two\n", simcash_env__two=later)
    assert figures(root)["import cycles"] == (1, ["simcash_env.one simcash_env.two"])
    done = subprocess.run(
        [sys.executable, "-m", "tools.house", "--root", str(root), "--list"], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    at = lines.index("      1  import cycles")
    assert lines[at + 1].split() == ["simcash_env.one", "simcash_env.two"]


def test_house_rejects_a_folder_without_the_package(tmp_path, capsys):
    with pytest.raises(SystemExit):
        house.main(["--root", str(tmp_path)])
    assert "has no folder simcash_env" in capsys.readouterr().err
    house.main([])
    assert "import cycles" in capsys.readouterr().out
