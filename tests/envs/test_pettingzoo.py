from functools import partial
from types import SimpleNamespace

import numpy as np
import pettingzoo
import pytest
from pettingzoo.test import api_test, max_cycles_test, parallel_api_test, parallel_seed_test, render_test

from simcash_env import simcash_v0
from simcash_env.errors import ActionError
from simcash_env.schema.codes import CostKind
from tests.worlds import LIBRARY, busy, holding, legal

SAMPLES_MASKS = pytest.mark.skipif(
    not hasattr(pettingzoo, "register"), reason="PettingZoo's tests sample one head only from masks before 1.27"
)
OBSERVATIONS = (pytest.param("dict", marks=SAMPLES_MASKS), "flat")


@pytest.mark.parametrize("observation", OBSERVATIONS)
@pytest.mark.parametrize("scenario", LIBRARY)
def test_pettingzoo_every_scenario_passes_pettingzoos_api_test(scenario, observation):
    parallel_api_test(simcash_v0.parallel_env(scenario, observation=observation, learners="all"), num_cycles=1_100)


@pytest.mark.parametrize("observation", OBSERVATIONS)
@pytest.mark.parametrize("scenario", LIBRARY)
def test_pettingzoo_every_scenario_passes_pettingzoos_seed_test(scenario, observation):
    parallel_seed_test(lambda: simcash_v0.parallel_env(scenario, observation=observation), num_cycles=10)


@pytest.mark.parametrize("observation", OBSERVATIONS)
@pytest.mark.parametrize("learners", ["all", "external", ["BRAVO"]])
def test_pettingzoo_world_with_every_head_passes_pettingzoos_tests(learners, observation):
    options = {"observation": observation, "learners": learners, "max_queue_slots": 5}
    parallel_api_test(simcash_v0.parallel_env(busy(), **options), num_cycles=20)
    parallel_seed_test(lambda: simcash_v0.parallel_env(busy(), **options), num_cycles=20)


@pytest.mark.parametrize("max_cycles", [1, 5])
def test_pettingzoo_game_is_truncated_for_all_banks_after_max_cycles(max_cycles):
    env = simcash_v0.parallel_env(busy(), max_cycles=max_cycles)
    env.reset(seed=1)
    for cycle in range(1, max_cycles + 1):
        _, _, terminations, truncations, _ = env.step(holding(env))
        assert set(truncations.values()) == {cycle == max_cycles}
        assert not any(terminations.values())
    assert env.agents == []
    with pytest.raises(ActionError, match="the episode is over; call reset"):
        env.step({})


@pytest.mark.parametrize("scenario", [*LIBRARY, "busy"])
def test_pettingzoo_all_that_banks_see_lies_in_their_spaces(scenario):
    options = {"max_cycles": 150, "mask": "matrix", "mask_in": "observation"}
    env = simcash_v0.parallel_env(busy() if scenario == "busy" else scenario, **options)
    observations, infos = env.reset(seed=5)
    steps = 0
    while True:
        for agent, seen in observations.items():
            assert env.observation_space(agent).contains(seen), agent
            assert len(seen["observation"]) == len(env.observation_layout)
            assert np.isfinite(seen["observation"]).all()
            assert "action_mask" not in infos[agent]
            assert seen["action_mask"].any(axis=1).all(), "some choice is open under every head"
        state = env.state()
        assert env.state_space.contains(state)
        assert np.array_equal(state, np.concatenate([seen["observation"] for seen in observations.values()]))
        if not env.agents:
            break
        actions = {
            agent: env.action_space(agent).sample(mask=observations[agent]["action_mask"]) for agent in env.agents
        }
        assert all(env.action_space(agent).contains(action) for agent, action in actions.items())
        observations, _, _, _, infos = env.step(actions)
        steps += 1
    assert steps == min(150, env._vec.num_ticks)


def test_pettingzoo_names_of_the_layout_find_what_they_say():
    env = simcash_v0.parallel_env(busy(), max_queue_slots=4, mask="matrix", mask_in="observation")
    names, vec = env.observation_layout, env._vec
    assert len(set(names)) == len(names) == vec.observation_size
    seen, _ = env.reset(seed=2)
    for step in range(6):
        state = vec.state(0)
        for row, agent in enumerate(env.agents):
            at = dict(zip(names, seen[agent]["observation"].tolist(), strict=True))
            scale = float(vec.scenario.view.bank_flow_scale_cents[row])
            balance, waiting = int(state.bank_balance_cents[row]), int(state.bank_queue1_count[row])
            assert at["balance"] == pytest.approx(balance / (abs(balance) + scale), abs=1e-6)
            assert at["queue1_count"] == pytest.approx(waiting / (waiting + 8), abs=1e-6)
            assert at["day_position"] == pytest.approx(step / 6)
            assert at["is_first_decision"] == (step == 0)
            queue = [int(state.pay_priority[pay]) for pay in vec.engine(0).queue1_rows(row)[:4]]
            shown = [round(10 * at[f"slot{slot}.priority"]) for slot in range(4)]
            assert shown == queue + [0] * (4 - len(queue))
            used = [at[f"slot{slot}.amount"] > 0 for slot in range(4)]
            assert used == [True] * len(queue) + [False] * (4 - len(queue))
        actions = {agent: legal(seen[agent]["action_mask"], step, row) for row, agent in enumerate(env.agents)}
        seen, *_ = env.step(actions)


def test_pettingzoo_infos_name_what_a_bank_was_charged_and_what_was_not_carried_out():
    env = simcash_v0.parallel_env(busy(), max_queue_slots=3)
    _, infos = env.reset(seed=4)
    assert {len(info["costs"]) for info in infos.values()} == {len(CostKind)}
    assert all(not info["costs"].any() and info["illegal_actions"] == 0 for info in infos.values())
    *_, infos = env.step(holding(env))
    tick_costs = env._vec.state(0).tick_cost_cents.reshape(-1, len(CostKind))
    for row, info in enumerate(infos.values()):
        assert np.array_equal(info["costs"], tick_costs[row])
        assert info["costs"][CostKind.COLLATERAL] > 0


def test_pettingzoo_what_was_handed_out_is_kept_unless_copies_are_declined():
    kept, lent = (simcash_v0.parallel_env(busy(), copy=copy) for copy in (True, False))
    for env in (kept, lent):
        first, _ = env.reset(seed=3)
        before = first["ALFA"].copy()
        env.step(holding(env))
        assert np.array_equal(first["ALFA"], before) == (env is kept)


def test_pettingzoo_numbered_agents_stand_for_the_banks_in_id_order():
    named = simcash_v0.parallel_env(busy())
    numbered = simcash_v0.parallel_env(busy(), agent_names="numbered")
    assert numbered.possible_agents == ["bank_0", "bank_1"]
    first, second = named.reset(seed=6)[0], numbered.reset(seed=6)[0]
    assert np.array_equal(first["BRAVO"], second["bank_1"])


def test_pettingzoo_reset_without_a_seed_goes_on_to_another_run_of_the_same_series():
    digests = []
    for _ in range(2):
        env = simcash_v0.parallel_env(busy())
        env.reset(seed=9)
        first = env.digest()
        env.reset()
        digests.append((first, env.digest()))
    assert digests[0] == digests[1]
    assert digests[0][0] != digests[0][1]


def test_pettingzoo_masked_sample_is_drawn_from_every_open_choice_and_no_other():
    env = simcash_v0.parallel_env(busy(), max_queue_slots=2)
    space = env.action_space("ALFA")
    space.seed(1)
    mask = np.zeros((len(space.nvec), int(space.nvec.max())), np.int8)
    mask[:, 0] = 1
    mask[0, [0, 2]] = 1
    drawn = {tuple(space.sample(mask=mask)) for _ in range(50)}
    assert drawn == {(0, *[0] * (len(mask) - 1)), (2, *[0] * (len(mask) - 1))}


@pytest.mark.filterwarnings("ignore:Action space for each agent probably should be")  # MultiDiscrete is what it is
@pytest.mark.parametrize("action", ["queue", "budget", "threshold", "rank"])
def test_pettingzoo_turn_based_game_passes_pettingzoos_tests(action):
    options = {"observation": "flat", "agent_names": "numbered"}  # what the test asks for by warnings
    api_test(simcash_v0.env(busy(), action=action, **options), num_cycles=60)


def test_pettingzoo_game_passes_pettingzoos_other_tests():
    game = partial(simcash_v0.parallel_env, busy()), partial(simcash_v0.env, busy())
    max_cycles_test(SimpleNamespace(parallel_env=game[0], env=game[1], raw_env=game[1]))
    render_test(game[1])


@pytest.mark.skipif(not hasattr(pettingzoo, "register"), reason="PettingZoo has a registry since 1.27")
def test_pettingzoo_makes_the_game_by_its_id():
    made = pettingzoo.make("parallel", simcash_v0.GAME_ID, scenario=busy(), max_queue_slots=3)
    assert made.unwrapped.possible_agents == ["ALFA", "BRAVO"]
    turns = pettingzoo.make("aec", simcash_v0.GAME_ID, scenario=busy())
    turns.reset(seed=1)
    assert turns.agent_selection == "ALFA"
