"""What would silently do nothing, or something else than was asked for, raises; in every face the same."""

import numpy as np
import pytest

from simcash_env import make_vec, simcash_v0
from simcash_env.envs.gym_vector import SimCashBankVec
from simcash_env.envs.observations import Observation
from simcash_env.envs.rewards import Reward
from simcash_env.envs.single import SimCashBankEnv
from simcash_env.errors import ActionError, ConfigError, SimulationError
from tests.worlds import busy, holding

SLOTS = 2
MODES = ("same_step", "next_step", "disabled")
FIRST = "step: call reset before the first step"
OVER = "step: the episode is over; call reset"


def zeros(vec):
    return np.zeros(vec.actions.shape, np.int64)


def single_zeros(env):
    return np.zeros(env.action_space.shape, np.int64)


@pytest.mark.parametrize("mode", MODES)
def test_no_op_batch_refuses_to_step_before_reset(mode):
    vec = make_vec(busy(), 2, autoreset=mode)
    with pytest.raises(ActionError, match=FIRST):
        vec.step(zeros(vec))
    vec.reset(1, mask=np.array([True, False]))
    with pytest.raises(ActionError, match=f"{FIRST}; copy 1 has no episode yet"):
        vec.step(zeros(vec))
    vec.reset(1, mask=np.array([False, True]))
    vec.step(zeros(vec))


def test_no_op_restoring_one_copy_begins_no_other():
    source = make_vec(busy(), 2)
    source.reset(1)
    vec = make_vec(busy(), 2)
    vec.restore(source.snapshot(1), 1)
    with pytest.raises(ActionError, match=f"{FIRST}; copy 0 has no episode yet"):
        vec.step(zeros(vec))
    vec.restore(source.snapshot(0), 0)
    vec.step(zeros(vec))
    source.step(zeros(source))
    assert [vec.digest(copy) for copy in range(2)] == [source.digest(copy) for copy in range(2)]


def test_no_op_faces_refuse_to_step_before_reset():
    parallel = simcash_v0.parallel_env(busy())
    for step in (
        lambda: parallel.step({agent: np.zeros(5, np.int64) for agent in parallel.possible_agents}),
        lambda: simcash_v0.env(busy()).step(np.zeros(5, np.int64)),
        lambda: (env := SimCashBankEnv(busy())) and env.step(single_zeros(env)),
        lambda: (env := SimCashBankVec(busy(), num_envs=2)) and env.step(single_zeros(env)),
    ):
        with pytest.raises(ActionError, match=FIRST):
            step()


def test_no_op_sb3_face_refuses_to_step_before_reset_and_without_actions():
    sb3 = pytest.importorskip("simcash_env.envs.sb3")
    rows = sb3.SimCashSB3Vec(make_vec(busy(), 2, final_observations=True))
    with pytest.raises(ActionError, match=FIRST):
        rows.step(np.zeros((4, rows.vec.actions.shape[2]), np.int64))
    rows.reset()
    with pytest.raises(ActionError, match="step_wait: call step_async with actions first"):
        rows.step_wait()


@pytest.mark.parametrize("limit", [None, 3])
def test_no_op_faces_refuse_to_step_after_the_end(limit):
    parallel, turns = (make(busy(), max_cycles=limit) for make in (simcash_v0.parallel_env, simcash_v0.env))
    single, disabled = (
        SimCashBankEnv(busy(), max_ticks=limit),
        make_vec(busy(), 2, max_ticks=limit, autoreset="disabled"),
    )
    bank = SimCashBankVec(busy(), num_envs=2, max_ticks=limit, autoreset_mode="Disabled")
    for env in (parallel, turns, single, disabled, bank):
        env.reset(seed=1)
    for _ in range(12 if limit is None else limit):
        actions = holding(parallel)
        parallel.step(actions)
        for _ in actions:
            turns.step(np.zeros(parallel.action_space("ALFA").shape, np.int64))
        single.step(single_zeros(single))
        disabled.step(zeros(disabled))
        bank.step(np.zeros(bank.action_space.shape, np.int64))
    before = [disabled.digest(0), parallel.digest()]
    with pytest.raises(ActionError, match=r"actions\.ALFA: the episode is over, so its action must be None"):
        turns.step(np.zeros(3, np.int64))
    for _ in range(2):
        turns.step(None)
    for step in (
        lambda: parallel.step({}),
        lambda: turns.step(None),
        lambda: single.step(single_zeros(single)),
        lambda: disabled.step(zeros(disabled)),
        lambda: bank.step(np.zeros(bank.action_space.shape, np.int64)),
    ):
        with pytest.raises(ActionError, match=OVER):
            step()
    assert [disabled.digest(0), parallel.digest()] == before
    disabled.reset(5, mask=np.array([True, False]))
    disabled.step(zeros(disabled))  # one copy goes on, the other stands still
    assert disabled.over().tolist() == [False, True]


@pytest.mark.parametrize("limit", [None, 3])
def test_no_op_copy_restored_at_its_end_is_reset_before_it_steps(limit):
    ended = make_vec(busy(), autoreset="disabled", max_ticks=limit)
    ended.reset(1)
    for _ in range(12 if limit is None else limit):
        ended.step(zeros(ended))
    kept = ended.snapshot()
    vec = make_vec(busy(), 2, max_ticks=limit)
    vec.reset(1)
    vec.restore(kept, 1)
    with pytest.raises(ActionError, match=rf"{OVER} \(copy 1 was restored at the end of its episode\)"):
        vec.step(zeros(vec))
    again = make_vec(busy(), autoreset="disabled")
    again.restore(vec.snapshot(1))
    assert again.over().all()
    vec.reset(5, mask=np.array([False, True]))
    vec.step(zeros(vec))


def test_no_op_snapshot_after_a_reset_within_the_step_is_of_a_running_episode():
    vec = make_vec(busy(), max_ticks=3)
    vec.reset(1)
    for _ in range(3):
        vec.step(zeros(vec))
    assert vec.truncated.all()
    env = simcash_v0.parallel_env(busy(), max_cycles=3)
    env.restore(vec.snapshot())
    assert env.agents == ["ALFA", "BRAVO"]
    env.step(holding(env))
    vec.step(zeros(vec))
    assert env.digest() == vec.digest(0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"reward": "mixed"}, "alpha: must be a number from 0, own cost only, to 1, mean cost only, got None"),
        ({"alpha": 0.5}, 'alpha: requires reward="mixed"; reward="individual" has the weight 0, got 0.5'),
        ({"reward": "system", "alpha": 0.5}, 'reward="system" has the weight 1, got 0.5'),
        ({"reward": "mixed", "alpha": True}, "alpha: must be a number"),
    ],
)
def test_no_op_alpha_and_the_mixed_reward_go_together(options, said):
    for make in (make_vec, simcash_v0.parallel_env, SimCashBankEnv, SimCashBankVec):
        with pytest.raises(ConfigError, match=said):
            make(busy(), **options)


class Written(Reward):
    """Writes or returns what it was made with."""

    def __init__(self, value=0.0, answer=None, alpha=0.0):
        self.value, self.answer, self.alpha = value, answer, alpha

    def write(self, vec, out):
        out[-1, -1] = self.value
        return out if isinstance(self.answer, str) else self.answer


class Shown(Observation):
    """Likewise, of one entry."""

    def __init__(self, value=0.0, answer=None, **declared):
        self.value, self.answer = value, answer
        self.__dict__.update(declared)

    def names(self, vec):
        return ("entry",)

    def write(self, vec, out):
        out[:] = 0.0
        out[-1, -1] = self.value
        return out if isinstance(self.answer, str) else self.answer


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("reward", "said"),
    [
        (Written(np.nan), "must write finite rewards, got nan for BRAVO in copy 1"),
        (Written(-np.inf), "must write finite rewards, got -inf for BRAVO in copy 1"),
        (Written(answer=np.zeros((2, 2))), "must fill out in place and return None, returned ndarray"),
        (Written(answer=1.0), "must fill out in place and return None, returned float"),
    ],
)
def test_no_op_reward_object_is_held_to_its_contract(reward, said, mode):
    vec = make_vec(busy(), 2, reward=reward, autoreset=mode)
    vec.reset(1)
    with pytest.raises(SimulationError, match=f"reward.write of Written: {said}"):
        vec.step(zeros(vec))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (Shown(1.5), r"entry must lie from -1.0 to 1.0, got 1.5 for BRAVO in copy 1"),
        (Shown(np.nan), r"entry must lie from -1.0 to 1.0, got nan"),
        (Shown(-0.5, low=0.0, dtype=np.float64), r"entry must lie from 0.0 to 1.0, got -0.5"),
        (Shown(answer=0.0), "must fill out in place and return None, returned float"),
    ],
)
def test_no_op_observation_object_is_held_to_its_bounds(seen, said, mode):
    vec = make_vec(busy(), 2, observation=seen, autoreset=mode)
    with pytest.raises(SimulationError, match=f"observation.write of Shown: {said}"):
        vec.reset(1)


def test_no_op_objects_may_return_what_they_filled():
    vec = make_vec(busy(), 2, reward=Written(0.25, "out"), observation=Shown(0.5, "out"))
    vec.reset(1)
    vec.step(zeros(vec))
    assert (vec.rewards[-1, -1], vec.observations[-1, -1, -1]) == (0.25, 0.5)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"reward": Written(alpha=1.5)}, r"reward\.alpha: must be a number from 0"),
        ({"observation": Shown(low=2.0)}, "must be two numbers in order"),
        ({"observation": Shown(low=np.nan)}, "must be two numbers in order"),
        ({"observation": Shown(dtype=object)}, "must be a dtype of numbers"),
        ({"observation": Shown(dtype="gold")}, "must be a dtype of numbers"),
    ],
)
def test_no_op_what_an_object_declares_is_judged(options, said):
    with pytest.raises(ConfigError, match=said):
        make_vec(busy(), **options)


@pytest.mark.parametrize("names", [(), ("a", "a"), "entry", (1,), None])
def test_no_op_names_of_an_observation_are_different_texts(names):
    seen = Shown()
    seen.names = lambda _: names
    with pytest.raises(ConfigError, match=r"observation\.names of Shown: must return different texts"):
        make_vec(busy(), observation=seen)


@pytest.mark.parametrize("limit", [12, 13, 10**12])
def test_no_op_limit_from_the_length_of_the_run_on_truncates_nothing(limit):
    vec = make_vec(busy(), max_ticks=limit, autoreset="disabled")
    vec.reset(1)
    for _ in range(12):
        vec.step(zeros(vec))
    assert (vec.terminated.tolist(), vec.truncated.tolist()) == ([1], [0])
