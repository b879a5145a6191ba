"""Pictures of a run for people: a table of the tick, an image of the day, the same image live."""

from simcash_env.render.renderer import MODES, Renderer
from simcash_env.render.text import render_text

__all__ = ["MODES", "Renderer", "render_text"]
