"""How the service was started: where it listens, who may call it, how much it takes on."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from simcash_env.errors import ConfigError, Fault

MIB: Final = 2**20


def usable_cores() -> int:
    """Cores that this process may run on, at least two so that one long call does not stop all others."""
    return max(2, os.cpu_count() or 1)


@dataclass(frozen=True)
class Settings:
    """What ``simcash serve`` was told; every limit is one of its options.

    Attributes:
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        token: what every call has to show; None lets everybody in.
        insecure: listen on a public address without a token all the same.
        db: file that keeps the simulations; None forgets them at the end.
        max_simulations: simulations at a time.
        max_banks: banks of one simulation.
        max_ticks: ticks of one call.
        max_body_bytes: bytes of one request.
        max_memory_bytes: bytes that all simulations hold together, event logs included.
        num_threads: calls that run at a time.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = field(default=None, repr=False)
    insecure: bool = False
    db: Path | None = None
    max_simulations: int = 64
    max_banks: int = 500
    max_ticks: int = 10_000
    max_body_bytes: int = 4 * MIB
    max_memory_bytes: int = 2_048 * MIB
    num_threads: int = field(default_factory=usable_cores)

    def __post_init__(self) -> None:
        """Refuse what is not safe.

        Raises:
            ConfigError: a token that nobody can send, or a public address that everybody could call.
        """
        if self.token is not None and not (self.token and self.token.isascii() and self.token.isprintable()):
            raise ConfigError([Fault(None, None, "--token", None, "must be printable ASCII and not empty")])
        if not self.token and not self.insecure and not is_loopback(self.host):
            rule = "must be a loopback address unless --token or --insecure is given"
            raise ConfigError([Fault(None, None, "--host", repr(self.host), rule)])


def is_loopback(host: str) -> bool:
    """Can only this machine reach the address?"""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
