"""Collateral that comes back by itself."""

from simcash_env.config.trees.language import ACTIONS
from tests.drawing import Row
from tests.kernels.trees.worlds import RELEASE, Both, leaf, number, tree, when


def test_collateral_timer_that_is_over_leaves_those_before_it_running() -> None:
    def post(ticks: int, name: str) -> Row:
        return leaf("PostCollateral", name, amount=number(100), auto_withdraw_after_ticks=number(ticks))

    later = when("current_tick", "==", 1, post(1, "short"), leaf("HoldCollateral", "none"), "then")
    first = when("current_tick", "==", 0, post(5, "long"), later)
    run = Both(tree(RELEASE, strategic_collateral_tree=first), bank={"max_collateral_capacity": 1_000})
    posted = []
    for _ in range(7):
        run.tick()
        posted.append(run.simulation.posted_collateral("A"))
    assert posted == [100, 200, 100, 100, 100, 0, 0]


CODES = {name: int(rule.code) for name, rule in ACTIONS.items()}
