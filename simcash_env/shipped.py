"""Folders of the files shipped with the package: scenarios, policies, settings, checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parent
_CONFIGS: Final = (_PACKAGE / "_configs", _PACKAGE.parent / "configs")
"""Folders of shipped files in an installed wheel and in a checkout."""


def shipped_folder(kind: str) -> Path:
    """The folder of shipped files of a kind: ``scenarios``, ``policies``, ``training`` or ``trained``."""
    for configs in _CONFIGS:
        if configs.is_dir():
            return configs / kind
    return _CONFIGS[0] / kind
