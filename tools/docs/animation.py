"""Draw the README's animation of a day with the environment's renderer: ``python -m tools.docs.animation``.

Every bank releases at random among what is legal, so that queues build up, offset and clear; the run is the same on
every machine.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

from simcash_env import simcash_v0

ROOT: Final = Path(__file__).resolve().parents[2]
PICTURE: Final = ROOT / "docs" / "assets" / "day.gif"
SCENARIO: Final = "lynx-day-v0"
SEED: Final = 7
MILLISECONDS: Final = 450
LAST_MILLISECONDS: Final = 4_000
COLOURS: Final = 64


def frames(scenario: str, seed: int) -> list[Any]:
    """One image a tick of a day: an array (H, W, 3) of bytes each."""
    env = simcash_v0.parallel_env(scenario, render_mode="rgb_array")
    _, infos = env.reset(seed=seed)
    spaces = {bank: env.action_space(bank) for bank in env.agents}
    for number, space in enumerate(spaces.values()):
        space.seed(number)
    shown = [env.render()]
    while env.agents:
        actions = {bank: spaces[bank].sample(infos[bank]["action_mask"]) for bank in env.agents}
        *_, infos = env.step(actions)
        shown.append(env.render())
    env.close()
    return shown


def main(arguments: list[str] | None = None) -> None:
    """Draw the day and write it as a GIF that repeats."""
    from PIL import Image

    parser = argparse.ArgumentParser(prog="python -m tools.docs.animation", description="Draw a day as a picture.")
    parser.add_argument("--scenario", default=SCENARIO, help=f"an id of the library, by default {SCENARIO}")
    parser.add_argument("--seed", type=int, default=SEED, help=f"by default {SEED}")
    parser.add_argument("--out", type=Path, default=PICTURE, help="by default the README's picture")
    options = parser.parse_args(arguments)
    images = [Image.fromarray(frame) for frame in frames(options.scenario, options.seed)]
    palette = images[-1].quantize(COLOURS)
    images = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    pace = [MILLISECONDS] * (len(images) - 1) + [LAST_MILLISECONDS]
    images[0].save(options.out, save_all=True, append_images=images[1:], duration=pace, loop=0, optimize=True)
    print(f"{options.out}: {len(images)} frames, {options.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
