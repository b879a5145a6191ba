"""Liquidity saving in many small drawn worlds: few banks, small sums, every limit; engine and oracle agree."""

import random

import pytest

from tests.both import Both
from tests.drawing import Row

LETTERS = "ABCDEF"
WORLDS = range(40)
KINDS = ("bilateral", "cycles", "prefix")


def world(seed: int) -> Both:
    """A few banks with little money, little credit and some limits, and payments all around."""
    draw = random.Random(seed)
    letters = LETTERS[: draw.randint(3, 6)]
    has_limits = draw.random() < 0.7
    banks: dict[str, Row] = {}
    for letter in letters:
        row: Row = {"opening_balance": draw.choice([0, 0, 1, 5, 20]), "credit_limit": draw.choice([0, 0, 3, 10])}
        banks[letter] = row
        if has_limits and draw.random() < 0.6:
            row["multilateral_limit"] = draw.randint(5, 60)
        if has_limits and draw.random() < 0.6:
            others = [other for other in letters if other != letter]
            row["bilateral_limits"] = {other: draw.randint(3, 40) for other in draw.sample(others, 2)}
    run = Both(
        banks,
        rules=draw.choice(["simcash", "standard"]),
        lsm={
            "algorithms": draw.sample(KINDS, draw.randint(1, 3)),
            "max_cycle_length": draw.randint(3, 6),
            "bilateral": draw.choice(["all", "subset"]),
            "max_cycles_per_tick": draw.choice([1, 2, 10, 10]),
            "cycle_work_limit": draw.choice([3, 20, 100_000, 100_000]),
        },
        switches={
            "limits_basis": draw.choice(["gross", "net"]),
            "entry_disposition_offsetting": draw.random() < 0.3,
            "queue2_priority_mode": draw.random() < 0.3,
        },
    )
    for _ in range(4):
        for _ in range(draw.randint(2, 9)):
            sender, receiver = draw.sample(letters, 2)
            run.submit(sender + receiver, draw.choice([1, 2, 5, 10, draw.randint(1, 40)]))
        run.tick()
    run.run(2)
    return run


@pytest.mark.parametrize("block", range(5))
def test_small_worlds_engine_and_oracle_agree_in_small_worlds(block: int) -> None:
    released = sum(
        world(seed).simulation.inspect()["counters"]["lsm_released_value"]
        for seed in range(block * len(WORLDS), (block + 1) * len(WORLDS))
    )
    assert released > 0
