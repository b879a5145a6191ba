"""Ctrl-C in a training: the first is noted, the second interrupts, and afterwards all is as it was."""

import signal
import threading

import pytest

from simcash_env.learning.monitor import CtrlC


def test_monitor_first_press_is_noted_and_the_second_interrupts():
    before = signal.getsignal(signal.SIGINT)
    noted = []

    def press():
        with CtrlC() as pressed:
            for _ in range(3):
                signal.raise_signal(signal.SIGINT)
                noted.append(pressed.once)

    with pytest.raises(KeyboardInterrupt):
        press()
    assert noted == [True]
    assert signal.getsignal(signal.SIGINT) is before


def test_monitor_interrupt_that_is_raised_inside_counts_as_the_first_press():
    with CtrlC() as pressed:
        raise KeyboardInterrupt
    assert pressed.once


def test_monitor_outside_the_main_thread_signals_are_left_alone():
    before = signal.getsignal(signal.SIGINT)
    found = []

    def work():
        with CtrlC() as pressed:
            found.append(signal.getsignal(signal.SIGINT))
        found.append(pressed.once)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [before, False]
