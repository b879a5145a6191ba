"""From when on a payment is overdue."""

from tests.both import Both, kinds


def test_overdue_payment_is_overdue_from_the_tick_after_its_deadline() -> None:
    run = Both({"A": {}, "B": {}}, costs={"deadline_penalty": 9})
    run.submit("AB", 10, 2)
    results = run.run(5)
    assert [result.costs["A"]["deadline_penalty"] for result in results] == [0, 0, 0, 9, 0]
    assert [kinds(result).get("TransactionWentOverdue", 0) for result in results] == [0, 0, 0, 1, 0]
