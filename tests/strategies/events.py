"""Hypothesis strategies for scheduled events, and for payments that form pairs and cycles."""

from itertools import pairwise

from hypothesis import strategies as st

from tests.drawing import AMOUNTS, MAX_ROWS, MULTIPLIERS, WEIGHTS, Draw, Frame, Row, maybe, some

ACCOUNT_KINDS = ("direct_transfer", "scheduled_settlement", "collateral_adjustment", "credit_limit_change")
ARRIVAL_KINDS = (
    "global_arrival_rate_change",
    "arrival_rate_change",
    "counterparty_weight_change",
    "deadline_window_change",
)
ALL_KINDS = ACCOUNT_KINDS + ARRIVAL_KINDS


@st.composite
def events(draw: Draw, frame: Frame, banks: list[Row]) -> list[Row]:
    """Scheduled events of all kinds, and payments that form pairs and cycles."""
    rows: list[Row] = []
    kinds, subjects = draw(some((ALL_KINDS, ACCOUNT_KINDS, ARRIVAL_KINDS))), frame.banks
    if draw(st.booleans()):
        subjects = subjects[:1]  # several changes of the same bank meet
    paying = [bank for bank in banks if "arrivals" in bank or "arrival_bands" in bank]
    if paying and draw(st.booleans()):
        rows += draw(silencing(frame, draw(st.sampled_from(paying))))
    num_scheduled = draw(some((0, 1) if frame.is_gridlock else (0, 1, 2, MAX_ROWS)))
    rows += [draw(scheduled(frame, kinds, subjects)) for _ in range(num_scheduled)]
    if frame.is_gridlock and draw(st.booleans()):
        rows += draw(bottleneck(frame))
    for _ in range(draw(some((1, 2, 5) if frame.is_gridlock else (0, 1, 2)))):
        rows += draw(web_events(frame) if draw(st.integers(0, 3)) == 0 else cycle_events(frame))
    return draw(st.permutations(rows)) if draw(st.booleans()) else rows


@st.composite
def cycle_events(draw: Draw, frame: Frame) -> list[Row]:
    """Payments of one tick around some of the banks, nearly or exactly equal, so that they could settle together."""
    shortest = min(3, len(frame.banks)) if frame.is_gridlock else 2
    cycle = draw(st.permutations(frame.banks))[: draw(st.integers(shortest, len(frame.banks)))]
    amount = draw(some((100, 200, 300)))
    extra = some((0, 0, 0, 1, 50)) if draw(st.booleans()) else st.just(0)
    tick = draw(st.integers(0, frame.num_ticks - 1))
    chance = draw(some((None, None, None, 0.0, 0.7, 1.0)))
    return [
        {
            "type": "payment",
            "tick": tick,
            "from_bank": sender,
            "to_bank": cycle[(place + 1) % len(cycle)],
            "amount": (amount + draw(extra)) * frame.scale,
            "priority": draw(st.integers(0, 10)),
            **draw(deadlines(tick, frame.num_ticks)),
            "divisible": draw(st.booleans()),
            **({"probability": chance} if frame.is_standard and chance is not None else {}),
        }
        for place, sender in enumerate(cycle)
    ]


def deadlines(tick: int, num_ticks: int) -> st.SearchStrategy[Row]:
    """None, so many ticks from the arrival in either spelling, or an absolute tick."""
    from_arrival = st.integers(1, 6)
    absolute = st.integers(tick + 1, min(tick + 6, num_ticks))
    return st.one_of(
        st.just({}),
        st.builds(lambda ticks: {"deadline": ticks}, from_arrival),
        st.builds(lambda ticks: {"deadline_in": ticks}, from_arrival),
        st.builds(lambda due: {"deadline_tick": due}, absolute),
    )


@st.composite
def silencing(draw: Draw, frame: Frame, bank: Row) -> list[Row]:
    """The weights that a bank has given its receivers fall to 0, or those of all others; perhaps one rises again."""
    sources = [bank["arrivals"]] if "arrivals" in bank else list(bank["arrival_bands"].values())
    listed = tuple(dict.fromkeys(name for source in sources for name in source["counterparty_weights"]))
    others = listed if listed and draw(st.integers(0, 3)) > 0 else frame.others(bank["id"])
    tick = draw(st.integers(0, frame.num_ticks - 1))
    row = {"type": "counterparty_weight_change", "bank": bank["id"], "weight": 0.0}
    rows = [{**row, "tick": tick, "counterparty": other} for other in others]
    if draw(st.booleans()):
        later = draw(st.integers(tick, frame.num_ticks - 1))
        rows.append({**row, "tick": later, "counterparty": others[0], "weight": 0.5})
    return rows


@st.composite
def bottleneck(draw: Draw, frame: Frame) -> list[Row]:
    """A chain of payments, the last first, of which each pass over Queue 2 can settle one; a cycle that never settles.

    Credit lets the first bank of the chain pay; the cycle is a candidate in every round, so that every round has a pass.
    """
    banks = draw(st.permutations(frame.banks))[:4]
    row = {"type": "payment", "tick": draw(st.integers(0, frame.num_ticks - 1)), "deadline": draw(st.integers(1, 4))}
    amount = draw(some((100, 200))) * frame.scale
    chain = [{**row, "from_bank": a, "to_bank": b, "amount": amount} for a, b in pairwise(banks)]
    first, second, third = banks[-3:]
    cycle = [
        {**row, "from_bank": sender, "to_bank": receiver, "amount": factor * 1_000 * frame.scale}
        for sender, receiver, factor in ((third, second, 1), (second, first, 3), (first, third, draw(some((1, 2)))))
    ]
    credit = {"type": "credit_limit_change", "tick": row["tick"], "bank": banks[0], "delta": amount}
    return [*reversed(chain), *cycle, credit]


@st.composite
def web_events(draw: Draw, frame: Frame) -> list[Row]:
    """Equal payments of one tick between any banks: many cycles of one value that share their payments."""
    tick = draw(st.integers(0, frame.num_ticks - 1))
    row = {"type": "payment", "tick": tick, "amount": 100 * frame.scale, "deadline": 6}
    ends = st.lists(some(frame.banks), min_size=2, max_size=2, unique=True)
    pairs = draw(st.lists(ends, min_size=4, max_size=10))
    return [{**row, "from_bank": sender, "to_bank": receiver} for sender, receiver in pairs]


@st.composite
def scheduled(draw: Draw, frame: Frame, kinds: tuple[str, ...], subjects: tuple[str, ...]) -> Row:
    """One scheduled event of any kind but a payment."""
    row: Row = {"tick": draw(st.integers(0, frame.num_ticks - 1)), "every": draw(maybe(st.integers(1, 3)))}
    bank = draw(some(subjects))
    other = draw(some(frame.others(bank)))
    kind = draw(some(kinds))
    if kind in {"direct_transfer", "scheduled_settlement"}:
        row |= {"from_bank": bank, "to_bank": other, "amount": draw(some(AMOUNTS)) * frame.scale}
    elif kind == "collateral_adjustment":
        row |= {"bank": bank, "delta": draw(some((-500, -100, -1, 1, 100, 500))) * frame.scale}
    elif kind == "credit_limit_change":
        row |= {"bank": bank, "delta": draw(some((-500, -100, 1, 100, 500))) * frame.scale}
    elif kind == "global_arrival_rate_change":
        row |= {"multiplier": draw(some(MULTIPLIERS))}
    elif kind == "arrival_rate_change":
        row |= {"bank": bank, "multiplier": draw(some((0.0, 0.5, 1.0, 1.5)))}
    elif kind == "counterparty_weight_change":
        row |= {"bank": bank, "counterparty": other, "weight": draw(some(WEIGHTS))}
    else:
        low = draw(some((0.4, 0.5, 1.0, 1.5)))
        row |= {"min_multiplier": low, "max_multiplier": low * draw(some((1.0, 2.0)))}
    return {"type": kind, **row}
