"""What holds for every test."""

import signal
import threading

if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background of a shell, this process ignores Ctrl-C, and what it starts would too: tests send it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
