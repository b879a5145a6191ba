"""Small payments tables for tests: one line per payment."""

import datetime as dt

from hypothesis import strategies as st

from simcash_env.data.payments import Calendar, make_payments

HOUR = 3_600_000_000
CALENDAR = Calendar(7 * HOUR, 18 * HOUR, 132)
DAYS = (dt.date(2026, 3, 2), dt.date(2026, 3, 3), dt.date(2026, 3, 4))
TITLES = ("day", "submitted", "sender", "receiver", "amount_cents")


def payments_of(*rows, calendar=CALENDAR, currency="EUR", source="test", **columns):
    """Payments from rows (day number from 0, "HH:MM", sender, receiver, cents); further columns by name."""
    split = {title: [row[place] for row in rows] for place, title in enumerate(TITLES)}
    split["day"] = [DAYS[day] for day in split["day"]]
    split["submitted"] = [dt.time.fromisoformat(time) for time in split["submitted"]]
    return make_payments(split | columns, calendar, currency=currency, source=source)


@st.composite
def any_payments(draw, max_payments=30):
    """Payments of up to five banks on up to three days, many at the same instant."""
    banks = ["A", "B", "Ç", "DD", "E"][: draw(st.integers(2, 5))]
    rows = []
    for _ in range(draw(st.integers(1, max_payments))):
        sender, receiver = draw(st.permutations(banks))[:2]
        minute = draw(st.integers(0, 5))
        rows.append((draw(st.integers(0, 2)), f"09:0{minute}", sender, receiver, draw(st.integers(1, 10**15))))
    return payments_of(*rows)
