"""Scenario files of the library that a program writes: written again, or checked."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from simcash_env.files import write_atomically

FOLDER: Final = Path(__file__).resolve().parent.parent / "configs" / "scenarios"


def write_or_check(
    command: str, about: str | None, texts: Mapping[str, Callable[[], str]], arguments: Sequence[str] | None
) -> None:
    """Write the files, or report which are out of date; exits with 1 if ``--check`` finds one.

    Args:
        command: name of the program, for its help.
        about: its description.
        texts: by scenario id, what makes the text of its file.
        arguments: of the command line; default: those of the process.
    """
    parser = argparse.ArgumentParser(prog=command, description=about)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file is out of date")
    given: Any = parser.parse_args(arguments)
    is_stale = False
    for name, text_of in texts.items():
        path, text = given.folder / f"{name}.yaml", text_of()
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            is_stale = True
            print(f"{path}: {'out of date' if given.check else 'written'}")
            if not given.check:
                write_atomically(path, text.encode())
    sys.exit(1 if given.check and is_stale else 0)
