"""A wrong action is refused with its place and value before anything changes."""

import numpy as np
import pytest

from simcash_env import simcash_v0
from simcash_env.envs.sb3 import SimCashSB3Vec
from simcash_env.envs.vector import make_vec
from simcash_env.errors import ActionError, ConfigError
from tests.worlds import busy, holding

SLOTS = 2


def wrong_rows(heads):
    """Actions of one bank that no bank may send, by what is wrong, with a pattern of the message."""
    good = np.zeros(heads, np.int64)
    high, low = good.copy(), good.copy()
    high[0], low[-1] = 99, -1
    return {
        "too short": (good[:-1], "shape"),
        "too long": (np.zeros(heads + 1, np.int64), "shape"),
        "of two axes": (good.reshape(1, -1), "shape"),
        "a bare number": (1, "shape"),
        "floats": (good.astype(np.float64), "whole numbers"),
        "not a number": (np.full(heads, np.nan), "nan|float"),
        "text": (np.array(["hold"] * heads), "hold|<U4"),
        "nothing": (None, "None|object"),
        "beyond the choices": (high, r"99"),
        "negative": (low, r"-1"),
        "beyond int16": (good + 70_000, "70000"),
        "beyond int64": (np.full(heads, 2**64 - 1, np.uint64), "got"),
    }


HEADS = SLOTS + 2
WRONG = wrong_rows(HEADS)


@pytest.fixture
def env():
    made = simcash_v0.parallel_env(busy(), max_queue_slots=SLOTS)
    made.reset(seed=3)
    return made


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("agent", ["ALFA", "BRAVO"])
def test_wrong_action_parallel_environment_names_the_agent_and_changes_nothing(env, agent, wrong):
    action, said = WRONG[wrong]
    before, state = env.digest(), env.state()
    actions = {name: np.ones(HEADS, np.int64) * (name != agent) for name in env.agents}
    with pytest.raises(ActionError, match=rf"(?s)actions\.{agent}: .*{said}"):
        env.step({**actions, agent: action})
    assert env.digest() == before
    assert np.array_equal(env.state(), state)
    assert env.agents == ["ALFA", "BRAVO"]


def test_wrong_action_truth_values_are_no_choices(env):
    before = env.digest()
    with pytest.raises(ActionError, match=r"actions\.ALFA: need whole numbers"):
        env.step({agent: np.zeros(HEADS, bool) for agent in env.agents})
    assert env.digest() == before


def test_wrong_action_agent_that_is_not_there_is_named(env):
    before = env.digest()
    with pytest.raises(ValueError, match=r"no agent 'DELTA' is acting; agents are ALFA, BRAVO"):
        env.step({"ALFA": np.zeros(HEADS, np.int64), "DELTA": np.zeros(HEADS, np.int64)})
    assert env.digest() == before


def test_action_that_was_refused_leaves_no_trace_in_the_next_step(env):
    twin = simcash_v0.parallel_env(busy(), max_queue_slots=SLOTS)
    twin.reset(seed=3)
    with pytest.raises(ActionError):
        env.step({"ALFA": np.ones(HEADS, np.int64), "BRAVO": np.full(HEADS, 99)})
    for made in (env, twin):
        made.step({**holding(made), "BRAVO": np.ones(HEADS, np.int64)})
    assert env.digest() == twin.digest()


def batch_of(row, *, copy, bank, shape):
    """A batch's actions in which one row is wrong; a row of another shape makes the whole batch so."""
    rows = np.asarray(row)
    if rows.shape != shape[2:]:
        return np.broadcast_to(rows, (*shape[:2], *rows.shape))
    actions = np.zeros(shape, rows.dtype)
    actions[copy, bank] = rows
    return actions


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_action_batch_names_the_copy_and_changes_nothing(wrong):
    vec = make_vec(busy(), 3, max_queue_slots=SLOTS)
    vec.reset(5)
    action, _ = WRONG[wrong]
    before, seen = [vec.digest(copy) for copy in range(3)], vec.observations.copy()
    actions = batch_of(action, copy=1, bank=1, shape=vec.actions.shape)
    is_out_of_range = np.asarray(action).dtype.kind in "iu" and actions.shape == vec.actions.shape
    with pytest.raises(ActionError, match=r"actions\[1, 1\]: .*got" if is_out_of_range else r"actions: .*got"):
        vec.step(actions)
    assert [vec.digest(copy) for copy in range(3)] == before
    assert np.array_equal(vec.observations, seen)


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_action_sb3_batch_refuses_it_and_changes_nothing(wrong):
    sb3 = pytest.importorskip("simcash_env.envs.sb3")
    rows = sb3.SimCashSB3Vec(make_vec(busy(), 3, max_queue_slots=SLOTS, final_observations=True))
    rows.reset()
    action, _ = WRONG[wrong]
    before = [rows.vec.digest(copy) for copy in range(3)]
    actions = batch_of(action, copy=1, bank=1, shape=rows.vec.actions.shape)
    with pytest.raises(ActionError, match="actions"):
        rows.step(actions.reshape(rows.num_envs, *actions.shape[2:]))
    assert [rows.vec.digest(copy) for copy in range(3)] == before


@pytest.mark.parametrize("seed", [-1, 2**63, [1, 2], [1, 2, -3]])
def test_wrong_action_seed_out_of_range_is_refused_and_changes_nothing(seed):
    vec = make_vec(busy(), 3)
    vec.reset(5)
    before, seeds = [vec.digest(copy) for copy in range(3)], vec.seeds.tolist()
    with pytest.raises(ActionError, match=r"seed: needs 3 whole numbers from 0"):
        vec.reset(seed)
    assert [vec.digest(copy) for copy in range(3)] == before
    assert vec.seeds.tolist() == seeds


@pytest.mark.parametrize(
    ("learners", "said"),
    [(["ALFA", "ZULU"], "ZULU"), ("ALFA", "ALFA"), ([], "learners='all'")],
)
def test_wrong_action_learners_that_are_not_there_are_refused(learners, said):
    with pytest.raises(ActionError, match=said):
        make_vec(busy(), learners=learners)


@pytest.mark.parametrize("options", [{"num_envs": 0}, {"max_queue_slots": 0}])
def test_wrong_action_batch_of_nothing_is_refused(options):
    with pytest.raises(ConfigError, match="at least 1"):
        make_vec(busy(), **options)


@pytest.mark.parametrize(
    ("option", "value"),
    [("reward", "altruistic"), ("autoreset", "never"), ("alpha", 3.0), ("alpha", float("nan")), ("max_ticks", 0)],
)
def test_wrong_action_unknown_option_is_refused_by_name(option, value):
    with pytest.raises(ConfigError, match=option):
        make_vec(busy(), **{option: value})


def test_wrong_action_agent_without_an_action_is_named(env):
    before = env.digest()
    with pytest.raises(ActionError, match="BRAVO"):
        env.step({"ALFA": np.zeros(HEADS, np.int64)})
    with pytest.raises(ActionError, match="BRAVO"):
        env.step({**holding(env), "BRAVO": [[1, 2], [3]]})
    assert env.digest() == before


def test_wrong_action_step_before_the_first_reset_is_refused():
    vec = make_vec(busy())
    with pytest.raises(ActionError, match="reset"):
        vec.step(np.zeros(vec.actions.shape, np.int64))


def test_wrong_action_choice_of_copies_to_reset_needs_a_truth_value_for_each():
    vec = make_vec(busy(), 3)
    vec.reset(seed=1)
    vec.step(vec.masks[..., 1].astype(np.int64))
    before = [vec.state(copy).tick[0] for copy in range(3)]
    with pytest.raises(ActionError, match="mask: needs a truth value for each of 3 copies, got \\(2,\\)"):
        vec.reset(mask=np.ones(2, bool))
    assert [vec.state(copy).tick[0] for copy in range(3)] == before


@pytest.mark.parametrize(
    ("action", "given", "said"),
    [
        ("budget", 10**6, "actions: a budget is one of 0 to "),
        ("budget", -1, "actions: a budget is one of 0 to "),
        ("threshold", 1.5, "actions: every number of a threshold action is from -1 to 1"),
        ("threshold", np.nan, "actions: every number of a threshold action is from -1 to 1"),
        ("rank", -1.5, "actions: every number of a rank action is from -1 to 1"),
        ("rank", np.nan, "actions: every number of a rank action is from -1 to 1"),
    ],
)
def test_action_object_refuses_what_is_out_of_its_range_and_changes_nothing(action, given, said):
    vec = make_vec("castro-12period-v0", 2, action=action)
    vec.reset(seed=1)
    shape = (2, vec.num_banks) if action == "budget" else (2, vec.num_banks, len(vec.action_nvec))
    actions = np.zeros(shape, np.int64 if action == "budget" else np.float32)
    actions.reshape(-1)[-1] = given
    with pytest.raises(ActionError, match=said):
        vec.step(actions)
    assert [int(vec.state(copy).tick[0]) for copy in range(2)] == [0, 0]


def test_wrong_action_sb3_face_names_what_its_batch_needs_and_what_rows_do_not_have():
    with pytest.raises(ActionError, match="needs a batch made with autoreset='same_step' and final_observations=True"):
        SimCashSB3Vec(make_vec(busy(), 2))
    face = SimCashSB3Vec(make_vec(busy(), 2, autoreset="same_step", final_observations=True))
    for ask in (lambda: face.env_method("fly"), lambda: face.get_attr("wings"), lambda: face.set_attr("wings", 2)):
        with pytest.raises(AttributeError, match=r"fly|wings"):
            ask()
    assert face.get_images() == [None] * face.num_envs
    assert face.env_is_wrapped(object) == [False] * face.num_envs
