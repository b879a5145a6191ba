"""Ids of Gymnasium and PettingZoo: one for each scenario, made without arguments."""

import gymnasium
import pettingzoo
import pytest

import simcash_env.envs  # noqa: F401 - registers the ids
from simcash_env import _registration
from simcash_env._registration import BANK_ID, BANKS_ID, environment_id, episode_ticks
from simcash_env.registry import load, scenario_ids
from tests.envs.test_gymnasium import run_alone

if not hasattr(pettingzoo, "register"):
    pytest.skip("PettingZoo has a registry since 1.27", allow_module_level=True)

IDS = {environment_id(name): name for name in scenario_ids()}


@pytest.mark.parametrize(
    ("scenario", "name"),
    [
        ("castro-12period-v0", "SimCash/Castro12-v0"),
        ("core-periphery-200-v0", "SimCash/CorePeriphery200-v0"),
        ("2b-3t-v0", "SimCash/2B3T-v0"),
        ("bis-box3-v1", "SimCash/BisBox3-v1"),
        ("period-three-v2", "SimCash/PeriodThree-v2"),
    ],
)
def test_ids_follow_from_the_scenario(scenario, name):
    assert environment_id(scenario) == name


def test_ids_are_one_for_each_scenario_in_both_registries():
    assert len(IDS) == len(scenario_ids())
    for registry, general in (
        (gymnasium.registry, BANK_ID),
        (pettingzoo.parallel_registry, BANKS_ID),
        (pettingzoo.aec_registry, BANKS_ID),
    ):
        assert {name for name in registry if name.startswith("SimCash/")} == {*IDS, general}


def test_ids_have_the_ticks_of_their_scenarios():
    for scenario, ticks in episode_ticks().items():
        clock = load(scenario).simulation
        assert ticks == clock.ticks_per_day * clock.num_days
        assert gymnasium.spec(environment_id(scenario)).max_episode_steps == ticks
        assert pettingzoo.spec("parallel", environment_id(scenario)).max_cycles == ticks
    assert tuple(episode_ticks()) == scenario_ids()
    assert gymnasium.spec(BANK_ID).max_episode_steps is None


@pytest.mark.filterwarnings("ignore:.*is out of date:DeprecationWarning")  # of an id that has a newer version
@pytest.mark.parametrize("name", [*IDS, BANK_ID])
def test_ids_of_gymnasium_are_made_without_arguments(name):
    env = gymnasium.make(name)
    assert env.unwrapped.game._vec.config.name == load(IDS.get(name, "castro-12period-v0")).name
    assert env.spec.max_episode_steps == (env.unwrapped.game.max_cycles if name in IDS else None)
    vec = gymnasium.make_vec(name, num_envs=2, vectorization_mode="vector_entry_point")
    assert vec.single_observation_space == env.observation_space
    assert vec.vec.num_ticks == env.unwrapped.game.max_cycles


@pytest.mark.parametrize("kind", ["parallel", "aec"])
@pytest.mark.parametrize("name", [*IDS, BANKS_ID])
def test_ids_of_pettingzoo_are_made_without_arguments(name, kind):
    env = pettingzoo.make(kind, name)
    env.reset(seed=1)
    config = load(IDS.get(name, "castro-12period-v0"))
    assert env.possible_agents == sorted(bank.id for bank in config.banks if bank.policy.type == "external")


def test_ids_take_options():
    env = pettingzoo.make("parallel", "SimCash/Castro12-v0", mask="matrix", max_queue_slots=3, max_cycles=5)
    assert (env.max_cycles, env._vec.mask, env._vec.num_slots) == (5, "matrix", 3)
    one = gymnasium.make("SimCash/Castro12-v0", bank="BANK_B", action="budget")
    assert one.unwrapped.bank == "BANK_B"


def test_ids_episode_of_gymnasium_terminates_at_its_length():
    env = gymnasium.make("SimCash/Castro3-v0")
    env.reset(seed=1)
    ends = [env.step(env.action_space.sample())[2:4] for _ in range(3)]
    assert ends == [(False, False), (False, False), (True, True)]
    vec = gymnasium.make_vec("SimCash/Castro3-v0", num_envs=1, vectorization_mode="vector_entry_point")
    vec.reset(seed=1)
    ends = [[flags.item() for flags in vec.step(vec.action_space.sample())[2:4]] for _ in range(3)]
    assert ends == [[False, False], [False, False], [True, False]]
    short = gymnasium.make_vec("SimCash/Castro3-v0", max_episode_steps=2, vectorization_mode="vector_entry_point")
    short.reset(seed=1)
    ends = [[flags.item() for flags in short.step(short.action_space.sample())[2:4]] for _ in range(2)]
    assert ends == [[False, False], [False, True]]


@pytest.mark.parametrize("first", ["pettingzoo, simcash_env", "simcash_env.envs, pettingzoo"])
def test_ids_of_pettingzoo_are_known_after(first, tmp_path):
    program = f"import {first}; print(*pettingzoo.make('parallel', 'SimCash/Castro12-v0').possible_agents)"
    assert run_alone(program, tmp_path) == ["BANK_A", "BANK_B"]


def test_ids_are_not_registered_with_a_pettingzoo_without_registry(monkeypatch):
    import sys
    from types import ModuleType

    monkeypatch.setitem(sys.modules, _registration.PETTINGZOO, ModuleType("pettingzoo"))
    assert not _registration.register_with_pettingzoo()


def test_ids_leave_the_import_of_the_package_alone(tmp_path):
    program = "import sys, simcash_env; print({'gymnasium', 'pettingzoo', 'pydantic', 'yaml'} & set(sys.modules))"
    assert run_alone(program, tmp_path) == ["set()"]
