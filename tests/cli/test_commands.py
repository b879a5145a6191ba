"""The command line as a user meets it: real processes, real files, both streams and the exit code."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import simcash_env
from simcash_env.cli import main
from simcash_env.cli.screen import PAPER_WIDTH, needs_extra
from simcash_env.config.library import policy_names
from simcash_env.errors import SimcashError
from tests.processes import simcash

CONFIGS = Path(__file__).parents[2] / "configs" / "scenarios"
RUN = ("run", "castro-12period-v0", "--seed", "42")


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str, str]:
    """Run a command in this process: its exit code, and what it wrote to both streams."""
    with pytest.raises(SystemExit) as leaving:
        main(list(arguments))
    written = capsys.readouterr()
    return leaving.value.code, written.out, written.err


def test_commands_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert called(capsys, "--version") == (0, f"{simcash_env.__version__}\n", "")


def test_commands_process_ends_without_a_search_for_cycles() -> None:
    """What is frozen is left out of the collections at the end, which took 0.2 s."""
    program = """if True:
        import atexit, gc
        atexit.register(lambda: print(gc.get_freeze_count() > 10_000))  # registered first, called last
        from simcash_env.cli import main
        main(["--version"])
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [simcash_env.__version__, "True"]


@pytest.mark.parametrize("arguments", [("scenarios", "list"), ("run", "two-banks-v0", "--quiet")])
def test_commands_reader_that_has_gone_is_owed_nothing(arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "simcash_env.cli", *arguments]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_commands_run_prints_one_object_with_exact_figures() -> None:
    done = simcash(*RUN, "--json", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["costs"]["BANK_A"]["liquidity"] == 99_600  # the whole pool of 1 000 000 for 12 ticks at 83 bps
    assert found["total_cost"] == sum(sum(costs.values()) for costs in found["costs"].values())
    assert (found["arrived"], found["settled"], found["ticks"]) == (53, 53, 12)
    assert sum(found["final_balances"].values()) == 2_000_000
    assert len(found["digest"]) == 64


def test_commands_same_seed_gives_the_same_digest_and_another_seed_another() -> None:
    digests = [json.loads(simcash(*RUN[:3], seed, "--json", "--quiet").stdout)["digest"] for seed in ("7", "7", "8")]
    assert digests[0] == digests[1] != digests[2]


def test_commands_table_goes_to_stdout_and_notes_to_stderr() -> None:
    done = simcash(*RUN)
    assert done.returncode == 0
    assert "BANK_A" in done.stdout
    assert "996.00" in done.stdout
    assert done.stderr == (
        "external banks BANK_A, BANK_B release every payment in ticks without actions (external: release); "
        "choose with --external or --policy BANK=NAME\n"
    )


def test_commands_verbose_names_every_event_on_stderr_and_json_stays_one_object() -> None:
    done = simcash(*RUN, "--ticks", "2", "--verbose", "--json")
    assert json.loads(done.stdout)["ticks"] == 2
    assert "tick 1 (day 0): 5 arrived" in done.stderr
    assert "Arrival  bank=BANK_A  counterparty=BANK_B  tx=tx_00000001  amount=40.90" in done.stderr


def test_commands_policy_can_be_chosen_for_a_bank() -> None:
    held = simcash(*RUN, "--json", "--quiet", "--policy", "BANK_A=deadline:urgency_threshold=0")
    assert json.loads(held.stdout)["costs"]["BANK_A"]["delay"] > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "castro-12period-v1"), "castro-12period-v0"),
        ((*RUN, "--policy", "BANK_X=fifo"), "unknown bank, banks are BANK_A, BANK_B"),
        ((*RUN, "--policy", "BANK_A=deadline"), "urgency_threshold"),
        ((*RUN, "--ticks", "0"), "--ticks"),
        ((*RUN, "--ticks", "many"), "--ticks"),
        ((*RUN, "--ticks", "13"), "--ticks: the run has 12 ticks (12 ticks in all), got 13"),
        ((*RUN, "--days", "2"), "--days: the run has 1 days (12 ticks in all), got 2"),
        (("train", "castro-2period-v0", "--steps", "2047"), "--steps: must be at least one rollout, 2048 decisions"),
        pytest.param(
            ("tune", "castro-2period-v0", "--steps", "1"),
            "--steps: must be at least one rollout, 2048 decisions",
            marks=pytest.mark.slow,  # imports what train does, and more
        ),
        (("runs",), "No such command"),
        (("scenarios", "show", "nothing-v0"), "nothing-v0"),
    ],
)
def test_commands_mistake_is_one_clear_message_and_exit_code_2(arguments: tuple[str, ...], said: str) -> None:
    done = simcash(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_commands_validate_names_every_fault_with_its_line(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(
        "format: 1\nname: bad\nsimulation: {ticks_per_day: 0, num_days: 1}\nbanks:\n  - id: A\n    opening_balance: 1.5\n"
    )
    done = simcash("validate", "two-banks-v0", str(bad))
    assert done.returncode == 2
    assert "two-banks-v0: ok" in done.stdout
    assert "bad.yaml:3" in done.stderr
    assert "bad.yaml:6" in done.stderr
    assert "opening_balance" in done.stderr


def test_commands_library_is_listed_and_shown() -> None:
    rows = {row["id"]: row for row in json.loads(simcash("scenarios", "list", "--json").stdout)}
    assert {"castro-2period-v0", "castro-12period-v0", "ten-banks-v0"} <= set(rows)
    sizes = (rows["ten-banks-v0"][name] for name in ("banks", "external_banks", "ticks_per_day", "num_days"))
    assert tuple(sizes) == (10, 10, 100, 10)
    assert rows["castro-2period-v0"]["question"].startswith("How much liquidity does a bank commit before the day")
    listed = simcash("scenarios", "list").stdout
    assert all(row["id"] in listed for row in rows.values())
    assert simcash("scenarios", "show", "castro-2period-v0").stdout.startswith("# Question:")
    assert "liquidity_aware" in json.loads(simcash("policies", "list", "--json").stdout)


@pytest.mark.parametrize(("asked", "width"), [({}, PAPER_WIDTH), ({"COLUMNS": "99"}, 99)])
def test_commands_what_goes_into_a_pipe_is_as_wide_as_paper(asked: dict[str, str], width: int) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | asked
    program = "from simcash_env.cli import screen; print(screen.data.width)"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert int(done.stdout) == width


def test_command_whose_extra_is_missing_says_how_it_comes() -> None:
    missing = r"this command needs no_such_module: pip install 'simcash-env\[plots\]'"
    with pytest.raises(SimcashError, match=missing), needs_extra("plots", "no_such_module"):
        pytest.fail("the library is not there")


def test_commands_policies_are_listed_with_their_parameters_and_what_they_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, told, _ = called(capsys, "policies", "list")
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in told.splitlines() if "│" in line]
    rows: dict[str, tuple[str, str]] = {}
    for policy, parameters, description in cells:  # a row goes on in lines without a name
        name = policy or list(rows)[-1]
        before = rows.get(name, ("", ""))
        rows[name] = (f"{before[0]} {parameters}".strip(), f"{before[1]} {description}".strip())
    assert code == 0
    assert rows["deadline"] == (
        "urgency_threshold",
        "Release payments due within urgency_threshold ticks, hold the rest.",
    )
    assert rows["fifo"][0] == "-"
    assert {f"{name}.json" for name in policy_names()} < set(rows)


@pytest.mark.parametrize("ending", ["", ".json"])
def test_commands_tree_of_the_library_is_shown_by_its_name(capsys: pytest.CaptureFixture[str], ending: str) -> None:
    name = policy_names()[0]
    code, told, _ = called(capsys, "policies", "show", f"{name}{ending}", "--json")
    found = json.loads(told)
    assert (code, found["type"], found["tree"]["policy_id"]) == (0, "tree", name)
    assert Path(found["file"]).name == f"{name}.json"
    assert set(found["values"]) == set(found["tree"].get("parameters", {}))


def test_commands_schema_is_a_json_schema() -> None:
    schema = json.loads(simcash("schema").stdout)
    assert {"format", "name", "simulation", "banks"} <= set(schema["properties"])


def heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_commands_ctrl_c_prints_what_was_run_and_exits_with_130(tmp_path: Path) -> None:
    scenario = tmp_path / "endless.yaml"
    short = (CONFIGS / "ten-banks-v0.yaml").read_text(encoding="utf-8")
    scenario.write_text(short.replace("num_days: 10\n", "num_days: 1_000\n"), encoding="utf-8")
    command = [sys.executable, "-m", "simcash_env.cli", "run", str(scenario), "--verbose", "--json"]
    with subprocess.Popen(  # a shell may have told its background jobs to ignore the signal, and children inherit that
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,  # noqa: PLW1509
    ) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        for line in process.stderr:  # wait for the first tick, then interrupt
            if line.startswith("tick 0"):
                break
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        found = json.loads(process.stdout.read())
    assert process.returncode == 130
    assert 0 < found["ticks"] < 100_000
    assert f"interrupted after {found['ticks']} of 100000 ticks" in rest


TREE = {
    "policy_id": "small",
    "parameters": {"urgency": 3},
    "payment_tree": {
        "type": "condition",
        "node_id": "urgent",
        "condition": {"op": "<=", "left": {"field": "ticks_to_deadline"}, "right": {"param": "urgency"}},
        "on_true": {"type": "action", "node_id": "go", "action": "Release"},
        "on_false": {
            "type": "condition",
            "node_id": "short",
            "condition": {"op": "<", "left": {"field": "queue1_liquidity_gap"}, "right": {"value": 0}},
            "on_true": {
                "type": "action",
                "node_id": "cut",
                "action": "Split",
                "parameters": {"num_splits": {"value": 2}},
            },
            "on_false": {"type": "action", "node_id": "wait", "action": "Hold"},
        },
    },
}


def test_commands_tree_is_drawn_with_its_formulas_and_node_ids(tmp_path: Path) -> None:
    file = tmp_path / "tree.json"
    file.write_text(json.dumps(TREE))
    done = simcash("policies", "show", str(file))
    assert done.returncode == 0
    lines = [line.strip(" │├└─") for line in done.stdout.splitlines()]
    assert lines == [
        "small",
        "urgency = 3",
        "payment_tree",
        "ticks_to_deadline <= urgency?  [urgent]",
        "yes: Release  [go]",
        "no: queue1_liquidity_gap < 0?  [short]",
        "yes: Split(num_splits=2)  [cut]",
        "no: Hold  [wait]",
    ]


@pytest.mark.parametrize("command", [("policies", "validate"), ("validate",)])
def test_commands_validating_a_tree_reports_what_is_never_reached(tmp_path: Path, command: tuple[str, ...]) -> None:
    file = tmp_path / "tree.json"
    file.write_text(json.dumps(TREE))
    done = simcash(*command, str(file))
    assert (done.returncode, done.stdout) == (0, f"{file}: ok\n")
    assert (
        "payment_tree.on_false.on_true: node 'short': never reached (1 node): the condition is always false"
        in done.stderr
    )


@pytest.mark.parametrize("command", [("policies", "validate"), ("validate",)])
def test_commands_faults_of_trees_are_data_and_nothing_else_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(TREE))
    bad.write_text(json.dumps(TREE).replace("queue1_liquidity_gap", "queue_gap"))
    code, told, notes = called(capsys, *command, str(good), str(bad), "--json")
    rows = json.loads(told)
    assert (code, notes) == (2, "1 fault\n")
    assert rows[0] == {"file": str(good), "ok": True, "faults": []}
    assert [fault["path"] for fault in rows[1]["faults"]] == ["payment_tree.on_false.condition.left.field"]


@pytest.mark.parametrize("command", [("policies", "validate"), ("validate",), ("policies", "show")])
def test_commands_bad_tree_is_refused_with_the_node_and_the_rule(tmp_path: Path, command: tuple[str, ...]) -> None:
    file = tmp_path / "tree.json"
    file.write_text(json.dumps(TREE).replace("queue1_liquidity_gap", "queue_gap"))
    done = simcash(*command, str(file))
    assert done.returncode == 2
    assert "payment_tree.on_false.condition.left.field: node 'short': unknown field" in done.stderr
    assert done.stdout == ""
