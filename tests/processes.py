"""Commands in processes of their own that need not import the package again: forked from one that has it loaded.

A process that runs one command spends more than a second on imports and on loading kernels. ``simcash`` starts a server
once in a worker of the tests; it forks for every command, and the child runs ``python -m simcash_env.cli`` on streams,
folder and exit code of its own. What a start from nothing does (imports, encodings, closed streams, signals) is tested
with new interpreters, for example in ``tests/cli/test_streams.py``.
"""

import atexit
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
VARIABLES = {"COLUMNS": "200", "NO_COLOR": "1"}
"""How a command prints: its consoles read these when they are imported."""


def simcash(*words: object, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Run ``simcash`` with these words, 200 columns wide, and return its exit code and what it printed.

    Args:
        words: arguments as a shell passes them.
        cwd: folder to run in; None for the one of the tests.
    """
    command = ["simcash", *map(str, words)]
    if not hasattr(os, "fork"):  # no server; the same, slower
        return subprocess.run(
            [sys.executable, "-m", "simcash_env.cli", *command[1:]],
            cwd=cwd, env={**os.environ, **VARIABLES}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    connection = _server()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err, Path(os.devnull).open() as none:
        asked = {"words": command, "cwd": str(cwd or Path.cwd()), "variables": {**os.environ, **VARIABLES}}
        socket.send_fds(connection, [json.dumps(asked).encode()], [none.fileno(), out.fileno(), err.fileno()])
        status = int(connection.recv(32))
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(command, os.waitstatus_to_exitcode(status), out.read(), err.read())


@cache
def _server() -> socket.socket:
    """The connection to the server, which ends when this process does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.set_inheritable(True)
    words = [sys.executable, "-m", "tests.processes", str(theirs.fileno())]
    os.posix_spawn(sys.executable, words, {**os.environ, **VARIABLES, "PYTHONPATH": str(ROOT)})
    theirs.close()
    return ours


def serve(connection: socket.socket) -> list[str]:
    """Fork for every command until the tests' process ends. Returns in the child, with its arguments."""
    while True:
        data, numbers, _, _ = socket.recv_fds(connection, 1 << 20, 3)
        if not data:
            sys.exit()
        asked = json.loads(data)
        child = os.fork()
        if child == 0:
            connection.close()
            for place, number in enumerate(numbers):
                os.dup2(number, place)
                os.close(number)
            os.chdir(asked["cwd"])
            os.environ.clear()
            os.environ.update(asked["variables"])
            return list(asked["words"])
        for number in numbers:
            os.close(number)
        connection.send(str(os.waitpid(child, 0)[1]).encode())


def main() -> None:
    """Load what every command needs, then serve; a child of it runs its command."""
    from simcash_env.registry import load
    from simcash_env.simulation import Simulation

    Simulation(load("two-banks-v0")).run(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for the tests
    sys.argv = serve(socket.socket(fileno=int(sys.argv[1])))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        runpy.run_module("simcash_env.cli", run_name="__main__")
    except SystemExit as left:
        leave(left)


def leave(left: SystemExit) -> None:
    """End with the exit code of a command, and at once: to take the interpreter apart takes longer than most commands."""
    if isinstance(left.code, str):  # the interpreter prints it
        raise left
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(left.code or 0)


if __name__ == "__main__":
    main()
