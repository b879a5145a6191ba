"""What an environment calls to be seen; without a render mode it does nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from simcash_env.errors import ConfigError, Fault
from simcash_env.render.canvas import require_pillow
from simcash_env.render.frame import render_frame
from simcash_env.render.history import History
from simcash_env.render.text import render_text
from simcash_env.render.window import RenderWindow, require_pygame

if TYPE_CHECKING:
    from collections.abc import Mapping

Mode: TypeAlias = Literal["ansi", "rgb_array", "human"]

MODES: Final[tuple[Mode, ...]] = ("ansi", "rgb_array", "human")


class Renderer:
    """One copy of a batch, shown in a render mode.

    ``begin`` goes after every reset or restore, ``record`` after every step; in mode ``human`` both show the image.

    Args:
        vec: the batch.
        mode: ``"ansi"`` (text), ``"rgb_array"`` (an image), ``"human"`` (the same, live) or None, which costs nothing.
        copy: which copy of the batch.
        frames_per_second: largest number of images a second in mode ``human``.

    Raises:
        ConfigError: another mode.
        ImportError: the mode needs a package that is not installed.
    """

    def __init__(self, vec: Any, mode: str | None, *, copy: int = 0, frames_per_second: int = 4) -> None:
        if mode is not None and mode not in MODES:
            raise ConfigError([Fault(None, None, "render_mode", repr(mode), f"must be one of {', '.join(MODES)}")])
        self.mode = mode
        self._vec, self._copy, self._pace = vec, copy, frames_per_second
        self._history: History | None = None
        self._window: RenderWindow | None = None
        if mode in {"rgb_array", "human"}:
            require_pillow()
            self._history = History(vec, copy)
        if mode == "human":
            require_pygame()

    def begin(self) -> None:
        """A run begins."""
        if self._history is not None:
            self._history.begin()
            self._show()

    def record(self) -> None:
        """A step has been taken."""
        if self._history is not None:
            self._history.record()
            self._show()

    def render(self) -> str | npt.NDArray[np.uint8] | None:
        """The text, or the image (H, W, 3); None in mode ``human``, before the first run, and without a mode."""
        if self.mode == "ansi":
            return render_text(self._vec, self._copy)
        if self._history is None or self._history.tick < 0:
            return None
        if self.mode == "rgb_array":
            return render_frame(self._history)
        self._show()
        return None

    def _show(self) -> None:
        """In mode ``human``, put the image on the screen."""
        if self.mode != "human" or self._history is None:
            return
        if self._window is None:
            self._window = RenderWindow(self._history.title, self._pace)
        if not self._window.is_closed:
            self._window.show(render_frame(self._history))

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            self._window.close()
            self._window = None

    def __getstate__(self) -> Mapping[str, Any]:
        """A window stays with its process: a copy opens its own."""
        return {**self.__dict__, "_window": None}
