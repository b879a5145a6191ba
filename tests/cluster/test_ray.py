"""A real Ray cluster of two nodes, on this machine, one of which dies on the way."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

ray = pytest.importorskip("ray", reason="make test-cluster installs Ray and runs this")

pytestmark = pytest.mark.filterwarnings("ignore")  # of the libraries, about themselves

GAME = "castro-2period-v0"
PATIENCE = 1_200.0


@pytest.fixture
def nodes():
    """A cluster of a head and a second node, with room for one process each."""
    from ray.cluster_utils import Cluster

    room = {"num_cpus": 1, "object_store_memory": 100_000_000, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=room)
    second = cluster.add_node(**room)
    cluster.wait_for_nodes()
    yield cluster, second
    cluster.shutdown()


def alive():
    return sum(node["Alive"] for node in ray.nodes())


def wait_for(is_so):
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.2)


def test_a_training_goes_on_when_a_node_dies(nodes, tmp_path):
    from simcash_env.learning.rllib_ppo import connected, evaluate_folder, read_state, train_rllib
    from simcash_env.learning.rllib_settings import rllib_settings

    cluster, second = nodes
    settings = rllib_settings(GAME, iterations=6)
    before, after = [], []

    def watch(state):
        if state.iterations == 2:
            before.append(alive())
            cluster.remove_node(second, allow_graceful=False)
            wait_for(lambda: alive() == 1)
        elif state.iterations > 2:
            after.append(alive())

    with connected(cluster.address):
        state, is_complete = train_rllib(settings, 0, tmp_path, runners=2, every=1, report=watch)
        found, _ = read_state(tmp_path)
        assert is_complete
        assert (before, after) == ([2], [1] * 4)
        assert state.iterations == found.iterations == len(found.curve) == 6
        assert None not in found.curve
        assert max(found.curve[3:]) > found.curve[0], "what was learned before the loss is kept"
        assert evaluate_folder(tmp_path, 5)["mean"] > 0


def test_a_training_goes_on_from_its_checkpoint_and_from_no_other(tmp_path):
    from simcash_env.errors import SnapshotError
    from simcash_env.learning.rllib_ppo import connected, train_rllib
    from simcash_env.learning.rllib_settings import rllib_settings

    def press(state):
        if state.iterations == 3:
            raise KeyboardInterrupt

    with connected(None, 1):
        first, is_complete = train_rllib(rllib_settings(GAME, iterations=4), 0, tmp_path, report=press)
        assert (first.iterations, is_complete) == (3, False)
        again, is_complete = train_rllib(rllib_settings(GAME, iterations=5), 0, tmp_path)
        assert (again.iterations, is_complete) == (5, True)
        assert again.curve[:3] == first.curve
        assert again.curve[3] > first.curve[0], "it goes on from what was learned"
        with pytest.raises(SnapshotError, match="batch"):
            train_rllib(rllib_settings(GAME, batch=100), 0, tmp_path)


def test_a_sweep_goes_on_when_a_node_dies(nodes, tmp_path):
    from simcash_env.learning.ray_sweep import SweepPlan, sweep
    from simcash_env.learning.rllib_ppo import connected
    from simcash_env.learning.rllib_settings import SWEEP_SPACE, rllib_settings

    cluster, second = nodes
    folder = tmp_path / "sweep"
    plan = SweepPlan(rllib_settings(GAME, iterations=6), SWEEP_SPACE, trials=2, validation_days=5, every=2)

    def kill_when_both_have_saved():
        wait_for(lambda: len({path.parent for path in folder.glob("*/checkpoint_*")}) == 2)
        cluster.remove_node(second, allow_graceful=False)

    killer = threading.Thread(target=kill_when_both_have_saved)
    killer.start()
    with connected(cluster.address):
        found = sweep(plan, folder)
        killer.join()
        wait_for(lambda: alive() == 1)
    assert found["done"] == 2
    assert [trial["iterations"] for trial in found["trials"]] == [6, 6]
    assert max(trial["resumed_from"] for trial in found["trials"]) >= 2, "one was taken up from its checkpoint"
    assert found["best"] == min(trial["validation_cents"] for trial in found["trials"])


def test_the_same_command_goes_on_with_a_sweep_whose_process_was_killed(tmp_path):
    folder = tmp_path / "sweep"
    command = [
        sys.executable, "-m", "simcash_env.cli", "sweep", GAME, "--trials", "2", "--iterations", "8", "--every", "2",
        "--seeds", "5", "--cpus", "1", "--out", str(folder), "--json",
    ]  # fmt: skip
    with (tmp_path / "first.log").open("w") as log:
        first = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    wait_for(lambda: list(folder.glob("*/checkpoint_000001")))  # by then the first is noted
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE)
    found = json.loads(done.stdout)
    assert found["done"] == 2
    assert [trial["iterations"] for trial in found["trials"]] == [8, 8]
    assert max(trial["resumed_from"] for trial in found["trials"]) >= 2, "one was taken up from its checkpoint"
    assert Path(folder, "simcash-sweep.json").is_file()


def test_evaluation_and_tuning_on_two_nodes_give_the_results_of_one():
    from benchmarks.ray_nodes import measure

    rows = measure(1, 20, 2)
    assert [row.work for row in rows] == ["evaluation", "tuning"]
    assert all(row.efficiency > 0 for row in rows)
