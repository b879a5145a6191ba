"""Public calls judge their arguments: a wrong one is a named error, and NumPy's integers are integers.

``restore(snapshot, -1)`` restored the last copy, ``max_cycles=1.5`` was accepted, ``learners="ALFA"`` was taken for four
banks, ``np.int64(100)`` was no amount, and many calls raised a bare ``TypeError``, ``KeyError`` or ``IndexError``.
"""

import gymnasium
import numpy as np
import pytest

from simcash_env import Simulation, load_scenario, make_vec, registry, simcash_v0
from simcash_env.config import FifoPolicy, ScenarioConfig, SimulationConfig
from simcash_env.envs.families import Randomize
from simcash_env.envs.gym_vector import SimCashBankVec
from simcash_env.envs.single import SimCashBankEnv
from simcash_env.errors import ActionError, ConfigError, SimcashError, SimulationError
from simcash_env.evaluation.evaluate import evaluate_agent, evaluate_policy
from simcash_env.evaluation.scripted import agent_for
from simcash_env.evaluation.seeds import held_out_seeds, training_seeds, validation_seeds
from simcash_env.integers import whole, whole_within, with_plain_integers
from simcash_env.records.recorder import Recorder
from tests.worlds import busy

MARKET = {"deposit_rate": 0.0, "lending_rate": 2.0, "interest": "per_tick", "books": [{"maturity": {"ticks": 2}}]}
CYCLE: dict = {}
CYCLE["itself"] = CYCLE
WRONG = (
    *(None, -1, 9, 1.5, True, "x", "", "\0", b"x", [], {}, (), object(), 10**30, -(2**63), float("nan"), float("inf")),
    *(np.float64(1), np.bool_(True), {1}, [[1]], [[1], [1, 2]], [None], {"x": 1}, {1: 2}, np.array([1, 2]), Ellipsis, CYCLE),
)  # fmt: skip
"""What no call takes, or only some; nothing may escape but the package's own errors."""


def world():
    return busy(market=MARKET, collateral=True, revoke=True)


def opened():
    simulation = Simulation(world(), seed=1)
    simulation.open_tick()
    return simulation


def begun(make=make_vec, *arguments, **options):
    env = make(world(), *arguments, **options)
    env.reset(seed=1)
    return env


def step_twice(make, bad):
    """Both banks' turns, where the game has turns."""
    env = begun(make)
    for _ in range(2):
        env.step(bad)


def sb3_rows():
    sb3 = pytest.importorskip("simcash_env.envs.sb3")
    return sb3.SimCashSB3Vec(make_vec(world(), 2, final_observations=True))


ONE_ARGUMENT = (
    *("queue1", "transaction", "transactions_for_day", "bank_number", "balance", "policy", "posted_collateral"),
    *("available_liquidity", "costs", "daily_metrics", "sample", "restore", "log_events", "market_account"),
    *("cancel_order", "orders", "run"),
)
SUBMITTED = {
    "sender": "ALFA", "receiver": "BRAVO", "amount": 100, "deadline": 5, "priority": 5, "divisible": False,
    "rtgs_priority": "normal",
}  # fmt: skip
ORDERED = {
    "bank": "ALFA", "side": "bid", "rate": 1.0, "amount": 10, "book": None, "counterparty": None, "good_for": "day",
}  # fmt: skip
OPTIONS = (
    *("num_envs", "learners", "max_queue_slots", "action", "observation", "normalize", "reward", "alpha", "randomize"),
    *("autoreset", "max_ticks", "final_observations", "num_threads", "policy_path"),
)
CALLS = {
    "Simulation": Simulation,
    "Simulation seed": lambda bad: Simulation(world(), seed=bad),
    "Simulation events": lambda bad: Simulation(world(), events=bad),
    "Simulation.load": Simulation.load,
    "Simulation.save": lambda bad: None if isinstance(bad, str) and bad == "x" else opened().save(bad),
    "set_policy bank": lambda bad: opened().set_policy(bad, "fifo"),
    "set_policy": lambda bad: opened().set_policy("ALFA", bad),
    "load_scenario": load_scenario,
    "load_scenario policy_path": lambda bad: load_scenario("two-banks-v0", policy_path=bad),
    "registry.load": registry.load,
    "registry.scenario_path": registry.scenario_path,
    "make_vec": make_vec,
    "make_vec mixed": lambda bad: make_vec(world(), reward="mixed", alpha=bad),
    "vec.reset": lambda bad: make_vec(world(), 4).reset(bad),
    "vec.reset mask": lambda bad: make_vec(world(), 4).reset(1, mask=bad),
    "vec.restore": lambda bad: begun().restore(bad),
    "vec.restore copy": lambda bad: begun().restore(begun().snapshot(), bad),
    "parallel.restore": lambda bad: begun(simcash_v0.parallel_env).restore(bad),
    "parallel.step": lambda bad: begun(simcash_v0.parallel_env).step({"ALFA": bad, "BRAVO": bad}),
    "parallel.observation_space": lambda bad: begun(simcash_v0.parallel_env).observation_space(bad),
    "parallel.action_space": lambda bad: begun(simcash_v0.parallel_env).action_space(bad),
    "aec.observe": lambda bad: begun(simcash_v0.env).observe(bad),
    "single step": lambda bad: begun(SimCashBankEnv).step(bad),
    "single step first": lambda bad: SimCashBankEnv(world()).step(bad),
    "single reset": lambda bad: SimCashBankEnv(world()).reset(seed=bad),
    "single restore": lambda bad: begun(SimCashBankEnv).restore(bad),
    "vector step": lambda bad: begun(SimCashBankVec, num_envs=2).step(bad),
    "vector reset": lambda bad: SimCashBankVec(world(), num_envs=2).reset(seed=bad),
    "vector reset options": lambda bad: SimCashBankVec(world(), num_envs=2).reset(options=bad),
    "vector reset mask": lambda bad: SimCashBankVec(world(), num_envs=2).reset(options={"reset_mask": bad}),
    "sb3 step": lambda bad: (rows := sb3_rows()).reset() is None or rows.step(bad),
    "sb3 step first": lambda bad: sb3_rows().step(bad),
    "sb3 wait": lambda _: sb3_rows().step_wait(),
    "sb3 seed": lambda bad: sb3_rows().seed(bad),
    "evaluate_policy": lambda bad: evaluate_policy(bad, FifoPolicy(), [1]),
    "evaluate_policy policy": lambda bad: evaluate_policy(world(), bad, [1]),
    "evaluate_policy seeds": lambda bad: evaluate_policy(registry.load("castro-2period-v0"), FifoPolicy(), bad),
    "evaluate_policy shares": lambda bad: evaluate_policy(registry.load("castro-2period-v0"), FifoPolicy(), [1], bad),
    "evaluate_agent": lambda bad: evaluate_agent(bad, agent_for(FifoPolicy()), [1]),
    "evaluate_agent agent": lambda bad: evaluate_agent(world(), bad, [1]),
    "evaluate_agent seeds": lambda bad: evaluate_agent(registry.load("castro-2period-v0"), agent_for(FifoPolicy()), bad),
    "agent_for": agent_for,
    "training_seeds": training_seeds,
    "validation_seeds": validation_seeds,
    "held_out_seeds skip": lambda bad: held_out_seeds(1, bad),
    **{f"Simulation.{name}": lambda bad, name=name: getattr(opened(), name)(bad) for name in ONE_ARGUMENT},
    **{f"submit {name}": lambda bad, name=name: opened().submit_transaction(**SUBMITTED | {name: bad}) for name in SUBMITTED},
    **{f"order {name}": lambda bad, name=name: opened().place_order(**ORDERED | {name: bad}) for name in ORDERED},
    **{f"make_vec {name}": lambda bad, name=name: make_vec("two-banks-v0", **{name: bad}) for name in OPTIONS},
    **{
        f"vec.{name}": lambda bad, name=name: getattr(begun(), name)(bad)
        for name in ("snapshot", "state", "engine", "digest", "is_terminated", "is_truncated", "step", "orders_of")
    },
    **{
        f"vec.{name} first": lambda bad, name=name: getattr(make_vec(world()), name)(bad) for name in ("snapshot", "step")
    },
    **{
        f"{make.__name__} {name}": lambda bad, make=make, name=name: make(world(), **{name: bad})
        for make in (simcash_v0.parallel_env, simcash_v0.env)
        for name in ("agent_names", "max_cycles", "render_mode", "copy", "learners")
    },
    **{
        f"{make.__name__} {what}": lambda bad, make=make, call=call: call(make, bad)
        for make in (simcash_v0.parallel_env, simcash_v0.env)
        for what, call in {
            "step": step_twice,
            "step first": lambda make, bad: make(world()).step(bad),
            "reset": lambda make, bad: make(world()).reset(seed=bad),
        }.items()
    },
    **{
        f"single {name}": lambda bad, name=name: SimCashBankEnv(world(), **{name: bad})
        for name in ("bank", "max_ticks", "observation", "render_mode", "action")
    },
    **{
        f"vector {name}": lambda bad, name=name: SimCashBankVec(world(), **{name: bad})
        for name in ("bank", "num_envs", "max_ticks", "autoreset_mode", "copy", "render_mode", "observation")
    },
    **{
        f"Randomize {name}": lambda bad, name=name: make_vec(world(), randomize=Randomize(**{"num_members": 2, name: bad}))
        for name in ("sizes", "rates", "prices", "num_members", "split", "seed")
    },
    **{
        f"evaluate_agent {name}": lambda bad, name=name: evaluate_agent(
            registry.load("castro-2period-v0"), agent_for(FifoPolicy()), [1], **{name: bad}
        )
        for name in ("max_queue_slots", "copies", "action")
    },
}  # fmt: skip
"""A public call by name, with one argument open."""

DECIDED = {
    "whole": lambda name, bad, _: {name: bad},
    "by bank": lambda name, bad, _: {name: {"ALFA": bad}},
    "of a payment": lambda _, bad, tx: {"actions": {"ALFA": {tx: bad}}},
    "parts": lambda _, bad, tx: {"actions": {"ALFA": {tx: ("split", bad)}}},
    "priority": lambda _, bad, tx: {"actions": {"ALFA": {tx: ("resubmit", bad)}}},
    "side": lambda _, bad, __: {"orders": {"ALFA": (bad, 1.0, 5)}},
    "rate": lambda _, bad, __: {"orders": {"ALFA": ("bid", bad, 5)}},
    "amount": lambda _, bad, __: {"orders": {"ALFA": ("bid", 1.0, bad)}},
}


@pytest.mark.parametrize("call", CALLS)
def test_integers_wrong_argument_is_a_named_error(call):
    errors = 0
    for bad in WRONG:
        try:
            CALLS[call](bad)
        except SimcashError:
            errors += 1
    assert errors > 0


@pytest.mark.parametrize("part", DECIDED)
@pytest.mark.parametrize("name", ["actions", "pool_levels", "collateral", "orders"])
def test_integers_wrong_decision_is_a_named_error_and_changes_nothing(part, name):
    simulation = opened()
    before = simulation.digest()
    (tx, *_) = simulation.queue1("ALFA")
    for bad in WRONG:
        fork = simulation.fork()
        try:
            fork.tick(**DECIDED[part](name, bad, tx))
        except SimcashError:
            assert fork.digest() == before
    with pytest.raises(ActionError, match="must be a mapping"):
        simulation.tick(**{name: [1]})


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: begun(make_vec, 4).restore(begun().snapshot(), -1), r"copy: must be a whole number from 0 to 3, got -1"),
        (lambda: begun(make_vec, 4).restore(begun().snapshot(), 9), r"copy: must be a whole number from 0 to 3, got 9"),
        (lambda: simcash_v0.parallel_env("two-banks-v0", max_cycles=1.5), r"max_cycles: must be a whole number .*got 1\.5"),
        (lambda: SimCashBankEnv("two-banks-v0", max_ticks=0), r"max_ticks: must be a whole number of at least 1, got 0"),
        (lambda: make_vec("two-banks-v0", learners="ALFA"), r"learners: .*got 'ALFA'; one bank is written \['ALFA'\]"),
        (lambda: make_vec("two-banks-v0", num_envs=2**40), r"num_envs: must be at most"),
        (lambda: make_vec("two-banks-v0", num_envs=2**31 - 1), r"num_envs: no room for 2147483647 copies"),
        (lambda: make_vec("two-banks-v0", max_queue_slots=2**17), r"max_queue_slots: must be at most 65536, got 131072"),
        (lambda: Simulation("two-banks-v0", seed=-1), r"seed: must be a whole number from 0 to 2\*\*63 - 1, got -1"),
        (lambda: opened().sample("balance_cents"), r"columns: must be a list of"),
    ],
)  # fmt: skip
def test_integers_message_says_place_value_and_rule(call, said):
    with pytest.raises(SimcashError, match=said):
        call()


# -- integers of NumPy ------------------------------------------------------------------------------------------------

INTEGERS = (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64)


@pytest.mark.parametrize("kind", INTEGERS)
def test_numpy_integers_are_integers(kind):
    assert whole(kind(7)) == 7
    assert type(whole(kind(7))) is int
    assert whole_within(kind(7), 0, 7) == 7
    assert whole_within(kind(7), 0, 6) is None


@pytest.mark.parametrize("value", [True, np.bool_(True), 1.0, np.float64(1), np.timedelta64(1), "1", None, np.array(1)])
def test_integers_other_values_are_not_integers(value):
    assert whole(value) is None
    assert with_plain_integers(value) is value


def test_integers_with_plain_integers_changes_numbers_alone():
    plain = {"a": [1, (2.5, "x")], "b": {"c": True}}
    assert with_plain_integers(plain) is plain
    changed = with_plain_integers({"a": [np.int64(1), (np.uint8(2), 2.5)], "b": {"c": np.int16(3)}})
    assert changed == {"a": [1, (2, 2.5)], "b": {"c": 3}}
    assert [type(changed["a"][0]), type(changed["a"][1][0]), type(changed["b"]["c"])] == [int] * 3


def test_integers_run_with_numpy_integers_is_the_run_with_pythons():
    def run(number):
        simulation = Simulation(world(), seed=number(3), events="tick")
        recorder = Recorder(simulation, [])
        with recorder:
            recorder.open_tick()
            tx = simulation.queue1("ALFA")[0]
            recorder.submit_transaction("ALFA", "BRAVO", number(100), number(5), priority=number(3))
            decided = {"actions": {"ALFA": {tx: ("split", number(2))}}, "collateral": {"ALFA": number(5)}}
            recorder.tick(**decided, pool_levels={"BRAVO": number(4)}, orders={"BRAVO": ("bid", number(1), number(10))})
            recorder.cancel_order(recorder.place_order("ALFA", "bid", number(1), number(10)))
        simulation.run(number(3))
        return simulation.digest()

    assert run(np.int64) == run(int)


def test_integers_environments_take_numpy_integers():
    one = np.int64(1)
    for make in (make_vec, simcash_v0.parallel_env):
        options = {"max_queue_slots": np.int64(3), ("max_ticks" if make is make_vec else "max_cycles"): np.uint8(4)}
        env, twin = make(world(), **options), make(world(), **{name: int(value) for name, value in options.items()})
        env.reset(seed=np.uint32(7))
        twin.reset(seed=7)
        assert env.snapshot() == twin.snapshot()
    vec = make_vec(world(), np.int64(3), num_threads=np.int8(1), randomize=Randomize(num_members=one + 1, seed=one))
    vec.reset(np.array([4, 5, 6]))
    assert vec.seeds.tolist() == [4, 5, 6]
    vec.restore(vec.snapshot(one), one + 1)
    assert vec.digest(np.int64(2)) == vec.digest(1)
    single = gymnasium.make("simcash_env:SimCash/Bank-v0", scenario=world(), max_ticks=one, disable_env_checker=True)
    single.reset(seed=np.int64(3))
    bank = SimCashBankVec(world(), num_envs=np.int64(2))
    bank.reset(seed=np.int64(3))
    assert bank.vec.seeds.tolist() == [3, 4]
    bank.reset(seed=[np.int64(8), None])
    assert bank.vec.seeds.tolist()[0] == 8


def test_integers_configurations_take_numpy_integers():
    assert SimulationConfig(ticks_per_day=np.int64(4), num_days=np.uint8(2)).num_ticks == 8
    rows = world().model_dump(mode="json")

    def numpy_of(value):
        if isinstance(value, dict):
            return {key: numpy_of(item) for key, item in value.items()}
        if isinstance(value, list):
            return [numpy_of(item) for item in value]
        return np.int64(value) if type(value) is int else value

    assert ScenarioConfig.model_validate(numpy_of(rows)) == world()
    assert load_scenario({**numpy_of(rows), "format": np.int64(1)}) == world()
    for wrong in (np.bool_(True), np.float64(4.0), 4.0, True):
        with pytest.raises(ValueError, match="integer"):
            SimulationConfig(ticks_per_day=wrong, num_days=1)


def test_integers_evaluations_take_numpy_integers():
    config = registry.load("castro-2period-v0")
    plain = evaluate_policy(config, FifoPolicy(), [1, 2])
    assert (evaluate_policy(config, FifoPolicy(), np.array([1, 2])).cents == plain.cents).all()
    agent = agent_for(FifoPolicy())
    played = evaluate_agent(config, agent, np.array([1, 2], np.uint16), max_queue_slots=np.int64(4), copies=np.int64(1))
    assert played.seeds == (1, 2)
    assert training_seeds(np.int64(2), np.int64(1)) == (2, 3)


def test_integers_simulation_errors_name_ticks_and_days():
    simulation = opened()
    with pytest.raises(SimulationError, match=r"num_ticks: must be a whole number of ticks, 0 or more, got 1\.5"):
        simulation.run(1.5)
    with pytest.raises(SimulationError, match="day: must be a whole number from 0 to 1, got 2"):
        simulation.transactions_for_day(2)
    with pytest.raises(ConfigError, match='events: must be True, False or "tick", got 1'):
        Simulation(world(), events=1)
