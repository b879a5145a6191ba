"""What the documentation says is so: tables are current, paths, links and commands exist. test_pages runs the blocks."""

import importlib.util
import re
import shlex
import subprocess
import sys

import numpy as np
import pytest
import typer

import simcash_env
from benchmarks.speed import CARTPOLE, TITLES, as_markdown
from simcash_env.agents.observation import NUM_SLOT, SLOTS_AT, Scale, layout
from simcash_env.cli import app
from simcash_env.envs.vector import make_vec
from simcash_env.evaluation.leaderboard import make_row
from simcash_env.registry import load
from simcash_env.schema.codes import CostKind, EventKind
from tests.repository.pages import ROOT, TEXTS
from tools.docs import generate, meanings

QUOTED = {
    name: re.findall(
        r"^\s*((?:make|simcash|python -m) [^#\n`]*)|`((?:make|simcash|python -m) [^`]*)`", text, re.MULTILINE
    )
    for name, text in TEXTS.items()
    if name != "CHANGELOG.md"  # names commands of earlier releases too
}
COMMANDS = sorted({"".join(found).strip() for quoted in QUOTED.values() for found in quoted})
TARGETS = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))


def started_with(program):
    return [command for command in COMMANDS if command.startswith(program)]


def test_docs_readme_shows_an_environment_and_a_batch():
    shown = " ".join(re.findall(r"```python\n(.*?)```", TEXTS["README.md"], re.DOTALL))
    assert 'pettingzoo.make("parallel", "SimCash/' in shown
    assert "make_vec(" in shown


def test_docs_first_program_of_the_readme_prints_what_it_says(capsys):
    program, *_ = re.findall(r"```python\n(.*?)```", TEXTS["README.md"], re.DOTALL)
    exec(compile(program, "README.md", "exec"), {})  # noqa: S102 - our own example
    printed = capsys.readouterr().out.strip()
    assert printed.startswith("{'BANK_A': ")
    assert f": {printed}\n" in program


def test_docs_scenario_that_the_page_shows_can_be_run():
    import yaml

    text, *_ = re.findall(r"```yaml\n(.*?)```", TEXTS["docs/scenarios.md"], re.DOTALL)
    assert simcash_env.Simulation(yaml.safe_load(text)).run_to_completion().ticks == 12


def test_docs_every_generated_table_is_current():
    assert generate.stale_pages() == []


def test_docs_old_table_is_found_and_every_block_stands_on_a_page():
    page = TEXTS["docs/environment.md"]
    assert generate.filled(page.replace("`slot{k}.amount`", "`slot{k}.size`")) == page
    named = {name for text in TEXTS.values() for name in re.findall(r"<!-- ([\w-]+) -->", text)}
    assert named == set(generate.BLOCKS)


def test_docs_check_of_the_tables_can_fail(tmp_path, monkeypatch, capsys):
    for page in generate.PAGES:
        (tmp_path / page).parent.mkdir(exist_ok=True)
        (tmp_path / page).write_text(TEXTS[page].replace("| `drop_penalty` |", "| `forgotten` |"))
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["generate", "--check"])
    with pytest.raises(SystemExit, match="1"):
        generate.main()
    assert "docs/environment.md" in capsys.readouterr().out


def test_docs_cost_and_event_tables_have_a_meaning_for_every_name():
    assert list(meanings.COST) == list(CostKind)
    assert list(meanings.EVENT) == list(EventKind)


def test_docs_observation_scales_are_those_that_the_table_names():
    market = {"deposit_rate": 1.0, "lending_rate": 3.0}
    scenario = load("castro-12period-v0").model_dump(mode="json") | {"market": market}
    vec = make_vec(scenario, max_queue_slots=1)
    window = vec._shape.window
    view = vec.scenario.view
    offsets = {
        Scale.POOL: view.bank_pool_cents[0],
        Scale.PRIORITY: 10.0,
        Scale.FLOW: view.bank_flow_scale_cents[0],
        Scale.PAYMENT: view.bank_payment_scale_cents[0],
        Scale.SYSTEM_PAYMENT: view.bank_payment_scale_cents.mean(),
        Scale.PAYMENT_COST: view.bank_cost_scale_cents[0],
        Scale.COUNT: 8.0,
        Scale.CORRIDOR: 20_000,
        Scale.DAY_TICKS: 12.0,
        Scale.TEN_BPS: 10.0,
        Scale.TENTH_OF_A_CENT: 0.1,
        Scale.SHARE: 1.0,
        Scale.ONE: 1.0,
    }
    for at, (name, entry) in enumerate(layout(1, has_market=True)):
        assert vec.observation_layout[at] == name
        is_divided = entry.scale in {Scale.SHARE, Scale.POOL, Scale.PRIORITY}
        assert window.spread[at] == (not is_divided), name
        assert window.offset[at] == np.float32(offsets[entry.scale]), name


def test_docs_page_knows_the_size_of_an_observation():
    assert f"({SLOTS_AT} + {NUM_SLOT} × max_queue_slots,)" in TEXTS["docs/environment.md"]  # noqa: RUF001 - as printed


def test_docs_every_path_of_the_architecture_page_exists():
    text = TEXTS["docs/architecture.md"]
    table = text.split("## Where do I change")[1]
    paths = re.findall(r"`([\w./-]+/[\w./-]*)`|`(pyproject\.toml)`", table)
    assert len(paths) > 20
    assert [path for found in paths for path in found if path and not (ROOT / path).exists()] == []
    told = re.findall(r"`((?:config|compile|kernels|agents|envs)/\w+\.py|\w+\.py)`", text.split("## The tick")[0])
    assert [path for path in told if not (ROOT / "simcash_env" / path).exists()] == []


def test_docs_every_path_of_the_recipes_exists():
    paths = re.findall(r"`((?:simcash_env|tests|docs|tools|configs)/[\w./-]+)`", TEXTS["CONTRIBUTING.md"])
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name", TEXTS)
def test_docs_every_relative_link_leads_somewhere(name):
    for link in re.findall(r"\]\(([^)]+)\)", TEXTS[name]):
        if "://" in link:
            continue
        path, _, section = link.partition("#")
        target = (ROOT / name).parent / path
        assert target.exists(), link
        if section:
            heads = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            assert section in {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads}, link


def test_docs_every_make_target_that_is_named_exists_and_is_told():
    named = {word for command in started_with("make ") for word in command.split()[1:] if "=" not in word}
    assert {"demo", "test", "check", "bench", "docs"} <= named
    assert named <= TARGETS


@pytest.mark.parametrize("command", started_with("simcash "))
def test_docs_every_command_of_ours_that_is_named_exists(command):
    found = typer.main.get_command(app)
    options = []
    for word in shlex.split(command)[1:]:
        if word.startswith("--"):
            options.append(word)
        elif hasattr(found, "commands") and not options:
            assert word in found.commands, command
            found = found.commands[word]
    known = {name for parameter in found.params for name in parameter.opts}
    assert set(options) <= known, command


def test_docs_every_module_that_is_named_exists():
    named = {command.split()[2] for command in started_with("python -m ")}
    assert [module for module in named if importlib.util.find_spec(module) is None] == []


@pytest.mark.slow  # a process for each, and many of them import PyTorch
@pytest.mark.parametrize("command", started_with("python -m "))
def test_docs_every_module_that_is_named_can_be_run(command):
    module = command.split()[2]
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [word for word in shlex.split(command) if word.startswith("--") and word not in done.stdout] == []


def test_docs_table_of_speed_names_every_speed_and_its_ratio():
    figures = dict.fromkeys(TITLES, 4.0) | {CARTPOLE: 2.0, "rounds": 1, "version": "0", "machine": "a machine"}
    table = as_markdown(figures)
    assert table.count("| 2.00 |") == 4
    assert table.count("| 1.00 |") == 1
    assert "a machine" in table
    assert len([line for line in table.splitlines() if line.startswith("|")]) == 2 + len(TITLES)


def test_docs_table_of_results_is_cheapest_first_with_the_learned_policy_marked():
    from simcash_env.config import DeadlinePolicy, FifoPolicy
    from simcash_env.evaluation.evaluate import evaluate_policy
    from simcash_env.registry import load
    from training.demo import Score, markdown_table

    config = load("castro-12period-v0")
    fifo = evaluate_policy(config, FifoPolicy(), [1, 2])
    late = evaluate_policy(config, DeadlinePolicy(urgency_threshold=1), [1, 2])
    scores = [Score(make_row("learned", "", late, fifo), late), Score(make_row("fifo", "", fifo, fifo), fifo)]
    lines = markdown_table(scores, "So it is.").splitlines()
    assert lines[2].startswith("| fifo |")
    assert lines[3].startswith("| **learned** |")
    assert lines[5].endswith("So it is.")


def test_docs_version_to_cite_is_the_version_of_the_package():
    assert f"version: {simcash_env.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"version = {{{simcash_env.__version__}}}" in TEXTS["README.md"]


def test_docs_what_no_test_reaches_says_why_where_it_stands():
    left_out = [
        (path, line)
        for folder in ("simcash_env", "baselines", "training")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"pragma:\s*no", line)
    ]
    assert left_out
    for path, line in left_out:
        assert re.search(r"# pragma: no (cover|branch) - \w.{8,}$", line) or "- likewise" in line, f"{path}: {line}"
