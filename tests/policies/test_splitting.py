"""The policy that splits payments."""

import pytest

from simcash_env import Simulation
from tests.both import Both


def charged(run: Both) -> dict[str, int]:
    """What A has paid, by kind."""
    return {kind: cents for kind, cents in run.simulation.costs("A").items() if cents}


@pytest.mark.parametrize("rules", ["standard", "simcash"])
def test_liquidity_splitting_drops_at_the_deadline_under_simcash_rules(rules: str) -> None:
    """A bank without money holds; SimCash's policy drops the payment in the tick of its deadline."""
    policy = {"type": "liquidity_splitting", "max_splits": 3, "min_split_amount": 1}
    run = Both({"A": {"policy": policy}, "B": {}}, rules=rules, costs={"drop_penalty": 5})
    tx = run.submit("AB", 100, 3)
    run.run(3)
    assert run.simulation.queue1("A") == [tx]
    run.tick()
    assert run.simulation.queue1("A") == ([] if rules == "simcash" else [tx])
    assert charged(run) == ({"drop_penalty": 5} if rules == "simcash" else {})


def test_liquidity_splitting_drops_at_the_deadline_what_it_could_pay() -> None:
    """The bank gets money in the tick of the deadline: SimCash's policy drops the payment all the same."""
    simulation = Simulation(
        {
            "format": 1,
            "name": "late money",
            "rules": "simcash",
            "simulation": {"ticks_per_day": 3, "num_days": 1},
            "banks": [
                {"id": "A", "policy": {"type": "liquidity_splitting", "max_splits": 3, "min_split_amount": 1}},
                {"id": "B", "opening_balance": 1_000},
            ],
            "events": [
                {"type": "payment", "tick": 0, "from_bank": "A", "to_bank": "B", "amount": 100, "deadline_tick": 1},
                {"type": "direct_transfer", "tick": 1, "from_bank": "B", "to_bank": "A", "amount": 500},
            ],
        }
    )
    simulation.tick()
    assert simulation.queue1("A") == ["tx_00000001"]
    simulation.tick()
    assert simulation.queue1("A") == []
    assert simulation.summary().dropped == 1
    assert simulation.balance("A") == 500
