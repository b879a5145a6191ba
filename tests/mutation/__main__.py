"""``python -m tests.mutation [FILE…]``: change the kernels one place at a time, and list the changes no test notices.

Kernels run as plain Python, so that a changed function can take the place of the true one in a running process: each
mutant is tried in a fork of a process that has imported everything already.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from hypothesis import Phase, settings

from simcash_env import kernels
from simcash_env.kernels._numba.jit import PLAIN
from tests.mutation.mutants import Mutant, mutants_of
from tests.mutation.trial import Watch, differing_run, run_tests, survives

FOLDER = Path(kernels.__file__).parent
RULES = (
    *("money", "charges", "costs", "overdue", "day_end", "ledger", "rtgs"),
    *("bilateral", "cycles", "cycle_order", "prefix", "lsm", "waiting_pairs"),
)
TESTS = (
    "conformance",
    *(f"kernels/test_{rule}.py" for rule in RULES),
    "kernels/test_entry_disposition.py",
    "runs/test_oracle_rules.py",
    "better",
    "benchmarks/test_gridlock.py",
    "runs/test_small_worlds.py",
    "envs/test_observation.py",
    "kernels/trees/test_bank_trees.py::test_bank_trees_registers_are_remembered_until_the_day_ends",
)
"""The quick tests of these rules, after ``runs/test_recorded_runs.py``. Those that draw scenarios are not here."""
NOT_OURS = "not oracle-g and not oracle-r and not beside and not command and not table"
EXPLAINED = Path(__file__).parent / "equivalent.txt"


def main(arguments: Sequence[str] | None = None) -> int:
    """Try all mutants; 0 only when none survives that is not said to."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("files", nargs="*", default=RULES, help=f"kernels, of {', '.join(RULES)}; else all of these")
    parser.add_argument("--like", default="", help="only mutants whose name has this text")
    parser.add_argument("--quick", action="store_true", help="try the recorded runs alone")
    parser.add_argument("--names", type=Path, help="a file with the names of the only mutants to try, a line each")
    parser.add_argument("--explained", action="store_true", help="try those too that are said to be the same in effect")
    parser.add_argument("--out", type=Path, help="a file that gets a line for each mutant")
    options = parser.parse_args(arguments)
    # No shrinking: one failure is enough. The same examples every time.
    settings.register_profile("mutation", phases=[Phase.explicit, Phase.generate], database=None, derandomize=True)
    settings.load_profile("mutation")
    if failed := differing_run():
        print(f"a recorded run differs without a mutant: {failed}")
        return 2
    watch = Watch()
    tests = [] if options.quick else [*(f"tests/{name}" for name in TESTS), "-k", NOT_OURS]
    if tests and run_tests(tests, watch):
        print(f"the tests fail without a mutant: {watch.failed}")
        return 2
    print(f"{len(watch.seconds)} tests take {sum(watch.seconds.values()):.0f} s", flush=True)
    found = [mutant for name in options.files for mutant in mutants_of(FOLDER / f"{name}.py")]
    found = [mutant for mutant in found if options.like in mutant.name]
    if options.names is not None:
        names = set(options.names.read_text(encoding="utf-8").splitlines())
        found = [mutant for mutant in found if mutant.name in names]
    explained = set(explanations()) if not options.explained else set()
    tested = [mutant for mutant in found if mutant.name not in explained]
    alive = [mutant for at, mutant in enumerate(tested) if tried(at, len(tested), mutant, tests, watch, options.out)]
    print(
        f"{len(found)} mutants: {len(tested) - len(alive)} killed, {len(found) - len(tested)} the same in effect, "
        f"{len(alive)} alive"
    )
    return 1 if alive else 0


def explanations() -> dict[str, str]:
    """Mutants that no test can notice, each with its reason."""
    lines = [line for line in EXPLAINED.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return dict(line.split("  <- ", maxsplit=1) for line in lines)


def tried(at: int, count: int, mutant: Mutant, tests: list[str], watch: Watch, out: Path | None) -> bool:
    """Does it survive? Written down as it comes."""
    before = time.monotonic()
    is_alive, failed = survives(mutant, tests, watch.seconds)
    line = f"{'ALIVE' if is_alive else 'killed'} {mutant.name}"
    if is_alive:
        print(f"{at + 1}/{count} {line}", flush=True)
    if out is not None:
        with out.open("a", encoding="utf-8") as file:
            file.write(f"{line}  [{failed}, {time.monotonic() - before:.1f} s]\n")
    return is_alive


if __name__ == "__main__":
    if not PLAIN:  # it must be known before the kernels are imported
        again = [sys.executable, "-m", "tests.mutation", *sys.argv[1:]]
        os.execve(sys.executable, again, {**os.environ, "NUMBA_DISABLE_JIT": "1"})  # noqa: S606 - ourselves
    sys.exit(main())
