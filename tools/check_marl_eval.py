"""Read files with marl-eval's own loader and report whether it accepts them: ``make marl-eval``.

Needs marl-eval alone (``constraints/marl_eval.txt``). Exits with 1 where a file is not accepted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

METRIC = "return"


def faults(data: dict[str, Any]) -> list[str]:
    """What marl-eval does not accept: its diagnosis, its processing, its matrices for rliable."""
    from marl_eval.utils.data_processing_utils import create_matrices_for_rliable, data_process_pipeline
    from marl_eval.utils.diagnose_data_errors import DiagnoseData

    found = []
    for environment, checks in DiagnoseData(data).check_data().items():
        found += [f"{environment}: {name}" for name, is_valid in checks.items() if not is_valid]
        processed = data_process_pipeline(data, [METRIC])
        if "extra" not in processed:
            found.append(f"{environment}: not processed")
            continue
        matrices, curves = create_matrices_for_rliable(processed, environment, [METRIC])
        runs = {scores.shape for scores in matrices[f"mean_norm_{METRIC}"].values()}
        steps = {scores.shape for scores in curves[f"mean_norm_{METRIC}"].values()}
        print(f"{environment}: runs by tasks {sorted(runs)}, with steps {sorted(steps)}")
        if len(runs) != 1 or len(steps) != 1:
            found.append(f"{environment}: matrices differ in shape")
    return found


def main(paths: list[str]) -> int:
    """Check every file."""
    broken = 0
    for path in paths:
        found = faults(json.loads(Path(path).read_text(encoding="utf-8")))
        print(f"{path}: {', '.join(found) or 'accepted'}")
        broken += bool(found)
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
