"""Which rule takes which share of a step: ``python -m benchmarks.profile [SCENARIO] [--copies N] [--json]``.

Linux's ``perf`` samples the program counter while a batch steps; ``readelf`` says which rule lies there. The rules are
compiled anew, in a temporary cache and without writing one into another, so that each has its own share: the step is
slower than usual by the calls, which the last line shows. All payments of Queue 1 are released in every step.
"""

from __future__ import annotations

import argparse
import bisect
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import numpy as np

SCENARIO: Final = "ten-banks-v0"
COPIES: Final = 64
SECONDS: Final = 5.0
WARM_UP_STEPS: Final = 100
SAMPLES_PER_S: Final = 2_000
START_S: Final = 0.5
"""Until ``perf`` samples."""


def keep_rules_apart() -> None:
    """From now on, entries are compiled with a function for every rule."""
    from numba.core.codegen import JITCodeLibrary

    from simcash_env.kernels._numba import linking

    def optimize(library: Any) -> None:
        for function in library._final_module.functions:  # noqa: SLF001 - there is no other way
            if not function.is_declaration and b"alwaysinline" not in b" ".join(function.attributes):
                function.add_function_attribute("noinline")
        JITCodeLibrary._optimize_final_module(library)  # noqa: SLF001 - as above

    entries: Any = linking.EntryLibrary
    entries._optimize_final_module = optimize  # noqa: SLF001 - as above


def rule_of(symbol: str) -> str:
    """``kernels.costs.accrue_costs`` of Numba's name of a compiled function; the name itself of anything else."""
    parts, rest = [], symbol.partition("_ZN")[2]
    while found := re.match(r"(\d+)", rest):
        length = int(found[1])
        parts.append(rest[found.end() :][:length])
        rest = rest[found.end() + length :]
    return ".".join(parts[1:]) if parts[:1] == ["simcash_env"] else symbol


def functions_of(compiled: bytes, folder: Path) -> list[tuple[int, int, str]]:
    """First byte, length and name of every function in an object file, in order."""
    file = folder / "entry.o"
    file.write_bytes(compiled)
    listed = subprocess.run(["readelf", "-sW", str(file)], check=True, capture_output=True, text=True).stdout  # noqa: S607
    rows = [line.split() for line in listed.splitlines()]
    return sorted((int(row[1], 16), int(row[2]), row[7]) for row in rows if len(row) > 7 and row[3] == "FUNC")


def compiled_functions(folder: Path) -> list[tuple[int, int, str]]:
    """Address, length and name of every function of the step and of the units that it has called, in order."""
    from simcash_env.agents.step import step_batch
    from simcash_env.kernels._numba.units import units

    step: Any = step_batch
    found = []
    for dispatcher in (step, *(unit.dispatcher for unit in units() if unit.is_loaded)):
        compiled = next(iter(dispatcher.overloads.values()))
        name = compiled.fndesc.llvm_func_name
        functions = functions_of(compiled.library._get_compiled_object(), folder)  # noqa: SLF001 - there is no other way
        address = compiled.library.get_pointer_to_function(name)
        moved = address - next(first for first, _, symbol in functions if symbol == name)
        found += [(first + moved, length, symbol) for first, length, symbol in functions]
    return sorted(found)


def sample(call: Any, seconds: float, folder: Path) -> tuple[list[int], float]:
    """Where the program counter was while ``call`` ran again and again; and the seconds of one call."""
    data = folder / "perf.data"
    command = ["perf", "record", "-e", "cpu-clock", "-F", str(SAMPLES_PER_S), "-p", str(os.getpid()), "-o", str(data)]
    recorder = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(START_S)
    began, calls = time.process_time(), 0
    while time.process_time() - began < seconds:
        call()
        calls += 1
    taken = (time.process_time() - began) / calls
    recorder.send_signal(signal.SIGINT)
    recorder.wait()
    script = ["perf", "script", "-i", str(data), "-F", "ip"]
    listed = subprocess.run(script, check=True, capture_output=True, text=True).stdout
    return [int(address, 16) for address in listed.split()], taken


def measure(scenario: str, copies: int, seconds: float, folder: Path) -> dict[str, Any]:
    """Share of every rule, and nanoseconds of a copy's step."""
    os.environ["SIMCASH_CACHE_DIR"] = str(folder / "cache")
    keep_rules_apart()
    from simcash_env import make_vec

    vec = make_vec(scenario, copies)
    vec.reset(seed=1)
    actions = np.ones(vec.actions.shape, np.int64)
    for _ in range(WARM_UP_STEPS):
        vec.step(actions)
    functions = compiled_functions(folder)
    addresses, taken = sample(lambda: vec.step(actions), seconds, folder)
    firsts, counts = [first for first, _, _ in functions], Counter[str]()
    for place in addresses:
        at = bisect.bisect_right(firsts, place) - 1
        is_inside = at >= 0 and place < functions[at][0] + functions[at][1]
        counts[rule_of(functions[at][2]) if is_inside else "outside compiled rules"] += 1
    shares = {rule: count / len(addresses) for rule, count in counts.most_common()}
    return {
        "scenario": scenario,
        "copies": copies,
        "samples": len(addresses),
        "shares": shares,
        "ns": taken / copies * 1e9,
    }


def main() -> None:
    """Print the rules by share."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__.splitlines()[0])
    parser.add_argument("scenario", nargs="?", default=SCENARIO)
    parser.add_argument("--copies", type=int, default=COPIES)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for tool in ("perf", "readelf"):
        if shutil.which(tool) is None:
            sys.exit(f"benchmarks.profile needs {tool}, which is not installed")
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(options.scenario, options.copies, options.seconds, Path(folder))
    if options.json:
        print(json.dumps(figures))
        return
    for rule, share in figures["shares"].items():
        if share >= 0.001:
            print(f"{share:6.1%}  {share * figures['ns']:7.0f} ns  {rule}")
    print(
        f"{figures['ns']:.0f} ns a copy's step of {figures['scenario']}, {figures['copies']} copies, rules kept apart"
    )


if __name__ == "__main__":
    main()
