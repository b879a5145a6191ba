"""A real ``simcash serve`` in a process of its own, and what it wrote."""

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 240  # kernels may have to be compiled first


class Served:
    """A running service. ``client`` speaks to it; ``log`` is what it has written so far."""

    def __init__(self, *options, token=None):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "NO_COLOR": "1"}
        environment.pop("SIMCASH_TOKEN", None)
        if token is not None:
            environment["SIMCASH_TOKEN"] = token
        command = [sys.executable, "-m", "simcash_env.cli", "serve", "--port", "0", *map(str, options)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=ROOT
        )
        self.lines = []
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        self.url = self.process.stdout.readline().strip().rstrip("/")
        assert self.url, f"no address: {self.lines}"
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self.client = httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE_SECONDS)

    def _read(self):
        self.lines.extend(self.process.stderr)

    @property
    def log(self):
        return [json.loads(line) for line in list(self.lines)]

    @property
    def socket_url(self):
        return self.url.replace("http", "ws", 1)

    def end(self, sig=signal.SIGTERM):
        """Send a signal; returns the exit code once all it wrote is read."""
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(sig)
        code = self.process.wait(PATIENCE_SECONDS)
        self._reading.join(PATIENCE_SECONDS)
        self.process.stdout.close()
        self.process.stderr.close()
        return code

    def make(self, scenario="castro-12period-v0", **more):
        """The id of a new simulation."""
        answer = self.client.post("/simulations", json={"scenario": scenario, **more})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def get(self, path, **parameters):
        answer = self.client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def tick(self, name, count=1, **orders):
        answer = self.client.post(f"/simulations/{name}/tick", params={"count": count}, json=orders or None)
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextmanager
def serving(*options, token=None):
    served = Served(*options, token=token)
    try:
        yield served
    finally:
        code = served.end()
    assert code in {0, -signal.SIGKILL}
    assert [line for line in served.log if line["level"] == "error"] == []
    assert not any("Traceback" in line for line in served.lines)


FIFO = {"type": "fifo"}


def alone(scenario, seed, ticks, policy="fifo"):
    """The same run without a service: its summary."""
    from simcash_env.config import ScenarioConfig, load_scenario
    from simcash_env.simulation import Simulation

    config = load_scenario(scenario).model_dump(mode="json")
    for bank in config["banks"]:
        if bank["policy"]["type"] == "external" and policy is not None:
            bank["policy"] = {"type": policy}
    simulation = Simulation(ScenarioConfig.model_validate(config), seed=seed)
    simulation.run(ticks)
    if policy is None and not simulation.is_over:
        simulation.open_tick()
    return simulation
