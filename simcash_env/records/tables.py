"""Tables and views of a DuckDB record. ``docs/records.md`` says what people ask of them."""

from __future__ import annotations

from typing import Final

from simcash_env.records.columns import BANK_TICKS
from simcash_env.simulation.daily import METRICS


def _bigints(names: tuple[str, ...]) -> str:
    return ", ".join(f"{name} BIGINT NOT NULL" for name in names)


TABLES: Final = {
    "record_format": "format INTEGER NOT NULL",
    "runs": """run INTEGER PRIMARY KEY, scenario VARCHAR NOT NULL, seed BIGINT NOT NULL, ticks_per_day BIGINT NOT NULL,
        ticks BIGINT NOT NULL, status VARCHAR NOT NULL, version VARCHAR NOT NULL, facts VARCHAR NOT NULL""",
    "events": """run INTEGER NOT NULL, seq BIGINT NOT NULL, tick BIGINT NOT NULL, day BIGINT NOT NULL,
        kind VARCHAR NOT NULL, bank VARCHAR, counterparty VARCHAR, tx BIGINT, cents BIGINT,
        value_1 BIGINT, value_2 BIGINT, label VARCHAR""",
    "bank_ticks": f"run INTEGER NOT NULL, tick BIGINT NOT NULL, bank VARCHAR NOT NULL, {_bigints(BANK_TICKS)}",
    "bank_days": f"run INTEGER NOT NULL, day BIGINT NOT NULL, bank VARCHAR NOT NULL, {_bigints(METRICS)}",
    "inputs": """run INTEGER NOT NULL, seq BIGINT NOT NULL, tick BIGINT NOT NULL, kind VARCHAR NOT NULL,
        content VARCHAR NOT NULL""",
}
"""Columns of every table."""

VIEWS: Final = {
    "clocks": """
        SELECT run, ticks_per_day,
            coalesce(60 * hours.open[:2]::INTEGER + hours.open[4:]::INTEGER, 360) AS open_minutes,
            coalesce(60 * hours.close[:2]::INTEGER + hours.close[4:]::INTEGER, 1080) AS close_minutes
        FROM (SELECT run, ticks_per_day, {
            'open': facts ->> '$.scenario.simulation.open', 'close': facts ->> '$.scenario.simulation.close'} AS hours
            FROM runs)""",
    "timed_events": """
        SELECT events.*, (open_minutes * ticks_per_day + (close_minutes - open_minutes) * (tick % ticks_per_day))
            // (60 * ticks_per_day) AS hour
        FROM events JOIN clocks USING (run)""",
    "settlements": """
        SELECT run, seq, tick, day, bank, counterparty, tx, cents,
            CASE kind
                WHEN 'RtgsImmediateSettlement' THEN 'gross'
                WHEN 'Queue2LiquidityRelease' THEN 'queue2'
                ELSE last_value(CASE kind
                    WHEN 'EntryDispositionOffset' THEN 'entry_disposition'
                    WHEN 'LsmBilateralOffset' THEN 'bilateral'
                    WHEN 'LsmCycleSettlement' THEN 'cycles'
                    WHEN 'LsmPrefixSettlement' THEN 'prefix' END IGNORE NULLS)
                    OVER (PARTITION BY run ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
            END AS mechanism, kind
        FROM events
        WHERE kind IN ('RtgsImmediateSettlement', 'Queue2LiquidityRelease', 'LsmPaymentSettled',
            'EntryDispositionOffset', 'LsmBilateralOffset', 'LsmCycleSettlement', 'LsmPrefixSettlement')
        QUALIFY kind IN ('RtgsImmediateSettlement', 'Queue2LiquidityRelease', 'LsmPaymentSettled')""",
    "released_by_mechanism": """
        SELECT run, mechanism, count(*) AS payments, sum(cents)::BIGINT AS cents
        FROM settlements GROUP BY ALL""",
    "waits": """
        WITH steps AS (
            SELECT run, tx, seq, tick, kind, bank, counterparty, cents,
                lead(tick) OVER own AS left_tick, lead(kind) OVER own AS left_by
            FROM events
            WHERE kind IN ('QueuedRtgs', 'Queue2LiquidityRelease', 'LsmPaymentSettled', 'RtgsWithdrawal',
                'TransactionExpired')
            WINDOW own AS (PARTITION BY run, tx ORDER BY seq))
        SELECT steps.run, tx, bank AS sender, counterparty AS receiver, cents, tick AS queued_tick, left_tick, left_by,
            coalesce(left_tick, ticks) - tick AS waited_ticks
        FROM steps JOIN runs USING (run) WHERE kind = 'QueuedRtgs'""",
    "who_waited_on_whom": """
        SELECT run, receiver AS waiting_bank, sender AS waited_on, count(*) AS payments, sum(cents)::BIGINT AS cents,
            avg(waited_ticks) AS mean_ticks, max(waited_ticks) AS longest_ticks,
            sum(cents::HUGEINT * waited_ticks)::HUGEINT AS cent_ticks
        FROM waits WHERE waited_ticks > 0 GROUP BY ALL""",
    "cost_by_kind_and_hour": """
        SELECT run, label AS cost, hour, sum(cents)::BIGINT AS cents
        FROM timed_events WHERE kind = 'CostAccrual' GROUP BY ALL""",
    "value_due": """
        WITH ended AS (SELECT run, max(tick) AS tick FROM bank_ticks GROUP BY run),
        waiting AS (
            SELECT run, sum(queue1_cents + queue2_cents) AS cents
            FROM bank_ticks JOIN ended USING (run, tick) GROUP BY run),
        moved AS (
            SELECT run, coalesce(sum(cents) FILTER (kind = 'Arrival'), 0) AS arrived,
                coalesce(sum(cents) FILTER (kind IN ('RtgsImmediateSettlement', 'Queue2LiquidityRelease',
                    'LsmPaymentSettled')), 0) AS settled,
                coalesce(sum(cents) FILTER (kind IN ('PolicyDrop', 'TransactionExpired')), 0) AS dropped
            FROM events GROUP BY run)
        SELECT run, (settled + dropped + coalesce(waiting.cents, 0))::BIGINT AS due_cents,
            arrived::BIGINT AS arrived_cents, settled::BIGINT AS settled_cents, dropped::BIGINT AS dropped_cents,
            coalesce(waiting.cents, 0)::BIGINT AS waiting_cents,
            (dropped + coalesce(waiting.cents, 0))::BIGINT AS never_settled_cents
        FROM moved LEFT JOIN waiting USING (run)""",
    "throughput_by_hour": """
        WITH by_hour AS (
            SELECT run, hour,
                coalesce(sum(cents) FILTER (kind = 'Arrival'), 0) AS arrived,
                coalesce(sum(cents) FILTER (kind != 'Arrival'), 0) AS settled
            FROM timed_events
            WHERE kind IN ('Arrival', 'RtgsImmediateSettlement', 'Queue2LiquidityRelease', 'LsmPaymentSettled')
            GROUP BY ALL)
        SELECT run, hour, arrived::BIGINT AS arrived_cents, settled::BIGINT AS settled_cents,
            sum(settled) OVER so_far / due_cents AS share_so_far, due_cents, never_settled_cents
        FROM by_hour JOIN value_due USING (run) WINDOW so_far AS (PARTITION BY run ORDER BY hour)""",
    "payments": """
        SELECT run, tx, min(tick) FILTER (kind = 'Arrival') AS arrival_tick,
            any_value(bank) AS sender, any_value(counterparty) AS receiver,
            any_value(cents) FILTER (kind = 'Arrival') AS cents,
            any_value(value_1) FILTER (kind = 'Arrival') AS deadline_tick,
            min(tick) FILTER (kind IN ('PolicySubmit', 'PolicySplit')) AS released_tick,
            max(tick) FILTER (kind IN ('RtgsImmediateSettlement', 'Queue2LiquidityRelease', 'LsmPaymentSettled',
                'ParentSettled')) AS settled_tick,
            max(tick) FILTER (kind IN ('PolicyDrop', 'TransactionExpired')) AS dropped_tick,
            min(tick) FILTER (kind = 'TransactionWentOverdue') AS overdue_tick
        FROM events WHERE tx IS NOT NULL GROUP BY run, tx""",
}
"""Views for common queries, over all runs of the file. Hours are those of the scenario's opening hours, or of a day
from 06:00 to 18:00."""
