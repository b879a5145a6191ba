"""Saved market runs of any content: damaged, or signed anew."""

import hashlib
import json
from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from simcash_env.errors import MarketError
from simcash_env.market.processor import MarketRun
from simcash_env.market.store import DIGEST_BYTES, MARK, run_from_bytes, run_to_bytes
from tests.fuzz.damage import changed_inside, damaged, fuzzed, refusal
from tests.market.worlds import scheduled


@cache
def saved() -> bytes:
    run = MarketRun.start(scheduled(payments=True, ticks=12))
    for _ in range(5):
        run.step()
    return run_to_bytes(run)


def body() -> bytes:
    return saved()[len(MARK) + DIGEST_BYTES :]


def signed(content: bytes) -> bytes:
    return MARK + hashlib.sha256(content).digest() + content


@fuzzed()
@given(data=st.deferred(lambda: damaged([saved()])))
def test_markets_damage_is_found(data: bytes) -> None:
    assert bool(refusal(lambda: run_from_bytes(data), MarketError)) is (data != saved())


@fuzzed()
@given(data=st.deferred(lambda: damaged([body()])))
def test_markets_what_was_signed_anew_loads_or_is_refused(data: bytes) -> None:
    refusal(lambda: run_from_bytes(signed(data)), MarketError)


@fuzzed()
@given(content=st.deferred(lambda: changed_inside([json.loads(body())])))
def test_markets_another_content_loads_or_is_refused(content: Any) -> None:
    refusal(lambda: run_from_bytes(signed(json.dumps(content).encode())), MarketError)
