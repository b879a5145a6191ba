"""The service under load: ``python -m benchmarks.service [--seconds N] [--clients N] [--db] [--json]``.

Clients in threads of their own tick simulations over sockets, several to each simulation, and read states between;
then every simulation is compared with the same run done alone.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.simulation import Simulation

SCENARIO: Final = "ten-banks-v0"
FIFO: Final = {"type": "fifo"}
PATIENCE_SECONDS: Final = 120
DAYS: Final = 100_000


@dataclass
class Figures:
    """What the clients saw."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    ticks: int = 0


def long_scenario() -> dict[str, Any]:
    """The scenario with enough days that no run ends."""
    scenario = load_scenario(SCENARIO).model_dump(mode="json")
    scenario["simulation"]["num_days"] = DAYS
    for bank in scenario["banks"]:
        bank["policy"] = FIFO
    return scenario


def tick_on(url: str, name: str, until: float, figures: Figures, lock: threading.Lock) -> None:
    """One client: ticks and reads until time is up."""
    seconds, errors, ticks, calls = [], [], 0, 0
    with httpx.Client(base_url=url, timeout=PATIENCE_SECONDS) as client:
        while time.perf_counter() < until:
            calls += 1
            is_read = calls % 5 == 0
            began = time.perf_counter()
            try:
                path = f"/simulations/{name}/" + ("state?payments=10" if is_read else "tick?count=2")
                answer = client.get(path) if is_read else client.post(path)
            except httpx.HTTPError as error:
                errors.append(repr(error))
                continue
            seconds.append(time.perf_counter() - began)
            if answer.status_code != httpx.codes.OK:
                errors.append(f"{answer.status_code}: {answer.text}")
            elif not is_read:
                ticks += 2
    with lock:
        figures.seconds += seconds
        figures.errors += errors
        figures.ticks += ticks


def load(url: str, num_clients: int, num_simulations: int, seconds: float) -> dict[str, Any]:
    """Put the load on, then compare; returns the figures.

    ``different`` names the simulations that are not what they are alone, and ``lost`` is the number of ticks that were
    acknowledged and are not there.
    """
    scenario = long_scenario()
    with httpx.Client(base_url=url, timeout=PATIENCE_SECONDS) as client:
        names = [
            client.post("/simulations", json={"scenario": scenario, "seed": seed}).raise_for_status().json()["id"]
            for seed in range(num_simulations)
        ]
        figures, lock = Figures(), threading.Lock()
        until = time.perf_counter() + seconds
        threads = [
            threading.Thread(target=tick_on, args=(url, names[number % num_simulations], until, figures, lock))
            for number in range(num_clients)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = [client.get(f"/simulations/{name}/metrics", params={"limit": 1}).json() for name in names]
        states = [client.get(f"/simulations/{name}/state", params={"payments": 0}).json()["tick"] for name in names]
        for name in names:
            client.delete(f"/simulations/{name}").raise_for_status()
        left = client.get("/health").json()["memory_bytes"]
    different = []
    for seed, (name, metrics, ticks) in enumerate(zip(names, found, states, strict=True)):
        alone = Simulation(ScenarioConfig.model_validate(scenario), seed=seed, events=False)
        alone.run(ticks)
        if alone.digest() != metrics["digest"]:
            different.append(name)
    ordered = sorted(figures.seconds)
    return {
        "clients": num_clients,
        "simulations": num_simulations,
        "seconds": seconds,
        "calls": len(ordered),
        "ticks": figures.ticks,
        "ticks_a_second": round(figures.ticks / seconds),
        "p50_ms": round(1_000 * ordered[len(ordered) // 2], 1),
        "p99_ms": round(1_000 * ordered[int(len(ordered) * 0.99)], 1),
        "errors": figures.errors,
        "different": different,
        "lost": figures.ticks - sum(states),
        "bytes_left": left,
    }


def main() -> None:
    """Start a service, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--simulations", type=int, default=16)
    parser.add_argument("--db", action="store_true", help="keep the simulations in a database")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    busy = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "simcash_env.cli", "serve", "--port", "0", "--max-memory", "16384"]
        command += ["--db", str(Path(folder) / "simulations.db")] if options.db else []
        log = (Path(folder) / "log").open("w")
        with log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as service:
            try:
                url = service.stdout.readline().strip() if service.stdout else ""
                figures = load(url, options.clients, options.simulations, options.seconds)
            finally:
                service.terminate()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = used.ru_utime + used.ru_stime  # its start included
    figures["service_cpu_seconds"] = round(seconds, 1)
    figures["ticks_a_cpu_second"] = round(figures["ticks"] / seconds)
    figures["cores"], figures["load_before"] = os.cpu_count(), round(busy, 1)
    if options.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name:<20}{figure}")
    sys.exit(1 if figures["errors"] or figures["different"] or figures["lost"] else 0)


if __name__ == "__main__":
    main()
