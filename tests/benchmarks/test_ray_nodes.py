"""The work that is spread over Ray nodes, without Ray; ``tests/cluster`` spreads it."""

import pytest

from benchmarks import ray_nodes
from benchmarks.ray_nodes import Row, Task, as_markdown, perform, work


def test_ray_nodes_work_has_tasks_of_their_own():
    for kind, tasks in work(20, 2).items():
        assert len(tasks) == ray_nodes.TASKS, kind
        assert len({task for task, _ in tasks}) == len(tasks)


@pytest.mark.parametrize("kind", ["evaluation", "tuning"])
def test_ray_nodes_task_gives_the_same_result_again(kind):
    task, days = work(20, 2)[kind][5]
    done = perform(task, days)
    assert done.result == perform(task, days).result
    assert done.processor_s >= 0.0


def test_ray_nodes_evaluation_tasks_play_different_days():
    assert perform(Task("evaluation", 0), 20).result != perform(Task("evaluation", 1), 20).result


def test_ray_nodes_efficiency_is_the_speed_up_of_a_node():
    row = Row("evaluation", 16, 4.0, 2.5, 3.0, 1.5)
    assert (row.efficiency, row.processor_efficiency) == (0.8, 1.0)
    assert "| evaluation | 16 | 4.00 | 2.50 | 80% | 3.00 | 1.50 | 100% |" in as_markdown([row], 1)
