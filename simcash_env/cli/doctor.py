"""``simcash doctor``: what a bug report needs, and whether the engine compiles and runs here."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from simcash_env.cli import warming
from simcash_env.cli.choices import AsJson
from simcash_env.cli.examples import examples
from simcash_env.cli.screen import note, notes
from simcash_env.errors import ConfigError, Fault

DISTRIBUTION: Final = "simcash-env"
SCENARIO: Final = "castro-2period-v0"
COST_CENTS: Final = 20_000
"""What the scenario costs both banks when they release everything: the price of the whole pools for two ticks."""
VARIABLES: Final = ("SIMCASH_", "NUMBA_", "OMP_", "MKL_", "XDG_CACHE_HOME", "PYTHONHASHSEED")
REQUIREMENT: Final = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)(\[(?P<inner>[\w, -]+)\])?[^;]*(;.*extra == ['\"](?P<extra>[\w-]+)['\"])?"
)


@examples("simcash doctor", "simcash doctor --json > report.json")
def doctor(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Skip the test run, so that nothing is compiled.")] = False,
    warm: Annotated[
        bool, typer.Option("--warm", help="Compile the whole engine, so that later processes load it from the cache.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print what a bug report needs: versions, machine, caches, extras and the result of a test run.

    The exit code is 1 if the test run fails or its result is wrong.
    """
    if quick and warm:
        raise ConfigError(
            [Fault(None, None, "--warm", None, "cannot be combined with --quick, which compiles nothing")]
        )
    found: dict[str, Any] = {
        **package(),
        **machine_facts(),
        **requirements(),
        "variables": variables(),
        "cache": cache(),
    }
    if not quick:
        if notes.is_terminal and not as_json:
            with notes.status("running castro-2period-v0, half a minute where nothing is compiled yet"):
                found["run"] = check()
        else:
            found["run"] = check()
    if warm and found["run"]["is_right"]:
        found["warm"] = warming.warm()
    if not quick:
        found["cache"] = cache()
    found["verdict"] = verdict(found)
    typer.echo(json.dumps(found) if as_json else "\n".join(report_lines(found)))
    if not quick and not found["run"]["is_right"]:
        note("the engine does not work here: please report all of the above", style="red")
        raise typer.Exit(1)


def verdict(found: Mapping[str, Any]) -> str:
    """Return the last line of the report: whether the engine works, and the extras that are not complete."""
    run = found.get("run")
    if run is None:
        engine = "the engine was not tested (--quick)"
    elif run["is_right"]:
        engine = "the engine works"
    else:
        engine = f"the engine does not work: {run.get('failure', 'the test run costs something else than it should')}"
    missing = [name for name, state in found["extras"].items() if not state["is_complete"]]
    return f"{engine}; " + (f"extras not installed: {', '.join(missing)}" if missing else "all extras are installed")


def package() -> dict[str, Any]:
    """Return version and location of the package."""
    import simcash_env

    try:
        installed = importlib.metadata.version(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        installed = "not installed"
    where = str(Path(simcash_env.__file__).parent)
    return {"simcash_env": simcash_env.__version__, "installed": installed, "where": where}


def machine_facts() -> dict[str, Any]:
    """Return versions of Python and the operating system, and the processor."""
    able = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "python": f"{platform.python_version()} ({platform.python_implementation()}, {platform.python_compiler()})",
        "executable": sys.executable,
        "system": platform.platform(),
        "processor": processor(),
        "cores": f"{os.cpu_count()}, of which {able} may be used",
    }


def processor() -> str:
    """Return the name of the processor, as the system reports it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def requirements() -> dict[str, Any]:
    """Return versions of the dependencies, and the installed and missing ones of each extra."""
    try:
        required = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return {"dependencies": {}, "extras": {}}
    by_extra = grouped(required)
    extras = {}
    for extra, names in by_extra.items():
        versions = {name: version_of(name) for name in names}
        missing = [name for name, version in versions.items() if version is None]
        extras[extra] = {"is_complete": not missing, "missing": missing, "versions": versions}
    return {"dependencies": extras.pop("")["versions"] if "" in extras else {}, "extras": extras}


def grouped(required: Iterable[str]) -> dict[str, list[str]]:
    """Group requirements by extra (``""``: always required); an extra includes those of the extras it names."""
    names: dict[str, list[str]] = {}
    includes: dict[str, list[str]] = {}
    for match in filter(None, map(REQUIREMENT.match, required)):
        extra = match["extra"] or ""
        names.setdefault(extra, [])
        if match["name"] == DISTRIBUTION:
            includes.setdefault(extra, []).extend(word.strip() for word in (match["inner"] or "").split(","))
        elif match["name"] not in names[extra]:
            names[extra].append(match["name"])

    def whole(extra: str) -> list[str]:
        own = [*names.get(extra, ()), *(name for other in includes.get(extra, ()) for name in whole(other))]
        return list(dict.fromkeys(own))

    return {extra: whole(extra) for extra in names}


def version_of(name: str) -> str | None:
    """Return the installed version, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def variables() -> dict[str, str]:
    """Return the environment variables that affect the package."""
    return {name: value for name, value in sorted(os.environ.items()) if name.startswith(VARIABLES)}


def cache() -> dict[str, Any]:
    """Return the cache folder of compiled kernels and its size, and the size of other versions' folders."""
    from simcash_env.kernels._numba import compilers
    from simcash_env.kernels._numba.jit import PLAIN, cache_folder

    folder = cache_folder()
    others = [path for path in folder.parent.glob("*") if path.is_dir() and path != folder]
    return {
        "folder": str(folder),
        "is_used": not PLAIN,
        "is_linking": compilers.LINKING is not None and not PLAIN,
        "files": len(files_in(folder)),
        "megabytes": megabytes([folder]),
        "other_versions": len(others),
        "megabytes_of_other_versions": megabytes(others),
    }


def files_in(folder: Path) -> list[Path]:
    """Return the files of a folder and its subfolders."""
    return [path for path in folder.rglob("*") if path.is_file()]


def megabytes(folders: Iterable[Path]) -> float:
    """Return the size of all files in some folders; a file that disappears meanwhile counts as 0."""
    total = 0
    for path in (path for folder in folders for path in files_in(folder)):
        try:
            total += path.stat().st_size
        except OSError:
            continue
    return round(total / 1e6, 1)


def check() -> dict[str, Any]:
    """Run the smallest scenario twice; check its cost to the cent and time each start."""
    before = cache()["files"]
    begun = time.perf_counter()
    try:
        import simcash_env.simulation  # noqa: F401 - its time is measured separately

        imported = time.perf_counter()
        cents = cost_of_a_run()
        first = time.perf_counter()
        again = cost_of_a_run()
    except Exception as failure:  # noqa: BLE001 - whatever is wrong here is what is to be reported
        return {"is_right": False, "failure": f"{type(failure).__name__}: {failure}"}
    return {
        "is_right": cents == again == COST_CENTS,
        "cents": cents,
        "cents_expected": COST_CENTS,
        "import_s": round(imported - begun, 3),
        "first_run_s": round(first - imported, 3),
        "second_run_s": round(time.perf_counter() - first, 4),
        "compiled": cache()["files"] > before,
    }


def cost_of_a_run() -> int:
    """Return the total cost of the check's run in cents."""
    from simcash_env.simulation import Simulation

    simulation = Simulation(SCENARIO, seed=1, events=False)
    for bank in simulation.bank_ids:
        simulation.set_policy(bank, "fifo")
    return simulation.run_to_completion().total_cost


def report_lines(found: Mapping[str, Any]) -> list[str]:
    """Return the findings as lines of text."""
    lines = []
    for name, finding in found.items():
        if name == "extras":
            lines += [f"extra {extra}: {extra_line(state)}" for extra, state in finding.items()]
        elif isinstance(finding, Mapping):
            said = ", ".join(f"{key} {value}" for key, value in finding.items()) or "none"
            lines.append(f"{name}: {said}")
        else:
            lines.append(f"{name}: {finding}")
    return lines


def extra_line(state: Mapping[str, Any]) -> str:
    """Return one extra as text: its versions, or what is missing."""
    versions = ", ".join(f"{name} {version}" for name, version in state["versions"].items() if version)
    if state["is_complete"]:
        return versions
    return f"missing {', '.join(state['missing'])}" + (f" (there: {versions})" if versions else "")
