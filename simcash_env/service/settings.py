"""Settings of the service: address, token, database and limits."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from simcash_env.errors import ConfigError, Fault

MIB: Final = 2**20


def usable_cores() -> int:
    """Return the number of cores, at least two so that one long call does not block all others."""
    return max(2, os.cpu_count() or 1)


@dataclass(frozen=True)
class Settings:
    """Options of ``simcash serve``.

    Attributes:
        host: address to listen on.
        port: port to listen on (0: a free port).
        token: bearer token required from clients; None: no token.
        insecure: allow a public address without a token.
        open_metrics: answer `/metrics` without a token.
        db: SQLite file that keeps the simulations; None: memory only.
        data: folder of recorded payments that scenarios of clients may name; None: they may name no file.
        max_simulations: maximum number of simulations.
        max_banks: maximum number of banks in a simulation.
        max_ticks: maximum number of ticks in a call.
        max_body_bytes: maximum size of a request body.
        max_memory_bytes: maximum memory of all simulations, with their event logs.
        num_threads: number of calls that run in parallel.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = field(default=None, repr=False)
    insecure: bool = False
    open_metrics: bool = False
    db: Path | None = None
    data: Path | None = None
    max_simulations: int = 64
    max_banks: int = 500
    max_ticks: int = 10_000
    max_body_bytes: int = 4 * MIB
    max_memory_bytes: int = 2_048 * MIB
    num_threads: int = field(default_factory=usable_cores)

    def __post_init__(self) -> None:
        """Reject unsafe settings.

        Raises:
            ConfigError: a token that clients cannot send, or a public address without a token.
        """
        if self.token is not None and not (self.token and self.token.isascii() and self.token.isprintable()):
            raise ConfigError([Fault(None, None, "--token", None, "must be printable ASCII and not empty")])
        if not self.token and not self.insecure and not is_loopback(self.host):
            rule = "is not a loopback address: set --token, or --insecure to allow calls without a token"
            raise ConfigError([Fault(None, None, "--host", repr(self.host), rule)])


def is_loopback(host: str) -> bool:
    """True if only this machine can reach the address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
