"""Hypothesis strategies: any valid scenario of the supported features together, and actions for a given state.

Liquidity is scarce and amounts repeat, so that queues, offsets and cycles really happen.
"""

from datetime import timedelta
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st
from pydantic import ValidationError

from simcash_env.config import ScenarioConfig
from tests.drawing import AMOUNTS, BANK_NAMES, SCALES, Draw, Frame, Row, cents, maybe, some
from tests.oracle import Decision, Oracle
from tests.oracle.day import POOL_LEVELS, allocates_today
from tests.oracle.limits import SendLimit, has_sub_limits
from tests.recorded import FIRST_DAY, write_rows
from tests.strategies.banks import banks
from tests.strategies.events import cycle_events, events

__all__ = [
    "actions",
    "collateral",
    "cycle_events",
    "events",
    "orders",
    "pool_levels",
    "scenarios",
    "send_limits",
    "sub_limits",
    "submissions",
]


@st.composite
def scenarios(draw: Draw) -> ScenarioConfig:
    """Any scenario of 2 to 5 banks, a few ticks and days."""
    is_gridlock = draw(st.booleans())
    fewest = draw(some((3, 4))) if is_gridlock else 2
    names = draw(st.lists(some(BANK_NAMES), min_size=fewest, max_size=5, unique=True))
    days = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    busy = draw(st.integers(0, 2)) == 0
    chosen = draw(rules())
    frame = Frame(
        tuple(names),
        *days,
        draw(some(SCALES)),
        is_gridlock=is_gridlock,
        has_busy_trees=busy,
        is_standard=(chosen if isinstance(chosen, str) else chosen["set"]) == "standard",
    )
    accounts = [draw(banks(frame, name)) for name in frame.banks]
    rows = {
        "format": 1,
        "name": "drawn",
        "rules": chosen,
        "simulation": {
            "ticks_per_day": frame.ticks_per_day,
            "num_days": frame.num_days,
            "day_factor_log_std": draw(some((0.0, 0.0, 0.3, 1.0))) if frame.is_standard else 0.0,
            "seed": draw(st.integers(0, 1) if draw(st.integers(0, 9)) == 9 else st.integers(2, 2**63 - 1)),
        },
        "banks": accounts,
        "costs": draw(costs(frame)),
        "lsm": draw(lsm(frame)),
        "switches": draw(switches()),
        "priority_escalation": draw(
            maybe(
                st.fixed_dictionaries(
                    {
                        "start_ticks": st.integers(0, 7),
                        "max_boost": st.integers(0, 6),
                        "curve": some(("linear", "exponential", "step")),
                    }
                )
            )
        ),
        "arrivals": draw(maybe(recorded_arrivals(frame))),
        "actions": {
            "sub_limit": draw(some((False, False, True))),
            "send_limit": draw(some(("none", "none", "multilateral", "bilateral"))),
        },
        "events": draw(events(frame, accounts)),
        "market": draw(maybe(market(frame))),
    }
    if any(event.get("multiplier", 0.0) > 1.0 for event in rows["events"]):  # both together may pass the largest rate
        rows["simulation"]["day_factor_log_std"] = 0.0
    if rows["arrivals"] is not None:  # the rule set simcash takes none
        rows["rules"] = {**(rows["rules"] if isinstance(rows["rules"], dict) else {}), "set": "standard"}
    try:
        return ScenarioConfig.model_validate(rows)
    except ValidationError as error:  # changes of rates multiply each other; few draws go too far
        if all("must not take a rate above" in fault["msg"] for fault in error.errors()):
            reject()
        raise


@st.composite
def recorded_arrivals(draw: Draw, frame: Frame) -> Row:
    """A table of recorded payments, and any way to play its days."""
    num_days = draw(st.integers(1, 4))
    rows = [
        {
            "day": draw(st.integers(0, num_days - 1)) if place else 0,
            "tick": draw(st.integers(0, frame.ticks_per_day - 1)),
            "sender": draw(some(frame.banks[::2])),
            "receiver": draw(some(frame.banks[1::2])),
            "amount": draw(some(AMOUNTS)) * frame.scale,
            "priority": draw(st.integers(0, 10)),
            "divisible": draw(st.booleans()),
        }
        for place in range(draw(some((1, 3, 8, 20))))
    ]
    for row in rows:
        latest = row["tick"]
        if draw(st.booleans()):
            latest = row["not_before"] = draw(st.integers(latest, frame.ticks_per_day - 1))
        if draw(st.booleans()):
            row["deadline"] = draw(st.integers(latest, frame.ticks_per_day - 1))
        if draw(st.booleans()):
            row["sender"], row["receiver"] = row["receiver"], row["sender"]
    dates = [FIRST_DAY + timedelta(days=day) for day in sorted({row["day"] for row in rows})]
    resample = draw(some(("none", "days", "blocks")))
    if resample == "none" and len(dates) < frame.num_days:
        resample = "days"
    chosen = draw(st.lists(some(tuple(dates)), min_size=1, unique=True))
    is_enough = resample != "none" or len(chosen) >= frame.num_days
    return {
        "recorded": {
            "file": str(write_rows(rows, frame.ticks_per_day)),
            "days": draw(some(("all", [day.isoformat() for day in chosen]))) if is_enough else "all",
            "resample": resample,
            "block_ticks": draw(st.integers(1, frame.ticks_per_day)) if resample == "blocks" else None,
        }
    }


@st.composite
def market(draw: Draw, frame: Frame) -> Row:
    """An intraday market in which some banks trade by themselves."""
    trader = st.fixed_dictionaries(
        {
            "buffer": st.just(0) | cents(frame.scale),
            "sigma": st.integers(1, 1_000).map(lambda share: share * frame.scale),
        }
    )
    return {
        "deposit_rate": 2.0,
        "lending_rate": draw(some((2.4, 2.0001, 9.0))),
        "interest": draw(some(("act_360", "per_tick"))),
        "band": draw(some((None, 0.01))),
        "books": [{"id": "one", "maturity": draw(some(("intraday", "overnight", {"ticks": 2})))}],
        "credit_lines": draw(st.dictionaries(some(frame.banks), cents(frame.scale), min_size=1, max_size=5)),
        "traders": draw(st.dictionaries(some(frame.banks), trader, min_size=2, max_size=5)),
    }


@st.composite
def rules(draw: Draw) -> Row | str:
    """Either rule set, with single rules overridden or not."""
    name = draw(some(("standard", "simcash")))
    overrides = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "delay_cost_scope": some(("queue1", "both")),
                "eod_penalty_scope": some(("unsettled", "overdue")),
                "deadline_mode": some(("overdue", "drop")),
                "deadline_cap": some(("last_tick", "next_day")),
                "split_scope": some(("divisible", "any")),
                "end_of_day_settlement": st.booleans(),
            },
        )
    )
    return {"set": name, **overrides} if overrides else name


@st.composite
def costs(draw: Draw, frame: Frame) -> Row:
    """Rates per tick or per day, penalties fixed or in basis points."""
    row: Row = {
        "split_friction_cost": draw(cents(1)),
        "overdue_delay_multiplier": draw(some((0.5, 1.0, 2.0005, 5.0))),
        "priority_delay_multipliers": draw(
            maybe(st.fixed_dictionaries(dict.fromkeys(("urgent", "normal", "low"), some((0.333, 1.0, 1.5, 2.0)))))
        ),
        "drop_penalty": draw(penalties(frame.scale)) if draw(st.booleans()) else None,
    }
    for name in ("overdraft_bps_{}", "delay_cost_{}_per_cent", "collateral_cost_{}_bps", "liquidity_cost_{}_bps"):
        span = draw(some(("per_tick", "per_day")))
        largest = 2.0 if name.startswith("delay") else 83.0  # cents a cent: more is refused at the largest scale
        row[name.format(span)] = draw(some((0.0, 0.0001, 0.000001, 0.0123457, 0.8, largest)))
    for name in ("deadline_penalty", "eod_penalty"):
        row[name] = draw(penalties(frame.scale))
    return row


def penalties(scale: int) -> st.SearchStrategy[Any]:
    """A penalty as cents or basis points."""
    return cents(scale) | st.fixed_dictionaries({"bps": some((0.0, 0.1, 1.5, 33.333333, 5_000.0))})


@st.composite
def lsm(draw: Draw, frame: Frame) -> Row:
    """Any supported set-up of liquidity saving."""
    algorithms = [["bilateral", "cycles"], ["bilateral", "cycles"], ["cycles", "bilateral"], ["cycles"]]
    algorithms += [["prefix"], ["bilateral", "prefix"], ["prefix", "cycles", "bilateral"]]
    if not frame.is_gridlock:
        algorithms += [["bilateral"], []]
    return {
        "algorithms": draw(st.sampled_from(algorithms)),
        "bilateral": draw(some(("all", "subset"))),
        "max_offset_payments": draw(some((None, None, 1, 2))),
        "max_cycle_length": draw(st.integers(3, 6)),
        "max_cycles_per_tick": draw(some((10, 10, 2, 1, 0))),
        "cycle_work_limit": draw(some((100_000, 100_000, 3, 0))),
    }


@st.composite
def switches(draw: Draw) -> Row:
    """Any supported switches."""
    names = (
        "deferred_crediting",
        "deadline_cap_at_eod",
        "daily_liquidity_reallocation",
        "queue2_priority_mode",
        "algorithm_sequencing",
        "entry_disposition_offsetting",
    )
    row = {name: draw(st.booleans()) for name in names}
    row["limits_basis"] = draw(some(("gross", "net")))
    row["sub_limit_priority"] = draw(some((0, 4, 8, 10)))
    return {**row, "queue1_ordering": draw(some(("fifo", "priority_deadline")))}


def tick_deadline(oracle: Oracle, ticks: int) -> Row:
    """An absolute deadline inside the run, in either spelling."""
    name = "deadline" if ticks % 2 else "deadline_tick"
    return {name: min(oracle.current_tick + ticks, oracle.num_ticks)}


@st.composite
def submissions(draw: Draw, oracle: Oracle) -> list[Row]:
    """Payments given from outside before a tick, as keyword arguments of both engines."""
    names = tuple(oracle.world.banks)
    rows = []
    for _ in range(draw(some((0, 0, 0, 1, 2)))):
        sender = draw(some(names))
        rows.append(
            {
                "sender": sender,
                "receiver": draw(some(tuple(name for name in names if name != sender))),
                "amount": draw(some(AMOUNTS)),
                **draw(
                    some((tick_deadline(oracle, draw(st.integers(1, 8))), {"deadline_in": draw(st.integers(1, 8))}, {}))
                ),
                "priority": draw(st.integers(0, 10)),
                "divisible": draw(st.booleans()),
                "rtgs_priority": draw(some(("normal", "urgent", "highly_urgent"))),
            }
        )
    return rows


@st.composite
def actions(draw: Draw, oracle: Oracle) -> dict[str, dict[str, Decision]]:
    """Decisions of the external banks on their Queue 1 in an opened tick, illegal splits among them.

    In some ticks a bank holds everything, so that payments go overdue; what is overdue is dropped and split more often.
    """
    found: dict[str, dict[str, Decision]] = {}
    for bank in oracle.world.banks.values():
        if bank.config.policy.type != "external":
            continue
        is_patient = draw(st.booleans())
        for payment in bank.queue1:
            if payment.overdue_since is not None:
                choices = ("none", "release", "drop", "drop", "split", "split")
            elif is_patient:
                choices = ("none", "hold")
            else:
                choices = ("none", "release", "release", "release", "hold", "drop", "split", "split")
            decision = draw(some(choices))
            if decision == "split":
                found.setdefault(bank.id, {})[payment.id] = ("split", draw(st.integers(2, 7)))
            elif decision != "none":
                found.setdefault(bank.id, {})[payment.id] = decision
        for payment in oracle.world.queue2:
            if payment.sender == bank.id:
                decision = draw(some((None, None, None, "withdraw", ("resubmit", "urgent"), ("resubmit", "normal"))))
                if decision is not None:
                    found.setdefault(bank.id, {})[payment.id] = decision
    return found


@st.composite
def collateral(draw: Draw, oracle: Oracle) -> dict[str, int]:
    """Cents of collateral to move in an opened tick: within and beyond what can be moved."""
    return {
        bank.id: draw(some((-1_000, -100, -1, 1, 99, 500, 10**9)))
        for bank in oracle.world.banks.values()
        if bank.config.policy.type == "external" and draw(some((False, False, True)))
    }


@st.composite
def pool_levels(draw: Draw, oracle: Oracle) -> dict[str, int]:
    """Pool levels in an opened tick, where a bank may set one."""
    if not allocates_today(oracle.world):
        return {}
    return {
        bank.id: draw(st.integers(0, POOL_LEVELS))
        for bank in oracle.world.banks.values()
        if bank.config.policy.type == "external" and bank.config.liquidity_pool and draw(st.booleans())
    }


@st.composite
def sub_limits(draw: Draw, oracle: Oracle) -> dict[str, int]:
    """Liquidity that external banks reserve from now on, in a scenario that has sub-limits."""
    if not has_sub_limits(oracle.world):
        return {}
    return {name: draw(some((0, 1, 50, 200, 1_000))) for name in deciding(draw, oracle)}


@st.composite
def send_limits(draw: Draw, oracle: Oracle) -> dict[str, SendLimit]:
    """Limits that external banks set towards all banks or towards some, where banks set them."""
    if oracle.world.config.actions.send_limit == "none":
        return {}
    limit = some((None, 0, 100, 300, 2_000))
    found: dict[str, SendLimit] = {}
    for name in deciding(draw, oracle):
        others = tuple(other for other in oracle.world.banks if other != name)
        by_bank: st.SearchStrategy[SendLimit] = st.dictionaries(some(others), limit, max_size=2)
        found[name] = draw(limit | by_bank)
    return found


def deciding(draw: Draw, oracle: Oracle) -> list[str]:
    """Some of the external banks."""
    external = [name for name, bank in oracle.world.banks.items() if bank.config.policy.type == "external"]
    return [name for name in external if draw(some((False, False, True)))]


@st.composite
def orders(draw: Draw, oracle: Oracle) -> dict[str, tuple[str, int, int] | None]:
    """What learning banks want to have in the market, in hundredths of a basis point: within the corridor and beyond."""
    if oracle.world.market is None:
        return {}
    order = st.tuples(
        some(("bid", "ask")), some((20_000, 21_000, 22_000, 22_345, 24_000, 90_001)), some((1, 50, 101, 10**9))
    )
    return {
        bank.id: draw(maybe(order))
        for bank in oracle.world.banks.values()
        if bank.config.policy.type == "external" and draw(st.booleans())
    }
