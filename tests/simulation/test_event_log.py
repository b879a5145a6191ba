"""Ids of payments in the event log."""

import pytest

from simcash_env.simulation.event_log import tx_number


@pytest.mark.parametrize(
    ("tx", "number"),
    [
        ("tx_00000001", 1), ("tx_123456789", 123_456_789), ("tx_1", None), ("tx_000000001", None), ("1", None),
        ("tx_", None), ("tx_-0000001", None), ("tx_\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661", None),
        ("tx_" + "9" * 30, None), ("tx_0000000\u00b2", None), (1, None), (None, None),
    ],
)  # fmt: skip
def test_event_log_tx_number_reads_what_tx_name_writes(tx: object, number: int | None) -> None:
    assert tx_number(tx) == number
