"""Ctrl-C and logging during training."""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any, Self


class CtrlC:
    """Notes the first Ctrl-C, so that a training ends between two rollouts; the second interrupts as ever.

    A ``KeyboardInterrupt`` that is raised inside counts as pressed too, and ends there. Outside the main thread only
    that is seen.

    Attributes:
        once: True if it was pressed.
    """

    def __init__(self) -> None:
        self.once = False
        self._before: Any = None

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.once:
            raise KeyboardInterrupt
        self.once = True

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
        was_pressed = self.once
        self.once = self.once or kind is KeyboardInterrupt
        return kind is KeyboardInterrupt and not was_pressed


class Log:
    """TensorBoard's files in a folder, or nothing without one."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._writer: Any = None

    def __enter__(self) -> Self:
        if self._folder is not None:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(self._folder))
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def write(self, figures: Mapping[str, float], steps: int) -> None:
        """Add a point to every curve."""
        if self._writer is not None:
            for name, value in figures.items():
                self._writer.add_scalar(name, value, steps)
