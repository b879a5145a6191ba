"""The policy that keeps a reserve."""

from tests.kernels.trees.worlds import Both

RESERVE = {"target_buffer": 100, "urgency_threshold": 1}


def test_liquidity_reserve_keeps_its_buffer_where_liquidity_aware_over_releases() -> None:
    def left_of(policy: str) -> int:
        run = Both({"type": policy, **RESERVE}, money=250)
        for _ in range(3):
            run.submit(100)
        run.tick()
        return run.simulation.balance("A")

    assert left_of("liquidity_aware") == 50
    assert left_of("liquidity_reserve") == 150


def test_liquidity_reserve_uses_credit_for_what_is_urgent_and_never_drops() -> None:
    run = Both({"type": "liquidity_reserve", **RESERVE}, money=100, bank={"credit_limit": 200})
    for _ in range(3):
        run.submit(100, deadline=2)
    assert [len(run.settled()) for _ in range(4)] == [0, 2, 0, 0]
    assert len(run.queue1()) == 1
