"""Every number of an observation against one worked out in plain Python from what ``inspect`` tells."""

import numpy as np
import pytest

from simcash_env import make_vec
from simcash_env.agents.observation import FIXED, Block, entries_of
from simcash_env.agents.observation import MARKET as MARKET_ENTRIES
from simcash_env.agents.observation import SLOT as SLOT_ENTRIES
from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.config.rules import RULE_SETS
from simcash_env.schema.codes import CostKind
from simcash_env.simulation.inspection import inspect_engine
from tests.worlds import busy, legal

SLOT, MARKET, PRICES = (
    [entry.name for entry in entries] for entries in (SLOT_ENTRIES, MARKET_ENTRIES, entries_of(Block.PRICES))
)
SLOTS = 5
NUM_TICKS = 12
NO_LIMIT = 1e30
MARKET_PART = {
    "deposit_rate": 0.5,
    "lending_rate": 2.0,
    "interest": "per_tick",
    "credit_lines": {"ALFA": 9_000, "BRAVO": 9_000, "CHARLIE": 9_000},
    "books": [{"maturity": {"ticks": 2}}],
}


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


SWITCHES = {
    "as it is": {},
    "gross limits": {"banks": {"multilateral_limit": 9_000, "bilateral_limits": {"ALFA": 5_000, "CHARLIE": 5_000}}},
    "net limits": {
        "banks": {"multilateral_limit": 3_000, "bilateral_limits": {"ALFA": 2_000, "CHARLIE": 2_000}},
        "switches": {"limits_basis": "net"},
    },
    "a limit of nothing": {"banks": {"multilateral_limit": 0}, "switches": {"limits_basis": "net"}},
    "standard rules": {"rules": {**RULE_SETS["standard"], "set": "standard"}},
    "delay in Queue 1 alone": {"rules": {"delay_cost_scope": "queue1"}},
    "delay in both queues": {"rules": {"delay_cost_scope": "both"}},
    "end-of-day penalty on all": {"rules": {"eod_penalty_scope": "unsettled"}},
    "overdue payments are dropped": {"rules": {"deadline_mode": "drop"}},
    "deadlines end with the run": {"rules": {"deadline_cap": "last_tick"}},
    "deadlines end with the day": {"switches": {"deadline_cap_at_eod": True}},
    "all payments may be split": {"rules": {"split_scope": "any"}},
    "divisible payments may be split": {"rules": {"split_scope": "divisible"}},
    "a last settlement of the day": {"rules": {"end_of_day_settlement": True}},
    "nothing is split": {"actions": {"max_split": 1}},
    "nothing is dropped": {"actions": {"allow_drop": False}},
    "no collateral moves": {"actions": {"collateral": False, "revoke": False}},
    "collateral with a haircut": {"banks": {"collateral_haircut": 0.25, "max_collateral_capacity": 1_500}},
    "deferred crediting": {"switches": {"deferred_crediting": True}},
    "entry disposition": {"switches": {"entry_disposition_offsetting": True}},
    "algorithms in sequence": {"switches": {"algorithm_sequencing": True}},
    "no liquidity saving": {"lsm": {"algorithms": ()}},
    "Queue 1 in order of arrival": {"switches": {"queue1_ordering": "fifo"}},
    "no RTGS priorities": {"switches": {"queue2_priority_mode": False}},
    "no priorities rise": {"priority_escalation": None},
    "the pool stays overnight": {"switches": {"daily_liquidity_reallocation": False}},
    "no pool": {"banks": {"liquidity_pool": None}},
    "one day": {"simulation": {"ticks_per_day": NUM_TICKS, "num_days": 1}},
    "a day a tick": {"simulation": {"ticks_per_day": 1, "num_days": NUM_TICKS}},
    "prices by the day": {
        "costs": {
            "overdraft_bps_per_tick": None, "overdraft_bps_per_day": 240.0,
            "delay_cost_per_tick_per_cent": None, "delay_cost_per_day_per_cent": 0.06,
        }
    },
    "factors": {
        "costs": {
            "overdue_delay_multiplier": 2.5,
            "priority_delay_multipliers": {"urgent": 3.0, "normal": 1.5, "low": 0.25},
        }
    },
    "penalties in basis points": {"costs": {"deadline_penalty": {"bps": 40.0}, "eod_penalty": 70}},
    "a drop has its price": {"costs": {"drop_penalty": {"bps": 150.0}}},
    "a drop has a fixed price": {"costs": {"drop_penalty": 77}},
    "a market": {"market": MARKET_PART},
}  # fmt: skip
"""What a scenario changes, by what it is; of every bank where it says ``banks``."""


def switched(name, rules="simcash"):
    """Scarce liquidity and every verb, with one switch of the scenario set otherwise."""
    world = busy(scripted=0, rules=rules, collateral=True, revoke=True, wealth=200, pool=2_000, rate=2.5)
    rows = world.model_dump(mode="json", exclude_none=True)
    for part, change in SWITCHES[name].items():
        if part == "banks":
            for bank in rows["banks"]:
                limits = change.get("bilateral_limits", bank["bilateral_limits"])
                others = {key: at for key, at in limits.items() if key != bank["id"]}
                bank.update({**change, "bilateral_limits": others})
        elif isinstance(rows.get(part), dict) and change is not None:
            rows[part] |= change
        else:
            rows[part] = change
    return ScenarioConfig.model_validate(rows)


def per_tick(costs, kind, per_day, ticks_per_day):
    """A rate as it is written, a tick."""
    rate = getattr(costs, kind)
    return getattr(costs, per_day) / ticks_per_day if rate is None else rate


def rates_of(config):
    """Delay in cents a cent and tick; overdraft, collateral, pool as shares a tick."""
    costs, ticks = config.costs, config.simulation.ticks_per_day
    delay = per_tick(costs, "delay_cost_per_tick_per_cent", "delay_cost_per_day_per_cent", ticks)
    overdraft = per_tick(costs, "overdraft_bps_per_tick", "overdraft_bps_per_day", ticks)
    return delay, overdraft, costs.collateral_cost_per_tick_bps, costs.liquidity_cost_per_tick_bps


def weight(config, pay, tick):
    """Of waiting to the end of this tick, by priority and for what is overdue by then; nothing for what is dropped."""
    is_late, costs = tick > pay["deadline_tick"], config.costs
    if is_late and config.rules.deadline_mode == "drop":
        return 0.0
    bands, priority = costs.priority_delay_multipliers, pay["priority"]
    band = 1.0
    if bands is not None:
        band = bands.urgent if priority >= 8 else bands.normal if priority >= 4 else bands.low
    return band * (costs.overdue_delay_multiplier if is_late else 1.0)


def limit_left(config, told, account, received):
    """Of the multilateral limit: less what was paid today, and where limits are net with what came in."""
    if told.multilateral_limit is None:
        return NO_LIMIT
    came_back = received if config.switches.limits_basis == "net" else 0
    return max(told.multilateral_limit - account["outflow_total"] + came_back, 0)


def penalty_on(penalty, cents):
    return cents * penalty.bps / 10_000 if hasattr(penalty, "bps") else float(penalty)


def mean_payment(config):
    """Of the mean bank; all random amounts of these scenarios are lognormal ones."""
    return np.mean([round(bank.arrivals.amount.mean) for bank in config.banks])


def expected_prices(config):
    """What the game costs, by name."""
    costs, payment = config.costs, mean_payment(config)
    delay, overdraft, collateral, liquidity = rates_of(config)
    deadline, eod = penalty_on(costs.deadline_penalty, payment), penalty_on(costs.eod_penalty, payment)
    drop = deadline + eod if costs.drop_penalty is None else penalty_on(costs.drop_penalty, payment)
    bands = costs.priority_delay_multipliers
    factors = (costs.overdue_delay_multiplier, *((1.0, 1.0) if bands is None else (bands.urgent, bands.low)))
    values = overdraft, delay, collateral, liquidity, deadline, eod, drop, costs.split_friction_cost, *factors
    return dict(zip(PRICES, values, strict=True))


def expected(config, shot, bank, share, releases):
    """Everything that a bank sees but the market, by name."""
    simulation, account = config.simulation, shot["banks"][bank]
    (told,) = (one for one in config.banks if one.id == bank)
    tick, day = shot["tick"], shot["tick"] % simulation.ticks_per_day
    queue2 = [shot["payments"][name] for name in shot["queue2"]]
    own1 = [shot["payments"][name] for name in shot["queue1"][bank]]
    own2 = [pay for pay in queue2 if pay["sender"] == bank]
    sums1, sums2 = (sum(pay["remaining"] for pay in some) for some in (own1, own2))
    leaves = 100 - round(100 * told.collateral_haircut)
    overdraft_limit = account["credit_limit"] + account["posted_collateral"] * leaves // 100
    balance, used = account["balance"], max(-account["balance"], 0)
    received = sum(other["outflow"].get(bank, 0) for other in shot["banks"].values())
    clock = (day / simulation.ticks_per_day, tick / NUM_TICKS, NUM_TICKS - tick, day == 0)
    last = day == simulation.ticks_per_day - 1
    room = told.max_collateral_capacity
    capacity = 10 * told.credit_limit if room is None else room  # the default
    delay, overdraft, _, _ = rates_of(config)
    accounts = (
        balance, used, max(overdraft_limit - used, 0), max(balance + overdraft_limit, 0), account["allocated_pool"],
        account["posted_collateral"], max(capacity - account["posted_collateral"], 0),
        limit_left(config, told, account, received),
    )  # fmt: skip
    queues = (
        len(own1), sums1, *bands(shot, own1), len(own2), sums2, *bands(shot, own2), sums1 - balance - overdraft_limit,
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
            pay["remaining"] * weight(config, pay, tick) * delay, short * overdraft / 10_000,
            pay["remaining"] / max(balance + overdraft_limit, 1),
            sum(one["remaining"] for one in queue2 if (one["sender"], one["receiver"]) == (other, bank)),
            account["outflow"].get(other, 0) - shot["banks"][other]["outflow"].get(bank, 0),
        )  # fmt: skip
        found |= {f"slot{slot}.{name}": value for name, value in zip(SLOT, values, strict=True)}
    found |= {f"slot{slot}.{name}": 0.0 for slot in range(min(len(own1), SLOTS), SLOTS) for name in SLOT}
    return found | expected_prices(config)


def expected_market(config, vec, bank):
    """The market's block from orders and loans one by one."""
    state, market = vec.state(0), config.market
    tick, number = int(state.tick[0]), vec.bank_ids.index(bank)
    low, line = round(market.deposit_rate * 10_000), (market.credit_lines or {}).get(bank, 0)

    def chain(head, links):
        while head >= 0:
            yield head
            head = int(links[head])

    book = [[(int(state.order_rate[row]), int(state.order_cents[row])) for row in chain(int(head[0]), state.order_next)]
            for head in (state.book_bid_head, state.book_ask_head)]  # fmt: skip
    loans = [
        (state.loan_lender[row], state.loan_borrower[row], int(state.loan_cents[row]),
         int(state.loan_repayment_cents[row]), int(state.loan_due_tick[row]) - tick)
        for row in chain(int(state.market_loan_head[0]), state.loan_next)
    ]  # fmt: skip
    best = [max((rate for rate, _ in book[0]), default=None), min((rate for rate, _ in book[1]), default=None)]
    at_best = [sum(cents for rate, cents in side if rate == top) for side, top in zip(book, best, strict=True)]
    last = int(state.book_last_rate[0])
    owed = sum(repayment for _, borrower, _, repayment, _ in loans if borrower == number)
    values = (
        tick + market.books[0].maturity.ticks < NUM_TICKS,
        *(value for top, cents in zip(best, at_best, strict=True) for value in (0 if top is None else top - low, cents)),
        0 if last < 0 else last - low,
        int(state.trader_locked_cents[number]),
        line - int(state.trader_credit_locked_cents[number]) - owed,
        sum(cents for lender, _, cents, _, _ in loans if lender == number),
        sum(cents for _, borrower, cents, _, _ in loans if borrower == number),
        sum(repayment for lender, _, _, repayment, left in loans if lender == number and left <= 4),
        sum(repayment for _, borrower, _, repayment, left in loans if borrower == number and left <= 4),
    )  # fmt: skip
    return dict(zip(MARKET, values, strict=True))


def check_run(config, seed):
    """Play with legal draws and compare every number at every decision; returns which entries ever differed from 0."""
    vec = make_vec(config, max_queue_slots=SLOTS, normalize=False, autoreset="disabled")
    vec.reset(seed=seed)
    names, watch, told = vec.observation_layout, Watch(), set()
    for step in range(NUM_TICKS):
        shot = inspect_engine(vec.engine(0))
        share, releases = watch.see(shot, shot["tick"] % config.simulation.ticks_per_day == 0)
        for number, bank in enumerate(vec.bank_ids):
            shown = dict(zip(names, vec.observations[0, number].tolist(), strict=True))
            values = expected(config, shot, bank, share, releases)
            if config.market is not None:
                values |= expected_market(config, vec, bank)
            wanted = {name: float(value) for name, value in values.items()}
            assert shown == pytest.approx(wanted, rel=1e-12, abs=1e-9), (bank, step)
            told |= {name for name, value in wanted.items() if value}
        vec.step(legal(vec.masks, seed, step))
        assert not vec.illegal.any(), "a mask admits what the engine carries out"
    return told


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("rules", ["simcash", "standard"])
def test_observation_every_number_is_what_plain_python_makes_of_the_state(rules, seed):
    told = check_run(switched("as it is", rules), seed)
    assert {"system_queue2_count", "system_settled_share", "system_lsm_releases", "paid_today"} <= told


@pytest.mark.parametrize("switch", SWITCHES)
def test_observation_every_number_holds_under_every_switch_of_the_scenario(switch):
    config = switched(switch)
    told = check_run(config, 4) | check_run(config, 5)
    assert {"queue1_count", "slot0.delay_cost", "slot0.credit_cost"} <= told
    assert ("outflow_limit_left" in told) == (switch != "a limit of nothing")
    assert switch != "a market" or set(MARKET) <= told


@pytest.mark.parametrize("basis", ["gross", "net"])
def test_observation_outflow_limit_left_is_what_may_still_be_paid_to_the_cent(basis):
    """ALFA has paid 300 and received 200 of a limit of 1 000; then it pays what is shown, and one cent more."""
    for extra in (0, 1):
        left = 700 if basis == "gross" else 900
        config = load_scenario(
            {
                "format": 1,
                "name": "limits",
                "simulation": {"ticks_per_day": 4, "num_days": 1},
                "switches": {"limits_basis": basis},
                "banks": [
                    {"id": "ALFA", "opening_balance": 10**6, "multilateral_limit": 1_000, "policy": {"type": "external"}},
                    {"id": "BRAVO", "opening_balance": 10**6},
                ],
                "events": [
                    {"type": "payment", "tick": tick, "from_bank": sender, "to_bank": receiver, "amount": cents, "deadline": 3}
                    for tick, sender, receiver, cents in (
                        (0, "ALFA", "BRAVO", 300), (0, "BRAVO", "ALFA", 200), (1, "ALFA", "BRAVO", left + extra),
                    )
                ],
            }
        )  # fmt: skip
        vec = make_vec(config, normalize=False, max_queue_slots=2, autoreset="disabled")
        vec.reset(seed=1)
        at = vec.observation_layout.index("outflow_limit_left")
        assert vec.observations[0, 0, at] == 1_000
        vec.step(vec.masks[..., 1])
        assert vec.observations[0, 0, at] == left
        vec.step(vec.masks[..., 1])
        assert int(vec.state(0).queue2_count[0]) == extra


@pytest.mark.parametrize(
    "switch", ["as it is", "overdue payments are dropped", "factors", "prices by the day", "one day"]
)
def test_observation_delay_costs_of_the_slots_are_what_holding_everything_is_charged(switch):
    """An overdue payment was shown at a fifth of its price at the decision in which it went overdue."""
    config = switched(switch)
    vec = make_vec(config, max_queue_slots=100, normalize=False, autoreset="disabled")
    vec.reset(seed=6)
    at = [vec.observation_layout.index(f"slot{slot}.delay_cost") for slot in range(100)]
    charged = 0
    for _ in range(NUM_TICKS):
        shown = vec.observations[0][:, at].sum(axis=1)
        vec.step(np.zeros(vec.actions.shape, np.int64))
        assert int(vec.state(0).queue2_count[0]) == 0
        np.testing.assert_array_equal(vec.costs[0, :, CostKind.DELAY], np.floor(shown + 0.5))
        charged += vec.costs[0, :, CostKind.DELAY].sum()
    assert charged > 0
