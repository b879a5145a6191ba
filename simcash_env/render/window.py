"""Render mode ``human``: the image of the day in a window, live."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt


def require_pygame() -> Any:
    """Pygame, without its greeting.

    Raises:
        ImportError: it is not installed; the message says what to install.
    """
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    try:
        import pygame

        _ = pygame.Window  # the older package of the same name has none
    except (ImportError, AttributeError) as error:
        message = "render mode 'human' needs pygame-ce: pip install 'simcash-env[render]'"
        raise ImportError(message) from error
    return pygame


class RenderWindow:
    """Opens with the first image; once its user has closed it, it stays closed and further images go nowhere."""

    def __init__(self, title: str, frames_per_second: int) -> None:
        self._pygame = require_pygame()
        self._title, self._pace = title, frames_per_second
        self._window: Any = None
        self._clock: Any = None
        self.is_closed = False

    def show(self, frame: npt.NDArray[np.uint8]) -> None:
        """Show an image (H, W, 3), waiting so that there are no more than the given number a second.

        Raises:
            RuntimeError: there is no screen to open a window on.
        """
        if self.is_closed:
            return
        pygame = self._pygame
        if self._window is None:
            self._open(frame.shape[1], frame.shape[0])
        self._window.get_surface().blit(pygame.surfarray.make_surface(frame.swapaxes(0, 1)), (0, 0))
        self._window.flip()
        self._read_events()
        self._clock.tick(self._pace)

    def pixels(self) -> npt.NDArray[np.uint8]:
        """(H, W, 3) what the window shows."""
        shown: npt.NDArray[np.uint8] = self._pygame.surfarray.array3d(self._window.get_surface()).swapaxes(0, 1)
        return shown

    def _open(self, width: int, height: int) -> None:
        pygame = self._pygame
        try:
            pygame.display.init()
            self._window = pygame.Window(self._title, (width, height))
        except pygame.error as error:
            message = f"render mode 'human' needs a screen ({error}); 'rgb_array' gives the same image without one"
            raise RuntimeError(message) from error
        self._clock = pygame.time.Clock()

    def _read_events(self) -> None:
        """Close if the user says so; the wish to close another window is left for that one to read."""
        pygame, mine = self._pygame, self._window
        for event in pygame.event.get():
            if event.type == pygame.QUIT or (event.type == pygame.WINDOWCLOSE and event.window == mine):
                self.close()
            elif event.type == pygame.WINDOWCLOSE:
                pygame.event.post(event)

    def close(self) -> None:
        """Close the window; nothing happens where it is closed already."""
        if self._window is not None:
            self._window.destroy()
        self._window, self.is_closed = None, True
