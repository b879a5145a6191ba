"""What environments, simulations and evaluations say of themselves, in one line and as a table for notebooks."""

import gymnasium
import pytest

from simcash_env import Simulation, make_vec
from simcash_env.config import FifoPolicy
from simcash_env.envs.named import NamedEnv
from simcash_env.envs.parallel import SimCashParallelEnv
from simcash_env.envs.single import SimCashBankEnv
from simcash_env.evaluation.evaluate import evaluate_policy
from simcash_env.literal import facts_html
from simcash_env.registry import load

GAME = "two-banks-v0"


def test_representations_simulation_says_where_it_stands():
    run = Simulation(GAME)
    run.run(3)
    assert repr(run) == "<Simulation scenario: two-banks-v0; seed: 1; tick: 3 of 12; banks: 2; total cost: 0.42>"


def test_representations_environments_say_banks_and_tick():
    env = SimCashParallelEnv(GAME)
    shown = "scenario: two-banks-v0; banks: ALFA, BRAVO; ticks: 12; observation: 234; heads: 16"
    assert repr(env) == f"<SimCashParallelEnv {shown}; tick: before reset>"
    env.reset(seed=1)
    assert repr(env) == f"<SimCashParallelEnv {shown}; tick: 0>"
    while env.agents:
        env.step({agent: env.action_space(agent).sample() for agent in env.agents})
    assert repr(env).endswith("tick: over>")
    assert "banks: ALFA; " in repr(SimCashBankEnv(GAME))
    assert "<SimCashBankEnv scenario: two-banks-v0" in str(gymnasium.make("simcash_env:SimCash/Bank-v0", scenario=GAME))
    assert repr(make_vec("ten-banks-v0", 2)).startswith("<SimCashVec scenario: ten-banks-v0; copies: 2; banks: 10; ")
    named = NamedEnv(GAME)
    assert repr(named) == "<NamedEnv scenario: two-banks-v0; banks: ALFA, BRAVO; tick: before reset>"
    named.reset(1)
    assert repr(named).endswith("tick: 0 of 12>")


def test_representations_evaluation_says_the_mean_cost():
    found = evaluate_policy(load(GAME), FifoPolicy(), (1, 2))
    assert repr(found) == (
        "<Evaluation scenario: two-banks-v0; runs: 2; banks: 2; mean cost of a run: 1.54; settled: 100.00%>"
    )


@pytest.mark.parametrize(
    "make", [Simulation, SimCashParallelEnv, SimCashBankEnv, NamedEnv, lambda game: make_vec(game, 1)]
)
def test_representations_have_a_table_for_notebooks(make):
    shown = make(GAME)
    table = shown._repr_html_()
    assert table.startswith(f"<table><caption>{type(shown).__name__}</caption>")
    assert "<th>scenario</th><td>two-banks-v0</td>" in table


def test_representations_escape_names():
    assert facts_html("<b>", {"a&b": "<i>"}) == (
        "<table><caption>&lt;b&gt;</caption><tr><th>a&amp;b</th><td>&lt;i&gt;</td></tr></table>"
    )
