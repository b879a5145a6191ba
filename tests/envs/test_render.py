import pytest

from simcash_env import simcash_v0
from tests.worlds import LIBRARY, busy, holding


@pytest.mark.parametrize("scenario", LIBRARY)
def test_render_table_names_every_bank_of_a_scenario(scenario):
    env = simcash_v0.parallel_env(scenario, render_mode="ansi")
    env.reset(seed=1)
    first, _, *rows = env.render().splitlines()
    assert first.startswith(f"tick 0 of {env._vec.num_ticks}")
    assert [row.split()[0] for row in rows] == list(env._vec.scenario.bank_ids)


def test_render_table_shows_scripted_banks_and_their_money():
    env = simcash_v0.parallel_env(busy(), render_mode="ansi", learners=["BRAVO"])
    env.reset(seed=2)
    env.step(holding(env))
    table, state = env.render(), env._vec.state(0)
    assert f"tick 1 of {env._vec.num_ticks}" in table
    for bank, name in enumerate(("ALFA", "BRAVO", "CHARLIE")):
        row = next(line for line in table.splitlines() if line.startswith(name)).split()
        assert row[1] == f"{int(state.bank_balance_cents[bank]) / 100:,.2f}"
        assert row[2] == str(int(state.bank_queue1_count[bank]))
        assert row[5] == f"{int(state.bank_queue2_cents[bank]) / 100:,.2f}"


def test_render_without_a_render_mode_there_is_no_table():
    env = simcash_v0.parallel_env(busy())
    env.reset(seed=1)
    assert env.render_mode is None
    assert env.render() is None


def test_render_modes_that_are_promised_are_there():
    assert "ansi" in simcash_v0.parallel_env(busy()).metadata["render_modes"]
