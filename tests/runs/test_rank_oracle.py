"""The rank action in the engine and in the oracle, on random worlds: one picture after every tick."""

from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simcash_env import make_vec
from simcash_env.config import ScenarioConfig
from simcash_env.schema.rank import COMPONENTS
from simcash_env.simulation.inspection import inspect_engine
from tests import strategies
from tests.budget import examples
from tests.drawing import Draw, some
from tests.oracle import Oracle
from tests.oracle.day import allocates_today
from tests.oracle.exact import MILLION
from tests.oracle.queue1 import escalate_priorities, order_queue1
from tests.oracle.rank import rank_decisions
from tests.runs.test_oracle import EVERY_EXAMPLE, comparable

comparison = settings(EVERY_EXAMPLE, max_examples=examples(15, 100, 2_000))


@st.composite
def levels(draw: Draw) -> list[int]:
    """Levels of all components: at a bound, in the middle or anywhere; some actions have no weights."""
    has_weights = draw(some((True, True, False)))
    found = []
    for one in COMPONENTS:
        default = round((one.default - one.low) / (one.high - one.low) * MILLION)
        if one.name.startswith("weight"):
            level = draw(some((0, MILLION // 2, 600_001, MILLION, MILLION // 2))) if has_weights else MILLION // 2
        elif one.name == "submit_closing":
            level = draw(some((0, 0, 0, 58_824, MILLION)))
        else:
            level = draw(some((default, default, 0, 333_333, MILLION // 2, 700_007, MILLION)))
        found.append(level)
    return found


def values_of(row: list[int]) -> dict[str, int]:
    """Values of the components in millionths."""
    return {
        one.name: one.low * MILLION + (one.high - one.low) * level for one, level in zip(COMPONENTS, row, strict=True)
    }


def numbers_of(vec: Any, rows: list[list[int]], shares: list[int]) -> Any:
    """The action (1, L, H) for levels of the components and shares of the pool in millionths."""
    numbers = np.tile(vec.action.default(vec), (1, 1, 1))
    numbers[0, :, : len(COMPONENTS)] = np.array(rows) / MILLION * 2.0 - 1.0
    if "pool" in vec.head_index:
        numbers[0, :, vec.head_index["pool"]] = np.array(shares) / MILLION * 2.0 - 1.0
    return numbers


@comparison
@given(config=strategies.scenarios(), data=st.data())
def test_rank_engine_and_oracle_agree_in_every_figure(config: ScenarioConfig, data: st.DataObject) -> None:
    """Scores, order, budget, what is submitted in any case, splits, pool shares."""
    assume(any(bank.policy.type == "external" for bank in config.banks))
    offers = config.actions.model_copy(update={"max_split": data.draw(some((1, 2, 5)))})
    config = config.model_copy(update={"actions": offers})
    vec = make_vec(config, 1, action="rank", autoreset="disabled", max_queue_slots=data.draw(some((0, 3))))
    vec.reset([config.simulation.seed])
    oracle, means = Oracle(config), vec.scenario.view.bank_payment_scale_cents
    while oracle.current_tick < oracle.num_ticks:
        oracle.open_tick()
        escalate_priorities(oracle.world)  # the oracle does both after decisions are given, and again changes nothing
        order_queue1(oracle.world)
        assert comparable(inspect_engine(vec.engine(0))) == comparable(oracle.snapshot())
        decided, pools, rows, drawn = {}, {}, [], []
        for number, name in zip(vec.learners, vec.bank_ids, strict=True):
            bank, row, share = oracle.world.banks[name], data.draw(levels()), data.draw(st.integers(0, MILLION))
            may_allocate = bool(bank.config.liquidity_pool) and allocates_today(oracle.world)
            pools |= {name: share} if may_allocate else {}
            decided[name] = rank_decisions(
                oracle.world, bank, values_of(row), int(means[number]), offers, share if may_allocate else None
            )
            rows.append(row)
            drawn.append(share)
        orders = dict.fromkeys(vec.bank_ids) if "market" in vec.head_index else None
        oracle.close_tick(decided, orders=orders, pool_shares=pools)
        vec.step(numbers_of(vec, rows, drawn).astype(np.float32))
        assert vec.actions[0, :, : len(COMPONENTS)].tolist() == rows
        charged = [sum(oracle.tick_costs(name).values()) for name in vec.bank_ids]
        assert vec.costs[0].sum(axis=1).tolist() == charged
    assert comparable(inspect_engine(vec.engine(0))) == comparable(oracle.snapshot())
