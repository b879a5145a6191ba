"""Every number of an observation against one worked out in plain Python from what ``inspect`` tells."""

import numpy as np
import pytest

from simcash_env import make_vec
from simcash_env.agents.observation import FIXED, SLOT, Block
from simcash_env.simulation.inspection import inspect_engine
from tests.worlds import busy, legal

SLOTS = 5
NUM_TICKS = 12
LIMIT = 40_000
NO_LIMIT = 1e30


class Watch:
    """What must be remembered from decision to decision: totals at the day's first one, and what came in."""

    def __init__(self):
        self.settled = self.arrived = self.released = 0
        self.received = {}

    def see(self, shot, is_first):
        counters = shot["counters"]
        new = sum(pay["amount"] for pay in shot["payments"].values() if pay["arrival_tick"] == shot["tick"])
        if is_first:
            self.settled, self.arrived = counters["settled_value"], counters["arrived_value"] - new
        settled, arrived = counters["settled_value"] - self.settled, counters["arrived_value"] - self.arrived
        releases, self.released = counters["lsm_released_count"] - self.released, counters["lsm_released_count"]
        return settled / max(arrived, settled, 1), releases


def bands(shot, payments):
    """Value due within one tick, within four, and later."""
    left = np.array([pay["deadline_tick"] - shot["tick"] for pay in payments], int)
    cents = np.array([pay["remaining"] for pay in payments], int)
    return [int(cents[at].sum()) for at in (left <= 1, (left > 1) & (left <= 4), left > 4)]


HAIRCUT_LEAVES = 98
"""Percent, by default."""


def weight(pay):
    """Of waiting: five times when overdue; these scenarios have no bands."""
    return 5.0 if pay["overdue_since"] is not None else 1.0


def expected(config, shot, bank, share, releases):
    """Everything that a bank sees but prices, by name."""
    simulation, account = config.simulation, shot["banks"][bank]
    (told,) = (one for one in config.banks if one.id == bank)
    tick, day = shot["tick"], shot["tick"] % simulation.ticks_per_day
    queue2 = [shot["payments"][name] for name in shot["queue2"]]
    own1 = [shot["payments"][name] for name in shot["queue1"][bank]]
    own2 = [pay for pay in queue2 if pay["sender"] == bank]
    sums1, sums2 = (sum(pay["remaining"] for pay in some) for some in (own1, own2))
    allowance = account["credit_limit"] + account["posted_collateral"] * HAIRCUT_LEAVES // 100
    balance, used = account["balance"], max(-account["balance"], 0)
    received = sum(other["outflow"].get(bank, 0) for other in shot["banks"].values())
    clock = (day / simulation.ticks_per_day, tick / NUM_TICKS, NUM_TICKS - tick, day == 0)
    last = day == simulation.ticks_per_day - 1
    room = told.max_collateral_capacity
    capacity = 10 * told.credit_limit if room is None else room  # the default
    accounts = (
        balance, used, max(allowance - used, 0), max(balance + allowance, 0), account["allocated_pool"],
        account["posted_collateral"], max(capacity - account["posted_collateral"], 0),
        NO_LIMIT if told.multilateral_limit is None else max(LIMIT - account["outflow_total"], 0),
    )  # fmt: skip
    queues = (
        len(own1), sums1, *bands(shot, own1), len(own2), sums2, *bands(shot, own2), sums1 - balance - allowance,
    )  # fmt: skip
    flows = (account["outflow_total"], received, sum(pay["remaining"] for pay in queue2 if pay["receiver"] == bank))
    public = (len(queue2), sum(pay["remaining"] for pay in queue2), share, releases)
    found = dict(
        zip(
            [entry.name for entry in FIXED if entry.block is not Block.PRICES],
            (*clock, last, *accounts, *queues, *flows, *public),
            strict=True,
        )
    )
    for slot, pay in enumerate(own1[:SLOTS]):
        other, short = pay["receiver"], max(pay["remaining"] - max(balance, 0), 0)
        values = (
            pay["amount"], pay["remaining"], pay["deadline_tick"] - tick, pay["overdue_since"] is not None,
            pay["priority"], pay["divisible"], tick - pay["arrival_tick"],
            pay["remaining"] * weight(pay) * 0.01, short * 0.004, pay["remaining"] / max(balance + allowance, 1),
            sum(one["remaining"] for one in queue2 if (one["sender"], one["receiver"]) == (other, bank)),
            account["outflow"].get(other, 0) - shot["banks"][other]["outflow"].get(bank, 0),
        )  # fmt: skip
        found |= {
            f"slot{slot}.{name}": value for name, value in zip((entry.name for entry in SLOT), values, strict=True)
        }
    return found | {
        f"slot{slot}.{name}": 0.0
        for slot in range(min(len(own1), SLOTS), SLOTS)
        for name in (entry.name for entry in SLOT)
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("rules", ["simcash", "standard"])
def test_every_number_is_what_plain_python_makes_of_the_state(rules, seed):
    config = busy(scripted=0, rules=rules, collateral=True, recall=True, wealth=200, pool=2_000, rate=2.5)
    first, *others = config.banks
    config = config.model_copy(update={"banks": (first.model_copy(update={"multilateral_limit": LIMIT}), *others)})
    vec = make_vec(config, max_queue_slots=SLOTS, normalize=False, autoreset="disabled")
    vec.reset(seed=seed)
    names, watch, queued, released = vec.observation_layout, Watch(), 0, 0
    for step in range(NUM_TICKS):
        shot = inspect_engine(vec.engine(0))
        share, releases = watch.see(shot, shot["tick"] % config.simulation.ticks_per_day == 0)
        for number, bank in enumerate(vec.bank_ids):
            shown = dict(zip(names, vec.observations[0, number].tolist(), strict=True))
            wanted = {name: float(value) for name, value in expected(config, shot, bank, share, releases).items()}
            assert {name: shown[name] for name in wanted} == pytest.approx(wanted, rel=1e-12, abs=1e-9)
            assert set(names) - set(wanted) == {name for name in names if name.startswith("price_")}
        queued, released = queued + len(shot["queue2"]), released + releases
        vec.step(legal(vec.masks, seed, step))
    assert queued > 0
    assert watch.settled > 0
    assert released > 0
