"""Short trainings with other people's libraries: each where its library is installed (``make test-adapters``)."""

import importlib
import json
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pytest

from tests.repository.pages import ROOT
from training.libraries import __main__ as command
from training.libraries.run import Counter, Library, Returns, Row, Run, as_markdown, read_rows, write_rows

OURS = ("cleanrl_pattern", "sb3_maskable")
"""Those that the package's own environment can train."""

PLAIN = Library("nothing", ("numpy",), "random", 'mask="flat"', "by sampling")
SECONDS = 4.0


def installed(packages):
    try:
        return all(version(name) for name in packages)
    except PackageNotFoundError:
        return False


def packages_of(name):
    """Distributions that a file names, read without importing its library."""
    text = (ROOT / "training" / "libraries" / f"{name}.py").read_text(encoding="utf-8")
    known = (
        "agilerl",
        "benchmarl",
        "pufferlib-core",
        "d3rlpy",
        "rl-zoo3",
        "ray",
        "skrl",
        "supersuit",
        "tianshou",
        "torchrl",
        "sb3-contrib",
    )
    return [one for one in known if f'"{one}"' in text] or ["torch"]


@pytest.mark.filterwarnings("ignore")  # of the libraries, about themselves
@pytest.mark.parametrize("name", [name for name in command.NAMES if name not in OURS])
def test_libraries_train_with_masks_where_they_can(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    if not installed(packages_of(name)):
        pytest.skip(f"make test-adapters installs what {name} needs and runs this")
    module = importlib.import_module(f"training.libraries.{name}")
    for variant, library in getattr(module, "LIBRARIES", {"": getattr(module, "LIBRARY", None)}).items():
        run = Run(library, SECONDS, 0)
        module.train(run, variant) if variant else module.train(run)
        assert_trained(run.row)


@pytest.mark.slow
@pytest.mark.parametrize("name", OURS)
def test_libraries_of_the_training_extra_train_with_masks(name):
    module = importlib.import_module(f"training.libraries.{name}")
    run = Run(module.LIBRARY, 1.0, 0)
    module.train(run)
    assert_trained(run.row)


def assert_trained(row):
    assert row.illegal == 0
    assert row.decisions > 0
    assert row.decisions_per_s > 0
    assert row.before.mean < 0
    assert row.after.mean < 0


def test_libraries_each_has_its_constraints_and_target():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = next(line for line in makefile.splitlines() if line.startswith("LIBRARIES ?="))
    pinned = {path.stem for path in (ROOT / "constraints").glob("*.txt")} - {
        "marl_eval"
    }  # reads results, trains nothing
    assert set(command.NAMES) - set(OURS) == set(named.split("=")[1].split()) == pinned
    for name in pinned:
        text = (ROOT / "constraints" / f"{name}.txt").read_text(encoding="utf-8")
        assert "\ntorch==" in text, "installed first"
        assert "\npytest==" in text, "make test-adapters"


def test_libraries_run_counts_decisions_and_illegal_choices():
    run = Run(PLAIN, 60.0, 3)
    env, single = run.parallel_env(), run.gymnasium_env()
    env.reset(seed=1)
    with run.training():
        env.step({agent: np.ones(env.action_space(agent).shape, np.int64) for agent in env.agents})
        single.reset(seed=1)
        single.step(np.zeros(single.action_space.shape, np.int64))
    assert run.row.decisions == 3
    assert run.row.training_illegal == run.counter.illegal > 0
    assert run.row.decisions_per_s > 0
    assert not run.is_over()
    assert Run(PLAIN, 0.0, 3).is_over()


def test_libraries_run_measures_days_without_counting_them():
    run = Run(PLAIN, 60.0, 3)

    def hold(observations, masks):
        assert (masks is None) == (kind == "rank")
        return np.zeros((len(observations), *shape), np.float32 if kind == "rank" else np.int64)

    for kind in ("queue", "rank"):
        shape = run.parallel_env(action=kind).action_space("BANK_A").shape
        found = run.measure(hold, action=kind)
        assert found.mean < 0 < found.error
        assert found.illegal == 0
    assert run.counter == Counter()


def test_libraries_rows_are_written_and_read_back(tmp_path):
    row = Row("skrl", "IPPO", 'mask="flat"', "in the model", {"simcash-env": "1", "skrl": "2"}, 0, 100, 10.0, 10.0)
    row.before, row.after, row.training_illegal = Returns(-2.0, 0.1, 0), Returns(-1.0, 0.1, 2), 1
    path = tmp_path / "libraries.json"
    assert read_rows(path) == {}
    write_rows({"skrl": row, "empty": Row("none", "", "", "", {}, 0)}, path)
    assert list(json.loads(path.read_text())) == ["empty", "skrl"]
    assert read_rows(path)["skrl"] == row
    table = as_markdown(read_rows(path))
    assert "| none (torch ) |" in table
    assert (
        '| skrl (skrl 2) | IPPO | `mask="flat"` | in the model | 10 | 10 | -2.00 ± 0.10 | -1.00 ± 0.10 | 3 of 100 |'
        in table
    )


@pytest.mark.slow
def test_libraries_command_writes_a_row_and_prints_the_table(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(command, "RESULTS", tmp_path / "libraries.json")
    monkeypatch.setattr("sys.argv", ["libraries", "cleanrl_pattern", "--seconds", "0.1", "--write"])
    command.main()
    assert "CleanRL pattern" in capsys.readouterr().out
    assert "CleanRL pattern" in (tmp_path / "libraries.md").read_text()
    monkeypatch.setattr("sys.argv", ["libraries", "--table"])
    command.main()
    assert "CleanRL pattern" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["libraries"])
    with pytest.raises(SystemExit):
        command.main()
    assert "name a library: agilerl" in capsys.readouterr().err


def test_libraries_table_of_the_page_is_that_of_the_rows():
    folder = ROOT / "docs" / "results"
    assert (folder / "libraries.md").read_text(encoding="utf-8").strip() == as_markdown(
        read_rows(folder / "libraries.json")
    )


def test_libraries_cleanrl_file_runs_as_a_command(monkeypatch, capsys):
    from training import cleanrl_ppo

    monkeypatch.setattr("sys.argv", ["cleanrl_ppo", "--total-timesteps", "400"])
    cleanrl_ppo.main()
    assert "mean return of a bank's day: -" in capsys.readouterr().out
