"""Signals to a command: the first asks it to stop, the second stops it, and afterwards they do what they did before."""

import signal
import threading

import pytest

from simcash_env.cli.stopping import SIGNALS, stop_requests


def handlers():
    return [signal.getsignal(number) for number in SIGNALS]


@pytest.mark.parametrize("number", SIGNALS)
def test_stopping_first_signal_asks_and_the_second_stops_at_once(number):
    before = handlers()
    with stop_requests() as stop:
        assert not stop.is_requested
        signal.raise_signal(number)
        assert stop.is_requested
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert handlers() == before


def test_stopping_in_another_thread_signals_are_left_alone():
    before, seen = handlers(), []

    def work():
        with stop_requests() as stop:
            seen.append((stop.is_requested, handlers()))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(False, before)]
