"""What trees know of their bank."""

import pytest

from simcash_env.config import ScenarioConfig
from simcash_env.config.trees.language import ACTIONS, FIELDS, PAYMENT_FIELDS
from simcash_env.simulation import Simulation
from tests.kernels.trees.worlds import HOLD, RELEASE, Both, leaf, tree, when
from tests.oracle import Oracle


def test_bank_fields_tree_sees_what_the_bank_has_released_in_this_tick() -> None:
    left = {"compute": {"op": "-", "left": {"field": "balance"}, "right": {"field": "committed_value"}}}
    run = Both(tree(when("remaining_amount", "<=", left, RELEASE, HOLD)), money=250)
    for _ in range(3):
        run.submit(100)
    assert run.settled() == [100, 100]


@pytest.mark.parametrize(("haircut", "held"), [(1.0, 0), (0.5, 1)])
def test_bank_fields_collateral_that_backs_nothing_is_not_required(haircut: float, held: int) -> None:
    needs = when("required_collateral_for_usage", ">", 0, HOLD, RELEASE)
    take = {"type": "direct_transfer", "tick": 0, "from_bank": "A", "to_bank": "B", "amount": 500}
    run = Both(tree(needs), money=400, events=[take], bank={"collateral_haircut": haircut})
    run.submit(100)
    run.tick()
    assert run.simulation.balance("A") == -100
    assert len(run.queue1()) == held


def test_every_field_of_a_bank_is_alike_in_both_engines() -> None:
    """One bank a field, each remembering its own; payments among them so that no field is trivial."""
    banks, events = [], []
    names = sorted(set(FIELDS) - PAYMENT_FIELDS)
    for place, field in enumerate(names):
        remember = leaf("SetState", "remember", key={"value": "bank_state_seen"}, value={"field": field})
        row = {"id": f"B{place:02}", "opening_balance": 40 * (place % 5), "credit_limit": 60 * (place % 3)}
        banks.append({**row, "posted_collateral": 30 * (place % 4), "policy": tree(RELEASE, bank_tree=remember)})
        for step in (1, 1, 2, 7):
            to, amount = f"B{(place + step) % len(names):02}", 20 + 7 * ((place * step) % 11)
            events.append(
                {
                    "type": "payment",
                    "tick": place % 3,
                    "from_bank": row["id"],
                    "to_bank": to,
                    "amount": amount,
                    "deadline": 5,
                }
            )
    config = ScenarioConfig.model_validate(
        {
            "format": 1,
            "name": "fields",
            "simulation": {"ticks_per_day": 6, "num_days": 2},
            "banks": banks,
            "events": events,
            "lsm": {"algorithms": ["bilateral"]},
        }
    )
    oracle, simulation = Oracle(config), Simulation(config)
    seen: dict[str, set[float]] = {field: set() for field in names}
    while oracle.current_tick < 12:
        oracle.open_tick()
        oracle.close_tick()
        simulation.tick()
        for field, bank in zip(names, oracle.world.banks.values(), strict=True):
            value = simulation.inspect()["banks"][bank.id]["registers"]["bank_state_seen"]
            assert value == bank.registers["bank_state_seen"], field
            seen[field].add(value)
    assert sum(len(values) > 1 for values in seen.values()) > 40


CODES = {name: int(rule.code) for name, rule in ACTIONS.items()}
