"""The viewer with many banks and ticks: ``python -m benchmarks.viewer [--seconds N] [--json]``.

Plays the last ticks of a run of 200 banks and 1,008 ticks as fast as possible in headless Chromium, one view after the
other, and reports the script time of a shown tick and of a drawn frame. It needs chromium and chromedriver.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import httpx

from simcash_env.config import load_scenario

SCENARIO: Final = "core-periphery-200-v0"
DAYS: Final = 21
FIRST_TICK: Final = 800
VIEWS: Final = ("day", "banks", "network", "payments")
PATIENCE_SECONDS: Final = 300
FLAGS: Final = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1600,1000")
FRAMES: Final = """
window.drawn = {frames: 0, longest: 0, late: 0};
let before = performance.now();
const count = now => {
  const gap = now - before;
  before = now;
  window.drawn.frames += 1;
  window.drawn.longest = Math.max(window.drawn.longest, gap);
  window.drawn.late += gap > 100;
  requestAnimationFrame(count);
};
requestAnimationFrame(count);
"""


def new_run(url: str) -> str:
    """Make a run of 200 banks that stands at ``FIRST_TICK``; returns its id."""
    scenario = load_scenario(SCENARIO).model_dump(mode="json")
    scenario["simulation"]["num_days"] = DAYS
    for bank in scenario["banks"]:
        bank["policy"] = {"type": "fifo"}
    with httpx.Client(base_url=url, timeout=PATIENCE_SECONDS) as client:
        made = client.post("/simulations", json={"scenario": scenario, "seed": 1}).raise_for_status().json()
        client.post(f"/simulations/{made['id']}/tick", params={"count": FIRST_TICK}).raise_for_status()
        client.get(f"/viewer/simulations/{made['id']}/track").raise_for_status()
    return str(made["id"])


def seconds_of(driver: Any) -> dict[str, float]:
    """Seconds that the page has spent so far, by what it did."""
    found = {one["name"]: one["value"] for one in driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]}
    return {name: found[name] for name in ("ScriptDuration", "LayoutDuration", "TaskDuration")}


def play(driver: Any, url: str, view: str, seconds: float) -> dict[str, Any]:
    """Play a run in one view; returns the figures."""
    driver.get("about:blank")
    driver.get(f"{url}#{new_run(url)}")
    until = time.monotonic() + PATIENCE_SECONDS
    while driver.execute_script("return document.body.dataset.ready") != "yes" and time.monotonic() < until:
        time.sleep(0.1)
    driver.execute_script(f"document.getElementById('tab-{view}').click()")
    driver.execute_script(
        "const s = document.getElementById('speed'); s.value = '3'; s.dispatchEvent(new Event('change'))"
    )
    time.sleep(2)  # the first drawing is not measured
    driver.execute_script(FRAMES)
    first, before, began = shown(driver), seconds_of(driver), time.monotonic()
    driver.execute_script("document.getElementById('play').click()")
    time.sleep(seconds)
    after, took, ticks = seconds_of(driver), time.monotonic() - began, shown(driver) - first
    drawn = driver.execute_script("return window.drawn")
    spent = {name: after[name] - before[name] for name in after}
    return {
        "view": view,
        "ticks_per_second": round(ticks / took, 1),
        "script_ms_per_tick": round(1_000 * spent["ScriptDuration"] / max(ticks, 1), 1),
        "script_ms_per_frame": round(1_000 * spent["ScriptDuration"] / max(drawn["frames"], 1), 1),
        "layout_ms_per_frame": round(1_000 * spent["LayoutDuration"] / max(drawn["frames"], 1), 1),
        "frames_per_second": round(drawn["frames"] / took, 1),
        "longest_frame_ms": round(drawn["longest"]),
        "frames_over_100_ms": drawn["late"],
    }


def shown(driver: Any) -> int:
    """Return the tick that is shown."""
    return int(driver.execute_script("return document.getElementById('scrub').value"))


def main() -> None:
    """Start a service and a browser, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0, help="how long each view plays")
    parser.add_argument("--json", action="store_true", help="one JSON list")
    options = parser.parse_args()
    from selenium import webdriver

    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "simcash_env.cli", "serve", "--port", "0"]
        log = (Path(folder) / "log").open("w")
        with log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as service:
            try:
                url = service.stdout.readline().strip() if service.stdout else ""
                chrome = webdriver.ChromeOptions()
                chrome.binary_location = shutil.which("chromium") or ""
                for flag in (*FLAGS, f"--user-data-dir={folder}/profile"):
                    chrome.add_argument(flag)
                driver = webdriver.Chrome(options=chrome, service=webdriver.ChromeService(shutil.which("chromedriver")))
                driver.execute_cdp_cmd("Performance.enable", {})
                rows = [play(driver, url, view, options.seconds) for view in VIEWS]
                driver.quit()
            finally:
                service.terminate()
    if options.json:
        print(json.dumps(rows))
        return
    print(f"{'view':<22}" + "".join(f"{row['view']:>12}" for row in rows))
    for name in list(rows[0])[1:]:
        print(f"{name:<22}" + "".join(f"{row[name]:>12}" for row in rows))
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
